use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use domain::Rejection;
use events::lease::Lease;
use ledger::{CommitError, Ledger, ReadError, Snapshot, StateError};

use crate::Handle;

/// What is always so of a background loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    /// Its name: 1 to 32 of `a-z 0-9 -`, the same in every process.
    pub name: &'static str,
    /// The purpose of the worker, as a sentence.
    pub about: &'static str,
    /// The plural of what its progress and its rate are counted in, such as `bytes`.
    pub unit: &'static str,
    /// The lease without which it does not run.
    pub lease: Option<Lease>,
    /// The rate to which it keeps unless another one is set: units a second. `None` for no limit.
    pub rate: Option<NonZeroU64>,
}

/// What follows a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// There is more to do.
    More,
    /// There is more to do, after a pause in which others get their turn.
    After(Duration),
    /// There is nothing to do until [`Worker::wake`] returns, or this time has passed.
    Idle(Duration),
}

/// Why a step did not end well.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// Another process owns the lease, or will. The loop waits until this one has it again.
    #[error("this process does not own the lease any more")]
    LeaseLost,
    /// The ledger has stopped, and with it all loops.
    #[error("the ledger has stopped: {0}")]
    Stopped(String),
    /// Something else. The step is taken again after a pause, which grows from one failure to the next. After a minute of
    /// that another process may take the lease.
    #[error("{0}")]
    Failed(String),
    /// It waits for an operator, as every other process would. The step is taken again after a pause, and the lease stays.
    #[error("{0}")]
    Halted(String),
    /// This process cannot do the work, but another one may: the lease is not renewed any more. Once another process has
    /// it, this one does not ask for it again until it is started anew.
    #[error("{0}")]
    Unfit(String),
}

impl From<CommitError> for Trouble {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Rejected(Rejection::LeaseLost(_)) => Self::LeaseLost,
            CommitError::Stopped(reason) => Self::Stopped(reason),
            other => Self::Failed(other.to_string()),
        }
    }
}

impl From<StateError> for Trouble {
    fn from(error: StateError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<ReadError> for Trouble {
    fn from(error: ReadError) -> Self {
        Self::Failed(error.to_string())
    }
}

/// The newest state of a ledger, if that still works. Whatever is decided by it is decided once more at the commit.
///
/// # Errors
/// [`Trouble::Stopped`].
pub fn latest(ledger: &Ledger) -> Result<Arc<Snapshot>, Trouble> {
    let progress = ledger.progress();
    let failed = progress.borrow().failed.clone();
    match failed {
        Some(reason) => Err(Trouble::Stopped(reason.to_string())),
        // Its writer has ended because the process stops.
        None if progress.has_changed().is_err() => Err(Trouble::Stopped("it was told to".into())),
        None => Ok(ledger.latest()),
    }
}

/// A background loop.
pub trait Worker: Send + 'static {
    /// What is always so of it.
    fn profile(&self) -> Profile;

    /// Does a little of what there is to do: as much as may be lost, or done twice, when the process is killed. The future
    /// may be dropped wherever it waits: then the lease was lost, the worker was paused, or the process stops.
    ///
    /// # Errors
    /// [`Trouble`] says what happens next.
    fn step(&mut self, handle: &Handle) -> impl Future<Output = Result<Step, Trouble>> + Send;

    /// The lease was lost, or is not owned yet: whatever only its owner knows is not so any more. It may be told so twice.
    fn lost(&mut self) {}

    /// Waits until there may be something to do. It is asked after a step that said [`Step::Idle`], and may be dropped and
    /// asked again.
    fn wake(&mut self) -> impl Future<Output = ()> + Send {
        std::future::pending()
    }
}
