//! What processes tell each other about their workers, by core NATS.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_nats::Client;
use async_nats::connection::State as Connection;
use events::ids::{RegionName, WorkerName};
use events::lease::{Lease, Term};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream;

use crate::{Link, Message, Telemetry};

/// The longest message that is read, in bytes.
const MESSAGE_BYTES_MAX: usize = 16 * 1024;

/// The subject on which the owner of a lease says that it is there, and challengers that they listen.
pub fn lease_subject(region: &RegionName, lease: Lease) -> String {
    format!("ps.{region}.telemetry.lease.{lease}")
}

/// The subject on which processes say how a worker is doing.
pub fn report_subject(region: &RegionName, worker: &WorkerName) -> String {
    format!("ps.{region}.telemetry.worker.{worker}")
}

/// A connection to NATS, which need carry nothing else.
#[derive(Debug, Clone)]
pub struct NatsTelemetry {
    client: Client,
    region: RegionName,
}

impl NatsTelemetry {
    /// A link that says and hears everything.
    ///
    /// # Errors
    /// The client has ended.
    pub async fn link(client: Client, region: RegionName) -> Result<Link, async_nats::SubscribeError> {
        let leases = client.subscribe(format!("ps.{region}.telemetry.lease.*")).await?;
        let reports = client.subscribe(format!("ps.{region}.telemetry.worker.*")).await?;
        let of = region.clone();
        let messages = stream::select(leases, reports).map(move |message| read(&of, &message));
        let heard = messages.filter_map(std::future::ready).boxed();
        Ok(Link { telemetry: Arc::new(Self { client, region }), heard })
    }

    /// A link that says how the workers of this process are doing, and hears nothing.
    pub fn speak(client: Client, region: RegionName) -> Link {
        Link { telemetry: Arc::new(Self { client, region }), heard: stream::pending().boxed() }
    }
}

/// The subject that a message belongs on. A process may publish on those of its own workers alone.
fn subject(region: &RegionName, message: &Message) -> String {
    match message {
        Message::Renewal { term: Term { lease, .. }, .. } | Message::Probe { lease, .. } => {
            lease_subject(region, *lease)
        }
        Message::Report(report) => report_subject(region, &report.worker),
    }
}

fn read(region: &RegionName, received: &async_nats::Message) -> Option<Message> {
    if received.payload.len() > MESSAGE_BYTES_MAX {
        return None;
    }
    match serde_json::from_slice(&received.payload) {
        Ok(message) => Some(message).filter(|message| subject(region, message) == received.subject.as_str()),
        Err(error) => {
            // A newer release may say more.
            tracing::debug!(%error, "a message about workers cannot be read");
            None
        }
    }
}

impl Telemetry for NatsTelemetry {
    fn connection(&self) -> Option<u64> {
        let is_up = self.client.connection_state() == Connection::Connected;
        is_up.then(|| self.client.statistics().connects.load(Ordering::Relaxed))
    }

    fn send(&self, message: Message) -> BoxFuture<'_, ()> {
        let subject = subject(&self.region, &message);
        let payload = serde_json::to_vec(&message);
        Box::pin(async move {
            let Ok(payload) = payload else { return };
            if let Err(error) = self.client.publish(subject, payload.into()).await {
                tracing::debug!(%error, "a message about workers was not sent");
            }
        })
    }
}
