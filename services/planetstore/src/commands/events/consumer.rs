use clap::{Args, Subcommand};
use events::ids::{BucketName, ConsumerName};
use http::Method;
use serde_json::{Value, json};

use super::arguments::{Named, named};
use crate::client::ConsoleArgs;
use crate::commands::admin::session::Session;
use crate::commands::admin::show;
use crate::table::Output;

/// Where consumers are.
const CONSUMERS: &str = "/api/v1/consumers";

#[derive(Debug, Subcommand)]
pub(crate) enum ConsumerCommand {
    /// Add a durable consumer, and print a program that reads its events over NATS. The password is shown once
    Add(AddArgs),
    /// List the durable consumers, with the position and the rate of each
    List(ListArgs),
    /// Remove a durable consumer and its login
    #[command(visible_alias = "remove")]
    Rm(RemoveArgs),
}

#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// Name of the consumer
    pub(crate) name: ConsumerName,
    /// Only events about this bucket and its objects
    #[arg(long, value_name = "NAME")]
    pub(crate) bucket: Option<BucketName>,
    /// Only events of these types, such as `object.created` or `object`; repeatable, or separated by commas
    #[arg(long = "type", value_name = "TYPE", value_delimiter = ',', value_parser = named)]
    pub(crate) types: Vec<Named>,
    /// The first event that the consumer gets: `start` of the log, `now`, a sequence, or an RFC 3339 time
    #[arg(long, default_value = "now", value_name = "start|now|SEQUENCE|TIME")]
    pub(crate) from: String,
    /// Format of the output
    #[arg(short, long, env = "PLANETSTORE_OUTPUT", default_value = "table")]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) console: ConsoleArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Format of the output
    #[arg(short, long, env = "PLANETSTORE_OUTPUT", default_value = "table")]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) console: ConsoleArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RemoveArgs {
    /// Name of the consumer
    pub(crate) name: ConsumerName,
    #[command(flatten)]
    pub(crate) console: ConsoleArgs,
}

pub(super) async fn consumer(command: ConsumerCommand) -> anyhow::Result<()> {
    let console = match &command {
        ConsumerCommand::Add(AddArgs { console, .. })
        | ConsumerCommand::List(ListArgs { console, .. })
        | ConsumerCommand::Rm(RemoveArgs { console, .. }) => console,
    };
    let session = Session::at(console).await?;
    let done = run(&session, &command).await;
    session.close().await;
    done
}

async fn run(session: &Session, command: &ConsumerCommand) -> anyhow::Result<()> {
    match command {
        ConsumerCommand::Add(arguments) => {
            let added = session.ask(Method::POST, CONSUMERS, Some(&document(arguments))).await?;
            match arguments.output {
                Output::Json => show::one(Output::Json, &added),
                Output::Table => {
                    show::one(Output::Table, &added["credentials"])?;
                    println!("\nThe password is not shown again. This program reads the events:\n");
                    print!("{}", added["snippet"].as_str().unwrap_or_default());
                    Ok(())
                }
            }
        }
        ConsumerCommand::List(ListArgs { output, .. }) => {
            let found = session.get(CONSUMERS).await?;
            let consumers = found["consumers"].as_array().map_or(&[][..], Vec::as_slice);
            show::list(
                *output,
                consumers,
                [
                    ("NAME", |consumer| show::text(&consumer["name"])),
                    ("BUCKET", |consumer| all_if_absent(&consumer["filter"]["bucket"])),
                    ("TYPES", |consumer| types(&consumer["filter"]["type"])),
                    ("POSITION", |consumer| show::text(&consumer["position"])),
                    ("LAG", |consumer| show::text(&consumer["lag"])),
                    ("UNACKED", |consumer| show::text(&consumer["unacked"])),
                    ("PER SECOND", |consumer| rate(&consumer["rate"])),
                    ("OWNER", |consumer| show::text(&consumer["owner"])),
                ],
            )
        }
        ConsumerCommand::Rm(RemoveArgs { name, .. }) => {
            session.ask(Method::DELETE, &format!("{CONSUMERS}/{name}"), None).await?;
            show::done(Output::Table, &format!("removed {name}"));
            Ok(())
        }
    }
}

fn document(arguments: &AddArgs) -> Value {
    let AddArgs { name, bucket, types, from, .. } = arguments;
    let types: Vec<_> = types.iter().flat_map(|Named(types)| types.iter().copied()).collect();
    let types = (!types.is_empty()).then(|| types.join(","));
    json!({ "name": name, "filter": { "bucket": bucket, "type": types }, "from": from })
}

fn all_if_absent(value: &Value) -> String {
    value.as_str().unwrap_or("all").to_owned()
}

/// Types without what all have in common.
fn types(value: &Value) -> String {
    let names = all_if_absent(value);
    names.split(',').map(|name| name.trim_start_matches("io.planetstore.")).collect::<Vec<_>>().join(",")
}

fn rate(value: &Value) -> String {
    value.as_f64().map_or_else(|| "-".into(), |rate| format!("{rate:.1}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_short() {
        assert_eq!(types(&json!("io.planetstore.a.b.v1,io.planetstore.c.d.v1")), "a.b.v1,c.d.v1");
        assert_eq!(
            (types(&Value::Null), rate(&Value::Null), rate(&json!(2.04))),
            ("all".into(), "-".into(), "2.0".into())
        );
    }
}
