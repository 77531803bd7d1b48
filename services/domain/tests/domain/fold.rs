//! The shortest shell around the core: decide, record, project, apply.

use domain::model::Model;
use domain::{Command, Context, Decision, Outcome, Refused, Rejection, decide, outcome_of, project};
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
        let mut happened = fact.is_some().then_some(self.events.len());
        assert_travels(command, &outcome);
        for fact in fact.into_iter().chain(warnings) {
            // As in the ledger.
            let is_parted = self.model.totals.level >= Fact::SECRETS_LEVEL;
            let (before, fact) = if is_parted { fact.part(&region()) } else { (None, fact) };
            before.into_iter().chain([fact]).for_each(|fact| self.record(fact, context));
            if let Some(before) = happened.take() {
                self.assert_known_later(command, &outcome, before);
            }
        }
        Ok(outcome)
    }

    /// Asserts that the fact of a command, behind so many events, tells the outcome of the command.
    fn assert_known_later(&self, command: &Command, outcome: &Outcome, before: usize) {
        let event = &self.events[self.events.len() - 1];
        assert!(self.events.len() > before);
        // Which name a rule ended a version by is known while it is decided alone, and nobody asks.
        if !matches!(command, Command::Expire(_)) {
            assert_eq!(outcome_of(command, event), *outcome, "{command:?}");
        }
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

/// Asserts that a command and its outcome are the same behind the wire on which processes hand them to each other.
fn assert_travels(command: &Command, outcome: &Outcome) {
    let read: Command = serde_json::from_slice(&serde_json::to_vec(command).unwrap()).unwrap();
    assert_eq!(format!("{read:?}"), format!("{command:?}"));
    let read: Outcome = serde_json::from_slice(&serde_json::to_vec(outcome).unwrap()).unwrap();
    assert_eq!(read, *outcome);
}

/// Folds one event; every decided event can be folded.
pub(crate) fn apply(model: &mut Model, event: &Event) {
    for change in project(model, event).unwrap() {
        model.apply(change);
    }
}
