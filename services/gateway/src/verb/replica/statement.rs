//! How much of it another region has sent: `PUT /?replicate` (ADR 60). It is recorded, so that it is known here once that
//! region is lost.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use domain::{LinkCommand, View};
use events::ids::ObjectKey;
use events::link::BoundBucket;
use events::replica::Statement;
use policy::Action;
use s3::{Code, Error};

use super::identities::{check_body_signed, unread};
use crate::authorization::Granted;
use crate::failure::Failure;
use crate::payload::{Sums, read_document};
use crate::state::Bucket;

/// The key by which a right to a bucket is judged: whoever may write every key of it may write this one.
const ANY_KEY: &[u8] = b"*";

pub(in crate::verb) async fn put_statement(call: Granted<'_>, body: Body) -> Result<Response, Failure> {
    check_body_signed(&call)?;
    let document = read_document(body, &call, Sums::OfDocument).await?;
    let Statement { region, before, up_to, buckets, .. } =
        Statement::decode(&document).map_err(|error| unread(&error))?;
    let Some(user) = call.caller.account.as_ref().map(|account| account.name.clone()) else {
        return Err(Error::new(Code::AccessDenied).into());
    };
    if region == call.gateway.0.options.region {
        return Err(Error::invalid_request("A region makes no statement to itself.").into());
    }
    let snapshot = call.latest();
    let any = ObjectKey::from_bytes(ANY_KEY).map_err(|_| Error::new(Code::InternalError))?;
    let row = snapshot.bound(&region, &user)?;
    let mut known = Vec::with_capacity(buckets.len());
    for bucket in buckets {
        let found = Bucket::find(Arc::clone(&snapshot), bucket.bucket.clone())?;
        if found.is_some_and(|found| call.authorize_key(Action::ReplicateObject, &found, &any).is_ok()) {
            known.push(bucket);
        } else if row.as_ref().is_some_and(|row| row.bucket(&bucket.bucket, &bucket.source).is_some()) {
            known.push(unconfirmed(bucket));
        }
    }
    if known.is_empty() && row.is_none() {
        return Err(Error::access_denied("The caller may replicate to none of these buckets.").into());
    }
    call.commit(LinkCommand::MoveBound { link: region, user, before, up_to, buckets: known }.into()).await?;
    Ok(Response::new(Body::empty()))
}

/// Nothing new is believed of a bucket that the caller could not send anything to. One that was named before is kept, and
/// with it which bucket it was: a later one of its name lacks what was sent until now.
fn unconfirmed(bucket: BoundBucket) -> BoundBucket {
    BoundBucket { waits: true, before: None, ..bucket }
}
