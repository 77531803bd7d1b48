//! What a process tells of itself beside the log: its log lines, whatever it runs.

use std::path::Path;

use events::ids::RegionName;

use crate::logs;
use crate::process::{Process, Running};

/// The files of errors and warnings, below the data folder of a process.
const ERRORS: [&str; 2] = ["telemetry", "errors"];

/// Starts to tell the log lines of this process, and to keep its errors and warnings, unless it does already. It is
/// stopped late, so that it keeps what the others say at last.
pub(super) fn tell_logs(
    process: &mut Process,
    client: async_nats::Client,
    region: &RegionName,
    role: &str,
    folder: &Path,
) {
    let Some(source) = logs::take_source() else { return };
    let file = ERRORS.iter().fold(folder.to_owned(), |path, part| path.join(part));
    let (region, role) = (region.clone(), role.to_owned());
    process.add(Running::droppable("log lines", async move {
        telemetry::tell_logs(source, client, region, role, file).await;
        // Nothing rests on it.
        std::future::pending().await
    }));
}
