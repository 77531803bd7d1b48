use axum::body::Body;
use axum::response::Response;
use domain::{Command, Setting};
use events::encryption::{DefaultEncryption, DefaultMethod};
use events::ids::BucketName;
use http::StatusCode;
use s3::xml::EncryptionConfiguration;
use s3::{Code, Error};

use crate::authorization::{Authorized, Granted};
use crate::encryption::kms_key_name;
use crate::failure::Failure;
use crate::payload::{Sums, read_document};
use crate::reply;

pub(super) fn get(call: Authorized<'_>) -> Result<Response, Failure> {
    let (_, bucket) = call.into_bucket()?;
    let Some(DefaultEncryption { by, bucket_key }) = bucket.settings()?.encryption else {
        let error = Error::new(Code::ServerSideEncryptionConfigurationNotFoundError);
        return Err(error.detail("BucketName", bucket.name.as_str()).into());
    };
    let (is_kms, kms_key_id) = match by {
        DefaultMethod::SseS3 => (false, None),
        DefaultMethod::SseKms { kms_key } => (true, kms_key.map(|key| key.as_str().to_owned())),
    };
    Ok(reply::xml(EncryptionConfiguration { is_kms, kms_key_id, bucket_key }.to_xml()))
}

pub(super) async fn put(call: Granted<'_>, body: Body) -> Result<Response, Failure> {
    let document = read_document(body, &call, Sums::OfDocument).await?;
    let wanted = EncryptionConfiguration::parse(&document)?;
    let by = if wanted.is_kms {
        DefaultMethod::SseKms { kms_key: wanted.kms_key_id.as_deref().map(kms_key_name).transpose()? }
    } else {
        DefaultMethod::SseS3
    };
    let bucket = call.read_bucket().await?.name;
    let default = DefaultEncryption { by, bucket_key: wanted.bucket_key };
    set(&call, bucket, Some(default), StatusCode::OK).await
}

pub(super) async fn delete(call: Authorized<'_>) -> Result<Response, Failure> {
    let (call, bucket) = call.into_bucket()?;
    set(&call, bucket.into_name(), None, StatusCode::NO_CONTENT).await
}

async fn set(
    call: &Granted<'_>,
    bucket: BucketName,
    default: Option<DefaultEncryption>,
    status: StatusCode,
) -> Result<Response, Failure> {
    call.commit(Command::SetBucketSetting { bucket, setting: Setting::Encryption(default) }).await?;
    Ok(reply::empty(status))
}
