//! Commits, and what each of them needs: a right that was judged by the present state.
//!
//! A body may take minutes, and whoever lost the right meanwhile must not be served. So the ledger, as requests have it,
//! takes a command only with a [`Confirmed`], which is made by judging the call anew; and the command is decided only
//! if nothing by which it was judged has changed by then. A verb that forgets this does not compile.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock};

use domain::row::BucketRow;
use domain::{
    Command, Identities, IdentityCommand, Judged, JudgedBucket, OpenSession, RefreshSession, Rejection, View,
};
use events::Origin;
use events::ids::BucketName;
use ledger::{CommitError, Committed, Ledger, ReadError, Snapshot};
use s3::{Code, Error};

use crate::access::{Caller, authorize};
use crate::admin::SessionCaller;
use crate::call::Call;
use crate::failure::{Failure, commit_failure};

/// How often a call is judged anew for one commit, if who may do what changes all the time.
pub(crate) const JUDGEMENTS_MAX: usize = 16;

/// A right that was judged by the present state.
#[derive(Debug, Clone)]
pub(crate) struct Confirmed(Judged);

impl Confirmed {
    /// That of somebody whose session is open, as it was judged with that.
    pub(crate) fn of_session(caller: &SessionCaller) -> Self {
        Self(caller.judged())
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

/// Why a command of a call was not committed.
pub(crate) enum Uncommitted {
    /// Nothing grants it any more.
    Refused(Failure),
    /// The ledger did not.
    Commit(CommitError),
}

/// Whether a right has to be judged anew for the command to be decided.
pub(crate) fn is_judged_by_other(error: &CommitError) -> bool {
    matches!(error, CommitError::Rejected(Rejection::JudgedByOther))
}

impl Call<'_> {
    /// Judges the call by the present state, as it was judged before its body was read.
    pub(crate) fn confirm(&self) -> Result<Confirmed, Failure> {
        self.confirm_by(|_, _| Ok(())).map(|(confirmed, ())| confirmed)
    }

    /// The same, and what else hangs on the present state and on who asks: the call that is given has the caller as
    /// they are now.
    fn confirm_by<T>(
        &self,
        judge: impl FnOnce(&Call<'_>, &Snapshot) -> Result<T, Failure>,
    ) -> Result<(Confirmed, T), Failure> {
        let snapshot = self.gateway.0.ledger.latest();
        // Every call is judged before a verb sees it.
        let before = self.judged.get().ok_or_else(|| Error::new(Code::InternalError))?;
        if is_as_before(&snapshot, before)? {
            return Ok((Confirmed(before.clone()), judge(self, &snapshot)?));
        }
        let account = match &self.caller.access_key {
            Some(key) => Some(Arc::clone(&self.gateway.0.accounts.find(&snapshot, key, self.now)?.account)),
            None => None,
        };
        let Caller { access_key, proof, payload, .. } = self.caller;
        let caller = Caller {
            signature_age_ms: self.caller.signature_age_ms,
            account,
            access_key: access_key.clone(),
            proof: *proof,
            payload: *payload,
            chunk_signer: None,
        };
        let again = Call {
            caller: &caller,
            judged: OnceLock::new(),
            lock: self.lock.clone(),
            document_tags: self.document_tags.clone(),
            authorized: Mutex::new(None),
            proved: AtomicBool::new(false),
            ..*self
        };
        authorize(&again, &snapshot, self.operation)?;
        let judge = judge(&again, &snapshot)?;
        let judged = again.judged.into_inner().ok_or_else(|| Error::new(Code::InternalError))?;
        Ok((Confirmed(judged), judge))
    }

    /// Commits a command that brings no bytes.
    pub(crate) async fn commit(&self, command: Command) -> Result<Committed, Failure> {
        self.commit_as(|_, _| Ok(command.clone())).await
    }

    /// Commits a command that hangs on who asks and on the present state, and is made of both.
    pub(crate) async fn commit_as(
        &self,
        command: impl Fn(&Call<'_>, &Snapshot) -> Result<Command, Failure>,
    ) -> Result<Committed, Failure> {
        self.try_commit_as(command).await.map_err(|error| match error {
            Uncommitted::Refused(failure) => failure,
            Uncommitted::Commit(error) => commit_failure(&error, self.about()).into(),
        })
    }

    /// The same, for who has something to say of the errors.
    pub(crate) async fn try_commit_as(
        &self,
        command: impl Fn(&Call<'_>, &Snapshot) -> Result<Command, Failure>,
    ) -> Result<Committed, Uncommitted> {
        let mut judgements = 1;
        loop {
            let (confirmed, command) = self.confirm_by(&command).map_err(Uncommitted::Refused)?;
            match self.gateway.0.ledger.commit(&confirmed, command, self.origin()).await {
                Err(error) if is_judged_by_other(&error) && judgements < JUDGEMENTS_MAX => judgements += 1,
                ended => return ended.map_err(Uncommitted::Commit),
            }
        }
    }

    /// The bucket for which the call was judged, in a state.
    pub(crate) fn judged_bucket(&self, snapshot: &Snapshot, name: &BucketName) -> Result<BucketRow, Failure> {
        let row = snapshot.bucket(name)?.filter(|row| self.is_judged(name, row.id));
        row.ok_or_else(|| Error::no_such_bucket(name.as_str()).into())
    }
}

/// What the right of a call is judged by, for a bucket or without one.
pub(crate) fn judged(call: &Call<'_>, bucket: Option<(&BucketName, &BucketRow)>) -> Judged {
    let caller = call.caller.account.as_ref().and_then(|account| account.judged.clone());
    let bucket = bucket.map(|(name, row)| JudgedBucket { name: name.clone(), id: row.id, access: row.access });
    Judged { caller, bucket }
}

/// Whether nothing changed by which a call was judged. Of a bucket that is another one now nothing is judged.
fn is_as_before(snapshot: &Snapshot, before: &Judged) -> Result<bool, Failure> {
    if let Some(bucket) = &before.bucket {
        let row = snapshot.bucket(&bucket.name)?.filter(|row| row.id == bucket.id);
        if row.ok_or_else(|| Error::no_such_bucket(bucket.name.as_str()))?.access != bucket.access {
            return Ok(false);
        }
    }
    match &before.caller {
        Some(caller) => Ok(snapshot.identities_changed()? == caller.identities),
        None => Ok(true),
    }
}
