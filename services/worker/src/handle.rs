use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use domain::{Command, Leased};
use events::ids::WorkerName;
use events::lease::Term;
use ledger::{CommitError, Committed};
use tokio::time::Instant;

use crate::clients::{Clients, Urgency};
use crate::commits::Commits;
use crate::failpoint::{Failpoint, Failpoints};
use crate::meters;
use crate::status::{Lag, Status};
use crate::throttle::Throttle;

/// How often a step that waits for its turn says that it is not stuck.
const ALIVE_INTERVAL: Duration = Duration::from_secs(5);

/// What a step is given: its term, its rate, the way to commit, and the way to say what it does.
///
/// A step that shows no sign of life for a minute counts as stuck, and is dropped. All of these are such signs.
#[derive(Debug)]
pub struct Handle {
    pub(crate) status: Arc<Status>,
    pub(crate) throttle: Arc<Throttle>,
    pub(crate) commits: Commits,
    pub(crate) term: Option<Term>,
    pub(crate) failpoints: Failpoints,
    pub(crate) clients: Clients,
}

impl Handle {
    /// The worker's name.
    pub fn name(&self) -> &WorkerName {
        &self.status.name
    }

    /// The term in which this step is taken; `None` if the worker needs no lease.
    pub fn term(&self) -> Option<Term> {
        self.term
    }

    /// The command, to be done only within the term in which this step is taken.
    pub fn fence(&self, command: impl Into<Command>) -> Command {
        let command = command.into();
        match self.term {
            Some(term) => Leased { term, command: Box::new(command) }.into(),
            None => command,
        }
    }

    /// Commits a command within the term in which this step is taken, in the name of the worker. Where other processes
    /// append to the log, too, it is done at most about once a second, together with all others that wait then: so ask for
    /// many at once. A step that is dropped meanwhile may leave it done or undone.
    ///
    /// # Errors
    /// See [`CommitError`].
    pub async fn commit(&self, command: impl Into<Command>) -> Result<Committed, CommitError> {
        let outcome = self.commits.commit(self.status.name.clone(), self.fence(command)).await;
        self.alive();
        outcome
    }

    /// Waits until the rate lets the worker do something, and spends so many units.
    pub async fn spend(&self, units: u64) {
        let mut spent = pin!(self.throttle.spend(units));
        loop {
            tokio::select! {
                () = &mut spent => break,
                () = tokio::time::sleep(ALIVE_INTERVAL) => self.alive(),
            }
        }
        self.alive();
    }

    /// How long to rest after work that took so long, so that clients have their share of the time. A step that says so in
    /// its [`Step`](crate::Step) gives way to them.
    pub fn rest(&self, took: Duration, urgency: Urgency) -> Duration {
        self.clients.rest(took, urgency, Instant::now())
    }

    /// How busy clients are.
    pub fn clients(&self) -> &Clients {
        &self.clients
    }

    /// Counts units that were done.
    pub fn done(&self, units: u64) {
        self.status.count(units);
        meters::done(&self.status.name, units);
    }

    /// Says how many units are left to do; `None` if that is not known.
    pub fn left(&self, units: Option<u64>) {
        self.status.set_left(units, None);
    }

    /// The same of units that were counted in the state as of the event `as_of`.
    pub fn left_as_of(&self, units: u64, as_of: u64) {
        self.status.set_left(Some(units), Some(as_of));
    }

    /// Says what was done, in a sentence.
    pub fn say(&self, what: &str) {
        self.status.say(what);
    }

    /// Says how far the worker is behind with each destination; [`LAGS_MAX`](crate::LAGS_MAX) of them are reported.
    pub fn lags(&self, lags: Vec<Lag>) {
        self.status.set_lags(lags);
    }

    /// Says that the step is not stuck, when it has nothing else to say.
    pub fn alive(&self) {
        self.status.alive();
    }

    /// Comes to a point between two steps of the service, where a test may end it.
    pub async fn reached(&self, point: Failpoint) {
        self.failpoints.reached(point).await;
    }
}
