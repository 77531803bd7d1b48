//! The shortest shell around the core: decide, record, project, apply.

use domain::model::Model;
use domain::{Command, Context, Decision, Outcome, Refused, Rejection, decide, project};
use events::ids::{AuthType, EventId, Principal, RegionName, Sha256Digest};
use events::{CHAIN_START, Event, Fact, Origin, chain_hash};

pub(crate) struct Fold {
    pub(crate) model: Model,
    pub(crate) events: Vec<Event>,
    previous: Sha256Digest,
}

pub(crate) fn region() -> RegionName {
    "test-1".parse().unwrap()
}

/// Raises the level, so that secrets are kept apart.
pub(crate) fn upgrade() -> Command {
    Command::UpgradeRegion { region: region(), level: Fact::SECRETS_LEVEL, release: "0.0.1".into() }
}

impl Fold {
    pub(crate) fn new() -> Self {
        Self { model: Model::default(), events: Vec::new(), previous: CHAIN_START }
    }

    /// Decides a command, records its facts, decodes them and folds them.
    pub(crate) fn command(&mut self, command: &Command, context: Context) -> Result<Outcome, Rejection> {
        let Decision { fact, warnings, outcome } = match decide(&self.model, command, context) {
            Ok(decision) => decision,
            Err(Refused::Rejected(rejection)) => return Err(rejection),
            Err(Refused::View(never)) => match never {},
        };
        for fact in fact.into_iter().chain(warnings) {
            // As in the ledger.
            let is_parted = self.model.totals.level >= Fact::SECRETS_LEVEL;
            let (before, fact) = if is_parted { fact.part(&region()) } else { (None, fact) };
            before.into_iter().chain([fact]).for_each(|fact| self.record(fact, context));
        }
        Ok(outcome)
    }

    fn record(&mut self, fact: Fact, context: Context) {
        let principal = Principal { kind: AuthType::ApiKey, id: "alice".into() };
        let event = Event {
            id: EventId(context.fresh),
            time: context.now,
            sequence: self.events.len() as u64 + 1,
            previous: self.previous,
            origin: Origin { principal, request_id: "1".into(), traceparent: None, address: None },
            user: None,
            fact,
        };
        let bytes = event.encode(&region()).unwrap();
        assert_eq!(Event::decode(&bytes).unwrap(), event, "what is read is not what was written");
        self.previous = chain_hash(&bytes);
        apply(&mut self.model, &event);
        self.events.push(event);
    }
}

/// Folds one event; every decided event can be folded.
pub(crate) fn apply(model: &mut Model, event: &Event) {
    for change in project(model, event).unwrap() {
        model.apply(change);
    }
}
