use events::ids::KmsKeyName;
use http::Method;
use serde_json::json;

use super::arguments::KmsAction;
use super::session::Session;
use super::show;
use crate::table::Output;

const KMS_KEYS: &str = "/api/v1/kms-keys";

pub(super) async fn run(session: &Session, action: KmsAction, output: Output) -> anyhow::Result<()> {
    match action {
        KmsAction::List => {
            let keys = session.list(KMS_KEYS, "kms_keys").await?;
            show::list(
                output,
                &keys,
                [
                    ("NAME", |key| show::text(&key["name"])),
                    ("ENABLED", |key| show::text(&key["enabled"])),
                    ("CREATED", |key| show::text(&key["created"])),
                ],
            )
        }
        KmsAction::Create { name } => {
            show::one(output, &session.ask(Method::POST, KMS_KEYS, Some(&json!({ "name": name }))).await?)
        }
        KmsAction::Disable { name } => set(session, &name, false, output).await,
        KmsAction::Enable { name } => set(session, &name, true, output).await,
    }
}

async fn set(session: &Session, name: &KmsKeyName, enabled: bool, output: Output) -> anyhow::Result<()> {
    let path = format!("{KMS_KEYS}/{}", name.as_str().replace('/', "%2F"));
    show::one(output, &session.ask(Method::PATCH, &path, Some(&json!({ "enabled": enabled }))).await?)
}
