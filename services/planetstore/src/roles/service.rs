//! A service that follows the log in a process of its own, against NATS servers elsewhere: its arguments, its ledger and its
//! background workers, which are the same whatever it does.

use std::net::SocketAddr;
use std::sync::Arc;

use clap::Args;
use events::Author;
use events::ids::RegionName;
use ledger::{Keyring, Ledger};
use worker::{Link, NatsTelemetry, Workers};

use super::gateway::Cluster;
use super::log::{Releases, Writers, open_ledger, open_log, run_ledger};
use super::{admission, telling, workers};
use crate::author_key;
use crate::folder::{DataArgs, DataFolder};
use crate::nats::{NatsEndpoint, NatsLoginArgs, NatsUrl};
use crate::process::{ConsoleAccessArgs, Process, open_console, raise_open_files};
use crate::signals::Stop;

#[derive(Debug, Args)]
pub(crate) struct ServiceArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// Name of the region; stored in the data folder at the first start [default: `us-east-1`]
    #[arg(long, env = "PLANETSTORE_REGION", value_name = "NAME")]
    pub(crate) region: Option<RegionName>,
    /// Address of health and metrics; not served by default
    #[arg(long, env = "PLANETSTORE_CONSOLE", value_name = "ADDR")]
    pub(crate) console: Option<SocketAddr>,
    #[command(flatten)]
    pub(crate) console_access: ConsoleAccessArgs,
    /// URL of your NATS server, or of each server of its cluster, separated by commas
    #[arg(long, env = "PLANETSTORE_NATS_URL", value_name = "URL")]
    pub(crate) nats_url: NatsUrl,
    #[command(flatten)]
    pub(crate) nats_login: NatsLoginArgs,
}

/// A service that is configured and not started.
pub(super) struct Service {
    pub(super) endpoint: NatsEndpoint,
    pub(super) folder: DataFolder,
    pub(super) region: RegionName,
    pub(super) keyring: Keyring,
    name: &'static str,
    log_replicas: u8,
}

impl Service {
    /// Reads what the service needs, and which is wrong or missing in no other process.
    pub(super) fn open(name: &'static str, author: Author, arguments: &ServiceArgs) -> anyhow::Result<Self> {
        raise_open_files();
        let endpoint = NatsEndpoint::external(&arguments.nats_url, &arguments.nats_login.access)?;
        let folder = DataFolder::create(&arguments.data.data)?;
        let keyring = author_key::of_author(author, folder.paths())?;
        let region = folder.settle_region(arguments.region.clone())?;
        Ok(Self { endpoint, folder, region, keyring, name, log_replicas: arguments.nats_login.log_replicas })
    }

    /// Runs it until it is asked to stop or fails.
    pub(super) async fn run(
        &self,
        arguments: &ServiceArgs,
        stop: Stop,
        start: impl AsyncFnOnce(&mut Process) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let console = open_console(arguments.console, &arguments.console_access).await?;
        Process::run(console, stop, async |process| {
            let client = self.endpoint.connect(&format!("{} logs", self.name)).await?;
            telling::tell_logs(process, client, &self.region, self.name, self.folder.paths().folder());
            start(process).await
        })
        .await
    }

    /// Opens its ledger and folds what others append.
    pub(super) async fn follow_log(&self, process: &mut Process) -> anyhow::Result<Ledger> {
        let name = format!("{} log", self.name);
        let log = open_log(&self.endpoint, &name, &self.region, self.log_replicas).await?;
        let (paths, keyring) = (self.folder.paths(), self.keyring.clone());
        let writers = Writers::Several(self.name);
        let ledger = open_ledger(paths, &self.region, writers, Releases::Elsewhere, keyring, Arc::clone(&log)).await?;
        process.add(run_ledger(log, ledger.clone()));
        Ok(ledger)
    }

    /// Begins to run its background workers, of which there are none yet.
    pub(super) fn start_workers(&self, ledger: &Ledger, link: Link, process: &mut Process) -> anyhow::Result<Workers> {
        let (workers, running) = workers::start(self.name, &self.region, ledger, Some(link))?;
        process.add(running);
        Ok(workers)
    }

    /// Does both, for a service that asks the storage nodes.
    pub(super) async fn join(&self, process: &mut Process) -> anyhow::Result<(Cluster, Ledger, Workers)> {
        let (cluster, membership) = Cluster::join(&self.endpoint, &self.region).await?;
        process.add(membership);
        let ledger = self.follow_log(process).await?;
        process.add(admission::follow(ledger.clone(), cluster.membership.clone()));
        let link = NatsTelemetry::link(cluster.telemetry.clone(), self.region.clone()).await?;
        let workers = self.start_workers(&ledger, link, process)?;
        let (client, membership) = (&cluster.telemetry, cluster.membership.clone());
        process.add(workers::hear_clients(&workers, client, &self.region, membership).await?);
        Ok((cluster, ledger, workers))
    }
}
