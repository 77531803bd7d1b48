//! `planetstore context`: the stores that a person uses, each with a key.

use anyhow::{Context as _, bail};
use clap::Subcommand;
use serde_json::{Value, json};

use super::format::{Format, Rows, done, text};
use crate::commands::Verdict;
use crate::s3_client::{Contexts, StoreContext};

/// Variables with the key of a context, because every user of the host can read arguments.
const ACCESS_KEY_ENV: &str = "AWS_ACCESS_KEY_ID";
const SECRET_KEY_ENV: &str = "AWS_SECRET_ACCESS_KEY";

#[derive(Debug, Subcommand)]
pub(crate) enum ContextCommand {
    /// List the contexts
    List {
        /// Format of the output
        #[arg(short, long, env = "PLANETSTORE_OUTPUT", default_value = "table")]
        output: Format,
    },
    /// Save a store under a name, with the key in `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, and use it from now
    /// on
    Set {
        /// The name
        name: String,
        /// S3 URL of the store
        #[arg(long, env = "PLANETSTORE_ENDPOINT", value_name = "URL")]
        endpoint: String,
        /// Console URL of the store
        #[arg(long, env = "PLANETSTORE_CONSOLE_URL", value_name = "URL")]
        console: Option<String>,
        /// Region of the store
        #[arg(long, env = "PLANETSTORE_REGION", default_value = "us-east-1", value_name = "NAME")]
        region: String,
        /// PEM file of the certificate authorities to trust
        #[arg(long, env = "PLANETSTORE_CA", value_name = "FILE")]
        ca: Option<std::path::PathBuf>,
    },
    /// Use a context from now on
    Use {
        /// The name
        name: String,
    },
    /// Delete a context and its key
    Remove {
        /// The name
        name: String,
    },
}

pub(crate) fn context(command: ContextCommand) -> anyhow::Result<Verdict> {
    let mut contexts = Contexts::read()?;
    match command {
        ContextCommand::List { output } => list(&contexts, output)?,
        ContextCommand::Set { name, endpoint, console, region, ca } => {
            let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
            let (Some(access_key), Some(secret_key)) = (set(ACCESS_KEY_ENV), set(SECRET_KEY_ENV)) else {
                bail!("set {ACCESS_KEY_ENV} and {SECRET_KEY_ENV} to the key for {endpoint}");
            };
            let ca = ca.map(std::path::absolute).transpose().context("the file of authorities")?;
            let kept = StoreContext { endpoint, console, access_key, secret_key, region, ca };
            contexts.contexts.insert(name.clone(), kept);
            contexts.current = Some(name.clone());
            contexts.write()?;
            done(Format::Table, &format!("the context {name} is in use"))?;
        }
        ContextCommand::Use { name } => {
            contexts.find(Some(&name))?;
            contexts.current = Some(name.clone());
            contexts.write()?;
            done(Format::Table, &format!("the context {name} is in use"))?;
        }
        ContextCommand::Remove { name } => {
            if contexts.contexts.remove(&name).is_none() {
                bail!("there is no context {name:?}");
            }
            contexts.current = contexts.current.filter(|current| *current != name);
            contexts.write()?;
            done(Format::Table, &format!("removed the context {name}"))?;
        }
    }
    Ok(Verdict::Well)
}

fn list(contexts: &Contexts, output: Format) -> anyhow::Result<()> {
    let current: fn(&Value) -> String = |row| if row["current"] == true { "*".into() } else { String::new() };
    let columns = [
        ("", current),
        ("NAME", |row| text(&row["name"])),
        ("ENDPOINT", |row| text(&row["endpoint"])),
        ("REGION", |row| text(&row["region"])),
        ("ACCESS KEY", |row| text(&row["access_key"])),
    ];
    let mut rows = Rows::new(output, columns);
    for (name, context) in &contexts.contexts {
        rows.push(json!({
            "name": name, "current": contexts.current.as_ref() == Some(name), "endpoint": context.endpoint,
            "console": context.console, "region": context.region, "access_key": context.access_key,
        }))?;
    }
    rows.end()
}
