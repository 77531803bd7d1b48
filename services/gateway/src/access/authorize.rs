//! May this caller do this? Asked of every request before its body is read.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell};

use domain::row::{BucketRow, VersionRow};
use domain::{View, find_version};
use events::access::{Acl, Grant, Grantee, ObjectOwnership, Permission, PublicAccessBlock};
use events::ids::{BucketName, ObjectKey, UserId};
use events::tags::Tags;
use events::user::Role;
use http::HeaderValue;
use http::header::{IF_MATCH, IF_NONE_MATCH};
use ledger::Snapshot;
use policy::{Action, Attached, BucketAccess, Decision, Grantor, ObjectAccess, Request, Resource, Rights, evaluate};
use s3::lock::ObjectLock;
use s3::{Code, Error, Operation};

use super::bucket_rules::BucketRules;
use super::conditions::{Conditions, Existing, LockAsked, RequestTags};
use super::rights::{Target, brings_object_acl, brings_object_tags, needed, needed_too, takes_tags_of_headers};
use crate::call::{Call, upload_id, version_name};
use crate::confirmed::judged;
use crate::failure::Failure;

/// Refuses a request that nothing grants. What its body names, and the source of a copy, is asked when it is known.
pub(crate) fn authorize(call: &Call<'_>, snapshot: &Snapshot, operation: Operation) -> Result<(), Failure> {
    let needed = needed(operation, &call.head())?;
    if matches!(needed.target, Target::Service | Target::NewBucket) {
        let _first = call.judged.set(judged(call, None));
    }
    match needed.target {
        Target::Service => call.permit(needed.action, Resource::Service, &Rights::default()),
        Target::NewBucket => new_bucket(call, needed.action),
        target => {
            let name = call.bucket()?;
            let row = snapshot.bucket(&name)?.ok_or_else(|| Error::no_such_bucket(name.as_str()))?;
            // The first judgement stands; one that confirms it is of a call of its own.
            let _first = call.judged.set(judged(call, Some((&name, &row))));
            let rules = call.gateway.0.rules.of(snapshot, &name, &row)?;
            let at = At { snapshot, name: &name, row: &row, rules: &rules };
            at.authorize(call, operation, needed.action, target)
        }
    }
}

/// Who makes a bucket owns it, so the settings that come with it are theirs to make, unless that is denied.
fn new_bucket(call: &Call<'_>, action: Action) -> Result<(), Failure> {
    call.permit(action, Resource::Bucket(&call.bucket()?), &Rights::default())?;
    if call.head().acl()?.is_some() {
        of_new_bucket(call, Action::PutBucketAcl)?;
    }
    if call.head().bucket_object_lock()? {
        of_new_bucket(call, Action::PutBucketObjectLockConfiguration)?;
        of_new_bucket(call, Action::PutBucketVersioning)?;
    }
    if call.head().object_ownership()?.is_some() {
        of_new_bucket(call, Action::PutBucketOwnershipControls)?;
    }
    Ok(())
}

/// Refuses a setting of the bucket to be made, if it is denied to its owner to be.
fn of_new_bucket(call: &Call<'_>, action: Action) -> Result<(), Failure> {
    let Some(owner) = call.caller.user_id() else { return Ok(()) };
    let to_be = BucketAccess {
        owner,
        policy: None,
        acl: None,
        public_access: PublicAccessBlock::default(),
        ownership: ObjectOwnership::default(),
    };
    let rights = Rights { bucket: Some(to_be), ..Rights::default() };
    call.permit(action, Resource::Bucket(&call.bucket()?), &rights)
}

/// A bucket in a state, with its rules.
struct At<'a> {
    snapshot: &'a Snapshot,
    name: &'a BucketName,
    row: &'a BucketRow,
    rules: &'a BucketRules,
}

/// Whose an object is, and its ACL.
#[derive(Debug, Default)]
struct ObjectState {
    exists: bool,
    owner: Option<UserId>,
    acl: Option<Acl>,
}

/// What allows something, as far as more hangs on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Granted {
    ByBucketAcl,
    Otherwise,
}

impl At<'_> {
    fn authorize(&self, call: &Call<'_>, operation: Operation, action: Action, target: Target) -> Result<(), Failure> {
        match target {
            Target::Service | Target::NewBucket | Target::Bucket => {
                call.permit(action, Resource::Bucket(self.name), &self.rights(None))
            }
            Target::Key => {
                let key = call.key()?;
                let resource = Resource::Object(self.name, &key);
                let granted = call.judge(action, resource, &self.rights(None), None)?;
                if brings_object_tags(operation, &call.head())? {
                    call.permit(Action::PutObjectTagging, resource, &self.rights(None))?;
                }
                if self.rules.acls_enabled() && brings_object_acl(operation, &call.head(), &self.row.owner)? {
                    self.permit_new_acl(call, resource, granted)?;
                }
                if operation.takes_lock() {
                    let lock = call.head().object_lock()?;
                    if lock.retention.is_some() {
                        call.permit(Action::PutObjectRetention, resource, &self.rights(None))?;
                    }
                    if lock.legal_hold.is_some() {
                        call.permit(Action::PutObjectLegalHold, resource, &self.rights(None))?;
                    }
                }
                if compares_tags(call) {
                    call.permit(Action::GetObject, resource, &self.rights(None))?;
                }
                Ok(())
            }
            Target::Object => {
                let (key, version) = (call.key()?, call.head().version_id()?);
                self.object(call, action, &key, version.as_deref())?;
                match needed_too(operation, version.is_some(), &call.head())? {
                    Some(too) => self.object(call, too, &key, version.as_deref()),
                    None => Ok(()),
                }
            }
            Target::Upload => {
                let key = call.key()?;
                let state = self.upload_state(call, &key)?;
                call.permit(action, Resource::Object(self.name, &key), &self.rights(state.access(self.row)))
            }
            // Each key is asked for once it is known. A body that can come to nothing is not even read.
            Target::NamedKeys if !self.may_delete_some(call) => Err(call.denied(action, "nothing grants it")),
            Target::NamedKeys | Target::Form => Ok(()),
        }
    }

    /// Who may write by the bucket's ACL alone owns what it writes, and so its ACL; what nobody signed for is anybody's
    /// to open, where everybody may write.
    fn permit_new_acl(&self, call: &Call<'_>, resource: Resource<'_>, granted: Granted) -> Result<(), Failure> {
        let to_everyone = Grant { grantee: Grantee::Everyone, permission: Permission::FullControl };
        let of_everyone = Acl { grants: vec![to_everyone] };
        let own = match (granted, call.caller.user_id()) {
            (Granted::Otherwise, _) => None,
            (Granted::ByBucketAcl, Some(owner)) => Some(ObjectAccess { owner, acl: None }),
            (Granted::ByBucketAcl, None) => Some(ObjectAccess { owner: &self.row.owner, acl: Some(&of_everyone) }),
        };
        call.permit(Action::PutObjectAcl, resource, &self.rights(own))
    }

    /// Whoever may not list a bucket does not learn which keys it lacks: see [`Call::hide_absence`]. Whoever may, does,
    /// even where an ACL that is not there could not have granted anything.
    fn object(&self, call: &Call<'_>, action: Action, key: &ObjectKey, version: Option<&str>) -> Result<(), Failure> {
        let state = if self.rules.acls_enabled() { self.object_state(key, version)? } else { ObjectState::default() };
        let resource = Resource::Object(self.name, key);
        let rights = self.rights(state.access(self.row));
        let existing = Existing { snapshot: self.snapshot, bucket: self.row.id, key, version };
        let Err(refusal) = call.permit_existing(action, resource, &rights, existing) else { return Ok(()) };
        let may_be_absent = !matches!(action, Action::DeleteObject | Action::DeleteObjectVersion);
        if may_be_absent && self.permit_listing(call, key).is_ok() && !self.object_state(key, version)?.exists {
            return Ok(());
        }
        Err(refusal)
    }

    /// Whether the caller may list what has the prefix of a key, and so learn that the key is not there.
    fn permit_listing(&self, call: &Call<'_>, key: &ObjectKey) -> Result<(), Failure> {
        let existing = Existing { snapshot: self.snapshot, bucket: self.row.id, key, version: None };
        call.permit_existing(Action::ListBucket, Resource::Bucket(self.name), &self.rights(None), existing)
    }

    /// Whether some key of the bucket may be one that the caller deletes.
    fn may_delete_some(&self, call: &Call<'_>) -> bool {
        if self.rules.opens_to_others() {
            return true;
        }
        let Some(account) = call.caller.account.as_deref() else { return false };
        let deletes = [Action::DeleteObject, Action::DeleteObjectVersion];
        let by_policy =
            |attached: &Attached| deletes.into_iter().any(|action| attached.document.could_allow(action, self.name));
        account.role == Role::Admin || account.id == self.row.owner || account.policies.iter().any(by_policy)
    }

    fn rights<'b>(&'b self, object: Option<ObjectAccess<'b>>) -> Rights<'b> {
        Rights { policies: &[], bucket: Some(self.rules.access(self.row)), object }
    }

    fn object_state(&self, key: &ObjectKey, version: Option<&str>) -> Result<ObjectState, Failure> {
        let row: Option<VersionRow> = match version {
            None => self.snapshot.current(self.row.id, key)?,
            Some(text) => find_version(&**self.snapshot, self.row.id, key, version_name(key.as_bytes(), text)?)?,
        };
        let Some(row) = row else { return Ok(ObjectState::default()) };
        let (owner, acl) = row.object.map(|object| (object.owner, object.acl)).unwrap_or_default();
        Ok(ObjectState { exists: true, owner, acl })
    }

    fn upload_state(&self, call: &Call<'_>, key: &ObjectKey) -> Result<ObjectState, Failure> {
        let Some(text) = call.query.text("uploadId")? else { return Ok(ObjectState::default()) };
        // One that does not exist is told by the verb.
        let Ok(id) = upload_id(text) else { return Ok(ObjectState::default()) };
        let row = self.snapshot.upload(self.row.id, key, id)?;
        Ok(row.map_or_else(ObjectState::default, |row| ObjectState { exists: true, owner: row.initiator, acl: None }))
    }
}

/// Whether the answer tells what is in an object that is there, to whoever guesses it: its entity tag is compared.
/// `If-None-Match: *` tells that there is one, which S3 has a writer know.
fn compares_tags(call: &Call<'_>) -> bool {
    let headers = &call.parts.headers;
    let is_tag = |value: &HeaderValue| value.as_bytes().trim_ascii() != b"*";
    headers.contains_key(IF_MATCH) || headers.get_all(IF_NONE_MATCH).iter().any(is_tag)
}

impl ObjectState {
    fn access<'b>(&'b self, bucket: &'b BucketRow) -> Option<ObjectAccess<'b>> {
        self.exists
            .then(|| ObjectAccess { owner: self.owner.as_ref().unwrap_or(&bucket.owner), acl: self.acl.as_ref() })
    }
}

impl Call<'_> {
    /// Refuses what nothing grants of an object that is not the addressed one: the source of a copy, or a key out of
    /// a list.
    pub(crate) fn authorize_object(
        &self,
        snapshot: &Snapshot,
        action: Action,
        (name, row): (&BucketName, &BucketRow),
        key: &ObjectKey,
        version: Option<&str>,
    ) -> Result<(), Failure> {
        let rules = self.gateway.0.rules.of(snapshot, name, row)?;
        At { snapshot, name, row, rules: &rules }.object(self, action, key, version)
    }

    /// Whether the caller may do something with the addressed object as it is now. What an answer to a write may tell of
    /// bytes that others wrote hangs on it.
    pub(crate) fn may(&self, action: Action) -> Result<bool, Failure> {
        let snapshot = self.gateway.0.ledger.latest();
        let (name, key) = (self.bucket()?, self.key()?);
        let Some(row) = snapshot.bucket(&name)? else { return Ok(false) };
        match self.authorize_object(&snapshot, action, (&name, &row), &key, None) {
            Ok(()) => Ok(true),
            Err(failure) if failure.error.code() == Code::AccessDenied => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    /// Whether the caller may see what the parts of the addressed upload are, or could read what it becomes.
    pub(crate) fn may_list_parts(&self, snapshot: &Snapshot, row: &BucketRow) -> Result<bool, Failure> {
        let (name, key) = (self.bucket()?, self.key()?);
        let rules = self.gateway.0.rules.of(snapshot, &name, row)?;
        let at = At { snapshot, name: &name, row, rules: &rules };
        let state = at.upload_state(self, &key)?;
        let rights = at.rights(state.access(row));
        let resource = Resource::Object(&name, &key);
        let may = |action| self.permit(action, resource, &rights).is_ok();
        Ok(may(Action::ListMultipartUploadParts) || may(Action::GetObject))
    }

    /// Refuses what nothing grants of a key whose object is not there yet.
    pub(crate) fn authorize_key(
        &self,
        snapshot: &Snapshot,
        action: Action,
        (name, row): (&BucketName, &BucketRow),
        key: &ObjectKey,
    ) -> Result<(), Failure> {
        let rules = self.gateway.0.rules.of(snapshot, name, row)?;
        let at = At { snapshot, name, row, rules: &rules };
        self.permit(action, Resource::Object(name, key), &at.rights(None))
    }

    /// Turns the news that a key is absent into a refusal, for whoever may not list the bucket.
    pub(crate) fn hide_absence(&self, failure: Failure) -> Failure {
        let snapshot = self.gateway.0.ledger.latest();
        let (Ok(name), Ok(key)) = (self.bucket(), self.key()) else { return failure };
        match snapshot.bucket(&name) {
            Ok(Some(row)) => self.hide_absence_in(&snapshot, (&name, &row), &key, failure),
            Ok(None) => failure,
            Err(error) => error.into(),
        }
    }

    /// The same, of another bucket than the addressed one.
    pub(crate) fn hide_absence_in(
        &self,
        snapshot: &Snapshot,
        (name, row): (&BucketName, &BucketRow),
        key: &ObjectKey,
        failure: Failure,
    ) -> Failure {
        let tells_absence = match failure.error.code() {
            Code::NoSuchKey | Code::NoSuchVersion => true,
            // Of a key alone, this tells that a delete marker hides it.
            Code::MethodNotAllowed => !self.query.has("versionId"),
            _ => false,
        };
        if !tells_absence {
            return failure;
        }
        let rules = match self.gateway.0.rules.of(snapshot, name, row) {
            Ok(rules) => rules,
            Err(error) => return error.into(),
        };
        match (At { snapshot, name, row, rules: &rules }).permit_listing(self, key) {
            Ok(()) => failure,
            Err(_) => self.denied(Action::ListBucket, "without it nobody learns which keys are absent"),
        }
    }

    /// Refuses tags of the bucket to be made, which its document brings, if those are denied.
    pub(crate) fn permit_tags_of_new_bucket(&self) -> Result<(), Failure> {
        of_new_bucket(self, Action::TagResource)
    }

    fn permit(&self, action: Action, resource: Resource<'_>, rights: &Rights<'_>) -> Result<(), Failure> {
        self.judge(action, resource, rights, None).map(drop)
    }

    /// The same of one version of an object, which conditions may ask for.
    fn permit_existing(
        &self,
        action: Action,
        resource: Resource<'_>,
        rights: &Rights<'_>,
        existing: Existing<'_>,
    ) -> Result<(), Failure> {
        self.judge(action, resource, rights, Some(existing)).map(drop)
    }

    fn judge(
        &self,
        action: Action,
        resource: Resource<'_>,
        rights: &Rights<'_>,
        existing: Option<Existing<'_>>,
    ) -> Result<Granted, Failure> {
        let account = self.caller.account.as_deref();
        let rights = Rights { policies: account.map_or(&[], |account| account.policies.as_slice()), ..*rights };
        let unread = Cell::new(false);
        let conditions = Conditions {
            lock: self.lock_asked(&unread),
            now: self.now,
            region: &self.gateway.0.options.region,
            parts: self.parts,
            query: self.query,
            existing,
            is_listing: matches!(action, Action::ListBucket),
            existing_tags: OnceCell::new(),
            request_tags: self.request_tags(action),
            address: self.client.and_then(|client| client.address),
            tls: self.tls,
            signature_age_ms: self.caller.signature_age_ms,
            proof: self.caller.proof,
        };
        let caller = self.caller.for_policies();
        let request = Request { caller, action, resource, time: self.now, context: &conditions };
        let decision = evaluate(&rights, &request);
        if !conditions.were_readable() {
            return Err(Error::new(Code::InternalError).into());
        }
        match decision {
            Decision::Allowed(Grantor::BucketAcl) => Ok(Granted::ByBucketAcl),
            Decision::Allowed(_) => Ok(Granted::Otherwise),
            // It is asked again once the tags are known, before anything happens.
            Decision::Denied(_) if conditions.request_tags.were_missed() => Ok(Granted::Otherwise),
            // It hangs on what the document says: the operation asks again once that is read.
            Decision::Denied(_) if unread.get() => Ok(Granted::Otherwise),
            decision @ Decision::Denied(_) => Err(self.denied(action, &decision.to_string())),
        }
    }

    /// The tags that the request brings, as far as they are known.
    fn request_tags(&self, action: Action) -> RequestTags<'_> {
        if let Some(tags) = self.document_tags.get() {
            return RequestTags::Known(Cow::Borrowed(tags));
        }
        let sets_tags = matches!(action, Action::PutObjectTagging | Action::PutObjectVersionTagging);
        if self.operation == Operation::PutObjectTagging && sets_tags {
            return RequestTags::Coming(Cell::new(false));
        }
        // Headers that cannot be read were refused when the request was routed.
        let are_taken = takes_tags_of_headers(self.operation, &self.head()).unwrap_or(false);
        let tags = if are_taken { self.head().tags().unwrap_or_default() } else { Tags::new() };
        RequestTags::Known(Cow::Owned(tags))
    }

    /// The lock that the request asks for: in its headers, or in its document.
    fn lock_asked<'a>(&'a self, unread: &'a Cell<bool>) -> LockAsked<'a> {
        match (self.operation, self.lock.get()) {
            (_, Some(lock)) => LockAsked::Known(*lock),
            (Operation::PutObjectRetention | Operation::PutObjectLegalHold, None) => LockAsked::Unread(unread),
            (operation, None) if operation.takes_lock() => LockAsked::InHead,
            _ => LockAsked::Known(ObjectLock::default()),
        }
    }

    fn denied(&self, action: Action, why: &str) -> Failure {
        let action = action.name();
        let message = match self.caller.account.as_deref() {
            None => format!(
                "Access Denied: an anonymous request needs {action}: {why}. Sign the request, or have it granted."
            ),
            Some(account) => format!("Access Denied: user {} needs {action}: {why}.", account.name),
        };
        Error::access_denied(message).into()
    }
}
