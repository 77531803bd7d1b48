use axum::body::Body;
use axum::response::Response;
use domain::row::NotificationRow;
use domain::{Command, Setting};
use http::StatusCode;
use s3::notification::TARGET_ARN;
use s3::xml::NotificationConfiguration;

use crate::authorization::{Authorized, Granted};
use crate::convert::{notification_rule, wire_notification_rule};
use crate::failure::Failure;
use crate::payload::{Sums, read_document};
use crate::reply;

pub(super) fn get(call: Authorized<'_>) -> Result<Response, Failure> {
    let (_, bucket) = call.into_bucket()?;
    let rows = bucket.settings()?.notifications;
    let rules = rows.iter().map(NotificationRow::rule).map(wire_notification_rule).collect();
    Ok(reply::xml(NotificationConfiguration { rules }.to_xml()))
}

/// A target is told by an event that it is one: the event of this change.
pub(super) async fn put(call: Granted<'_>, body: Body) -> Result<Response, Failure> {
    let document = read_document(body, &call, Sums::OfDocument).await?;
    let parsed = NotificationConfiguration::parse(&document)?.rules;
    let mut rules = Vec::with_capacity(parsed.len());
    for rule in parsed {
        let arn = format!("{TARGET_ARN}{}", rule.target);
        let rule = notification_rule(rule, || call.fresh().to_string());
        rules.push(rule.map_err(|_| NotificationConfiguration::no_such_target(&arn))?);
    }
    let bucket = call.read_bucket().await?.name;
    call.commit(Command::SetBucketSetting { bucket, setting: Setting::Notifications(rules) }).await?;
    Ok(reply::empty(StatusCode::OK))
}
