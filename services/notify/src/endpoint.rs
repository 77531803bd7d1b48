//! A target as events are sent to it.

use std::sync::Arc;

use domain::row::TargetRow;
use domain::{Address, parse_address};
use events::ids::{RegionName, TargetName};
use events::target::Format;
use identity::{Sealers, target_context};
use jiff::Timestamp;
use ledger::Sources;

use crate::failure::Failure;
use crate::message::Message;
use crate::select::Selected;
use crate::subject::Subject;
use crate::webhook::{Outside, Webhook};

/// What all targets share.
pub(crate) struct Shared {
    pub(crate) region: RegionName,
    pub(crate) outside: Arc<Outside>,
    pub(crate) keys: Arc<Sealers>,
    pub(crate) nats: Option<async_nats::Client>,
    pub(crate) sources: Sources,
}

/// Where events go, and in which form.
pub(crate) struct Endpoint {
    format: Format,
    region: RegionName,
    sources: Sources,
    /// What is wrong with its settings, if anything is.
    way: Result<Way, String>,
}

enum Way {
    Webhook(Webhook),
    Nats(Subject),
}

impl Endpoint {
    pub(crate) fn new(target: &TargetName, row: &TargetRow, shared: &Shared) -> Self {
        let way = Self::way(target, row, shared);
        Self { format: row.format, region: shared.region.clone(), sources: shared.sources.clone(), way }
    }

    fn way(target: &TargetName, row: &TargetRow, shared: &Shared) -> Result<Way, String> {
        match parse_address(row.kind, &row.address).map_err(|error| error.to_string())? {
            Address::Nats(subject) => {
                let client = shared.nats.clone().ok_or("this process has no connection to NATS for targets")?;
                Ok(Way::Nats(Subject { client, name: subject, target: target.to_string() }))
            }
            Address::Webhook(url) => {
                let open = |sealed: &events::ids::Sealed| {
                    let opened = shared.keys.unseal(sealed.as_str(), &target_context(target.as_str()));
                    opened.map_err(|error| format!("the key of the target cannot be opened: {error}"))
                };
                let key = row.secret.as_ref().map(open).transpose()?;
                Ok(Way::Webhook(Webhook::new(url, key, Arc::clone(&shared.outside))))
            }
        }
    }

    /// Sends an event, once.
    pub(crate) async fn send(&self, selected: &Selected) -> Result<(), Failure> {
        let way = self.way.as_ref().map_err(|why| Failure::unavailable(why.clone()))?;
        let message = Message::new(selected, self.format, &self.region);
        let message = message.map_err(|error| Failure::Refused(error.to_string()))?;
        match way {
            Way::Webhook(webhook) => webhook.send(&message, self.now()).await,
            Way::Nats(subject) => subject.send(&message).await,
        }
    }

    fn now(&self) -> Timestamp {
        (self.sources.now)()
    }
}
