//! Commits, and what each of them needs: a right that was judged by the present state.
//!
//! A body may take minutes, and whoever lost the right meanwhile must not be served. So the ledger, as requests have it,
//! takes a command only with a [`Confirmed`], which is made by judging the request anew; and the command is decided only
//! if nothing by which it was judged has changed by then. A verb that forgets this does not compile.

use std::sync::Arc;

use domain::{Command, IdentityCommand, Judged, OpenSession, RefreshSession, Rejection};
use events::Origin;
use ledger::{CommitError, Committed, Ledger, ReadError, Snapshot};

use crate::admin::SessionCaller;

/// How often a request is judged anew for one commit, if who may do what changes all the time.
pub(crate) const JUDGEMENTS_MAX: usize = 16;

/// A right that was judged by the present state.
#[derive(Debug, Clone)]
pub(crate) struct Confirmed(Judged);

impl Confirmed {
    /// That of a request, for whoever has judged it by the present state: see `authorization`.
    pub(crate) fn of_request(judged: Judged) -> Self {
        Self(judged)
    }

    /// That of somebody whose session is open, as it was judged with that. `identities` is the last change of them by
    /// which it was judged, if what others have was looked at too.
    pub(crate) fn of_session(caller: &SessionCaller, identities: Option<u64>) -> Self {
        Self(Judged { identities, ..caller.judged() })
    }
}

/// The ledger as requests have it: everybody reads, and who commits has a right.
pub(crate) struct GuardedLedger(Ledger);

impl GuardedLedger {
    pub(crate) fn new(ledger: Ledger) -> Self {
        Self(ledger)
    }

    /// The state, with everything acked before.
    pub(crate) async fn read(&self) -> Result<Arc<Snapshot>, ReadError> {
        self.0.read().await
    }

    /// The state as it is known here.
    pub(crate) fn latest(&self) -> Arc<Snapshot> {
        self.0.latest()
    }

    /// Commits a command if the right to it still stands then; [`Rejection::JudgedByOther`] if nobody knows that.
    pub(crate) async fn commit(
        &self,
        confirmed: &Confirmed,
        command: Command,
        origin: Origin,
    ) -> Result<Committed, CommitError> {
        let by = Box::new(confirmed.0.clone());
        self.0.commit(Command::Judged { by, command: Box::new(command) }, origin).await
    }

    /// Opens a session, for which the password that was proven is the right.
    pub(crate) async fn open_session(&self, open: OpenSession, origin: Origin) -> Result<Committed, CommitError> {
        self.0.commit(Command::Identity(Box::new(IdentityCommand::OpenSession(open))), origin).await
    }

    /// Goes on with a session, for which the refresh token that was shown is the right.
    pub(crate) async fn refresh_session(
        &self,
        refresh: RefreshSession,
        origin: Origin,
    ) -> Result<Committed, CommitError> {
        self.0.commit(Command::Identity(Box::new(IdentityCommand::RefreshSession(refresh))), origin).await
    }
}

/// Whether a right has to be judged anew for the command to be decided.
pub(crate) fn is_judged_by_other(error: &CommitError) -> bool {
    matches!(error, CommitError::Rejected(Rejection::JudgedByOther))
}
