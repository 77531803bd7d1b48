//! Commits, and what each of them needs: a right that was judged by the present state.
//!
//! A body may take minutes, and whoever lost the right meanwhile must not be served. So the ledger, as requests have it,
//! takes a command only with a [`Confirmed`], which is made by judging the request anew; and the command is decided only
//! if nothing by which it was judged has changed by then. A verb that forgets this does not compile.

use std::sync::Arc;

use domain::{Command, IdentityCommand, Judged, OpenSession, RefreshSession, Rejection};
use events::Origin;
use ledger::{CommitError, Committed, Ledger, ReadError, Snapshot};

/// How often a request is judged anew for one commit, if who may do what changes all the time.
pub const JUDGEMENTS_MAX: usize = 16;

/// A right that was judged by the present state.
#[derive(Debug, Clone)]
pub struct Confirmed(Judged);

impl Confirmed {
    /// For whoever has judged a request by the present state, and for nobody else: what it was judged by.
    pub fn new(judged: Judged) -> Self {
        Self(judged)
    }
}

/// The ledger as requests have it: everybody reads, and who commits has a right.
pub struct GuardedLedger(Ledger);

impl GuardedLedger {
    /// Guards a ledger.
    pub fn new(ledger: Ledger) -> Self {
        Self(ledger)
    }

    /// The state, with everything acked before.
    ///
    /// # Errors
    /// As [`Ledger::read`].
    pub async fn read(&self) -> Result<Arc<Snapshot>, ReadError> {
        self.0.read().await
    }

    /// The state as it is known here.
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

    /// Opens a session, for which the password that was proven is the right.
    ///
    /// # Errors
    /// As [`Ledger::commit`].
    pub async fn open_session(&self, open: OpenSession, origin: Origin) -> Result<Committed, CommitError> {
        self.0.commit(Command::Identity(Box::new(IdentityCommand::OpenSession(open))), origin).await
    }

    /// Goes on with a session, for which the refresh token that was shown is the right.
    ///
    /// # Errors
    /// As [`Ledger::commit`].
    pub async fn refresh_session(&self, refresh: RefreshSession, origin: Origin) -> Result<Committed, CommitError> {
        self.0.commit(Command::Identity(Box::new(IdentityCommand::RefreshSession(refresh))), origin).await
    }
}

/// Whether a right has to be judged anew for the command to be decided.
pub fn is_judged_by_other(error: &CommitError) -> bool {
    matches!(error, CommitError::Rejected(Rejection::JudgedByOther))
}
