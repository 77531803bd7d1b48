use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::time::{Duration, Instant};

use rustix::fs::statvfs;

use super::Finding;
use crate::files;
use crate::folder::Paths;
use crate::units::ByteSize;

/// With less free space than this, nodes and log soon run full.
const FREE_BYTES_MIN: u64 = 2 << 30;

/// Writes that are timed.
const SYNCS: usize = 32;

/// Bytes of each write.
const SYNC_BYTES: usize = 4 << 10;

/// A slower median time of a write makes every PUT slow.
const SYNC_TIME_MAX: Duration = Duration::from_millis(20);

/// With a faster median time, the disk most likely answers before it has written.
const SYNC_TIME_MIN: Duration = Duration::from_micros(10);

/// Checks the free space, and the time of a durable write.
pub(super) fn check(paths: &Paths) -> Vec<Finding> {
    vec![space(paths), syncs(paths)]
}

fn space(paths: &Paths) -> Finding {
    const CHECK: &str = "free space";
    match statvfs(paths.folder()) {
        Err(error) => Finding::failed(CHECK, format!("cannot be checked: {error}"), "check the disk and its mount"),
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            if free < FREE_BYTES_MIN {
                let advice = format!("free {} or more, or move the data folder", ByteSize(FREE_BYTES_MIN));
                Finding::warning(CHECK, format!("{} left", ByteSize(free)), advice)
            } else {
                Finding::ok(CHECK, format!("{} left", ByteSize(free)))
            }
        }
    }
}

fn syncs(paths: &Paths) -> Finding {
    match median_sync(paths) {
        Ok(median) => judge(median),
        Err(error) => Finding::failed(
            "fsync",
            format!("a test file cannot be written: {error}"),
            "run as the user that owns the data folder; check the disk and its mount",
        ),
    }
}

fn judge(median: Duration) -> Finding {
    let what = format!("{} bytes are durable after {:.2} ms", SYNC_BYTES, median.as_secs_f64() * 1e3);
    if median > SYNC_TIME_MAX {
        Finding::warning(
            "fsync",
            what,
            "every write waits for two of these; use a disk with a power-loss-protected cache",
        )
    } else if median < SYNC_TIME_MIN {
        Finding::warning(
            "fsync",
            what,
            "no disk is that quick: memory, or an unsafe cache, loses data in a power failure",
        )
    } else {
        Finding::ok("fsync", what)
    }
}

fn median_sync(paths: &Paths) -> std::io::Result<Duration> {
    let path = paths.folder().join("doctor.test");
    files::remove(&path)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    let timed = (0..SYNCS).map(|_| {
        let begun = Instant::now();
        file.write_all(&[0x5A; SYNC_BYTES])?;
        file.sync_data()?;
        Ok(begun.elapsed())
    });
    let times: std::io::Result<Vec<Duration>> = timed.collect();
    files::remove(&path)?;
    let mut times = times?;
    times.sort_unstable();
    Ok(times[SYNCS / 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_measured_and_nothing_is_left() {
        let folder = tempfile::tempdir().unwrap();
        assert!(check(&Paths::new(folder.path())).iter().all(|finding| !finding.is_failure()));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(check(&Paths::new(&folder.path().join("gone"))).iter().all(Finding::is_failure));
        let (slow, good, odd) = (judge(SYNC_TIME_MAX * 2), judge(SYNC_TIME_MIN * 2), judge(Duration::ZERO));
        assert_ne!(slow, good);
        assert_ne!(odd, good);
    }
}
