//! The way over core NATS: a message may be lost, and nobody waits for one.

use std::time::Duration;

use async_nats::Client;
use events::ids::RegionName;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use jiff::Timestamp;
use tokio::time::{MissedTickBehavior, interval};

use crate::{Aggregate, Meter};

/// How often a process tells what it counted.
const INTERVAL: Duration = Duration::from_secs(1);

/// Bytes of a message that is read.
const MESSAGE_BYTES_MAX: usize = 512 << 10;

/// The subject on which processes tell what they counted.
pub fn requests_subject(region: &RegionName) -> String {
    format!("ps.{region}.telemetry.requests")
}

/// Tells what a meter counted, once a second and for ever. It may be dropped at any moment.
pub async fn publish(meter: &Meter, client: Client, region: RegionName, now: impl Fn() -> Timestamp) {
    let subject = requests_subject(&region);
    let mut seconds = interval(INTERVAL);
    // After a pause the next second is a longer one, and no burst follows.
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        seconds.tick().await;
        let aggregate = meter.take(now());
        let payload = match serde_json::to_vec(&aggregate) {
            Ok(payload) => payload,
            Err(error) => {
                tracing::error!(%error, "the telemetry of this process cannot be serialized");
                continue;
            }
        };
        if let Err(error) = client.publish(subject.clone(), payload.into()).await {
            tracing::debug!(%error, "the telemetry of this process was not sent");
        }
    }
}

/// What all processes of the region tell.
///
/// # Errors
/// The client has ended.
pub async fn collect(
    client: &Client,
    region: &RegionName,
) -> Result<BoxStream<'static, Aggregate>, async_nats::SubscribeError> {
    let messages = client.subscribe(requests_subject(region)).await?;
    Ok(messages.filter_map(|message| std::future::ready(read(&message.payload))).boxed())
}

fn read(payload: &[u8]) -> Option<Aggregate> {
    if payload.len() > MESSAGE_BYTES_MAX {
        return None;
    }
    match serde_json::from_slice(payload) {
        Ok(aggregate) => Some(aggregate),
        Err(error) => {
            // A newer release may say more.
            tracing::debug!(%error, "the telemetry of a process cannot be read");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_passed_over() {
        let whole = serde_json::to_vec(&Aggregate::default()).unwrap();
        assert_eq!(read(&whole), Some(Aggregate::default()));
        for wrong in [&b""[..], b"{}", b"null", &whole[..whole.len() - 1], &vec![b' '; MESSAGE_BYTES_MAX + 1]] {
            assert_eq!(read(wrong), None);
        }
    }
}
