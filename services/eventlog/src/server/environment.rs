//! The environment of a nats-server: only the variables that it needs. The environment of this process also holds
//! root's password and the region's master key.

use std::process::Command;

/// Variables that are passed on: where programs and time zones are found, and how Go's runtime is to behave.
const PASSED_ON: [&str; 8] = ["PATH", "TZ", "TMPDIR", "GODEBUG", "GOGC", "GOMAXPROCS", "GOMEMLIMIT", "GOTRACEBACK"];

/// Empties the environment of a program that is to be run but for [`PASSED_ON`].
pub(super) fn emptied(command: &mut Command) -> &mut Command {
    let kept = PASSED_ON.iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
    command.env_clear().envs(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_what_is_passed_on_is_seen() {
        let output = emptied(Command::new("/usr/bin/env").env("PLANETSTORE_ROOT_PASSWORD", "secret")).output().unwrap();
        let seen = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && seen.contains("PATH="), "{seen}");
        let names: Vec<_> = seen.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
        assert!(names.iter().all(|name| PASSED_ON.contains(name)), "{names:?}");
    }
}
