//! What no bucket has here, asked for as of a bucket that may have it.

use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use s3::xml::{Unchanging, Unconfigured};
use s3::{Code, Error, Operation};

use crate::call::Call;
use crate::failure::Failure;
use crate::payload::{Sums, read_document};
use crate::reply;

pub(super) async fn answer(call: &Call<'_>) -> Result<Response, Failure> {
    let (_, bucket, _) = call.read_bucket().await?;
    let absent = |code| Err(Error::new(code).detail("BucketName", bucket.as_str()).into());
    let page = match call.operation {
        Operation::GetBucketWebsite => return absent(Code::NoSuchWebsiteConfiguration),
        Operation::GetBucketReplication => return absent(Code::ReplicationConfigurationNotFoundError),
        Operation::GetBucketAnalyticsConfiguration
        | Operation::GetBucketInventoryConfiguration
        | Operation::GetBucketMetricsConfiguration
        | Operation::GetBucketIntelligentTieringConfiguration => return absent(Code::NoSuchConfiguration),
        Operation::GetObjectTorrent => {
            let key = call.key()?;
            let error = Error::with_message(Code::NoSuchKey, "No object here has a torrent.");
            return Err(error.detail("Key", String::from_utf8_lossy(key.as_bytes())).into());
        }
        Operation::GetBucketAccelerateConfiguration => Unconfigured::Accelerate,
        Operation::GetBucketLogging => Unconfigured::Logging,
        Operation::GetBucketNotificationConfiguration => Unconfigured::Notification,
        Operation::ListBucketAnalyticsConfigurations => Unconfigured::AnalyticsPage,
        Operation::ListBucketInventoryConfigurations => Unconfigured::InventoryPage,
        Operation::ListBucketMetricsConfigurations => Unconfigured::MetricsPage,
        Operation::ListBucketIntelligentTieringConfigurations => Unconfigured::IntelligentTieringPage,
        // To take away what is not there is done already.
        _ => return Ok(reply::empty(StatusCode::NO_CONTENT)),
    };
    Ok(reply::xml(page.to_xml()))
}

/// Takes what says again what holds anyway; nothing is written.
pub(super) async fn put(call: &Call<'_>, body: Body, kind: Unchanging) -> Result<Response, Failure> {
    call.read_bucket().await?;
    kind.parse(&read_document(body, call, Sums::OfDocument).await?)?;
    Ok(reply::empty(StatusCode::OK))
}
