//! CPU time of processes, found by their command lines.

use std::fs;
use std::path::Path;

/// Fields of `/proc/PID/stat` after the name, counted from the state: time in user mode and in the kernel.
///
/// Source: proc(5).
const USER_FIELD: usize = 11;
const SYSTEM_FIELD: usize = 12;

/// The CPU seconds used so far by every process whose command line contains one of `parts`; this process does not
/// count.
pub fn cpu_seconds(parts: &[String]) -> f64 {
    let own = std::process::id().to_string();
    let ticks: u64 = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().to_str().is_some_and(|name| name != own && name.parse::<u32>().is_ok()))
        .filter(|entry| is_named(&entry.path(), parts))
        .map(|entry| ticks(&entry.path()))
        .sum();
    #[allow(clippy::cast_precision_loss, reason = "a figure for people")]
    let seconds = ticks as f64 / rustix::param::clock_ticks_per_second() as f64;
    seconds
}

fn is_named(process: &Path, parts: &[String]) -> bool {
    let line = fs::read(process.join("cmdline")).unwrap_or_default();
    let line = String::from_utf8_lossy(&line).replace('\0', " ");
    parts.iter().any(|part| line.contains(part.as_str()))
}

/// Zero for a process that has just ended.
fn ticks(process: &Path) -> u64 {
    let stat = fs::read_to_string(process.join("stat")).unwrap_or_default();
    ticks_of_stat(&stat).unwrap_or_default()
}

fn ticks_of_stat(stat: &str) -> Option<u64> {
    // The name may contain spaces and parentheses, so the fields are counted from the last closing one.
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
    Some(fields.get(USER_FIELD)?.parse::<u64>().ok()? + fields.get(SYSTEM_FIELD)?.parse::<u64>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_counted_whatever_the_name() {
        let stat = "12 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 30 12 0 0 20 0 1 0 100";
        assert_eq!(ticks_of_stat(stat), Some(42));
        assert_eq!(ticks_of_stat("12 (gone"), None);
    }
}
