//! `planetstore admin`: users, keys, groups, policies and quotas, through the admin API of a running store.

mod api;
mod arguments;
mod bucket;
mod group;
mod key;
mod kms;
mod link;
mod master_key;
mod policy;
mod region;
mod replication;
mod secret;
pub(crate) mod session;
pub(crate) mod show;
mod target;
mod target_arguments;
mod user;

use std::io::Read;
use std::path::Path;

use anyhow::Context;
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use serde_json::{Value, json};

use super::Verdict;
pub(crate) use arguments::{AdminArgs, AdminCommand};
use session::Session;

use crate::table::Output;

/// Prints everything that has such a name.
async fn search(session: &Session, text: &str, limit: u8, output: Output) -> anyhow::Result<()> {
    let text = percent_encode(text.as_bytes(), NON_ALPHANUMERIC);
    let mut found = session.get(&format!("/api/v1/search?limit={limit}&q={text}")).await?;
    if output == Output::Json {
        return show::one(output, &found);
    }
    let mut hits = Vec::new();
    for (member, kind) in [("buckets", "bucket"), ("objects", "object"), ("users", "user"), ("nodes", "node")] {
        let Value::Array(of_kind) = found[member].take() else { continue };
        hits.extend(of_kind.into_iter().map(|hit| json!({ "kind": kind, "hit": hit })));
    }
    show::list(output, &hits, [("KIND", |row| show::text(&row["kind"])), ("NAME", |row| name(&row["hit"]))])
}

/// The name of a hit: of an object, its place.
fn name(hit: &Value) -> String {
    match (hit["bucket"].as_str(), hit["key"].as_str()) {
        (Some(bucket), Some(key)) => format!("s3://{bucket}/{key}"),
        _ => show::text(hit),
    }
}

/// The text of a file, or of stdin if the file is `-`; what is longer is cut.
fn read_document(file: &Path, bytes_max: u64) -> anyhow::Result<String> {
    let mut text = String::new();
    let cannot = || format!("cannot read {}", file.display());
    let read = if file == Path::new("-") {
        std::io::stdin().lock().take(bytes_max).read_to_string(&mut text)
    } else {
        std::fs::File::open(file).with_context(cannot)?.take(bytes_max).read_to_string(&mut text)
    };
    read.with_context(cannot)?;
    Ok(text)
}

/// Logs in, executes one command, and logs out again.
pub(crate) async fn admin(arguments: AdminArgs) -> anyhow::Result<Verdict> {
    let mut session = Session::open(&arguments).await?;
    let output = arguments.output;
    let done = match arguments.about {
        AdminCommand::Whoami => match session.get("/api/v1/whoami").await {
            Ok(user) => show::one(output, &user),
            Err(error) => Err(error),
        },
        AdminCommand::Settings => match session.get("/api/v1/settings").await {
            Ok(settings) => show::one(output, &settings),
            Err(error) => Err(error),
        },
        AdminCommand::Api { method, path, document } => {
            api::run(&session, method, &path, document.as_deref(), output).await
        }
        AdminCommand::Search { text, limit } => search(&session, &text, limit, output).await,
        AdminCommand::User { action } => user::run(&session, action, output).await,
        AdminCommand::Key { action } => key::run(&session, action, output).await,
        AdminCommand::Group { action } => group::run(&session, action, output).await,
        AdminCommand::Policy { action } => policy::run(&session, action, output).await,
        AdminCommand::Kms { action } => kms::run(&session, action, output).await,
        AdminCommand::Region { action } => region::run(&session, action, output).await,
        AdminCommand::MasterKey { action } => master_key::run(&mut session, action, output).await,
        AdminCommand::Target { action } => target::run(&session, action, output).await,
        AdminCommand::Link { action } => link::run(&session, action, output).await,
        AdminCommand::Replication { action } => replication::run(&session, action, output).await,
        AdminCommand::Bucket { action } => bucket::run(&session, action, output).await,
    };
    session.close().await;
    done.map(|()| Verdict::Well)
}
