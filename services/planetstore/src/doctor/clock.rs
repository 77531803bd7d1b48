use std::time::{Duration, SystemTime};

use super::Finding;
use crate::folder::Paths;

/// How far the newest file may be in the future: clocks of file systems are coarse.
const AHEAD_MAX: Duration = Duration::from_secs(2);

/// A time in the past, in seconds since 1970: the beginning of 2026.
const PASSED_SECONDS: u64 = 1_767_225_600;

/// Whether the clock is set, and not behind files that were written before: version ids are ordered by it, and
/// signatures expire by it.
pub(super) fn check(paths: &Paths) -> Finding {
    let written = [paths.ledger(), paths.run_file(), paths.version()];
    let newest = written.iter().filter_map(|path| path.metadata().ok()?.modified().ok()).max();
    judge(SystemTime::now(), newest)
}

fn judge(now: SystemTime, newest: Option<SystemTime>) -> Finding {
    const ADVICE: &str = "have a time service (chrony, systemd-timesyncd) set it before the start";
    if now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs() < PASSED_SECONDS {
        return Finding::failed("clock", "the clock was never set", ADVICE);
    }
    let ahead = newest.and_then(|newest| newest.duration_since(now).ok()).filter(|ahead| *ahead > AHEAD_MAX);
    match ahead {
        Some(ahead) => {
            let seconds = ahead.as_secs();
            Finding::failed("clock", format!("the clock is {seconds} s behind the last write"), ADVICE)
        }
        None => Finding::ok("clock", "the clock is not behind the last write"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_unset_or_behind_is_found() {
        let passed = SystemTime::UNIX_EPOCH + Duration::from_secs(PASSED_SECONDS);
        assert!(judge(SystemTime::UNIX_EPOCH, None).is_failure());
        assert!(!judge(passed, None).is_failure());
        assert!(!judge(passed, Some(passed + AHEAD_MAX)).is_failure());
        assert!(judge(passed, Some(passed + AHEAD_MAX * 2)).is_failure());
    }
}
