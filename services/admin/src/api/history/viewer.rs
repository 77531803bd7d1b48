//! Who may see which event.
//!
//! Whoever has `planetstore:ReadEvents` sees all. Everybody else sees an event about an object if they may list its
//! bucket with the object's key as prefix, as it is judged whether somebody may learn that a key is absent. Such a right
//! is to the bucket that there is now: what was in an earlier one of the same name is not theirs to see. Nor do they learn
//! from it whether others have stored the same bytes.

use std::sync::Arc;

use bytes::Bytes;
use domain::row::{Posting, PostingRow};
use domain::{Identities, View};
use events::ids::{AccessKeyId, AuthType, BucketName, ObjectKey, UserName};
use feed::{Entry, Filter};
use http::HeaderValue;
use http::header::AUTHORIZATION;
use http::request::Parts;
use jiff::{SignedDuration, Timestamp};
use ledger::Snapshot;
use policy::{Action, Decision, Denial};

use crate::api::Admin;
use crate::api::access::{Asker, Caller, expiry, identify, identify_again};
use crate::api::asked::Asked;
use crate::api::listing::Lister;
use crate::api::refusal::Refusal;

/// What the right to all events is about, as policies call it.
const TARGET: &str = "region";

/// How long a caller is believed who was identified, if nothing changes: then the token may have expired.
const BELIEVED_TIME_MAX: SignedDuration = SignedDuration::from_secs(15);

/// Somebody who reads events, in some state.
pub(in crate::api) struct Viewer {
    admin: Admin,
    parts: Parts,
    caller: Caller,
    /// Whether they see all events, or why none.
    sees_all: Result<bool, Refusal>,
    /// The state by which it is judged.
    snapshot: Arc<Snapshot>,
    /// When it was made sure who asks.
    identified: Timestamp,
    /// Until when the state alone changes nothing of who asks: their session ends then, or it is made sure once more.
    believed_until: Option<Timestamp>,
}

impl Viewer {
    /// # Errors
    /// If a policy denies the caller to read events.
    pub(super) fn new(asked: Asked, caller: Caller) -> Result<Self, Refusal> {
        let Asked { admin, parts, now, .. } = asked;
        let viewer = Self::of(admin, parts, caller, now);
        viewer.may_read()?;
        Ok(viewer)
    }

    /// Somebody who was identified by the head of a request, and may do other things than read events.
    pub(in crate::api) fn of(admin: Admin, parts: Parts, caller: Caller, now: Timestamp) -> Self {
        let snapshot = admin.0.ledger.latest();
        let sees_all = sees_all(&admin, &parts, &caller, now);
        Self { admin, parts, caller, sees_all, snapshot, identified: now, believed_until: None }
    }

    pub(in crate::api) fn name(&self) -> &UserName {
        &self.caller.name
    }

    /// Whether they see all events, whatever these are about.
    pub(super) fn sees_all(&self) -> bool {
        matches!(self.sees_all, Ok(true))
    }

    /// # Errors
    /// If a policy denies the caller to read events.
    pub(in crate::api) fn may_read(&self) -> Result<(), Refusal> {
        self.sees_all.clone().map(drop)
    }

    /// # Errors
    /// If the caller lacks a right in the region.
    pub(in crate::api) fn may(&self, action: Action) -> Result<(), Refusal> {
        let asker = Asker::new(&self.admin, &self.parts, (self.admin.0.sources.now)());
        match self.caller.decide(action, TARGET, &asker) {
            Decision::Allowed(_) => Ok(()),
            Decision::Denied(denial) => Err(Refusal::no_right(action, TARGET, &denial)),
        }
    }

    /// Goes on by a new token of the same user, if it is one.
    ///
    /// # Errors
    /// If it is no good token, or somebody else's.
    pub(in crate::api) async fn identify(&mut self, token: HeaderValue) -> Result<(), Refusal> {
        let now = (self.admin.0.sources.now)();
        let mut headers = self.parts.headers.clone();
        headers.insert(AUTHORIZATION, token);
        let caller = identify(&self.admin, &headers, now).await?;
        if caller.id != self.caller.id {
            return Err(Refusal::forbidden("this token is another user's: open another connection for them"));
        }
        (self.parts.headers, self.caller, self.identified) = (headers, caller, now);
        self.snapshot = self.admin.0.ledger.latest();
        self.sees_all = sees_all(&self.admin, &self.parts, &self.caller, now);
        self.believed_until = None;
        Ok(())
    }

    /// When the token that they are known by expires.
    pub(in crate::api) fn expires(&self) -> Result<Timestamp, Refusal> {
        expiry(&self.admin, &self.parts.headers, self.identified)
    }

    /// Judges by the newest state from here on.
    ///
    /// # Errors
    /// If the caller's session has ended, or their token has expired.
    pub(in crate::api) fn renew(&mut self) -> Result<(), Refusal> {
        let now = (self.admin.0.sources.now)();
        let latest = self.admin.0.ledger.latest();
        // A reader of the past asks this for every event, mostly of one state.
        let is_same_state = Arc::ptr_eq(&latest, &self.snapshot);
        if is_same_state && self.believed_until.is_some_and(|until| self.identified <= now && now < until) {
            return Ok(());
        }
        (self.snapshot, self.believed_until) = (latest, None);
        // The end of a session is no change of identities.
        let open = self.snapshot.session(self.caller.session)?.filter(|row| now < row.expires);
        let is_as_before = open.is_some() && self.snapshot.identities_changed()? == self.caller.identities();
        let since = now.duration_since(self.identified);
        if !is_as_before || !(SignedDuration::ZERO..BELIEVED_TIME_MAX).contains(&since) {
            self.caller = identify_again(&self.admin, &self.snapshot, &self.parts.headers, now)?;
            self.sees_all = sees_all(&self.admin, &self.parts, &self.caller, now);
            self.identified = now;
        }
        self.believed_until = open.map(|row| row.expires.min(self.identified + BELIEVED_TIME_MAX));
        Ok(())
    }

    /// Whether the caller gets an event: it is asked for, and they may see it.
    pub(in crate::api) fn takes(&self, filter: &Filter, entry: &Entry) -> Result<bool, Refusal> {
        self.may_read()?;
        let owner = |key: &str| filter.user.as_ref().filter(|user| self.is_by(user, key, entry.sequence)).cloned();
        Ok(filter.fits(&entry.event, owner) && self.sees(entry)?)
    }

    /// An event that they may see, as JSON.
    pub(in crate::api) fn shown(&self, entry: &Entry) -> Result<Bytes, Refusal> {
        if self.sees_all.clone()? { Ok(entry.bytes.clone()) } else { Ok(entry.for_users(&self.admin.0.region)?) }
    }

    /// Whether an access key that caused an event was a user's then. Events of older releases do not say it, but it was
    /// noted when they were folded. What cannot be read is nobody's: a filter lets through less then.
    fn is_by(&self, user: &UserName, key: &str, sequence: u64) -> bool {
        if key == self.admin.0.root.access_key {
            return user.is_root();
        }
        let noted = self.snapshot.posting(&Posting::User(user.clone()), PostingRow::block_of(sequence));
        match noted {
            Ok(row) => row.has(sequence),
            Err(error) => {
                tracing::error!(%error, "the owner of a key cannot be read");
                false
            }
        }
    }

    /// The user who caused an event, as far as it or the present owner of the key says.
    pub(super) fn user_of(&self, entry: &Entry) -> Option<UserName> {
        let principal = &entry.event.origin.principal;
        match (&entry.event.user, principal.kind) {
            (Some(user), _) => Some(user.clone()),
            (None, AuthType::User) => principal.id.parse().ok(),
            (None, AuthType::ApiKey) if principal.id == self.admin.0.root.access_key => Some(UserName::root()),
            (None, AuthType::ApiKey) => {
                let key: AccessKeyId = principal.id.parse().ok()?;
                let user = self.snapshot.key(&key).ok()??.user;
                self.is_by(&user, &principal.id, entry.sequence).then_some(user)
            }
            (None, AuthType::System | AuthType::Unauthenticated) => None,
        }
    }

    /// Who caused events that a user is to have caused, as the index names them.
    pub(super) fn postings_of(&self, user: &UserName) -> Vec<Posting> {
        let mut postings = vec![Posting::User(user.clone())];
        if user.is_root() {
            postings.push(Posting::Key(self.admin.0.root.access_key.clone()));
        }
        postings
    }

    pub(super) fn sees(&self, entry: &Entry) -> Result<bool, Refusal> {
        if self.sees_all.clone()? {
            return Ok(true);
        }
        let fact = &entry.event.fact;
        let (Some(bucket), Some(_)) = (fact.bucket(), fact.key()) else { return Ok(false) };
        for key in fact.keys() {
            if !self.may_list(bucket, key, entry.sequence)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn may_list(&self, bucket: &BucketName, key: &ObjectKey, sequence: u64) -> Result<bool, Refusal> {
        let Some(row) = self.snapshot.bucket(bucket)?.filter(|row| row.id.0 < sequence) else { return Ok(false) };
        let Self { admin, parts, caller, snapshot, .. } = self;
        let lister = Lister { admin, parts, now: (admin.0.sources.now)(), caller, snapshot };
        Ok(lister.may_list(bucket, &row, Some(&String::from_utf8_lossy(key.as_bytes())))?)
    }
}

/// Whether somebody sees all events.
fn sees_all(admin: &Admin, parts: &Parts, caller: &Caller, now: Timestamp) -> Result<bool, Refusal> {
    match caller.decide(Action::ReadEvents, TARGET, &Asker::new(admin, parts, now)) {
        Decision::Allowed(_) => Ok(true),
        Decision::Denied(Denial::NothingGrants) => Ok(false),
        Decision::Denied(denial) => Err(Refusal::no_right(Action::ReadEvents, TARGET, &denial)),
    }
}
