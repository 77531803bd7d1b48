use axum::body::Body;
use axum::response::Response;
use domain::{Command, Identities};
use events::ids::{UserId, UserName};
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue};
use ledger::Snapshot;
use policy::public::{blocks_policy, bucket_is_public};
use policy::{Document, Spelling, UserArn};
use s3::xml::PolicyStatus;
use s3::{Code, Error};

use crate::authorization::{Authorized, Granted};
use crate::failure::Failure;
use crate::payload::{Sums, read_document};
use crate::reply;
use crate::state::Bucket;

pub(super) fn get(call: Authorized<'_>) -> Result<Response, Failure> {
    let (_, bucket) = call.into_bucket()?;
    let Some(policy) = bucket.access()?.policy else {
        return Err(Error::new(Code::NoSuchBucketPolicy).detail("BucketName", bucket.name.as_str()).into());
    };
    let shown = Spelling::of(&policy).map(|spelling| spelling.with(|principal| shown(&bucket.snapshot, principal)));
    // A policy that cannot be parsed is shown as it is.
    let policy = shown.unwrap_or_else(|_| Ok(policy.clone()))?;
    let mut response = Response::new(Body::from(policy));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

pub(super) async fn put(call: Granted<'_>, body: Body) -> Result<Response, Failure> {
    let document = read_document(body, &call, Sums::OfDocument).await?;
    let bucket = call.read_bucket().await?;
    let text = std::str::from_utf8(&document).map_err(|_| malformed("the policy is not UTF-8"))?;
    let written = Document::bucket(text, &bucket.name).map_err(|error| malformed(error.to_string()))?;
    written.check_new().map_err(|error| malformed(error.to_string()))?;
    let spelling = Spelling::of(written.text()).map_err(|error| malformed(error.to_string()))?;
    let text = spelling.with(|principal| stored(&bucket.snapshot, principal))?;
    // Ids are longer than names, so the stored policy is checked again.
    let policy = Document::bucket(&text, &bucket.name).map_err(|error| malformed(error.to_string()))?;
    let block = bucket.access()?.public_access_block.unwrap_or_default();
    if blocks_policy(block, &policy) {
        return Err(Error::access_denied("The bucket's public access block refuses public policies.").into());
    }
    let is_public = policy.is_public();
    let bucket = bucket.into_name();
    call.commit(Command::SetBucketPolicy { bucket, policy: Some(text), is_public }).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

pub(super) async fn delete(call: Authorized<'_>) -> Result<Response, Failure> {
    let (call, Bucket { name: bucket, .. }) = call.into_bucket()?;
    call.commit(Command::SetBucketPolicy { bucket, policy: None, is_public: false }).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

pub(super) fn status(call: Authorized<'_>) -> Result<Response, Failure> {
    let (call, bucket) = call.into_bucket()?;
    let rules = call.gateway.0.access_rules.of(&bucket.snapshot, &bucket.name, &bucket.row)?;
    let is_public = bucket_is_public(&rules.access(&bucket.row));
    Ok(reply::xml(PolicyStatus { is_public }.to_xml()))
}

/// A user's name may pass to another user; an id does not.
fn stored(snapshot: &Snapshot, principal: &str) -> Result<Option<String>, Failure> {
    let Some(UserArn { account, name }) = UserArn::parse(principal) else { return Ok(None) };
    let id = if name.is_root() { Some(UserId::root()) } else { snapshot.user(&name)?.map(|user| user.id) };
    let is_number = account.bytes().all(|byte| byte.is_ascii_digit());
    // An AWS account number has no meaning here; one of our ids must be the user's.
    match id.filter(|id| is_number || *account == *id.as_str()) {
        Some(id) => Ok(Some(id.to_string())),
        None => Err(malformed(format!("Invalid principal in policy: {principal} is not a user of this store")).into()),
    }
}

/// The name of the user with an id, while that user exists.
fn shown(snapshot: &Snapshot, principal: &str) -> Result<Option<String>, Failure> {
    let Ok(id) = principal.parse::<UserId>() else { return Ok(None) };
    let name = if id == UserId::root() { Some(UserName::root()) } else { snapshot.user_by_id(&id)? };
    Ok(name.map(|name| UserArn::short(name).to_string()))
}

fn malformed(why: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::with_message(Code::MalformedPolicy, why)
}
