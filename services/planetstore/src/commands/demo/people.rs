//! Who works with the store, and where.

use anyhow::Context;
use http::Method;
use identity::Secret;
use serde_json::{Value, json};

use crate::commands::admin::session::Session;
use crate::s3_client::{Call, Endpoint, RefusedByS3, S3Client};

/// What a bucket is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holding {
    Pictures,
    Papers,
    Tables,
    Orders,
    Archives,
}

/// A bucket.
#[derive(Debug)]
pub(super) struct DemoBucket {
    pub(super) name: &'static str,
    pub(super) holds: Holding,
    /// Whose it is, of [`USERS`].
    owner: usize,
    keeps_versions: bool,
    quota_bytes: Option<u64>,
    /// Days after which versions that are not current expire.
    expires_days: Option<u32>,
}

const fn bucket(name: &'static str, holds: Holding, owner: usize) -> DemoBucket {
    DemoBucket { name, holds, owner, keeps_versions: false, quota_bytes: None, expires_days: None }
}

pub(super) const BUCKETS: [DemoBucket; 5] = [
    DemoBucket { keeps_versions: true, quota_bytes: Some(4 << 30), ..bucket("photos", Holding::Pictures, 0) },
    DemoBucket { keeps_versions: true, expires_days: Some(90), ..bucket("reports", Holding::Papers, 1) },
    bucket("telemetry", Holding::Tables, 2),
    DemoBucket { quota_bytes: Some(1 << 30), ..bucket("web-shop-orders", Holding::Orders, 3) },
    // As long as a name may be.
    bucket("backups-of-the-workstations-of-the-office-in-the-old-harbour-01", Holding::Archives, 4),
];

/// Users, the groups that they are in, and how they are called.
const USERS: [(&str, &str, &str); 6] = [
    ("ada", "photographers", "Ada Lovelace"),
    ("grace", "analysts", "Grace Hopper"),
    ("alan", "engineers", "Alan Turing"),
    ("barbara", "engineers", "Barbara Liskov"),
    ("edsger", "operators", "Edsger Dijkstra"),
    ("hedy", "analysts", "Hedy Lamarr"),
];

/// What the users of each group may do beside what they own, and in which of [`BUCKETS`].
const GROUPS: [(&str, &str, &[&str], usize); 4] = [
    ("photographers", "photos-read-write", &["s3:GetObject", "s3:PutObject", "s3:ListBucket"], 0),
    ("analysts", "reports-read", &["s3:GetObject", "s3:ListBucket"], 1),
    ("engineers", "telemetry-read-write", &["s3:GetObject", "s3:PutObject", "s3:ListBucket"], 2),
    ("operators", "backups-read", &["s3:GetObject", "s3:ListBucket", "s3:ListBucketVersions"], 4),
];

/// A user with a key of their own.
pub(super) struct Writer {
    name: &'static str,
    access_key: String,
    pub(super) client: S3Client,
}

/// Makes the users, groups and policies that are not there, and a key for each user.
pub(super) async fn make(session: &Session, endpoint: &Endpoint) -> anyhow::Result<Vec<Writer>> {
    for (group, policy, actions, bucket) in GROUPS {
        unless_there(session, &format!("/api/v1/groups/{group}"), "/api/v1/groups", &json!({ "name": group })).await?;
        let bucket = BUCKETS[bucket].name;
        let document = json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Action": actions,
              "Resource": [format!("arn:aws:s3:::{bucket}"), format!("arn:aws:s3:::{bucket}/*")] } ] });
        if session.get(&format!("/api/v1/policies/{policy}")).await.is_err() {
            session.ask(Method::PUT, &format!("/api/v1/policies/{policy}"), Some(&document)).await?;
        }
        session.ask(Method::PUT, &format!("/api/v1/policies/{policy}/groups/{group}"), None).await?;
    }
    let mut writers = Vec::with_capacity(USERS.len());
    for (name, group, display_name) in USERS {
        let document = json!({ "name": name, "display_name": display_name, "email": format!("{name}@example.org") });
        unless_there(session, &format!("/api/v1/users/{name}"), "/api/v1/users", &document).await?;
        session.ask(Method::PUT, &format!("/api/v1/groups/{group}/members/{name}"), None).await?;
        session.ask(Method::PUT, &format!("/api/v1/policies/bucketowner/users/{name}"), None).await?;
        let made = session.ask(Method::POST, &format!("/api/v1/users/{name}/keys"), Some(&json!({}))).await?;
        let text = |member: &str| made[member].as_str().map(str::to_owned).context("the store's answer has no key");
        let (access_key, secret_key) = (text("access_key")?, Secret::new(text("secret_key")?));
        let client = endpoint.client(access_key.clone(), secret_key)?;
        writers.push(Writer { name, access_key, client });
    }
    Ok(writers)
}

/// Removes the keys again.
pub(super) async fn take_keys(session: &Session, writers: &[Writer]) -> anyhow::Result<()> {
    for Writer { name, access_key, .. } in writers {
        session.ask(Method::DELETE, &format!("/api/v1/users/{name}/keys/{access_key}"), None).await?;
    }
    Ok(())
}

async fn unless_there(session: &Session, place: &str, collection: &str, document: &Value) -> anyhow::Result<()> {
    if session.get(place).await.is_ok() {
        return Ok(());
    }
    session.ask(Method::POST, collection, Some(document)).await.map(drop)
}

/// Makes the buckets that are not there, with their settings.
pub(super) async fn make_buckets(writers: &[Writer], session: &Session) -> anyhow::Result<()> {
    for bucket in &BUCKETS {
        let client = &writers[bucket.owner].client;
        match client.send(&Call::to_bucket(Method::PUT, bucket.name)).await {
            Ok(_) => {}
            Err(error) if RefusedByS3::has_code(&error, "BucketAlreadyOwnedByYou") => continue,
            Err(error) => return Err(error.context(format!("the bucket {}", bucket.name))),
        }
        let setting =
            |name: &str, document: String| Call::to_bucket(Method::PUT, bucket.name).query(name, "").document(document);
        if bucket.keeps_versions {
            let document = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
            client.send(&setting("versioning", document.to_owned())?).await?;
        }
        if let Some(days) = bucket.expires_days {
            let document = format!(
                "<LifecycleConfiguration><Rule><ID>old versions</ID><Status>Enabled</Status><Filter></Filter>\
                 <NoncurrentVersionExpiration><NoncurrentDays>{days}</NoncurrentDays></NoncurrentVersionExpiration>\
                 </Rule></LifecycleConfiguration>"
            );
            client.send(&setting("lifecycle", document)?).await?;
        }
        if let Some(bytes) = bucket.quota_bytes {
            let path = format!("/api/v1/buckets/{}/quota", bucket.name);
            session.ask(Method::PUT, &path, Some(&json!({ "bytes": bytes }))).await?;
        }
    }
    Ok(())
}

/// Who writes into a bucket.
pub(super) fn writer<'a>(writers: &'a [Writer], bucket: &DemoBucket) -> &'a Writer {
    &writers[bucket.owner]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_names() {
        for bucket in &BUCKETS {
            s3::address::validate_bucket(bucket.name).unwrap();
            assert!(bucket.owner < USERS.len());
        }
        assert_eq!(BUCKETS[4].name.len(), 63);
        for (name, group, _) in USERS {
            name.parse::<events::ids::UserName>().unwrap();
            assert!(GROUPS.iter().any(|(known, ..)| *known == group), "{group}");
        }
    }
}
