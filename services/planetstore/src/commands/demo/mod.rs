//! `planetstore demo`: fills a running store with plausible people and objects, through the API that everybody uses.
//!
//! What it puts there depends on the seed alone, so two stores can be compared; only keys are random, which the store
//! makes. It does not touch what is there: buckets and people that exist are taken as they are.
//!
//! # Layout
//! - `people`: users, groups, policies and buckets; `plan`: which objects, in which order; `fill`: puts them there
//! - `content`: what is in objects, with a file per kind: `picture`, `paper`; `words`: what people could have written
//! - `chance`: numbers that depend on the seed

mod chance;
mod content;
mod fill;
mod paper;
mod people;
mod picture;
mod plan;
mod words;

use anyhow::Context;
use clap::Args;

use super::Verdict;
use super::admin::session::Session;
use crate::client::ConsoleArgs;
use crate::s3_client::Endpoint;
use chance::Chance;

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    #[command(flatten)]
    console: ConsoleArgs,
    /// Seed of the random data; the same seed makes the same objects
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Approximate number of writes: objects, further versions, tags and deletes
    #[arg(long, default_value_t = 400, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    writes: u32,
    /// Maximum number of writes per second
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rate: u32,
}

/// Fills a store, and says what it holds then.
pub(crate) async fn demo(arguments: DemoArgs) -> anyhow::Result<Verdict> {
    let session = Session::at(&arguments.console).await?;
    let done = fill_with(&arguments, &session).await;
    session.close().await;
    println!("{}", done?);
    Ok(Verdict::Well)
}

async fn fill_with(arguments: &DemoArgs, session: &Session) -> anyhow::Result<String> {
    let settings = session.get("/api/v1/settings").await?;
    let text = |path: &str| settings.pointer(path).and_then(serde_json::Value::as_str).map(str::to_owned);
    let url = text("/endpoints/s3").context("the store does not report its S3 address")?;
    let region = text("/region").context("the store does not report its region")?;
    let endpoint = Endpoint::of_console(&url, region, &arguments.console)?;
    let writers = people::make(session, &endpoint).await?;
    let filled = async {
        let mut chance = Chance::new(arguments.seed);
        people::make_buckets(&writers, session).await?;
        let steps = plan::steps(&mut chance, arguments.writes);
        fill::run(&writers, &steps, arguments.rate).await
    };
    let filled = filled.await;
    // Their keys were for this only.
    people::take_keys(session, &writers).await?;
    let filled = filled?;
    let users = writers.len();
    Ok(format!("{filled}, by {users} users with {} buckets. The console shows them.", people::BUCKETS.len()))
}
