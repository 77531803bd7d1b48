//! Commits, each of which needs a right that was judged in the present state.
//!
//! A body may take minutes, and a caller who lost the right meanwhile must not be served. So the ledger that requests
//! get takes a command only with a [`Confirmed`], which is made by judging the request again. The command is decided
//! only if the state that the judgement depends on is unchanged by then. A verb that forgets this does not compile.

use std::sync::Arc;

use domain::{Command, IdentityCommand, Judged, OpenSession, RefreshSession, Rejection};
use events::Origin;
use ledger::{CommitError, Committed, Ledger, ReadError, Snapshot};

/// How often a request is judged again for one commit if rights keep changing.
pub const JUDGEMENTS_MAX: usize = 16;

/// A right that was judged in the present state.
#[derive(Debug, Clone)]
pub struct Confirmed(Judged);

impl Confirmed {
    /// For whoever has judged a request by the present state, and for nobody else: what it was judged by.
    pub fn new(judged: Judged) -> Self {
        Self(judged)
    }
}

/// The ledger that requests get: every request may read, and a commit needs a right.
pub struct GuardedLedger(Ledger);

impl GuardedLedger {
    /// Guards a ledger.
    pub fn new(ledger: Ledger) -> Self {
        Self(ledger)
    }

    /// The state, including every write that was acknowledged before this call.
    ///
    /// # Errors
    /// As [`Ledger::read`].
    pub async fn read(&self) -> Result<Arc<Snapshot>, ReadError> {
        self.0.read().await
    }

    /// The latest state that this process has applied.
    pub fn latest(&self) -> Arc<Snapshot> {
        self.0.latest()
    }

    /// Commits a command if the right to it still stands then.
    ///
    /// # Errors
    /// [`Rejection::JudgedByOther`] if nobody knows that; else as [`Ledger::commit`].
    pub async fn commit(
        &self,
        confirmed: &Confirmed,
        command: Command,
        origin: Origin,
    ) -> Result<Committed, CommitError> {
        let by = Box::new(confirmed.0.clone());
        self.0.commit(Command::Judged { by, command: Box::new(command) }, origin).await
    }

    /// Opens a session. The right to it is the verified password.
    ///
    /// # Errors
    /// As [`Ledger::commit`].
    pub async fn open_session(&self, open: OpenSession, origin: Origin) -> Result<Committed, CommitError> {
        self.0.commit(Command::Identity(Box::new(IdentityCommand::OpenSession(open))), origin).await
    }

    /// Continues a session. The right to it is the refresh token.
    ///
    /// # Errors
    /// As [`Ledger::commit`].
    pub async fn refresh_session(&self, refresh: RefreshSession, origin: Origin) -> Result<Committed, CommitError> {
        self.0.commit(Command::Identity(Box::new(IdentityCommand::RefreshSession(refresh))), origin).await
    }
}

/// Whether the right has to be judged again before the command can be decided.
pub fn is_judged_by_other(error: &CommitError) -> bool {
    matches!(error, CommitError::Rejected(Rejection::JudgedByOther))
}
