use axum::response::Response;
use s3::Error;
use s3::request::ListBuckets;
use s3::xml::{ContinuationToken, ListBucketsResult, ListedBucket, Owner};

use crate::call::Call;
use crate::failure::Failure;
use crate::reply;

pub(super) async fn list_buckets(call: &Call<'_>) -> Result<Response, Failure> {
    let request = ListBuckets::parse(&call.head())?;
    let snapshot = call.gateway.0.ledger.read().await?;
    let after = match &request.continuation_token {
        None => None,
        Some(token) => Some(ContinuationToken::decode(token).ok_or_else(|| {
            Error::invalid_argument("The continuation token provided is incorrect", "continuation-token", token)
        })?),
    };
    let region = call.gateway.0.options.region.as_str();
    let prefix = request.prefix.as_deref().unwrap_or_default();
    let mut buckets = snapshot.list_buckets()?;
    buckets.retain(|(name, _)| {
        name.as_str().starts_with(prefix) && after.as_deref().is_none_or(|after| name.as_str().as_bytes() > after)
    });
    if request.region.as_deref().is_some_and(|wanted| wanted != region) {
        buckets.clear();
    }
    let max = request.max_buckets as usize;
    let next = (buckets.len() > max).then(|| ContinuationToken::encode(buckets[max - 1].0.as_str().as_bytes()));
    buckets.truncate(max);
    let listed: Vec<_> = buckets
        .iter()
        .map(|(name, row)| ListedBucket {
            name: name.as_str(),
            created: row.created,
            region: request.paginated.then_some(region),
        })
        .collect();
    let owner = call.caller.access_key.as_str();
    let result = ListBucketsResult {
        owner: Owner { id: owner, display_name: owner },
        buckets: &listed,
        prefix: request.prefix.as_deref(),
        continuation_token: next.as_deref(),
    };
    Ok(reply::xml(result.to_xml()))
}
