//! `planetstore admin`: users, keys, groups, policies and quotas, through the admin API of a running store.

mod arguments;
mod bucket;
mod group;
mod key;
mod kms;
mod master_key;
mod policy;
mod region;
mod secret;
pub(crate) mod session;
pub(crate) mod show;
mod target;
mod user;

use super::Verdict;
pub(crate) use arguments::{AdminArgs, AdminCommand};
use session::Session;

/// Logs in, executes one command, and logs out again.
pub(crate) async fn admin(arguments: AdminArgs) -> anyhow::Result<Verdict> {
    let mut session = Session::open(&arguments).await?;
    let output = arguments.output;
    let done = match arguments.about {
        AdminCommand::Whoami => match session.get("/api/v1/whoami").await {
            Ok(user) => show::one(output, &user),
            Err(error) => Err(error),
        },
        AdminCommand::User { action } => user::run(&session, action, output).await,
        AdminCommand::Key { action } => key::run(&session, action, output).await,
        AdminCommand::Group { action } => group::run(&session, action, output).await,
        AdminCommand::Policy { action } => policy::run(&session, action, output).await,
        AdminCommand::Kms { action } => kms::run(&session, action, output).await,
        AdminCommand::Region { action } => region::run(&session, action, output).await,
        AdminCommand::MasterKey { action } => master_key::run(&mut session, action, output).await,
        AdminCommand::Target { action } => target::run(&session, action, output).await,
        AdminCommand::Bucket { action } => bucket::run(&session, action, output).await,
    };
    session.close().await;
    done.map(|()| Verdict::Well)
}
