use std::net::SocketAddr;

use anyhow::Context;
use clap::Args;

use super::Verdict;
use crate::doctor::{self, Finding};
use crate::folder::DataArgs;
use crate::nats::{NatsLoginArgs, NatsUrl};
use crate::table::Output;

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// Repair file permissions and a log that lost its tail
    #[arg(long)]
    pub(crate) fix: bool,
    /// Intended address of the S3 endpoint
    #[arg(long, env = "PLANETSTORE_LISTEN", default_value = "127.0.0.1:9000", value_name = "ADDR")]
    pub(crate) listen: SocketAddr,
    /// Intended address of the console
    #[arg(long, env = "PLANETSTORE_CONSOLE", default_value = "127.0.0.1:9001", value_name = "ADDR")]
    pub(crate) console: SocketAddr,
    /// URL of your NATS server, or of each server of its cluster, separated by commas [default: the private nats-server]
    #[arg(long, env = "PLANETSTORE_NATS_URL", value_name = "URL")]
    pub(crate) nats_url: Option<NatsUrl>,
    #[command(flatten)]
    pub(crate) nats_login: NatsLoginArgs,
    /// Format of the output
    #[arg(short, long, env = "PLANETSTORE_OUTPUT", default_value = "table")]
    pub(crate) output: Output,
}

/// Runs all checks, makes the permitted repairs, and prints remedies for the rest.
pub(crate) async fn doctor(arguments: DoctorArgs) -> anyhow::Result<Verdict> {
    let findings = doctor::examine(&arguments).await?;
    match arguments.output {
        Output::Json => println!("{}", serde_json::to_string_pretty(&findings).context("cannot write the findings")?),
        Output::Table => print!("{}", doctor::render(&findings)),
    }
    Ok(Verdict::well_if(!findings.iter().any(Finding::is_failure)))
}
