//! The decisions about a server that cannot write: when its log is closed to appends, and when it is restarted.
//!
//! After one write that failed, nats-server fails every write until it is restarted, and answers no publish: its sender
//! does not know the outcome. A restart shows the outcome. While the disk is full, appends are turned away before they
//! reach the server, so that it goes on serving everything else.

use std::io;
use std::time::{Duration, Instant};

use super::room::Room;
use crate::gate::Shut;

/// The time after a failed write in which another one counts as the same failure.
const CALM_TIME: Duration = Duration::from_mins(1);

/// Pause before the second restart in a row; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// Longest pause before a restart.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// The result of a check of the server and its disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The log takes events.
    Writable,
    /// The log takes few events or none, for this reason.
    Closed(Shut),
    /// The log takes no events, and the server is to be restarted.
    Restart(String),
}

/// The findings over all runs of the server.
#[derive(Debug, Default)]
pub(super) struct Health {
    /// Failures in a row.
    failures: u32,
    /// The time at which the last failure was seen.
    failed: Option<Instant>,
    /// The time at which the server is to be restarted because of it.
    restart_at: Option<Instant>,
    is_short: bool,
}

impl Health {
    /// Takes in what is seen at `now`: the room on the disk, and what this run of the server said about a write that
    /// failed, if one did.
    pub(super) fn look(&mut self, now: Instant, room: io::Result<Room>, failure: Option<String>) -> Verdict {
        if let Some(failure) = failure {
            let at = *self.restart_at.get_or_insert_with(|| {
                let in_a_row = self.failed.is_some_and(|before| now.duration_since(before) < CALM_TIME);
                self.failures = if in_a_row { self.failures + 1 } else { 1 };
                self.failed = Some(now);
                now + pause(self.failures)
            });
            let why = format!("the log cannot be written: {failure}");
            if now < at {
                return Verdict::Closed(Shut::ToAll(why.into()));
            }
            self.restart_at = None;
            return Verdict::Restart(why);
        }
        let shortage = match room {
            Ok(room) => room.shortage(self.is_short),
            Err(error) => {
                Some(Shut::ToAll(format!("the disk of the log cannot be asked for its room: {error}").into()))
            }
        };
        self.is_short = shortage.is_some();
        shortage.map_or(Verdict::Writable, Verdict::Closed)
    }

    /// Whether the disk was full at the last check.
    pub(super) fn is_short(&self) -> bool {
        self.is_short
    }

    /// The run of the server that was looked at has ended.
    pub(super) fn run_ended(&mut self) {
        self.restart_at = None;
    }
}

fn pause(failures: u32) -> Duration {
    match failures.checked_sub(2) {
        None => Duration::ZERO,
        Some(doublings) => FIRST_PAUSE.saturating_mul(1 << doublings.min(10)).min(PAUSE_MAX),
    }
}

/// Returns whether a line of nats-server says that it has stopped writing (server/filestore.go and server/stream.go:
/// `setWriteErr`; server/stream.go and server/jetstream.go: JetStream disabled).
pub(super) fn is_write_failure(line: &str) -> bool {
    ["ritical write error", "disabling JetStream", "will be DISABLED"].iter().any(|words| line.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLENTY: Room = Room { bytes: 1 << 40, files: None };
    const LITTLE: Room = Room { bytes: 1 << 20, files: None };

    fn healthy(health: &mut Health, now: Instant, room: Room) -> Verdict {
        health.look(now, Ok(room), None)
    }

    fn failed(health: &mut Health, now: Instant, room: Room) -> Verdict {
        health.look(now, Ok(room), Some("no space left on device".into()))
    }

    fn is_restart(verdict: &Verdict) -> bool {
        matches!(verdict, Verdict::Restart(why) if why.contains("no space left"))
    }

    #[test]
    fn a_full_disk_closes_the_log_and_leaves_the_server_alone() {
        let (mut health, now) = (Health::default(), Instant::now());
        assert_eq!(healthy(&mut health, now, PLENTY), Verdict::Writable);
        assert!(matches!(healthy(&mut health, now, LITTLE), Verdict::Closed(Shut::ToAll(why)) if why.contains("full")));
        assert!(health.is_short());
        assert!(matches!(health.look(now, Err(io::ErrorKind::NotFound.into()), None), Verdict::Closed(_)));
        assert_eq!(healthy(&mut health, now, PLENTY), Verdict::Writable);
        assert!(!health.is_short());
    }

    #[test]
    fn a_server_that_cannot_write_is_restarted_at_once_and_then_ever_later() {
        let (mut health, mut now) = (Health::default(), Instant::now());
        assert!(is_restart(&failed(&mut health, now, LITTLE)));
        let mut pauses = Vec::new();
        for _ in 0..8 {
            assert_eq!(healthy(&mut health, now, PLENTY), Verdict::Writable, "it runs anew");
            let since = now;
            while !is_restart(&failed(&mut health, now, PLENTY)) {
                assert!(matches!(failed(&mut health, now, PLENTY), Verdict::Closed(_)));
                now += Duration::from_millis(50);
            }
            pauses.push(now - since);
        }
        assert_eq!(pauses[0], FIRST_PAUSE);
        assert_eq!(pauses[1], FIRST_PAUSE * 2);
        assert_eq!(pauses[7], PAUSE_MAX);
        now += CALM_TIME;
        assert!(is_restart(&failed(&mut health, now, PLENTY)), "long after the last");
    }

    #[test]
    fn a_run_that_ended_by_itself_takes_its_restart_with_it() {
        let (mut health, now) = (Health::default(), Instant::now());
        assert!(is_restart(&failed(&mut health, now, PLENTY)));
        assert!(matches!(failed(&mut health, now, PLENTY), Verdict::Closed(_)));
        health.run_ended();
        assert_eq!(healthy(&mut health, now, PLENTY), Verdict::Writable);
        let later = now + PAUSE_MAX;
        assert!(matches!(failed(&mut health, later, PLENTY), Verdict::Closed(_)), "a new one has a pause of its own");
    }

    #[test]
    fn what_nats_server_says_of_a_failed_write_is_known() {
        for line in [
            "[1] [ERR] Filestore [EVENTS_a] Critical write error: write /x/1.blk: no space left on device",
            "[1] [ERR] JetStream stream 'P > EVENTS_a' critical write error: write /x/1.blk: no space left on device",
            "[1] [WRN] Filesystem permission denied while writing msg, disabling JetStream: open /x",
            "[1] [ERR] JetStream out of space resources, will be DISABLED",
        ] {
            assert!(is_write_failure(line), "{line}");
        }
        assert!(!is_write_failure("[1] [WRN] Error writing stream state: no space left on device"));
        assert!(!is_write_failure("[1] [INF] Server is ready"));
    }
}
