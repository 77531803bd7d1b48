use axum::body::Body;
use axum::response::Response;
use domain::row::ObjectLockRow;
use domain::{Command, Setting};
use http::StatusCode;
use s3::xml::ObjectLockConfiguration;
use s3::{Code, Error};

use crate::authorization::{Authorized, Granted};
use crate::convert;
use crate::failure::Failure;
use crate::payload::{Sums, read_document};
use crate::reply;

pub(super) fn get(call: Authorized<'_>) -> Result<Response, Failure> {
    let (_, bucket) = call.into_bucket()?;
    let Some(lock) = bucket.settings()?.object_lock else {
        let error = Error::new(Code::ObjectLockConfigurationNotFoundError);
        return Err(error.detail("BucketName", bucket.name.as_str()).into());
    };
    let default_retention = lock.default_retention.map(convert::wire_default_retention);
    Ok(reply::xml(ObjectLockConfiguration { default_retention }.to_xml()))
}

pub(super) async fn put(call: Granted<'_>, body: Body) -> Result<Response, Failure> {
    let document = read_document(body, &call, Sums::OfDocument).await?;
    let wanted = ObjectLockConfiguration::parse(&document)?.default_retention;
    let default_retention = wanted.map(convert::default_retention);
    let bucket = call.read_bucket().await?.name;
    let setting = Setting::ObjectLock(ObjectLockRow { default_retention });
    call.commit(Command::SetBucketSetting { bucket, setting }).await?;
    Ok(reply::empty(StatusCode::OK))
}
