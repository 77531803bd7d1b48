//! The log and the ledger over it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use eventlog::{JetStreamLog, StreamOptions};
use events::ids::RegionName;
use ledger::Ledger;

use crate::folder::Paths;
use crate::nats::NatsEndpoint;
use crate::sources::sources;

/// Memory for redb's pages, in bytes.
const LEDGER_CACHE_BYTES: usize = 128 << 20;

/// How long the ledger may take to write what it holds and close its file.
const LEDGER_STOP_TIME_MAX: Duration = Duration::from_secs(30);

/// Connects to the log, and makes its stream if there is none. On a private server that is done by the operator, and a
/// gateway has no more rights than elsewhere.
pub(crate) async fn open_log(
    endpoint: &NatsEndpoint,
    name: &str,
    region: &RegionName,
    replicas: u8,
) -> anyhow::Result<Arc<JetStreamLog>> {
    let mut options = StreamOptions::new(region.clone());
    options.replicas = replicas.into();
    if endpoint.has_operator() {
        JetStreamLog::open(&endpoint.log_options("operator log")?, &options).await.context("the log")?;
    }
    let log = JetStreamLog::open(&endpoint.log_options(name)?, &options).await.context("the log")?;
    Ok(Arc::new(log.behind(endpoint.gate.clone())))
}

/// Opens the projection, and folds what is missing. The error says what is wrong with it, and is kept as it is
/// for the doctor.
pub(crate) async fn open_ledger(
    paths: &Paths,
    region: &RegionName,
    sole_writer: bool,
    log: Arc<JetStreamLog>,
) -> Result<Ledger, ledger::OpenError> {
    let options = ledger::Options {
        region: region.clone(),
        path: paths.ledger(),
        sole_writer,
        cache_bytes: LEDGER_CACHE_BYTES,
        sources: sources(),
    };
    Ledger::open(options, log).await
}

/// Stops the ledger and waits until its file is closed: a file that is not must be repaired when it is opened.
pub(crate) async fn close_ledger(ledger: &Ledger) {
    let closed = async {
        let mut progress = ledger.progress();
        ledger.stop().await;
        // The writer lets go of its progress after its file.
        while progress.changed().await.is_ok() {}
    };
    if tokio::time::timeout(LEDGER_STOP_TIME_MAX, closed).await.is_err() {
        tracing::warn!("the ledger does not stop in time; the next start reads the rest from the log");
    }
}
