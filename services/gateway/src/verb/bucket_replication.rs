use axum::body::Body;
use axum::response::Response;
use domain::row::LinkRow;
use domain::{Command, Setting, View};
use events::ids::RegionName;
use events::replication::Configuration;
use http::StatusCode;
use s3::xml::ReplicationConfiguration;
use s3::{Code, Error};

use crate::authorization::{Authorized, Granted};
use crate::convert::{replication, wire_replication};
use crate::failure::Failure;
use crate::payload::{Sums, read_document};
use crate::reply;
use crate::state::Bucket;

pub(super) fn get(call: Authorized<'_>) -> Result<Response, Failure> {
    let (_, bucket) = call.into_bucket()?;
    let Some(row) = bucket.settings()?.replication else {
        return Err(Error::new(Code::ReplicationConfigurationNotFoundError)
            .detail("BucketName", bucket.name.as_str())
            .into());
    };
    Ok(reply::xml(wire_replication(row.configuration).to_xml()))
}

pub(super) async fn put(call: Granted<'_>, body: Body) -> Result<Response, Failure> {
    let document = read_document(body, &call, Sums::OfDocument).await?;
    let wire = ReplicationConfiguration::parse(&document)?;
    let bucket = call.read_bucket().await?.name;
    let configuration = replication(wire, || call.fresh().to_string())
        .map_err(|error| Error::invalid_argument("Invalid bucket ARN", "Bucket", error.to_string()))?;
    let snapshot = call.read().await?;
    check_links(&snapshot.links()?, &configuration)?;
    call.commit(Command::SetBucketSetting { bucket, setting: Setting::Replication(Some(configuration)) }).await?;
    Ok(reply::empty(StatusCode::OK))
}

/// A rule that leads nowhere would look like replication, and be none.
fn check_links(links: &[(RegionName, LinkRow)], configuration: &Configuration) -> Result<(), Error> {
    let refused = |why: String| Err(Error::invalid_request(why));
    for rule in &configuration.rules {
        match &rule.destination.region {
            Some(region) if !links.iter().any(|(link, _)| link == region) => {
                return refused(format!("There is no link to the region {region}: an administrator has to add one."));
            }
            None if links.is_empty() => {
                return refused("There is no link to another region: an administrator has to add one.".into());
            }
            None if links.len() > 1 => {
                return refused(format!(
                    "There are links to several regions. Name one in the ARN of the destination: arn:aws:s3:{}::{}",
                    links[0].0, rule.destination.bucket
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

pub(super) async fn delete(call: Authorized<'_>) -> Result<Response, Failure> {
    let (call, Bucket { name: bucket, .. }) = call.into_bucket()?;
    call.commit(Command::SetBucketSetting { bucket, setting: Setting::Replication(None) }).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
