use domain::row::{LeaseRow, WorkerRow};
use domain::{Command, View};
use events::Origin;
use events::ids::{AuthType, Principal, WorkerName};
use events::lease::Lease;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use ledger::{CommitError, Committed, Ledger, StateError};

/// What workers and leases need of a ledger. It is a trait so that tests need neither a log nor its time.
pub trait Store: Send + Sync + 'static {
    /// A lease, as the newest state here has it.
    ///
    /// # Errors
    /// The state cannot be read now.
    fn lease(&self, lease: Lease) -> Result<Option<LeaseRow>, StateError>;

    /// The settings of a worker, as the newest state here has them.
    ///
    /// # Errors
    /// The state cannot be read now.
    fn settings(&self, worker: &WorkerName) -> Result<WorkerRow, StateError>;

    /// One item at first and whenever the state has changed since the last. It ends when the state will not change any more.
    fn changes(&self) -> BoxStream<'static, ()>;

    /// Asks the log where it ends, and waits until the state here has all up to there. Returns whether that worked.
    fn catch_up(&self) -> BoxFuture<'_, bool>;

    /// Commits a command, of which the log names a worker or a lease as the cause.
    fn commit(&self, by: &str, command: Command) -> BoxFuture<'_, Result<Committed, CommitError>>;
}

impl Store for Ledger {
    fn lease(&self, lease: Lease) -> Result<Option<LeaseRow>, StateError> {
        self.latest().lease(lease)
    }

    fn settings(&self, worker: &WorkerName) -> Result<WorkerRow, StateError> {
        self.latest().worker(worker)
    }

    fn changes(&self) -> BoxStream<'static, ()> {
        let mut progress = self.progress();
        progress.mark_changed();
        let changes = stream::unfold(progress, |mut progress| async move {
            progress.changed().await.ok()?;
            let is_over = progress.borrow_and_update().failed.is_some();
            (!is_over).then_some(((), progress))
        });
        changes.boxed()
    }

    fn catch_up(&self) -> BoxFuture<'_, bool> {
        Box::pin(async { self.read().await.is_ok() })
    }

    fn commit(&self, by: &str, command: Command) -> BoxFuture<'_, Result<Committed, CommitError>> {
        let principal = Principal { kind: AuthType::System, id: by.into() };
        let origin = Origin { principal, request_id: String::new(), traceparent: None, address: None };
        Box::pin(Self::commit(self, command, origin))
    }
}
