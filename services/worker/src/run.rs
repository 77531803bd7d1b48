//! One background loop.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use domain::row::WorkerRow;
use events::lease::Term;
use tokio::sync::watch;

use crate::clients::Clients;
use crate::commits::Commits;
use crate::failpoint::Failpoints;
use crate::holder::Hold;
use crate::status::{STUCK_TIME, Status};
use crate::throttle::Throttle;
use crate::{Handle, State, Step, Trouble, Worker, meters};

/// The first pause after a failure; each further one in a row is twice as long.
const PAUSE_MIN: Duration = Duration::from_millis(100);

/// The longest such pause.
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// How long a step may go on after its worker was paused.
const PAUSED_STEP_TIME_MAX: Duration = Duration::from_secs(10);

/// What one loop works with.
pub(crate) struct Loop {
    pub(crate) status: Arc<Status>,
    pub(crate) throttle: Arc<Throttle>,
    pub(crate) commits: Commits,
    pub(crate) failpoints: Failpoints,
    pub(crate) clients: Clients,
    pub(crate) settings: watch::Receiver<WorkerRow>,
    /// The lease, if it needs one.
    pub(crate) hold: Option<watch::Receiver<Hold>>,
}

/// Takes one step after the other until the ledger has stopped.
pub(crate) async fn run<W: Worker>(mut worker: W, mut it: Loop) {
    let mut pause = PAUSE_MIN;
    loop {
        let term = it.admitted(&mut worker).await;
        it.status.begin();
        let handle = it.handle(term);
        let outcome = tokio::select! {
            outcome = worker.step(&handle) => Some(outcome),
            () = it.interrupted(term) => None,
            () = it.stuck() => Some(Err(Trouble::Failed(format!("a step did nothing for {} s", STUCK_TIME.as_secs())))),
        };
        it.status.end();
        let Some(outcome) = outcome else { continue };
        if outcome.is_ok() {
            pause = PAUSE_MIN;
            it.status.succeed();
        }
        match outcome {
            Ok(Step::More) => {
                it.status.enter(State::Working);
                tokio::task::yield_now().await;
            }
            Ok(Step::After(time)) => {
                it.status.enter(State::Working);
                it.rest(time).await;
            }
            Ok(Step::Idle(time)) => {
                it.status.enter(State::Idle);
                tokio::select! {
                    () = worker.wake() => {}
                    () = it.rest(time) => {}
                }
            }
            Err(Trouble::LeaseLost) => it.lost(term).await,
            Err(trouble @ Trouble::Stopped(_)) => {
                it.status.fail(&trouble.to_string());
                return;
            }
            Err(trouble @ (Trouble::Failed(_) | Trouble::Halted(_) | Trouble::Unfit(_))) => {
                it.note(&trouble);
                it.rest(pause).await;
                pause = (pause * 2).min(PAUSE_MAX);
            }
        }
    }
}

impl Loop {
    fn handle(&self, term: Option<Term>) -> Handle {
        let (status, throttle) = (Arc::clone(&self.status), Arc::clone(&self.throttle));
        let (commits, failpoints, clients) = (self.commits.clone(), self.failpoints.clone(), self.clients.clone());
        Handle { status, throttle, commits, term, failpoints, clients }
    }

    /// Notes why a step is to be taken again.
    fn note(&self, trouble: &Trouble) {
        let (name, why) = (&self.status.name, trouble.to_string());
        tracing::debug!(worker = %name, why, "a step failed");
        match trouble {
            Trouble::Halted(_) => self.status.halt(&why),
            Trouble::Unfit(_) => {
                self.status.disqualify(&why);
                meters::failed(name);
            }
            Trouble::Failed(_) | Trouble::LeaseLost | Trouble::Stopped(_) => {
                self.status.fail(&why);
                meters::failed(name);
            }
        }
    }

    /// Waits until the step that is under way has shown no sign of life for too long.
    async fn stuck(&self) {
        while let Some(at) = self.status.stuck_at() {
            tokio::time::sleep_until(at).await;
            if self.status.stuck_at() == Some(at) {
                return;
            }
        }
        pending::<()>().await;
    }

    /// Waits until the worker may run; the term in which it may.
    async fn admitted(&mut self, worker: &mut impl Worker) -> Option<Term> {
        loop {
            if self.settings.borrow_and_update().paused {
                self.status.enter(State::Paused);
                changed(&mut self.settings).await;
                continue;
            }
            let Some(hold) = &mut self.hold else { return None };
            let why = match &*hold.borrow_and_update() {
                Hold::Owned(term) => return Some(*term),
                Hold::Waiting(why) => why.clone(),
            };
            // Whoever owned the lease meanwhile began anew, and so does this process.
            self.status.begin_anew();
            self.status.enter(State::Waiting { why });
            worker.lost();
            tokio::select! {
                () = changed(hold) => {}
                () = changed(&mut self.settings) => {}
            }
        }
    }

    /// Waits until a step that is under way should not go on: the lease was lost, or the worker is paused for a while.
    async fn interrupted(&self, term: Option<Term>) {
        let mut settings = self.settings.clone();
        let paused = async {
            loop {
                if settings.wait_for(|row| row.paused).await.is_err() {
                    return pending().await;
                }
                tokio::time::sleep(PAUSED_STEP_TIME_MAX).await;
                if settings.borrow().paused {
                    return;
                }
            }
        };
        tokio::select! {
            () = self.lost(term) => {}
            () = paused => {}
        }
    }

    /// Waits until a term is over, as far as this process knows.
    async fn lost(&self, term: Option<Term>) {
        let (Some(hold), Some(term)) = (&self.hold, term) else { return pending().await };
        if hold.clone().wait_for(|hold| *hold != Hold::Owned(term)).await.is_err() {
            pending::<()>().await;
        }
    }

    /// Waits for a time, or until the settings or the lease are others.
    async fn rest(&mut self, time: Duration) {
        let lease = async {
            match &mut self.hold {
                Some(hold) => changed(hold).await,
                None => pending().await,
            }
        };
        tokio::select! {
            () = tokio::time::sleep(time) => {}
            () = changed(&mut self.settings) => {}
            () = lease => {}
        }
    }
}

/// Waits for a change, for ever if there will be none.
pub(crate) async fn changed<T>(watched: &mut watch::Receiver<T>) {
    if watched.changed().await.is_err() {
        pending::<()>().await;
    }
}
