use axum::body::Body;
use axum::response::Response;
use domain::row::ObjectLockRow;
use domain::{Command, Setting, View};
use events::lock::Period;
use http::StatusCode;
use s3::xml::{DefaultRetention, ObjectLockConfiguration, RetentionPeriod};
use s3::{Code, Error};

use crate::call::Call;
use crate::convert;
use crate::failure::Failure;
use crate::payload::{Sums, read_document};
use crate::reply;

pub(super) async fn get(call: &Call<'_>) -> Result<Response, Failure> {
    let (snapshot, bucket, row) = call.read_bucket().await?;
    let Some(lock) = snapshot.bucket_settings(row.id)?.object_lock else {
        let error = Error::new(Code::ObjectLockConfigurationNotFoundError);
        return Err(error.detail("BucketName", bucket.as_str()).into());
    };
    let default_retention = lock.default_retention.map(|default| DefaultRetention {
        mode: convert::wire_retention_mode(default.mode),
        period: match default.period {
            Period::Days(days) => RetentionPeriod::Days(days),
            Period::Years(years) => RetentionPeriod::Years(years),
        },
    });
    Ok(reply::xml(ObjectLockConfiguration { default_retention }.to_xml()))
}

pub(super) async fn put(call: &Call<'_>, body: Body) -> Result<Response, Failure> {
    let document = read_document(body, call, Sums::OfDocument).await?;
    let wanted = ObjectLockConfiguration::parse(&document)?.default_retention;
    let default_retention = wanted.map(|default| events::lock::DefaultRetention {
        mode: convert::retention_mode(default.mode),
        period: match default.period {
            RetentionPeriod::Days(days) => Period::Days(days),
            RetentionPeriod::Years(years) => Period::Years(years),
        },
    });
    let (_, bucket, _) = call.read_bucket().await?;
    let setting = Setting::ObjectLock(ObjectLockRow { default_retention });
    call.commit(Command::SetBucketSetting { bucket, setting }).await?;
    Ok(reply::empty(StatusCode::OK))
}
