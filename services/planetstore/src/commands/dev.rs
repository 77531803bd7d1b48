use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;
use events::ids::RegionName;

use super::Verdict;
use crate::credentials::RootCredentials;
use crate::folder::{DataArgs, DataFolder};
use crate::nats::{NatsEndpoint, NatsLoginArgs, NatsUrl};
use crate::process::raise_open_files;
use crate::roles::gateway::S3Args;
use crate::roles::gc::GcTimeArgs;
use crate::roles::lifecycle::RulesArgs;
use crate::roles::notary::NotaryArgs;
use crate::roles::notify::TargetArgs;
use crate::roles::repair::RepairTimeArgs;
use crate::roles::replicator::LinkArgs;
use crate::roles::{Doors, Plan, SecondRegion, serve};
use crate::signals::Stop;
use crate::tls::TlsArgs;
use crate::{master_key, tls};

#[derive(Debug, Args)]
pub(crate) struct DevArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    #[command(flatten)]
    pub(crate) s3: S3Args,
    #[command(flatten)]
    pub(crate) tls: TlsArgs,
    /// Enable TLS with a self-signed certificate in the data folder; clients have to be configured to trust it
    #[arg(long, env = "PLANETSTORE_TLS_SELF_SIGNED", value_parser = clap::builder::BoolishValueParser::new())]
    pub(crate) tls_self_signed: bool,
    #[command(flatten)]
    pub(crate) rules: RulesArgs,
    #[command(flatten)]
    pub(crate) repair: RepairTimeArgs,
    #[command(flatten)]
    pub(crate) gc: GcTimeArgs,
    #[command(flatten)]
    pub(crate) targets: TargetArgs,
    #[command(flatten)]
    pub(crate) links: LinkArgs,
    #[command(flatten)]
    pub(crate) notary: NotaryArgs,
    /// Number of storage nodes
    #[arg(long, env = "PLANETSTORE_NODES", default_value_t = 6, value_name = "N",
          value_parser = clap::value_parser!(u16).range(3..=64))]
    pub(crate) nodes: u16,
    /// Name of the region; stored in the data folder at the first start [default: `us-east-1`]
    #[arg(long, env = "PLANETSTORE_REGION", value_name = "NAME")]
    pub(crate) region: Option<RegionName>,
    /// URL of your NATS server, or of each server of its cluster, separated by commas [default: a private nats-server]
    #[arg(long, env = "PLANETSTORE_NATS_URL", value_name = "URL")]
    pub(crate) nats_url: Option<NatsUrl>,
    #[command(flatten)]
    pub(crate) nats_login: NatsLoginArgs,
    /// File for the NATS login of an integration, which may then read the facts without secrets; only with the private
    /// nats-server
    #[arg(long, env = "PLANETSTORE_INTEGRATION", value_name = "FILE", conflicts_with = "nats_url")]
    pub(crate) integration: Option<PathBuf>,
    /// Number of regions. The second one is a process of its own, in the folder `regions` of the data folder, with its own
    /// log, credentials and master key and with ports that are 10 higher. It has the same number of nodes and the same TLS,
    /// and takes its other settings from the environment
    #[arg(long, env = "PLANETSTORE_REGIONS", default_value_t = 1, value_name = "N",
          value_parser = clap::value_parser!(u8).range(1..=2), conflicts_with = "nats_url")]
    pub(crate) regions: u8,
}

impl DevArgs {
    /// The second region, if there is to be one.
    fn second_region(&self, folder: &DataFolder, region: &RegionName) -> anyhow::Result<Option<SecondRegion>> {
        if self.regions == 1 {
            return Ok(None);
        }
        let mut tls: Vec<OsString> = Vec::new();
        for (flag, file) in [("--tls-certificate", &self.tls.tls_certificate), ("--tls-key", &self.tls.tls_key)] {
            tls.extend(file.iter().flat_map(|file| [flag.into(), file.clone().into()]));
        }
        if self.tls_self_signed {
            tls.push("--tls-self-signed".into());
        }
        let addresses = (self.s3.listen, self.s3.console);
        SecondRegion::beside(region, &folder.paths().regions(), addresses, self.nodes, tls).map(Some)
    }
}

/// Runs all roles in this process, with a private nats-server unless an external one is given.
pub(crate) async fn dev(arguments: DevArgs) -> anyhow::Result<Verdict> {
    let stop = Stop::listen()?;
    raise_open_files();
    let external = NatsEndpoint::external_if(arguments.nats_url.as_ref(), &arguments.nats_login)?;
    let tls = tls::Source::find(&arguments.tls, arguments.tls_self_signed)?;
    let folder = DataFolder::create(&arguments.data.data)?;
    let doors = Doors::open(&arguments.s3).await?;
    let region = folder.settle_region(arguments.region.clone())?;
    let second_region = arguments.second_region(&folder, &region)?;
    let credentials = RootCredentials::find_or_make(&folder.paths().credentials())?;
    let master_keys = master_key::find_or_make(&folder.paths().master_key())?;
    let log_replicas = arguments.nats_login.log_replicas;
    let nodes = arguments.nodes;
    let lifecycle_day = Some(arguments.rules.day()?);
    let repair = Some(arguments.repair.options()?);
    let gc = Some(arguments.gc.options(region.clone())?);
    let signer = arguments.notary.signer.signer(folder.paths(), Some(&master_keys))?;
    let notary = Some((arguments.notary.options(region.clone()), signer));
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
        repair,
        gc,
        notary,
        health: true,
        targets: Some(arguments.targets),
        links: Some(arguments.links),
        integration: arguments.integration,
        second_region,
    };
    serve(plan, doors, stop).await?;
    Ok(Verdict::Well)
}
