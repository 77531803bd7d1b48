//! The log, and the ledger that folds it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use admin::Check;
use anyhow::{Context, anyhow};
use domain::Command;
use eventlog::{JetStreamLog, StreamOptions};
use events::ids::{AuthType, Principal, RegionName};
use events::{Fact, Origin};
use ledger::{Committing, Keyring, Ledger};
use tokio::sync::watch;

use super::workers;
use crate::folder::Paths;
use crate::nats::NatsEndpoint;
use crate::process::Running;
use crate::sources::sources;

/// Memory for redb's pages in a process that serves clients, in bytes.
const LEDGER_CACHE_BYTES: usize = 128 << 20;

/// The same in a process that only works in the background.
const SERVICE_CACHE_BYTES: usize = 32 << 20;

/// How long the ledger may take to write its memory and close its file.
const LEDGER_STOP_TIME_MAX: Duration = Duration::from_secs(30);

/// Connects to the log, and creates its stream if there is none. On a private server the operator's user does that, so
/// that a gateway has no more rights than elsewhere.
pub(crate) async fn open_log(
    endpoint: &NatsEndpoint,
    name: &str,
    region: &RegionName,
    replicas: u8,
) -> anyhow::Result<Arc<JetStreamLog>> {
    let mut options = StreamOptions::new(region.clone());
    options.replicas = replicas.into();
    if endpoint.has_operator() {
        JetStreamLog::open(&endpoint.options("operator log")?, &options).await.context("the log")?;
    }
    let log = JetStreamLog::open(&endpoint.options(name)?, &options).await.context("the log")?;
    Ok(Arc::new(log.behind(endpoint.gate.clone())))
}

/// Which process frees the parts that deletes left, some with each commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Releases {
    /// This process.
    Here,
    /// Gateways: this process does not have the right to append such facts everywhere.
    Elsewhere,
}

/// Who appends to the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writers {
    /// This process alone.
    Alone,
    /// Other processes too. One of them commits for all; this one has a role among them.
    Several(&'static str),
}

/// Opens the projection, and folds the missing events. On an error the file is kept as it is for the doctor.
pub(crate) async fn open_ledger(
    paths: &Paths,
    region: &RegionName,
    writers: Writers,
    releases: Releases,
    keyring: Keyring,
    log: Arc<JetStreamLog>,
) -> Result<Ledger, ledger::OpenError> {
    let committing = match writers {
        Writers::Alone => None,
        Writers::Several(role) => {
            let (peers, owner) = (Arc::new(log.peers(region.clone())), workers::owner(role));
            Some(Committing { peers, owner, is_fenced: true })
        }
    };
    let options = ledger::Options {
        region: region.clone(),
        path: paths.ledger(),
        sole_writer: writers == Writers::Alone,
        // Gateways free what deletes left, and serve clients.
        cache_bytes: if releases == Releases::Here { LEDGER_CACHE_BYTES } else { SERVICE_CACHE_BYTES },
        sources: sources(),
        releases: releases == Releases::Here,
        keyring,
        disk: ledger::Disk::default(),
        level: Fact::level,
        committing,
    };
    Ledger::open(options, log).await
}

/// The process runs a release that is too old for its region.
#[derive(Debug)]
pub(crate) struct TooOld(String);

impl fmt::Display for TooOld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TooOld {}

impl TooOld {
    /// Whether this is the cause of an error.
    pub(crate) fn is_cause_of(error: &anyhow::Error) -> bool {
        error.chain().any(|cause| {
            let at_start = cause.downcast_ref::<ledger::OpenError>();
            cause.is::<Self>() || matches!(at_start, Some(ledger::OpenError::Fold(error)) if error.is_too_old())
        })
    }
}

/// Waits until the ledger fails, or is asked to stop and has closed its file.
pub(super) fn run_ledger(log: Arc<JetStreamLog>, ledger: Ledger) -> Running {
    let state = Folded { log, ledger: ledger.clone() };
    // Closing has its own time limit.
    let running = Running::start("ledger", LEDGER_STOP_TIME_MAX * 2, async move |shutdown| {
        let outcome = tokio::select! {
            () = shutdown.requested() => Ok(()),
            error = failed(ledger.progress()) => Err(error),
        };
        close_ledger(&ledger).await;
        outcome
    });
    running.checked(state)
}

/// The health of the log and the ledger.
struct Folded {
    log: Arc<JetStreamLog>,
    ledger: Ledger,
}

impl Check for Folded {
    fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        if !self.log.connection().borrow().connected {
            missing.push("the log: not connected".to_owned());
        }
        if let Some(reason) = &self.ledger.progress().borrow().failed {
            missing.push(format!("the ledger: stopped: {reason}"));
        }
        missing
    }

    fn observe(&self) {
        admin::observe_ledger(self.log.connection().borrow().connected, &self.ledger);
    }
}

async fn failed(mut progress: watch::Receiver<ledger::Progress>) -> anyhow::Error {
    let failed = progress.wait_for(|progress| progress.failed.is_some()).await;
    match failed.as_deref() {
        Ok(ledger::Progress { failed: Some(reason), is_too_old: true, .. }) => TooOld(reason.to_string()).into(),
        Ok(ledger::Progress { failed: Some(reason), .. }) => {
            anyhow!("the ledger has stopped: {reason}; `planetstore doctor` says more")
        }
        _ => anyhow!("the ledger's thread has ended"),
    }
}

/// Allows all facts of this release. If the log accepts nothing now, the next start does it; facts that need the level
/// are refused until then.
pub(crate) async fn upgrade_region(ledger: &Ledger, region: &RegionName) {
    let release = env!("CARGO_PKG_VERSION").into();
    let command = Command::UpgradeRegion { region: region.clone(), level: Fact::LEVEL, release };
    let principal = Principal { kind: AuthType::System, id: "planetstore".into() };
    let origin = Origin { principal, request_id: String::new(), traceparent: None, address: None };
    if let Err(error) = ledger.commit(command, origin).await {
        tracing::warn!(%error, "the region's level cannot be raised now");
    }
}

/// Stops the ledger and waits until its file is closed. Otherwise the file must be repaired when it is opened.
pub(crate) async fn close_ledger(ledger: &Ledger) {
    let closed = async {
        let mut progress = ledger.progress();
        ledger.stop().await;
        // The writer drops its progress after its file.
        while progress.changed().await.is_ok() {}
    };
    if tokio::time::timeout(LEDGER_STOP_TIME_MAX, closed).await.is_err() {
        tracing::warn!("the ledger does not stop in time; the next start reads the rest from the log");
    }
}
