use std::sync::Arc;

use eventlog::{JetStreamLog, Log};
use events::ids::RegionName;
use ledger::{FoldError, OpenError};

use super::Finding;
use crate::author_key;
use crate::commands::{DoctorArgs, OfflineServer};
use crate::folder::{DataFolder, Paths};
use crate::roles::{Releases, Writers, close_ledger, open_ledger};

const LOG: &str = "log";
const PROJECTION: &str = "projection";
const QUARANTINE: &str = "quarantine";

/// An entry with fewer events after it counts as recent.
const LATELY_EVENTS: u64 = 10_000;

/// The remedy for a log that cannot be repaired here.
const RESTORE: &str = "keep a copy of the data folder, and restore the log from a backup";

/// Checks the log, server and projection of a folder that no process uses.
pub(super) async fn check(folder: &DataFolder, arguments: &DoctorArgs) -> Vec<Finding> {
    let region = match folder.paths().region() {
        Ok(Some(region)) => region,
        Ok(None) => return vec![Finding::ok(LOG, "nothing was ever stored")],
        Err(error) => return vec![Finding::failed(LOG, format!("{error:#}"), "restore the file from a copy")],
    };
    let server = match OfflineServer::start(folder, arguments.nats_url.as_ref(), &arguments.nats_login).await {
        Ok(server) => server,
        Err(error) => return vec![Finding::failed("nats-server", format!("{error:#}"), "see there")],
    };
    let mut findings = vec![version(&server).await];
    match server.log(&region, arguments.nats_login.log_replicas).await {
        Err(error) => findings.push(Finding::failed(LOG, format!("{error:#}"), RESTORE)),
        Ok(log) => {
            findings.push(density(log.as_ref()).await);
            findings.extend(projection(folder.paths(), &region, log, arguments.fix).await);
        }
    }
    server.stop().await;
    findings
}

async fn version(server: &OfflineServer) -> Finding {
    const CHECK: &str = "nats-server";
    match server.version().await {
        Ok(version) => Finding::ok(CHECK, format!("version {version} at {}", server.address())),
        Err(error) => Finding::failed(CHECK, format!("{error:#}"), "check its address and credentials"),
    }
}

async fn density(log: &JetStreamLog) -> Finding {
    match log.tail().await {
        Ok(tail) if tail.is_dense() => Finding::ok(LOG, format!("dense up to {}", tail.last_sequence)),
        Ok(tail) => {
            let what = format!(
                "the log has {} events for the sequences {} to {}",
                tail.events, tail.first_sequence, tail.last_sequence
            );
            Finding::failed(LOG, what, RESTORE)
        }
        Err(error) => Finding::failed(LOG, error.to_string(), "check the NATS server and its disk"),
    }
}

/// Opens the projection like a start, and folds the events that it lacks.
async fn projection(paths: &Paths, region: &RegionName, log: Arc<JetStreamLog>, fix: bool) -> Vec<Finding> {
    if !paths.ledger().is_file() {
        return vec![Finding::ok(PROJECTION, "there is none; the next start creates it from the log")];
    }
    let keyring = match author_key::of_folder(paths) {
        Ok(keyring) => keyring,
        Err(error) => {
            let advice = "without it nobody can verify who wrote the events of the log";
            return vec![Finding::failed(PROJECTION, format!("{error:#}"), advice)];
        }
    };
    let error = match open_ledger(paths, region, Writers::Alone, Releases::Elsewhere, keyring, Arc::clone(&log)).await {
        Ok(ledger) => {
            let applied = ledger.progress().borrow().cursor.sequence;
            let strays = ledger.latest().count_quarantined().and_then(|count| {
                let newest = ledger.latest().quarantined(1)?.pop();
                Ok(quarantine(count, newest.map(|(sequence, row)| (sequence, row.reason.to_string())), applied))
            });
            close_ledger(&ledger).await;
            let folded = Finding::ok(PROJECTION, format!("folded up to {applied}, from this log"));
            return vec![
                folded,
                strays.unwrap_or_else(|error| Finding::failed(QUARANTINE, error.to_string(), RESTORE)),
            ];
        }
        Err(error) => error,
    };
    vec![match error {
        OpenError::LostTail { .. } if fix => restore(paths, region, log.as_ref()).await,
        error => Finding::failed(PROJECTION, error.to_string(), advice(&error, paths)),
    }]
}

/// Reports entries of the log that are not facts, and whether they are recent. They are never removed from the log.
pub(super) fn quarantine(count: u64, newest: Option<(u64, String)>, last: u64) -> Finding {
    let Some((sequence, reason)) = newest else { return Finding::ok(QUARANTINE, "every entry of the log is a fact") };
    let what =
        format!("{count} entries of the log are not facts and are quarantined; the newest is at {sequence}: {reason}");
    let advice = "its publisher has a login of the NATS server: find out who, change the passwords of the NATS \
                  users, and rotate the key of an author that wrote what it may not";
    if sequence + LATELY_EVENTS > last {
        Finding::failed(QUARANTINE, what, advice)
    } else {
        Finding::warning(QUARANTINE, what, advice)
    }
}

async fn restore(paths: &Paths, region: &RegionName, log: &JetStreamLog) -> Finding {
    match ledger::restore_tail(log, &paths.ledger(), region).await {
        Ok(events) => {
            Finding::ok(PROJECTION, format!("the last {events} events, which the log had lost, are restored"))
        }
        Err(error) => Finding::failed(PROJECTION, format!("the lost tail cannot be restored: {error}"), RESTORE),
    }
}

fn advice(error: &OpenError, paths: &Paths) -> String {
    let anew = || format!("move {} away; the next start rebuilds it from the log", paths.ledger().display());
    match error {
        OpenError::LostTail { .. } => {
            "`planetstore doctor --fix` writes the lost events back from the projection's ring".into()
        }
        OpenError::Database { .. } | OpenError::File { .. } => anew(),
        OpenError::Newer { .. } => format!("use the newer planetstore, or {}", anew()),
        OpenError::Diverged { .. } => {
            format!("make sure that this is the right log (--nats-url, --data); if it is, {}", anew())
        }
        OpenError::Fold(error) if error.is_too_old() => "start the newer release".into(),
        OpenError::Full { .. } => "free space on the disk of the data folder; nothing is lost".into(),
        OpenError::OtherKeys | OpenError::Fold(FoldError::OtherKeys { .. } | FoldError::KeyMissing { .. }) => {
            "give this process the key that it names".into()
        }
        OpenError::Holes { .. } | OpenError::Fold(_) | OpenError::Append(_) => RESTORE.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_tail_is_the_one_that_can_be_fixed_here() {
        let paths = Paths::new(std::path::Path::new("data"));
        assert!(advice(&OpenError::LostTail { last: 1, applied: 2 }, &paths).contains("--fix"));
        assert!(advice(&OpenError::Newer { found: 2, known: 1 }, &paths).contains("move data/ledger.redb away"));
        let strays = |newest: Option<u64>, last| quarantine(2, newest.map(|at| (at, "why".into())), last).is_failure();
        assert!(!strays(None, 9) && strays(Some(9), 9) && strays(Some(1), 10_000) && !strays(Some(1), 10_001));
        assert_eq!(advice(&OpenError::Holes { first: 1, last: 3, events: 2 }, &paths), RESTORE);
    }
}
