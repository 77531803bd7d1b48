use axum::response::Response;
use domain::row::BucketRow;
use events::ids::BucketName;
use events::user::Role;
use ledger::Snapshot;
use s3::Error;
use s3::request::ListBuckets;
use s3::xml::{ContinuationToken, ListBucketsResult, ListedBucket, Owner};

use crate::access::Account;
use crate::authorization::Authorized;
use crate::failure::Failure;
use crate::reply;

pub(super) fn list_buckets(call: Authorized<'_>) -> Result<Response, Failure> {
    let request = ListBuckets::parse(&call.head())?;
    let (call, snapshot) = call.into_snapshot();
    let after = match &request.continuation_token {
        None => None,
        Some(token) => Some(ContinuationToken::decode(token).ok_or_else(|| {
            Error::invalid_argument("The continuation token provided is incorrect", "continuation-token", token)
        })?),
    };
    let region = call.gateway.0.options.region.as_str();
    let prefix = request.prefix.as_deref().unwrap_or_default();
    let account = call.caller.account.as_deref().ok_or_else(|| Error::access_denied("Sign the request."))?;
    let max = request.max_buckets as usize;
    let elsewhere = request.region.as_deref().is_some_and(|wanted| wanted != region);
    let mut buckets = if elsewhere { Vec::new() } else { page(&snapshot, account, prefix, after.as_deref(), max + 1)? };
    let next = (buckets.len() > max).then(|| ContinuationToken::encode(buckets[max - 1].0.as_str().as_bytes()));
    buckets.truncate(max);
    let listed: Vec<_> = buckets
        .iter()
        .map(|(name, row)| ListedBucket {
            name: name.as_str(),
            created: row.created,
            region: request.has_parameters.then_some(region),
        })
        .collect();
    let result = ListBucketsResult {
        owner: Owner { id: account.id.as_str(), display_name: &account.display_name },
        buckets: &listed,
        prefix: request.prefix.as_deref(),
        continuation_token: next.as_deref(),
    };
    Ok(reply::xml(result.to_xml()))
}

/// Buckets read at once.
const CHUNK_BUCKETS: usize = 1_000;

/// The caller's own buckets, or all buckets for an admin: at most `max`, after a name.
fn page(
    snapshot: &Snapshot,
    account: &Account,
    prefix: &str,
    after: Option<&[u8]>,
    max: usize,
) -> Result<Vec<(BucketName, BucketRow)>, Failure> {
    let mut found = Vec::new();
    let mut after: Option<BucketName> = after.and_then(|name| std::str::from_utf8(name).ok()?.parse().ok());
    loop {
        let chunk = snapshot.list_buckets(after.as_ref(), CHUNK_BUCKETS)?;
        let is_last = chunk.len() < CHUNK_BUCKETS;
        after = chunk.last().map(|(name, _)| name.clone());
        let shown = chunk.into_iter().filter(|(name, row)| {
            name.as_str().starts_with(prefix) && (account.role == Role::Admin || row.owner == account.id)
        });
        found.extend(shown.take(max - found.len()));
        if is_last || found.len() == max {
            return Ok(found);
        }
    }
}
