//! Sends one kind of request to an S3 endpoint and reports the results.
//!
//! Input: an endpoint, credentials, an operation, sizes and limits. Output: one JSON line with requests/s, MB/s,
//! latencies in ms, errors, and the CPU time of the server's processes.
//!
//! Each worker has one HTTP/1.1 connection and one request in flight, so a latency never includes a queue in the
//! client. The program uses at most two threads, so that most of a small machine is left to the server.

mod meter;
mod options;
mod pick;
mod report;
mod sign;
mod worker;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::Parser;

use crate::options::Options;
use crate::report::Report;
use crate::sign::Signer;
use crate::worker::{Link, Shared, Tally};

#[tokio::main(worker_threads = 1)]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let signer = Signer::new(&options)?;
    make_bucket(&options, &signer).await?;
    let report = load(options, signer).await?;
    println!("{}", report.to_json());
    Ok(())
}

/// Creates the bucket unless it exists.
async fn make_bucket(options: &Options, signer: &Signer) -> anyhow::Result<()> {
    let mut link = Link::open(&options.endpoint).await?;
    let request = signer.bodiless("PUT", &format!("/{}", options.bucket), "")?;
    let answer = link.send(request).await.context("the bucket cannot be made")?;
    ensure!(
        answer.status.is_success() || answer.status.as_u16() == 409,
        "the bucket cannot be made: {}",
        answer.status
    );
    Ok(())
}

async fn load(options: Options, signer: Signer) -> anyhow::Result<Report> {
    let cpu_before = meter::cpu_seconds(&options.server);
    let begun = Instant::now();
    let shared = Arc::new(Shared::new(options, signer, begun)?);
    let workers: Vec<_> =
        (0..shared.options.concurrency).map(|number| tokio::spawn(worker::work(Arc::clone(&shared), number))).collect();
    let mut tally = Tally::default();
    for worker in workers {
        tally.add(worker.await.context("a worker panicked")??);
    }
    let took = begun.elapsed().max(Duration::from_millis(1));
    let cpu = meter::cpu_seconds(&shared.options.server) - cpu_before;
    if let Some(file) = &shared.options.answers {
        let prefix = &shared.options.prefix;
        let lines: String = tally.answers.iter().map(|(key, at)| format!("{prefix}{key:08} {at}\n")).collect();
        std::fs::write(file, lines).with_context(|| format!("{} cannot be written", file.display()))?;
    }
    Ok(Report::new(&shared.options, tally, took, cpu))
}
