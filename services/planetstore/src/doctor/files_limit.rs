use rustix::process::{Resource, getrlimit};

use super::Finding;

/// With fewer open files than this, many clients at once reach the limit.
const FILES_MIN: u64 = 4_096;

/// How many files a process may have open, once it has raised its limit to the maximum.
pub(super) fn check() -> Finding {
    judge(getrlimit(Resource::Nofile).maximum)
}

fn judge(files: Option<u64>) -> Finding {
    match files {
        Some(files) if files < FILES_MIN => Finding::warning(
            "open files",
            format!("the limit of open files is {files} per process"),
            format!("raise it to {FILES_MIN} or more (`ulimit -Hn`, or LimitNOFILE= in the service unit)"),
        ),
        Some(files) => Finding::ok("open files", format!("the limit is {files} per process")),
        None => Finding::ok("open files", "no limit"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_low_limit_is_told() {
        assert_ne!(judge(Some(FILES_MIN - 1)), judge(Some(FILES_MIN)));
        assert!(!judge(None).is_failure());
    }
}
