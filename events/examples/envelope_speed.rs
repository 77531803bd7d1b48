//! Measures the typed envelope against building and parsing the same event with `cloudevents-sdk`.
//!
//! ```sh
//! cargo run -p events --example envelope_speed --config profile.dev.opt-level=3
//! ```
#![allow(clippy::unwrap_used, reason = "the events are fixed values, and a failure should end the measurement")]

use std::hint::black_box;
use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use cloudevents::{AttributesReader as _, Data, EventBuilder as _, EventBuilderV10};
use events::ids::RegionName;
use events::{Event, Fact};

#[path = "../tests/events/consumer_samples.rs"]
mod consumer_samples;
#[path = "../tests/events/encryption_samples.rs"]
mod encryption_samples;
#[path = "../tests/events/identity_samples.rs"]
mod identity_samples;
#[path = "../tests/events/lease_samples.rs"]
mod lease_samples;
#[path = "../tests/events/link_samples.rs"]
mod link_samples;
#[path = "../tests/events/placed_samples.rs"]
mod placed_samples;
#[path = "../tests/events/replication_samples.rs"]
mod replication_samples;
#[path = "../tests/events/samples.rs"]
mod samples;
#[path = "../tests/events/secret_samples.rs"]
mod secret_samples;
#[path = "../tests/events/shard_samples.rs"]
mod shard_samples;
#[path = "../tests/events/shared_samples.rs"]
mod shared_samples;
#[path = "../tests/events/target_samples.rs"]
mod target_samples;

/// The duration of one round.
const ROUND: Duration = Duration::from_millis(2);
/// Rounds per figure. The best counts; they are short enough that some run undisturbed on a busy machine.
const ROUNDS: usize = 500;
/// Calls between two readings of the clock.
const CALLS: u32 = 50;

fn main() -> io::Result<()> {
    let (mut out, region) = (io::stdout().lock(), samples::region());
    writeln!(
        out,
        "{:<28}{:>7}{:>12}{:>12}{:>12}{:>12}",
        "event", "bytes", "encode ns", "sdk ns", "decode ns", "sdk ns"
    )?;
    for sample in samples::samples() {
        let Fact::ObjectCreated(_) = &sample.event.fact else { continue };
        let event = &sample.event;
        let bytes = event.encode(&region).unwrap();
        let figures = [
            nanoseconds(|| event.encode(&region).unwrap()),
            nanoseconds(|| encode_with_sdk(event, &region)),
            nanoseconds(|| Event::decode(&bytes).unwrap()),
            nanoseconds(|| decode_with_sdk(&bytes)),
        ];
        write!(out, "{:<28}{:>7}", sample.file_name, bytes.len())?;
        for figure in figures {
            write!(out, "{figure:>12}")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// The duration of a call in nanoseconds.
#[expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]
fn nanoseconds<T>(call: impl Fn() -> T) -> u128 {
    let round = || {
        let (start, mut calls) = (Instant::now(), 0);
        while start.elapsed() < ROUND {
            (0..CALLS).for_each(|_| drop(black_box(call())));
            calls += u128::from(CALLS);
        }
        start.elapsed().as_nanos() / calls
    };
    (0..ROUNDS).map(|_| round()).min().unwrap_or_default()
}

fn encode_with_sdk(event: &Event, region: &RegionName) -> Vec<u8> {
    let origin = &event.origin;
    let mut builder = EventBuilderV10::new()
        .id(event.id.to_string())
        .source(format!("planetstore://{region}/buckets/{}", event.fact.scope().name))
        .ty(event.fact.kind().event_type)
        .time(event.time.to_string())
        .extension("sequence", format!("{:020}", event.sequence))
        .extension("previoushash", event.previous.to_string())
        .extension("authtype", "api_key")
        .extension("authid", origin.principal.id.as_str())
        .extension("correlationid", origin.request_id.as_str())
        .data("application/json", serde_json::to_value(&event.fact).unwrap());
    if let Some(key) = event.fact.key() {
        builder = builder.subject(key.to_string());
    }
    if let Some(trace) = &origin.traceparent {
        builder = builder.extension("traceparent", trace.as_str());
    }
    serde_json::to_vec(&builder.build().unwrap()).unwrap()
}

/// Decodes as much as the typed decoder does: the fact, and the id as a UUID.
fn decode_with_sdk(bytes: &[u8]) -> (events::ids::EventId, events::object::Created) {
    let mut event: cloudevents::Event = serde_json::from_slice(bytes).unwrap();
    let (_, _, Some(Data::Json(data))) = event.take_data() else { panic!("the SDK reads our data as JSON") };
    (event.id().parse().unwrap(), serde_json::from_value(data).unwrap())
}
