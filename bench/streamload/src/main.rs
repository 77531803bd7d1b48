//! Reads the events of a store as programs outside of it do: by a durable consumer over NATS, or over WebSockets.
//!
//! Input: an address, a login and a number of events. Output: `ready` once all readers are subscribed, then one JSON line
//! with the number of events that every reader got and the seconds from the first to the last. With `--arrivals`, a file
//! has a line for each event of the first reader: the object's key and the time in nanoseconds since the Unix epoch.

mod arrivals;
mod nats;
mod websocket;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use serde_json::json;

use crate::arrivals::{Arrivals, Count};

/// Reads events, and prints how many came and how fast.
#[derive(Debug, Parser)]
struct Options {
    #[command(subcommand)]
    door: Door,
}

#[derive(Debug, Subcommand)]
enum Door {
    /// Read durable consumers over NATS
    Nats(nats::Options),
    /// Read over WebSockets
    Ws(websocket::Options),
}

/// What to read and when to stop.
#[derive(Debug, Clone, Args)]
struct Limits {
    /// Stop when every reader has this many events
    #[arg(long)]
    count: u64,
    /// Stop after this many seconds without an event
    #[arg(long, default_value_t = 10.0)]
    patience: f64,
    /// Write the key and the time of arrival of every event of the first reader to this file
    #[arg(long)]
    arrivals: Option<PathBuf>,
}

impl Limits {
    fn patience(&self) -> anyhow::Result<Duration> {
        Ok(Duration::try_from_secs_f64(self.patience)?)
    }

    fn of_reader(&self, number: usize) -> Arrivals {
        Arrivals::new(self.count, if number == 0 { self.arrivals.clone() } else { None })
    }
}

#[tokio::main(worker_threads = 1)]
async fn main() -> anyhow::Result<()> {
    let counts = match Options::parse().door {
        Door::Nats(options) => nats::read(options).await?,
        Door::Ws(options) => websocket::read(options).await?,
    };
    println!("{}", report(&counts));
    Ok(())
}

fn report(counts: &[Count]) -> String {
    let least = counts.iter().map(|count| count.events).min().unwrap_or(0);
    let slowest = counts.iter().map(|count| count.took).max().unwrap_or_default();
    json!({ "readers": counts.len(), "events": least, "seconds": slowest.as_secs_f64() }).to_string()
}
