use axum::body::Body;
use axum::response::Response;
use domain::{Command, View};
use events::access::PublicAccessBlock;
use http::StatusCode;
use s3::xml::PublicAccessBlockConfiguration;
use s3::{Code, Error};

use crate::call::Call;
use crate::failure::Failure;
use crate::payload::{Sums, read_document};
use crate::reply;

pub(super) async fn get(call: &Call<'_>) -> Result<Response, Failure> {
    let (snapshot, bucket, row) = call.read_bucket().await?;
    let Some(block) = snapshot.bucket_access(row.id)?.public_access_block else {
        let error = Error::new(Code::NoSuchPublicAccessBlockConfiguration);
        return Err(error.detail("BucketName", bucket.as_str()).into());
    };
    let configuration = PublicAccessBlockConfiguration {
        block_public_acls: block.block_public_acls,
        ignore_public_acls: block.ignore_public_acls,
        block_public_policy: block.block_public_policy,
        restrict_public_buckets: block.restrict_public_buckets,
    };
    Ok(reply::xml(configuration.to_xml()))
}

pub(super) async fn put(call: &Call<'_>, body: Body) -> Result<Response, Failure> {
    let document = read_document(body, call, Sums::OfDocument).await?;
    let wanted = PublicAccessBlockConfiguration::parse(&document)?;
    let block = PublicAccessBlock {
        block_public_acls: wanted.block_public_acls,
        ignore_public_acls: wanted.ignore_public_acls,
        block_public_policy: wanted.block_public_policy,
        restrict_public_buckets: wanted.restrict_public_buckets,
    };
    set(call, Some(block)).await?;
    Ok(reply::empty(StatusCode::OK))
}

pub(super) async fn delete(call: &Call<'_>) -> Result<Response, Failure> {
    set(call, None).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

async fn set(call: &Call<'_>, block: Option<PublicAccessBlock>) -> Result<(), Failure> {
    let (_, bucket, _) = call.read_bucket().await?;
    call.commit(Command::SetPublicAccess { bucket, block }).await?;
    Ok(())
}
