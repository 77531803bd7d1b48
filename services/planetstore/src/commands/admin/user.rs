use anyhow::bail;
use events::ids::UserName;
use http::Method;
use serde_json::{Value, json};

use super::arguments::{LimitArgs, PasswordArgs, Role, UserAction};
use super::secret::NewPassword;
use super::session::Session;
use super::show;
use crate::table::Output;

const USERS: &str = "/api/v1/users";

pub(super) async fn run(session: &Session, action: UserAction, output: Output) -> anyhow::Result<()> {
    match action {
        UserAction::List => list(session, output).await,
        UserAction::Show { name } => show::one(output, &session.get(&path(&name)).await?),
        UserAction::Create { name, role, display_name, email, id, password, limits } => {
            let password = NewPassword::find(password)?;
            let document = json!({
                "name": name,
                "role": role_text(role),
                "display_name": display_name,
                "email": email,
                "id": id,
                "password": password.as_ref().map(|password| &password.text),
                "limits": set_limits(json!({}), limits),
            });
            let mut made = session.ask(Method::POST, USERS, Some(&document)).await?;
            if let Some(password) = password.filter(|password| password.is_generated) {
                made["password"] = password.text.into();
            }
            show::one(output, &made)
        }
        UserAction::Set { name, role, display_name, email, enable, disable, limits } => {
            let mut change = json!({});
            if let Some(role) = role {
                change["role"] = role_text(role).into();
            }
            if let Some(name) = display_name {
                change["display_name"] = name.into();
            }
            if let Some(email) = email {
                change["email"] = email.0.into();
            }
            if enable || disable {
                change["enabled"] = enable.into();
            }
            if limits.requests_per_second.is_some() || limits.bytes_per_second.is_some() {
                let before = session.get(&path(&name)).await?["limits"].take();
                change["limits"] = set_limits(before, limits);
            }
            if change == json!({}) {
                bail!("nothing to change: `planetstore admin user set --help` lists the flags");
            }
            show::one(output, &session.ask(Method::PATCH, &path(&name), Some(&change)).await?)
        }
        UserAction::Password { name, password, remove } => set_password(session, &name, password, remove, output).await,
        UserAction::Sessions { name } => sessions(session, &name, output).await,
        UserAction::Logout { name, session: Some(ended) } => {
            session.ask(Method::DELETE, &format!("{}/sessions/{ended}", path(&name)), None).await?;
            show::done(output, &format!("ended the session {ended} of {name}"));
            Ok(())
        }
        UserAction::Logout { name, session: None } => {
            session.ask(Method::DELETE, &format!("{}/sessions", path(&name)), None).await?;
            show::done(output, &format!("ended all sessions of {name}"));
            Ok(())
        }
        UserAction::Delete { name } => {
            session.ask(Method::DELETE, &path(&name), None).await?;
            show::done(output, &format!("deleted {name}"));
            Ok(())
        }
    }
}

async fn list(session: &Session, output: Output) -> anyhow::Result<()> {
    let users = session.list(USERS, "users").await?;
    show::list(
        output,
        &users,
        [
            ("NAME", |user| show::text(&user["name"])),
            ("ROLE", |user| show::text(&user["role"])),
            ("ENABLED", |user| show::text(&user["enabled"])),
            ("GROUPS", |user| show::text(&user["groups"])),
            ("POLICIES", |user| show::text(&user["policies"])),
            ("LIMITS", |user| show::text(&user["limits"])),
        ],
    )
}

async fn sessions(session: &Session, name: &UserName, output: Output) -> anyhow::Result<()> {
    let mut answer = session.get(&format!("{}/sessions", path(name))).await?;
    let Value::Array(open) = answer["sessions"].take() else { anyhow::bail!("the store's answer has no sessions") };
    show::list(
        output,
        &open,
        [
            ("SESSION", |open| show::text(&open["session"])),
            ("OPENED", |open| show::text(&open["opened"])),
            ("EXPIRES", |open| show::text(&open["expires"])),
        ],
    )
}

async fn set_password(
    session: &Session,
    name: &UserName,
    password: PasswordArgs,
    remove: bool,
    output: Output,
) -> anyhow::Result<()> {
    let password = if remove { None } else { Some(NewPassword::need(password)?) };
    // Changing one's own password also requires the old one.
    let old = (name.as_str() == session.user()).then(|| session.password());
    let document = json!({ "password": password.as_ref().map(|password| &password.text), "old_password": old });
    session.ask(Method::PUT, &format!("{}/password", path(name)), Some(&document)).await?;
    if let Some(password) = password.filter(|password| password.is_generated) {
        return show::one(output, &json!({ "name": name, "password": password.text }));
    }
    let what = if remove { "no longer has a password" } else { "has a new password" };
    show::done(output, &format!("{name} {what}; all sessions of {name} have ended"));
    Ok(())
}

fn path(name: &UserName) -> String {
    format!("{USERS}/{name}")
}

fn role_text(role: Role) -> &'static str {
    match role {
        Role::Admin => "admin",
        Role::User => "user",
    }
}

/// The present limits, with the given ones replaced.
fn set_limits(before: Value, given: LimitArgs) -> Value {
    let mut limits = match before {
        Value::Object(limits) => limits,
        _ => serde_json::Map::new(),
    };
    let requests = given.requests_per_second.map(|limit| limit.0.map(u64::from));
    let bytes = given.bytes_per_second.map(|limit| limit.0.map(|bytes| bytes.0));
    for (name, given) in [("requests_per_second", requests), ("bytes_per_second", bytes)] {
        match given {
            Some(Some(limit)) => drop(limits.insert(name.into(), limit.into())),
            Some(None) => drop(limits.remove(name)),
            None => {}
        }
    }
    Value::Object(limits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::admin::arguments::OrNone;
    use crate::units::ByteSize;

    #[test]
    fn limits_that_are_not_given_stay() {
        let before = json!({ "requests_per_second": 5, "bytes_per_second": 6 });
        let given = |requests, bytes| LimitArgs { requests_per_second: requests, bytes_per_second: bytes };
        assert_eq!(set_limits(before.clone(), given(None, None)), before);
        let changed = set_limits(before, given(Some(OrNone(None)), Some(OrNone(Some(ByteSize(7))))));
        assert_eq!(changed, json!({ "bytes_per_second": 7 }));
        assert_eq!(set_limits(Value::Null, given(Some(OrNone(Some(1))), None)), json!({ "requests_per_second": 1 }));
    }
}
