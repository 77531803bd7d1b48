use clap::Args;
use events::ids::RegionName;

use super::Verdict;
use crate::nats::{NatsEndpoint, NatsLoginArgs, NatsUrl};
use crate::roles::mirror;

#[derive(Debug, Args)]
pub(crate) struct IntegrationArgs {
    /// The region whose facts the integration reads
    #[arg(long, env = "PLANETSTORE_REGION", default_value = "us-east-1", value_name = "NAME")]
    region: RegionName,
    /// URL of your NATS server, or of each server of its cluster, separated by commas
    #[arg(long, env = "PLANETSTORE_NATS_URL", value_name = "URL")]
    nats_url: NatsUrl,
    #[command(flatten)]
    nats_login: NatsLoginArgs,
}

/// Creates the mirror that an integration reads, on an external server, as the user `integration-owner`.
pub(crate) async fn integration(arguments: IntegrationArgs) -> anyhow::Result<Verdict> {
    let IntegrationArgs { region, nats_url, nats_login } = arguments;
    let endpoint = NatsEndpoint::external(&nats_url, &nats_login.access)?;
    println!("{}", mirror(&endpoint, &region, nats_login.log_replicas).await?);
    Ok(Verdict::Well)
}
