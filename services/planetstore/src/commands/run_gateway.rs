use anyhow::Context;

use super::Verdict;
use super::serve::{Doors, Plan, serve};
use crate::cli::GatewayArgs;
use crate::credentials::{FILE_ENV, PASSWORD_ENV, RootCredentials, USER_ENV};
use crate::folder::DataFolder;
use crate::master_key;
use crate::nats::NatsEndpoint;
use crate::roles::raise_open_files;
use crate::signals::Stop;
use crate::tls;

/// Runs a gateway against NATS servers and nodes elsewhere. It makes no credentials: several gateways must have
/// the same.
pub(crate) async fn run_gateway(arguments: GatewayArgs) -> anyhow::Result<Verdict> {
    let stop = Stop::listen()?;
    raise_open_files();
    let endpoint = NatsEndpoint::external(&arguments.nats_url, &arguments.nats_login.access)?;
    let tls = tls::Source::find(&arguments.tls, false)?;
    let folder = DataFolder::create(&arguments.data.data)?;
    let file = folder.paths().credentials();
    let credentials = RootCredentials::find(&file)?.with_context(|| {
        format!(
            "there are no root credentials: set {USER_ENV} and {PASSWORD_ENV}, or {FILE_ENV} to the path of a file \
             with both, or put both into {}",
            file.display()
        )
    })?;
    let file = folder.paths().master_key();
    let master_key = master_key::find(&file)?.ok_or_else(|| master_key::missing(&file))?;
    let doors = Doors::open(&arguments.s3).await?;
    let region = folder.settle_region(arguments.region)?;
    let log_replicas = arguments.nats_login.log_replicas;
    let external = Some(endpoint);
    let plan = Plan {
        folder,
        region,
        s3: arguments.s3,
        tls,
        credentials,
        master_key,
        external,
        log_replicas,
        nodes: 0,
        local_shards: arguments.local_shards,
        lifecycle_day: None,
    };
    serve(plan, doors, stop).await?;
    Ok(Verdict::Well)
}
