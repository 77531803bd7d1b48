use events::ids::{GroupName, UserName};
use http::Method;
use serde_json::json;

use super::arguments::GroupAction;
use super::session::Session;
use super::show;
use crate::table::Output;

const GROUPS: &str = "/api/v1/groups";

pub(super) async fn run(session: &Session, action: GroupAction, output: Output) -> anyhow::Result<()> {
    match action {
        GroupAction::List => {
            let groups = session.list(GROUPS, "groups").await?;
            show::list(
                output,
                &groups,
                [
                    ("NAME", |group| show::text(&group["name"])),
                    ("MEMBERS", |group| show::text(&group["members"])),
                    ("POLICIES", |group| show::text(&group["policies"])),
                ],
            )
        }
        GroupAction::Show { name } => show::one(output, &session.get(&path(&name)).await?),
        GroupAction::Create { name } => {
            show::one(output, &session.ask(Method::POST, GROUPS, Some(&json!({ "name": name }))).await?)
        }
        GroupAction::Add { name, user } => {
            session.ask(Method::PUT, &member(&name, &user), None).await?;
            show::done(output, &format!("added {user} to {name}"));
            Ok(())
        }
        GroupAction::Remove { name, user } => {
            session.ask(Method::DELETE, &member(&name, &user), None).await?;
            show::done(output, &format!("removed {user} from {name}"));
            Ok(())
        }
        GroupAction::Delete { name } => {
            session.ask(Method::DELETE, &path(&name), None).await?;
            show::done(output, &format!("deleted {name}"));
            Ok(())
        }
    }
}

fn path(name: &GroupName) -> String {
    format!("{GROUPS}/{name}")
}

fn member(name: &GroupName, user: &UserName) -> String {
    format!("{}/members/{user}", path(name))
}
