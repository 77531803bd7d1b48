use clap::Args;

use super::Verdict;
use crate::folder::{DataArgs, Paths};
use crate::master_key;
use crate::roles::issuer;

#[derive(Debug, Args)]
pub(crate) struct ConsumerIssuerArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
}

/// Prints the public key with which NATS servers check what gateways say about logins of durable consumers. It is no
/// secret, and the same each time.
pub(crate) fn consumer_issuer(arguments: &ConsumerIssuerArgs) -> anyhow::Result<Verdict> {
    let file = Paths::new(&arguments.data.data).master_key();
    let masters = master_key::find(&file)?.ok_or_else(|| master_key::missing(&file))?;
    println!("{}", issuer(&masters)?.public());
    Ok(Verdict::Well)
}
