use super::Verdict;
use crate::cli::DevArgs;
use crate::credentials::RootCredentials;
use crate::folder::DataFolder;
use crate::master_key;
use crate::nats::NatsEndpoint;
use crate::process::raise_open_files;
use crate::roles::{Doors, Plan, serve};
use crate::signals::Stop;
use crate::tls;

/// Runs all roles in this process, with a private nats-server unless there is one already.
pub(crate) async fn dev(arguments: DevArgs) -> anyhow::Result<Verdict> {
    let stop = Stop::listen()?;
    raise_open_files();
    let external = NatsEndpoint::external_if(arguments.nats_url.as_ref(), &arguments.nats_login)?;
    let tls = tls::Source::find(&arguments.tls, arguments.tls_self_signed)?;
    let folder = DataFolder::create(&arguments.data.data)?;
    let doors = Doors::open(&arguments.s3).await?;
    let region = folder.settle_region(arguments.region)?;
    let credentials = RootCredentials::find_or_make(&folder.paths().credentials())?;
    let master_keys = master_key::find_or_make(&folder.paths().master_key())?;
    let log_replicas = arguments.nats_login.log_replicas;
    let nodes = arguments.nodes;
    let lifecycle_day = Some(arguments.rules.day()?);
    let plan = Plan {
        folder,
        region,
        s3: arguments.s3,
        tls,
        credentials,
        master_keys,
        external,
        log_replicas,
        nodes,
        local_shards: Vec::new(),
        lifecycle_day,
        integration: arguments.integration,
    };
    serve(plan, doors, stop).await?;
    Ok(Verdict::Well)
}
