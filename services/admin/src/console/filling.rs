//! Looks how full the log and the disks are.

use std::collections::BTreeMap;
use std::path::Path;

use eventlog::Log;

use super::growth::{Filled, Growth};
use super::status::{DiskStatus, LOG_TIME_MAX};
use super::{ConsoleState, GatewayView};

/// The disk of the gateway's own data folder, among those that fill: no node has such a name.
const OWN_DISK: &str = "/";

/// Follows how full everything is. It may be dropped at any moment.
pub(super) async fn follow_growth(state: &ConsoleState) {
    let Ok(gateway) = state.gateway() else { return };
    state.growth.follow(|| filled(gateway)).await;
}

/// How full everything is.
async fn filled(gateway: &GatewayView) -> Filled {
    let tail = tokio::time::timeout(LOG_TIME_MAX, gateway.log.tail()).await.ok().and_then(Result::ok);
    let reachable = gateway.membership.nodes().into_iter().filter(|node| node.reachable);
    let mut free_bytes: BTreeMap<String, u64> =
        reachable.map(|node| (node.heartbeat.node.to_string(), node.heartbeat.free_bytes)).collect();
    free_bytes.extend(space(&gateway.folder).map(|(free, _)| (OWN_DISK.to_owned(), free)));
    Filled { log_bytes: tail.map(|tail| tail.bytes), free_bytes }
}

/// How full the disk of the gateway's own data folder is.
pub(super) fn disk_status(folder: &Path, growth: &Growth, now: tokio::time::Instant) -> Option<DiskStatus> {
    let (free_bytes, total_bytes) = space(folder)?;
    let days_until_full = days_until_full(growth, now, OWN_DISK, free_bytes);
    Some(DiskStatus { free_bytes, total_bytes, days_until_full })
}

/// Free bytes of the disk of a folder, and all there are.
fn space(folder: &Path) -> Option<(u64, u64)> {
    let disk = rustix::fs::statvfs(folder);
    let disk = disk.inspect_err(|error| tracing::debug!(%error, "the own disk cannot be read")).ok()?;
    Some((disk.f_bavail.saturating_mul(disk.f_frsize), disk.f_blocks.saturating_mul(disk.f_frsize)))
}

/// Rounded to a tenth of a day.
pub(super) fn days_until_full(growth: &Growth, now: tokio::time::Instant, disk: &str, free_bytes: u64) -> Option<f64> {
    let days = growth.of_disk(now, disk, free_bytes)?.days_until_full(free_bytes)?;
    Some((days * 10.0).round() / 10.0)
}
