//! Decides whether a request is allowed. It is the only function that does so.

use events::access::ObjectOwnership;
use events::ids::UserId;
use jiff::Timestamp;

use crate::acl;
use crate::action::{Action, Kind};
use crate::context::{Context, Key, Value};
use crate::decision::{Decision, Denial, Grantor, Origin};
use crate::request::{Attached, BucketAccess, Caller, Request, Rights};
use crate::resource::Target;
use crate::user_arn::UserArn;

/// A request as statements see it.
pub(crate) struct Ask<'a> {
    pub(crate) caller: Caller<'a>,
    pub(crate) action: Action,
    pub(crate) target: Target<'a>,
    time: Timestamp,
    context: &'a dyn Context,
    bucket_owner: Option<&'a UserId>,
}

impl<'a> Ask<'a> {
    fn new(rights: &Rights<'a>, request: &Request<'a>) -> Self {
        Self {
            caller: request.caller,
            action: request.action,
            target: Target::of(request.resource),
            time: request.time,
            context: request.context,
            bucket_owner: rights.bucket.map(|bucket| bucket.owner),
        }
    }

    /// The value of a condition key. Values that are certain here are not read from the context.
    pub(crate) fn value(&self, key: &Key) -> Value<'_> {
        match key {
            Key::CurrentTime => Value::Time(self.time),
            Key::UserName => self.caller.user_name().into(),
            Key::UserId | Key::PrincipalAccount => self.caller.user_id().map(UserId::as_str).into(),
            Key::PrincipalType => self.caller.principal_type().into(),
            Key::PrincipalArn => match self.caller {
                Caller::User { name, id, .. } => {
                    Value::Text(UserArn { account: id.as_str().into(), name: name.clone() }.to_string().into())
                }
                Caller::Root | Caller::Anonymous => Value::Absent,
            },
            Key::ResourceAccount => self.bucket_owner.map(UserId::as_str).into(),
            Key::NeverFilled(_) => Value::Absent,
            other => self.context.get(other),
        }
    }
}

/// Decides whether one request may have one right. A request that needs several (a copy reads and writes, a PUT with an
/// ACL also changes the ACL) is evaluated for each.
///
/// The rules, in order:
/// 1. Root may do everything.
/// 2. A statement that denies overrides everything below, whichever policy it is in. The one exception: the bucket
///    policy cannot keep the bucket's owner and admins from managing the bucket policy, so that nobody locks themselves
///    out.
/// 3. Any one of these allows: the role of an admin; owning the bucket; a policy of the caller; the bucket policy; the ACL
///    of the bucket or the object. All users belong to one store, and its admins write the policies of users, so such a
///    policy applies in every bucket: the bucket policy need not agree, as it must between two AWS accounts.
/// 4. Everything else is denied.
///
/// ACLs count only while the bucket has them enabled, and their public grants only while `IgnorePublicAcls` is off.
/// With `RestrictPublicBuckets`, a public bucket policy allows nothing. While ACLs are enabled, an object that another
/// user owns belongs to that user: neither owning the bucket nor the bucket policy gives access to it.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-s3-evaluates-access-control.html>
pub fn evaluate<'a>(rights: &Rights<'a>, request: &Request<'a>) -> Decision<'a> {
    if request.caller == Caller::Root {
        return Decision::Allowed(Grantor::Root);
    }
    let ask = Ask::new(rights, request);
    if let Some(origin) = denial(rights, &ask) {
        return Decision::Denied(Denial::Explicit(origin));
    }
    match grant(rights, &ask) {
        Some(grantor) => Decision::Allowed(grantor),
        None => Decision::Denied(Denial::NothingGrants),
    }
}

/// The statement that denies it.
fn denial<'a>(rights: &Rights<'a>, ask: &Ask<'a>) -> Option<Origin<'a>> {
    for attached in policies(rights, ask) {
        if let Some(statement) = attached.document.denies(ask) {
            return Some(Origin::Identity(&attached.name, statement));
        }
    }
    let bucket = rights.bucket?;
    let statement = bucket.policy?.denies(ask)?;
    let keeps = ask.action.manages_bucket_policy() && (ask.caller.is_admin() || owns(&bucket, ask));
    (!keeps).then_some(Origin::Bucket(statement))
}

/// The grant that allows it.
fn grant<'a>(rights: &Rights<'a>, ask: &Ask<'a>) -> Option<Grantor<'a>> {
    if ask.caller.is_admin() {
        return Some(Grantor::AdminRole);
    }
    if let Some(bucket) = &rights.bucket
        && owns(bucket, ask)
        && reaches_object(rights, bucket, ask)
        && ask.action != Action::CreateBucket
        && !matches!(ask.action.kind(), Kind::Service | Kind::Admin)
    {
        return Some(Grantor::BucketOwnership);
    }
    for attached in policies(rights, ask) {
        if let Some(statement) = attached.document.allows(ask) {
            return Some(Grantor::Policy(Origin::Identity(&attached.name, statement)));
        }
    }
    let bucket = rights.bucket?;
    if let Some(policy) = bucket.policy
        && !(bucket.public_access.restrict_public_buckets && policy.is_public())
        && reaches_object(rights, &bucket, ask)
        && let Some(statement) = policy.allows(ask)
    {
        return Some(Grantor::Policy(Origin::Bucket(statement)));
    }
    by_acl(rights, &bucket, ask)
}

/// The grant by an ACL, or by the ownership that applies with ACLs.
fn by_acl<'a>(rights: &Rights<'a>, bucket: &BucketAccess<'a>, ask: &Ask<'a>) -> Option<Grantor<'a>> {
    let is_callers = rights.object.is_some_and(|object| ask.caller.user_id() == Some(object.owner));
    if is_callers && matches!(ask.action, Action::AbortMultipartUpload | Action::ListMultipartUploadParts) {
        return Some(Grantor::ObjectOwnership);
    }
    if bucket.ownership == ObjectOwnership::BucketOwnerEnforced {
        return None;
    }
    if is_callers && acl::owner_may(ask.action) {
        return Some(Grantor::ObjectOwnership);
    }
    let ignore_public = bucket.public_access.ignore_public_acls;
    let object_acl = rights.object.and_then(|object| object.acl);
    if object_acl.is_some_and(|acl| acl::object_grants(acl, ask.action, ask.caller, ignore_public)) {
        return Some(Grantor::ObjectAcl);
    }
    // A caller who may write into a bucket may delete their own objects there, and set the first tags of what they
    // write.
    let action = match ask.action {
        Action::DeleteObject if is_callers => Action::PutObject,
        Action::PutObjectTagging if rights.object.is_none() => Action::PutObject,
        action => action,
    };
    let granted = bucket.acl.is_some_and(|acl| acl::bucket_grants(acl, action, ask.caller, ignore_public));
    granted.then_some(Grantor::BucketAcl)
}

/// The policies of the caller. Root and anonymous callers have none.
fn policies<'a>(rights: &Rights<'a>, ask: &Ask<'a>) -> &'a [Attached] {
    if matches!(ask.caller, Caller::User { .. }) { rights.policies } else { &[] }
}

fn owns(bucket: &BucketAccess<'_>, ask: &Ask<'_>) -> bool {
    ask.caller.user_id() == Some(bucket.owner)
}

/// Whether rights on the bucket extend to the object.
fn reaches_object(rights: &Rights<'_>, bucket: &BucketAccess<'_>, ask: &Ask<'_>) -> bool {
    bucket.ownership == ObjectOwnership::BucketOwnerEnforced
        || !ask.action.is_the_object_owners()
        || rights.object.is_none_or(|object| object.owner == bucket.owner)
}
