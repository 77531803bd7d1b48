use events::ids::BucketName;
use http::Method;
use serde_json::json;

use super::arguments::{BucketAction, OrNone};
use super::session::Session;
use super::show;
use crate::table::Output;
use crate::units::ByteSize;

const BUCKETS: &str = "/api/v1/buckets";

pub(super) async fn run(session: &Session, action: BucketAction, output: Output) -> anyhow::Result<()> {
    match action {
        BucketAction::List => {
            let buckets = session.list(BUCKETS, "buckets").await?;
            show::list(
                output,
                &buckets,
                [
                    ("NAME", |bucket| show::text(&bucket["name"])),
                    ("OWNER", |bucket| match &bucket["owner_name"] {
                        serde_json::Value::Null => show::text(&bucket["owner"]),
                        name => show::text(name),
                    }),
                    ("OBJECTS", |bucket| show::text(&bucket["usage"]["objects"])),
                    ("BYTES", |bucket| show::bytes(&bucket["usage"]["bytes"])),
                    ("MAX OBJECTS", |bucket| show::text(&bucket["quota"]["objects"])),
                    ("MAX BYTES", |bucket| show::bytes(&bucket["quota"]["bytes"])),
                ],
            )
        }
        BucketAction::Show { name } => show::one(output, &session.get(&format!("{BUCKETS}/{name}")).await?),
        BucketAction::Quota { name, clear: true, .. } => {
            session.ask(Method::DELETE, &quota_path(&name), None).await?;
            show::done(output, &format!("removed the quota of {name}"));
            Ok(())
        }
        BucketAction::Quota { name, bytes: None, objects: None, .. } => {
            show::one(output, &session.get(&quota_path(&name)).await?)
        }
        BucketAction::Quota { name, bytes, objects, .. } => set_quota(session, &name, bytes, objects, output).await,
    }
}

/// Sets the given limits, and keeps the others.
async fn set_quota(
    session: &Session,
    name: &BucketName,
    bytes: Option<OrNone<ByteSize>>,
    objects: Option<OrNone<u64>>,
    output: Output,
) -> anyhow::Result<()> {
    let mut quota = session.get(&quota_path(name)).await?;
    if let Some(OrNone(bytes)) = bytes {
        quota["bytes"] = json!(bytes.map(|bytes| bytes.0));
    }
    if let Some(OrNone(objects)) = objects {
        quota["objects"] = json!(objects);
    }
    show::one(output, &session.ask(Method::PUT, &quota_path(name), Some(&quota)).await?)
}

fn quota_path(name: &BucketName) -> String {
    format!("{BUCKETS}/{name}/quota")
}
