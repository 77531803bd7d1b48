//! Records of refused requests, failed logins and reads: the stream, and the way onto it.

use std::time::Duration;

use ::accesslog::{AccessLog, Recorder, write};
use async_nats::Client;
use eventlog::{SideLimits, SideStream};
use events::ids::RegionName;
use tokio::sync::watch;

use super::gateway::S3Args;
use crate::nats::NatsEndpoint;
use crate::process::{Process, Running};

/// The pause before a stream that cannot be made is tried again, at first and at most.
const PAUSE: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_mins(5);

/// Starts to write what is recorded; `None` if nothing is to be recorded. Nothing waits for the stream.
pub(super) async fn start(
    s3: &S3Args,
    endpoint: &NatsEndpoint,
    region: &RegionName,
    replicas: u8,
    process: &mut Process,
) -> anyhow::Result<Option<AccessLog>> {
    if s3.access_log_bytes.0 == 0 {
        return Ok(None);
    }
    let age_max = Duration::from_hours(24) * u32::from(s3.access_log_days);
    let limits = SideLimits { replicas, bytes_max: s3.access_log_bytes.0, age_max };
    let (client, region) = (endpoint.connect("gateway access log").await?, region.clone());
    let (opened, stream) = watch::channel(None);
    let log = AccessLog { recorder: Recorder::default(), stream };
    let writing = write(log.clone());
    process.add(Running::droppable("access log", async move {
        let opening = async {
            opened.send_replace(Some(open(client, &region, limits).await));
        };
        tokio::join!(opening, writing);
        Ok(())
    }));
    Ok(Some(log))
}

/// Makes the stream, as soon as the server lets it.
async fn open(client: Client, region: &RegionName, limits: SideLimits) -> SideStream {
    let mut pause = PAUSE;
    loop {
        match SideStream::open(client.clone(), region, limits).await {
            Ok(stream) => return stream,
            Err(error) => tracing::warn!(%error, "refused requests are not recorded: there is no stream for them yet"),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}
