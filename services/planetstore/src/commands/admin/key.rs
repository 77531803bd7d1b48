use anyhow::bail;
use events::ids::{AccessKeyId, UserName};
use http::Method;
use serde_json::json;

use super::arguments::KeyAction;
use super::secret::secret_of_stdin;
use super::session::Session;
use super::show;
use crate::table::Output;

pub(super) async fn run(session: &Session, action: KeyAction, output: Output) -> anyhow::Result<()> {
    match action {
        KeyAction::List { user } => {
            let keys = session.list(&keys(&user), "keys").await?;
            show::list(
                output,
                &keys,
                [
                    ("ACCESS KEY", |key| show::text(&key["access_key"])),
                    ("ENABLED", |key| show::text(&key["enabled"])),
                    ("EXPIRES", |key| show::text(&key["expires"])),
                    ("CREATED", |key| show::text(&key["created"])),
                ],
            )
        }
        KeyAction::Create { user, expires, import } => {
            let secret = import.as_ref().map(|_| secret_of_stdin()).transpose()?;
            let document = json!({ "access_key": import, "secret_key": secret, "expires": expires });
            show::one(output, &session.ask(Method::POST, &keys(&user), Some(&document)).await?)
        }
        KeyAction::Set { user, access_key, enable, disable, expires } => {
            let mut change = json!({});
            if enable || disable {
                change["enabled"] = enable.into();
            }
            if let Some(expires) = expires {
                change["expires"] = json!(expires.0);
            }
            if change == json!({}) {
                bail!("nothing to change: pass --enable, --disable or --expires");
            }
            show::one(output, &session.ask(Method::PATCH, &path(&user, &access_key), Some(&change)).await?)
        }
        KeyAction::Delete { user, access_key } => {
            session.ask(Method::DELETE, &path(&user, &access_key), None).await?;
            show::done(output, &format!("deleted {access_key}"));
            Ok(())
        }
    }
}

fn keys(user: &UserName) -> String {
    format!("/api/v1/users/{user}/keys")
}

fn path(user: &UserName, access_key: &AccessKeyId) -> String {
    format!("{}/{access_key}", keys(user))
}
