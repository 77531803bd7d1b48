use anyhow::bail;
use events::ids::PolicyName;
use http::Method;
use serde_json::json;

use super::arguments::{HolderArgs, PolicyAction};
use super::session::Session;
use super::{read_document, show};
use crate::table::Output;

const POLICIES: &str = "/api/v1/policies";
const CHECK: &str = "/api/v1/policy-check";

/// The longest document that is read, in bytes. The store's limit is lower, so that the store reports it.
const DOCUMENT_BYTES_MAX: u64 = 64 << 10;

pub(super) async fn run(session: &Session, action: PolicyAction, output: Output) -> anyhow::Result<()> {
    match action {
        PolicyAction::List => {
            let policies = session.list(POLICIES, "policies").await?;
            show::list(
                output,
                &policies,
                [
                    ("NAME", |policy| show::text(&policy["name"])),
                    ("BUILT IN", |policy| show::text(&policy["built_in"])),
                    ("USERS", |policy| show::text(&policy["users"])),
                    ("GROUPS", |policy| show::text(&policy["groups"])),
                ],
            )
        }
        PolicyAction::Show { name } => show::one(output, &session.get(&path(&name)).await?),
        PolicyAction::Put { name, file } => {
            let document = read_document(&file, DOCUMENT_BYTES_MAX)?;
            show::one(output, &session.send(Method::PUT, &path(&name), Some(document)).await?)
        }
        PolicyAction::Attach { name, holder } => {
            let (holder, path) = of_holder(&name, &holder)?;
            session.ask(Method::PUT, &path, None).await?;
            show::done(output, &format!("attached {name} to {holder}"));
            Ok(())
        }
        PolicyAction::Detach { name, holder } => {
            let (holder, path) = of_holder(&name, &holder)?;
            session.ask(Method::DELETE, &path, None).await?;
            show::done(output, &format!("detached {name} from {holder}"));
            Ok(())
        }
        PolicyAction::Check { user, action, place } => {
            let (bucket, key) = place.as_deref().map(|place| place.split_once('/').unwrap_or((place, ""))).unzip();
            let key = key.filter(|key| !key.is_empty());
            let question = json!({ "user": user, "action": action, "bucket": bucket, "key": key });
            show::one(output, &session.ask(Method::POST, CHECK, Some(&question)).await?)
        }
        PolicyAction::Delete { name } => {
            session.ask(Method::DELETE, &path(&name), None).await?;
            show::done(output, &format!("deleted {name}"));
            Ok(())
        }
    }
}

fn path(name: &PolicyName) -> String {
    format!("{POLICIES}/{name}")
}

fn of_holder(name: &PolicyName, holder: &HolderArgs) -> anyhow::Result<(String, String)> {
    match holder {
        HolderArgs { user: Some(user), group: None } => {
            Ok((format!("the user {user}"), format!("{}/users/{user}", path(name))))
        }
        HolderArgs { user: None, group: Some(group) } => {
            Ok((format!("the group {group}"), format!("{}/groups/{group}", path(name))))
        }
        _ => bail!("pass --user or --group"),
    }
}
