//! The role that gives back the room of what nothing needs any more.

use std::time::Duration;

use anyhow::ensure;
use clap::Args;
use events::Author;
use events::ids::RegionName;
use gc::{Gc, StrayLimits};
use identity::PieceSecrets;
use ledger::Ledger;
use shards::{AnyTransport, NatsTransport, ShardStore};
use tokio::sync::mpsc;

use super::gateway::Cluster;
use super::service::{Service, ServiceArgs};
use crate::commands::Verdict;
use crate::nats::NatsEndpoint;
use crate::process::Process;
use crate::signals::Stop;
use crate::sources::sources;
use crate::units::TimeSpan;

/// Uploads take longer than this: a shorter limit is for tests.
const UPLOAD_TIME_USUAL_MIN: Duration = Duration::from_hours(24);

#[derive(Debug, Args)]
pub(crate) struct GcArgs {
    #[command(flatten)]
    pub(crate) service: ServiceArgs,
    #[command(flatten)]
    pub(crate) times: GcTimeArgs,
}

/// How long the bytes of what was deleted, and of what was never committed, are kept.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct GcTimeArgs {
    /// Time for which deleted bytes are kept; a read that takes longer may fail
    #[arg(long, env = "PLANETSTORE_GC_GRACE", default_value = "1h", value_name = "TIME")]
    pub(crate) gc_grace: TimeSpan,
    /// Longest time that the upload of an object or a part may take
    #[arg(long, env = "PLANETSTORE_GC_UPLOAD_TIME_MAX", default_value = "7d", value_name = "TIME")]
    pub(crate) gc_upload_time_max: TimeSpan,
}

impl GcTimeArgs {
    /// The options of the garbage collector.
    pub(crate) fn options(self, region: RegionName) -> anyhow::Result<gc::Options> {
        let (grace, upload_time_max) = (self.gc_grace.0, self.gc_upload_time_max.0);
        ensure!(!upload_time_max.is_zero(), "--gc-upload-time-max must be at least 1s");
        if upload_time_max < UPLOAD_TIME_USUAL_MIN {
            tracing::warn!(seconds = upload_time_max.as_secs(), "uploads that take longer are refused: for tests only");
        }
        let stray_limits = StrayLimits::default();
        let random = |bytes: &mut [u8]| getrandom::fill(bytes).is_ok();
        Ok(gc::Options { region, grace, upload_time_max, stray_limits, sources: sources(), random })
    }
}

/// `planetstore run gc`: gives back what nothing needs, with a ledger of its own, against NATS servers elsewhere.
pub(crate) async fn run(arguments: GcArgs) -> anyhow::Result<Verdict> {
    let stop = Stop::listen()?;
    let service = Service::open("gc", Author::Maintenance, &arguments.service)?;
    let options = arguments.times.options(service.region.clone())?;
    let start = async |process: &mut Process| {
        let (cluster, ledger, workers) = service.join(process).await?;
        workers.add(worker(options, &service.endpoint, &cluster, ledger).await?)?;
        Ok(())
    };
    service.run(&arguments.service, stop, start).await?;
    Ok(Verdict::Well)
}

/// The garbage collector, with a connection of its own to the nodes: it reads and writes no bytes of contents.
pub(super) async fn worker(
    options: gc::Options,
    endpoint: &NatsEndpoint,
    cluster: &Cluster,
    ledger: Ledger,
) -> anyhow::Result<Gc<AnyTransport>> {
    let client = endpoint.connect("gc data").await?;
    let membership = cluster.membership.clone();
    let transport = NatsTransport::new(vec![client], options.region.clone(), membership.clone())?;
    let transport = transport.with_own_nodes(cluster.own_nodes.clone());
    // It reads no shard, so it finds none damaged.
    let (incidents, _) = mpsc::channel(1);
    let store = ShardStore::new(AnyTransport::new(transport), membership, None, PieceSecrets::default(), incidents);
    Ok(Gc::new(options, ledger, store))
}
