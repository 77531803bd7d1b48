//! Requests whose right was granted, with the state in which they were judged or without it.
//!
//! A verb gets an [`Authorized`] and takes the state out of it once. The rest is a [`Granted`], which commits. An
//! upload may take hours, and a state that lived as long would keep redb from reusing its pages. Verbs that read a
//! document first get no state, because it would be stale by then.

use std::ops::Deref;
use std::sync::Arc;

use domain::{Command, Identities, Judged, JudgedBucket};
use ledger::{CommitError, Committed, Snapshot, StateError};
use rights::{Confirmed, JUDGEMENTS_MAX, is_judged_by_other};
use s3::{Code, Error};

use super::authorize::authorize;
use crate::access::{Caller, KnownBy};
use crate::failure::{Failure, commit_failure};
use crate::request::{Document, Request};
use crate::state::{Bucket, State};

/// A granted request, and the state that its right depends on.
pub(crate) struct Granted<'a> {
    request: Request<'a>,
    judged: Judged,
}

/// A granted request with the state.
pub(crate) struct Authorized<'a> {
    granted: Granted<'a>,
    state: State,
}

/// A granted request has the methods of the request.
impl<'a> Deref for Granted<'a> {
    type Target = Request<'a>;

    fn deref(&self) -> &Request<'a> {
        &self.request
    }
}

impl<'a> Deref for Authorized<'a> {
    type Target = Request<'a>;

    fn deref(&self) -> &Request<'a> {
        &self.granted.request
    }
}

impl<'a> Authorized<'a> {
    /// Judges a request in a state. Keys in its body, and the source of a copy, are judged later, once they are known.
    pub(crate) fn new(request: Request<'a>, snapshot: Arc<Snapshot>) -> Result<Self, Failure> {
        let state = authorize(&request, snapshot)?;
        let judged = judged(&request, &state);
        Ok(Self { granted: Granted { request, judged }, state })
    }

    /// The addressed bucket, borrowed.
    pub(crate) fn bucket(&self) -> Result<&Bucket, Error> {
        match &self.state {
            State::Bucket(bucket) => Ok(bucket),
            // Verbs about a bucket are given one.
            State::Service(_) => Err(Error::new(Code::InternalError)),
        }
    }

    /// Takes the addressed bucket out, after checking that it has the owner that the client expects.
    pub(crate) fn into_bucket(self) -> Result<(Granted<'a>, Bucket), Failure> {
        let State::Bucket(bucket) = self.state else { return Err(Error::new(Code::InternalError).into()) };
        bucket.check_owner(self.granted.head().expected_bucket_owner()?)?;
        Ok((self.granted, bucket))
    }

    /// Takes the state out.
    pub(crate) fn into_snapshot(self) -> (Granted<'a>, Arc<Snapshot>) {
        (self.granted, self.state.into_snapshot())
    }

    /// Drops the state.
    pub(crate) fn without_state(self) -> Granted<'a> {
        self.granted
    }
}

/// Why the command of a call was not committed.
pub(crate) enum Uncommitted {
    /// The right to it was lost.
    Refused(Failure),
    /// The ledger did not commit it.
    Commit(CommitError),
}

impl<'a> Granted<'a> {
    /// The addressed bucket in the present state. A bucket that was created under the same name since the judgement is
    /// another one and is not returned.
    pub(crate) async fn read_bucket(&self) -> Result<Bucket, Failure> {
        let bucket = self.bucket_in(self.read().await?)?;
        if self.judged.bucket.as_ref().is_some_and(|judged| judged.id != bucket.row.id) {
            return Err(Error::no_such_bucket(bucket.name.as_str()).into());
        }
        bucket.check_owner(self.head().expected_bucket_owner()?)?;
        Ok(bucket)
    }

    /// The request with its document. The commit judges policies that depend on the document.
    pub(crate) fn with_document<'b>(self, document: Document<'b>) -> Granted<'b>
    where
        'a: 'b,
    {
        Granted { request: Request { document, ..self.request }, judged: self.judged }
    }

    /// Like [`Self::with_document`], and judges the request at once, in the present state.
    pub(crate) fn judge_document<'b>(self, document: Document<'b>) -> Result<Granted<'b>, Failure>
    where
        'a: 'b,
    {
        let snapshot = self.present()?.into_snapshot();
        Ok(Authorized::new(Request { document, ..self.request }, snapshot)?.without_state())
    }

    /// Judges the request in the present state, in the same way as before its body was read.
    pub(crate) fn confirm(&self) -> Result<Confirmed, Failure> {
        self.confirm_by(|_| Ok(())).map(|(confirmed, ())| confirmed)
    }

    /// Like [`Self::confirm`], and computes another value from the present state and the caller. The function gets a
    /// request with the caller's present rights.
    fn confirm_by<T>(
        &self,
        judge: impl FnOnce(&Authorized<'_>) -> Result<T, Failure>,
    ) -> Result<(Confirmed, T), Failure> {
        let state = self.present()?;
        if self.is_as_before(&state)? {
            let granted = Granted { request: self.request, judged: self.judged.clone() };
            return confirmed(Authorized { granted, state }, judge);
        }
        let accounts = &self.gateway.0.accounts;
        let account = match &self.caller.known_by {
            KnownBy::Key(key) => Some(Arc::clone(&accounts.find(state.snapshot(), key, self.now)?.account)),
            KnownBy::Session(session) => Some(accounts.of_session(state.snapshot(), *session, self.now)?),
            KnownBy::Nothing => None,
        };
        let Caller { known_by, proof, payload, signature_age_ms, .. } = self.caller;
        let caller = Caller {
            account,
            known_by: known_by.clone(),
            proof: *proof,
            payload: *payload,
            signature_age_ms: *signature_age_ms,
            chunk_signer: None,
        };
        confirmed(Authorized::new(Request { caller: &caller, ..self.request }, state.into_snapshot())?, judge)
    }

    /// The present state. If the bucket has been replaced by another one, the request is refused.
    fn present(&self) -> Result<State, Failure> {
        let snapshot = self.latest();
        let Some(judged) = &self.judged.bucket else { return Ok(State::Service(snapshot)) };
        let bucket = Bucket::find(snapshot, judged.name.clone())?.filter(|bucket| bucket.row.id == judged.id);
        bucket.map(State::Bucket).ok_or_else(|| Error::no_such_bucket(judged.name.as_str()).into())
    }

    /// Whether the state that the judgement depends on is unchanged.
    fn is_as_before(&self, state: &State) -> Result<bool, StateError> {
        if let (State::Bucket(bucket), Some(judged)) = (state, &self.judged.bucket)
            && bucket.row.access != judged.access
        {
            return Ok(false);
        }
        match &self.judged.caller {
            Some(caller) => Ok(state.snapshot().identities_changed()? == caller.identities),
            None => Ok(true),
        }
    }

    /// Commits a command that stores no bytes.
    pub(crate) async fn commit(&self, command: Command) -> Result<Committed, Failure> {
        self.commit_as(|_| Ok(command.clone())).await
    }

    /// Commits a command that is made from the caller and the present state.
    pub(crate) async fn commit_as(
        &self,
        command: impl Fn(&Authorized<'_>) -> Result<Command, Failure>,
    ) -> Result<Committed, Failure> {
        self.try_commit_as(command).await.map_err(|error| match error {
            Uncommitted::Refused(failure) => failure,
            Uncommitted::Commit(error) => commit_failure(&error, self.about()).into(),
        })
    }

    /// Like [`Self::commit_as`], for verbs that map some errors themselves.
    pub(crate) async fn try_commit_as(
        &self,
        command: impl Fn(&Authorized<'_>) -> Result<Command, Failure>,
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
}

fn confirmed<T>(
    request: Authorized<'_>,
    judge: impl FnOnce(&Authorized<'_>) -> Result<T, Failure>,
) -> Result<(Confirmed, T), Failure> {
    let made = judge(&request)?;
    Ok((Confirmed::new(request.granted.judged), made))
}

/// The state that the right to a request depends on.
fn judged(request: &Request<'_>, state: &State) -> Judged {
    let caller = request.caller.account.as_ref().and_then(|account| account.judged.clone());
    let bucket = match state {
        State::Service(_) => None,
        State::Bucket(Bucket { name, row, .. }) => {
            Some(JudgedBucket { name: name.clone(), id: row.id, access: row.access })
        }
    };
    Judged { caller, bucket, identities: None }
}
