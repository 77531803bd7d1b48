//! Checks whether the caller may do what a request asks for, before the body of the request is read.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell};
use std::sync::Arc;

use domain::View;
use domain::row::BucketRow;
use events::access::{Acl, Grant, Grantee, ObjectOwnership, Permission, PublicAccessBlock};
use events::ids::{ObjectKey, UserId};
use events::tags::Tags;
use events::user::Role;
use http::HeaderValue;
use http::header::{IF_MATCH, IF_NONE_MATCH};
use ledger::{Snapshot, StateError};
use policy::{Action, Attached, BucketAccess, Decision, Grantor, ObjectAccess, Resource, Rights, evaluate};
use rights::AccessRules;
use s3::lock::ObjectLock;
use s3::{Code, Error, Operation};

use super::conditions::{Conditions, LockAsked, RequestTags};
use super::rights::{
    Target, brings_object_acl, brings_object_tags, needed, needed_too, takes_tags_of_headers, tells_absence,
};
use crate::convert::upload_id;
use crate::failure::Failure;
use crate::request::{Document, Request};
use crate::state::{Bucket, ObjectRef, State};

/// The region, as policies name it.
const REGION: &str = "region";

/// Refuses a request that nothing grants in a state, or finds the bucket that it addresses there.
pub(crate) fn authorize(request: &Request<'_>, snapshot: Arc<Snapshot>) -> Result<State, Failure> {
    let needed = needed(request.operation, &request.head())?;
    match needed.target {
        Target::Service => {
            request.permit(needed.action, Resource::Service, &Rights::default())?;
            Ok(State::Service(snapshot))
        }
        Target::Region => {
            request.permit(needed.action, Resource::Admin(REGION), &Rights::default())?;
            Ok(State::Service(snapshot))
        }
        Target::NewBucket => {
            new_bucket(request, needed.action)?;
            Ok(State::Service(snapshot))
        }
        target => {
            let bucket = request.bucket_in(snapshot)?;
            Judge::new(request, &bucket)?.authorize(needed.action, target)?;
            Ok(State::Bucket(bucket))
        }
    }
}

/// The caller will own the new bucket, so they may choose its settings, unless that is denied.
fn new_bucket(request: &Request<'_>, action: Action) -> Result<(), Failure> {
    request.permit(action, Resource::Bucket(&request.bucket_name()?), &Rights::default())?;
    if request.head().acl()?.is_some() {
        of_new_bucket(request, Action::PutBucketAcl)?;
    }
    if request.head().bucket_object_lock()? {
        of_new_bucket(request, Action::PutBucketObjectLockConfiguration)?;
        of_new_bucket(request, Action::PutBucketVersioning)?;
    }
    if request.head().object_ownership()?.is_some() {
        of_new_bucket(request, Action::PutBucketOwnershipControls)?;
    }
    Ok(())
}

/// Refuses a setting of the new bucket if a policy denies it to its future owner.
fn of_new_bucket(request: &Request<'_>, action: Action) -> Result<(), Failure> {
    let Some(owner) = request.caller.user_id() else { return Ok(()) };
    let to_be = BucketAccess {
        owner,
        policy: None,
        acl: None,
        public_access: PublicAccessBlock::default(),
        ownership: ObjectOwnership::default(),
    };
    let rights = Rights { bucket: Some(to_be), ..Rights::default() };
    request.permit(action, Resource::Bucket(&request.bucket_name()?), &rights)
}

/// A request about a bucket, and the bucket's rules about who may use it.
struct Judge<'a> {
    request: &'a Request<'a>,
    bucket: &'a Bucket,
    rules: Arc<AccessRules>,
}

/// The owner of an object, and its ACL.
#[derive(Debug, Default)]
struct ObjectState {
    exists: bool,
    owner: Option<UserId>,
    acl: Option<Acl>,
}

/// What granted a right, where later checks depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GrantedBy {
    BucketAcl,
    Another,
}

impl<'a> Judge<'a> {
    fn new(request: &'a Request<'a>, bucket: &'a Bucket) -> Result<Self, StateError> {
        let rules = request.gateway.0.access_rules.of(&bucket.snapshot, &bucket.name, &bucket.row)?;
        Ok(Self { request, bucket, rules })
    }

    fn authorize(&self, action: Action, target: Target) -> Result<(), Failure> {
        let (request, operation) = (self.request, self.request.operation);
        match target {
            Target::Service | Target::Region | Target::NewBucket | Target::Bucket => {
                request.permit(action, Resource::Bucket(&self.bucket.name), &self.rights(None))
            }
            Target::Key => {
                let key = request.key()?;
                let resource = Resource::Object(&self.bucket.name, &key);
                let granted = request.judge(action, resource, &self.rights(None), None)?;
                if brings_object_tags(operation, &request.head())? {
                    request.permit(Action::PutObjectTagging, resource, &self.rights(None))?;
                }
                if self.rules.acls_enabled() && brings_object_acl(operation, &request.head(), &self.bucket.row.owner)? {
                    self.permit_new_acl(resource, granted)?;
                }
                if operation.takes_lock() {
                    let lock = request.head().object_lock()?;
                    if lock.retention.is_some() {
                        request.permit(Action::PutObjectRetention, resource, &self.rights(None))?;
                    }
                    if lock.legal_hold.is_some() {
                        request.permit(Action::PutObjectLegalHold, resource, &self.rights(None))?;
                    }
                }
                if compares_tags(request) {
                    request.permit(Action::GetObject, resource, &self.rights(None))?;
                }
                Ok(())
            }
            Target::Object => {
                let (key, version) = (request.key()?, request.head().version_id()?);
                let object = self.bucket.object(&key, version.as_deref());
                self.object(action, object)?;
                match needed_too(operation, version.is_some(), &request.head())? {
                    Some(too) => self.object(too, object),
                    None => Ok(()),
                }
            }
            Target::Upload => {
                let key = request.key()?;
                let state = self.upload_state(&key)?;
                request.permit(
                    action,
                    Resource::Object(&self.bucket.name, &key),
                    &self.rights(state.access(&self.bucket.row)),
                )
            }
            // Each key is judged once it is known. The body is not read if there is a right to no key.
            Target::NamedKeys if !self.may_some(action) => Err(request.denied(action, "nothing grants it")),
            Target::NamedKeys | Target::Form => Ok(()),
        }
    }

    /// A caller who may write only because of the bucket's ACL owns what they write, and may set its ACL. Where
    /// everybody may write, anyone may set the ACL of an object that was written anonymously.
    fn permit_new_acl(&self, resource: Resource<'_>, granted: GrantedBy) -> Result<(), Failure> {
        let to_everyone = Grant { grantee: Grantee::Everyone, permission: Permission::FullControl };
        let of_everyone = Acl { grants: vec![to_everyone] };
        let own = match (granted, self.request.caller.user_id()) {
            (GrantedBy::Another, _) => None,
            (GrantedBy::BucketAcl, Some(owner)) => Some(ObjectAccess { owner, acl: None }),
            (GrantedBy::BucketAcl, None) => {
                Some(ObjectAccess { owner: &self.bucket.row.owner, acl: Some(&of_everyone) })
            }
        };
        self.request.permit(Action::PutObjectAcl, resource, &self.rights(own))
    }

    /// A caller who may not list a bucket does not learn which keys are absent: see [`Request::hide_absence`]. A caller
    /// who may list it does, even where the ACL of the absent object could not have granted anything.
    fn object(&self, action: Action, object: ObjectRef<'_>) -> Result<(), Failure> {
        let state = if self.rules.acls_enabled() { object_state(object)? } else { ObjectState::default() };
        let resource = Resource::Object(&self.bucket.name, object.key);
        let rights = self.rights(state.access(&self.bucket.row));
        let Err(refusal) = self.request.permit_existing(action, resource, &rights, object) else { return Ok(()) };
        let may_be_absent = !matches!(action, Action::DeleteObject | Action::DeleteObjectVersion);
        if may_be_absent && self.permit_listing(object.key).is_ok() && !object_state(object)?.exists {
            return Ok(());
        }
        Err(refusal)
    }

    /// Whether the caller may list the key's prefix, and so may learn that the key is absent.
    fn permit_listing(&self, key: &ObjectKey) -> Result<(), Failure> {
        let (object, resource) = (self.bucket.object(key, None), Resource::Bucket(&self.bucket.name));
        self.request.permit_existing(Action::ListBucket, resource, &self.rights(None), object)
    }

    /// Whether there may be some key in the bucket that the caller may delete.
    fn may_some(&self, action: Action) -> bool {
        if self.rules.opens_to_others() {
            return true;
        }
        let Some(account) = self.request.caller.account.as_deref() else { return false };
        let of_versions = (action == Action::DeleteObject).then_some(Action::DeleteObjectVersion);
        let by_policy = |attached: &Attached| {
            let mut actions = std::iter::once(action).chain(of_versions);
            actions.any(|action| attached.document.could_allow(action, &self.bucket.name))
        };
        account.role == Role::Admin || account.id == self.bucket.row.owner || account.policies.iter().any(by_policy)
    }

    fn rights<'b>(&'b self, object: Option<ObjectAccess<'b>>) -> Rights<'b> {
        Rights { policies: &[], bucket: Some(self.rules.access(&self.bucket.row)), object }
    }

    fn upload_state(&self, key: &ObjectKey) -> Result<ObjectState, Failure> {
        let Some(text) = self.request.query.text("uploadId")? else { return Ok(ObjectState::default()) };
        // The verb answers for an upload that does not exist.
        let Ok(id) = upload_id(text) else { return Ok(ObjectState::default()) };
        let row = self.bucket.snapshot.upload(self.bucket.row.id, key, id)?;
        Ok(row.map_or_else(ObjectState::default, |row| ObjectState { exists: true, owner: row.initiator, acl: None }))
    }
}

fn object_state(object: ObjectRef<'_>) -> Result<ObjectState, Failure> {
    let Some(row) = object.row()? else { return Ok(ObjectState::default()) };
    let (owner, acl) = row.object.map(|object| (object.owner, object.acl)).unwrap_or_default();
    Ok(ObjectState { exists: true, owner, acl })
}

/// Whether the response lets a caller guess the contents of an existing object, because its entity tag is compared.
/// `If-None-Match: *` reveals only that the object exists, which S3 lets writers know.
fn compares_tags(request: &Request<'_>) -> bool {
    let headers = &request.parts.headers;
    let is_tag = |value: &HeaderValue| value.as_bytes().trim_ascii() != b"*";
    headers.contains_key(IF_MATCH) || headers.get_all(IF_NONE_MATCH).iter().any(is_tag)
}

impl ObjectState {
    fn access<'b>(&'b self, bucket: &'b BucketRow) -> Option<ObjectAccess<'b>> {
        self.exists
            .then(|| ObjectAccess { owner: self.owner.as_ref().unwrap_or(&bucket.owner), acl: self.acl.as_ref() })
    }
}

impl Request<'_> {
    /// Refuses a right that nothing grants on an object other than the addressed one: the source of a copy, or a key
    /// out of a list.
    pub(crate) fn authorize_object(&self, action: Action, object: ObjectRef<'_>) -> Result<(), Failure> {
        Judge::new(self, object.bucket)?.object(action, object)
    }

    /// Whether the caller may do something with the addressed object in its present state. It decides what the response
    /// to a write may reveal about bytes that others wrote.
    pub(crate) fn may(&self, action: Action) -> Result<bool, Failure> {
        let key = self.key()?;
        let Some(bucket) = Bucket::find(self.latest(), self.bucket_name()?)? else { return Ok(false) };
        match self.authorize_object(action, bucket.object(&key, None)) {
            Ok(()) => Ok(true),
            Err(failure) if failure.error.code() == Code::AccessDenied => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    /// Whether the caller may list the parts of the addressed upload, or could read the object that it becomes.
    pub(crate) fn may_list_parts(&self, bucket: &Bucket) -> Result<bool, Failure> {
        let key = self.key()?;
        let judge = Judge::new(self, bucket)?;
        let state = judge.upload_state(&key)?;
        let rights = judge.rights(state.access(&bucket.row));
        let resource = Resource::Object(&bucket.name, &key);
        let may = |action| self.permit(action, resource, &rights).is_ok();
        Ok(may(Action::ListMultipartUploadParts) || may(Action::GetObject))
    }

    /// Refuses a right that nothing grants on a key whose object does not exist yet.
    pub(crate) fn authorize_key(&self, action: Action, bucket: &Bucket, key: &ObjectKey) -> Result<(), Failure> {
        let judge = Judge::new(self, bucket)?;
        self.permit(action, Resource::Object(&bucket.name, key), &judge.rights(None))
    }

    /// Replaces the error that the addressed key is absent by a refusal, if the caller may not list the bucket.
    pub(crate) fn hide_absence(&self, failure: Failure) -> Failure {
        let (Ok(name), Ok(key)) = (self.bucket_name(), self.key()) else { return failure };
        match Bucket::find(self.latest(), name) {
            Ok(Some(bucket)) => self.hide_absence_in(&bucket, &key, failure),
            Ok(None) => failure,
            Err(error) => error.into(),
        }
    }

    /// Like [`Self::hide_absence`], for a bucket other than the addressed one.
    pub(crate) fn hide_absence_in(&self, bucket: &Bucket, key: &ObjectKey, failure: Failure) -> Failure {
        let tells_absence = match failure.error.code() {
            Code::NoSuchKey | Code::NoSuchVersion => true,
            // Without a version id, this error reveals that a delete marker hides the key.
            Code::MethodNotAllowed => !self.query.has("versionId"),
            _ => false,
        };
        if !tells_absence {
            return failure;
        }
        let judge = match Judge::new(self, bucket) {
            Ok(judge) => judge,
            Err(error) => return error.into(),
        };
        match judge.permit_listing(key) {
            Ok(()) => failure,
            Err(_) => self.denied(Action::ListBucket, "it is needed to learn which keys are absent"),
        }
    }

    /// Like [`Self::hide_absence`], only for operations whose response may reveal it.
    pub(crate) fn hide_told_absence(&self, failure: Failure) -> Failure {
        match needed(self.operation, &self.head()) {
            Ok(needed) if tells_absence(needed) => self.hide_absence(failure),
            Ok(_) | Err(_) => failure,
        }
    }

    /// Refuses the tags in the document of a new bucket if a policy denies them.
    pub(crate) fn permit_tags_of_new_bucket(&self) -> Result<(), Failure> {
        of_new_bucket(self, Action::TagResource)
    }

    fn permit(&self, action: Action, resource: Resource<'_>, rights: &Rights<'_>) -> Result<(), Failure> {
        self.judge(action, resource, rights, None).map(drop)
    }

    /// Like `permit`, for one version of an object, whose tags conditions may read.
    fn permit_existing(
        &self,
        action: Action,
        resource: Resource<'_>,
        rights: &Rights<'_>,
        existing: ObjectRef<'_>,
    ) -> Result<(), Failure> {
        self.judge(action, resource, rights, Some(existing)).map(drop)
    }

    fn judge(
        &self,
        action: Action,
        resource: Resource<'_>,
        rights: &Rights<'_>,
        existing: Option<ObjectRef<'_>>,
    ) -> Result<GrantedBy, Failure> {
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
        let request = policy::Request { caller, action, resource, time: self.now, context: &conditions };
        let decision = evaluate(&rights, &request);
        if !conditions.were_readable() {
            return Err(Error::new(Code::InternalError).into());
        }
        match decision {
            Decision::Allowed(Grantor::BucketAcl) => Ok(GrantedBy::BucketAcl),
            Decision::Allowed(_) => Ok(GrantedBy::Another),
            // The right is checked again once the tags are known, before anything happens.
            Decision::Denied(_) if conditions.request_tags.were_missed() => Ok(GrantedBy::Another),
            // The decision depends on the document: the operation checks again once it has read it.
            Decision::Denied(_) if unread.get() => Ok(GrantedBy::Another),
            decision @ Decision::Denied(_) => Err(self.denied(action, &decision.to_string())),
        }
    }

    /// The tags that the request brings, as far as they are known.
    fn request_tags(&self, action: Action) -> RequestTags<'_> {
        if let Document::Tags(tags) = self.document {
            return RequestTags::Known(Cow::Borrowed(tags));
        }
        let sets_tags = matches!(action, Action::PutObjectTagging | Action::PutObjectVersionTagging);
        if self.operation == Operation::PutObjectTagging && sets_tags {
            return RequestTags::Coming(Cell::new(false));
        }
        // Malformed headers were refused when the request was routed.
        let are_taken = takes_tags_of_headers(self.operation, &self.head()).unwrap_or(false);
        let tags = if are_taken { self.head().tags().unwrap_or_default() } else { Tags::new() };
        RequestTags::Known(Cow::Owned(tags))
    }

    /// The lock that the request asks for, in its headers or in its document.
    fn lock_asked<'a>(&'a self, unread: &'a Cell<bool>) -> LockAsked<'a> {
        match (self.operation, self.document) {
            (_, Document::Lock(lock)) => LockAsked::Known(lock),
            (Operation::PutObjectRetention | Operation::PutObjectLegalHold, _) => LockAsked::Unread(unread),
            (operation, _) if operation.takes_lock() => LockAsked::InHead,
            _ => LockAsked::Known(ObjectLock::default()),
        }
    }

    fn denied(&self, action: Action, why: &str) -> Failure {
        let action = action.name();
        let message = match self.caller.account.as_deref() {
            None => format!(
                "Access Denied: an anonymous request needs {action}: {why}. Sign the request, or ask for the permission."
            ),
            Some(account) => format!("Access Denied: user {} needs {action}: {why}.", account.name),
        };
        Error::access_denied(message).into()
    }
}
