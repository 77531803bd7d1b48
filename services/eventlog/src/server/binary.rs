use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::ServerError;
use super::environment::emptied;

/// Environment variable with the path of the nats-server to run.
pub const NATS_SERVER_ENV: &str = "PLANETSTORE_NATS_SERVER";

/// The oldest nats-server that will do: before it, several ways to lose what was synced were open.
const OLDEST: Version = Version { major: 2, minor: 15, patch: 0 };

/// A version of nats-server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    major: u32,
    minor: u32,
    patch: u32,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl Version {
    /// Reads what `nats-server --version` prints: `nats-server: v2.15.1`.
    fn parse(output: &str) -> Option<Self> {
        let text = output.trim().strip_prefix("nats-server: v")?;
        let (numbers, _before_release) = text.split_once('-').map_or((text, None), |(n, rest)| (n, Some(rest)));
        let mut numbers = numbers.split('.').map(str::parse);
        let version = Self { major: numbers.next()?.ok()?, minor: numbers.next()?.ok()?, patch: numbers.next()?.ok()? };
        numbers.next().is_none().then_some(version)
    }
}

/// Finds the nats-server to run. One that is named must do; nothing else is tried in its place.
pub(super) fn find(named: Option<&Path>) -> Result<PathBuf, ServerError> {
    let of_env = std::env::var_os(NATS_SERVER_ENV).filter(|path| !path.is_empty()).map(PathBuf::from);
    let path = match named.map(Path::to_owned).or(of_env) {
        Some(path) => path,
        None => on_path(std::env::var_os("PATH").as_deref().unwrap_or_default())
            .ok_or_else(|| ServerError::NotFound { looked: "on PATH".into() })?,
    };
    check(path)
}

fn on_path(path: &OsStr) -> Option<PathBuf> {
    std::env::split_paths(path).map(|folder| folder.join("nats-server")).find(|candidate| candidate.is_file())
}

fn check(path: PathBuf) -> Result<PathBuf, ServerError> {
    let unusable = |what: String| ServerError::Unusable { path: path.clone(), what, oldest: OLDEST };
    if !path.is_file() {
        return Err(ServerError::NotFound { looked: format!("at {}", path.display()) });
    }
    let output = emptied(&mut Command::new(&path)).arg("--version").output();
    let output = output.map_err(|error| unusable(format!("does not run: {error}")))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let version = Version::parse(&said).ok_or_else(|| unusable("is not a nats-server".into()))?;
    if version < OLDEST { Err(unusable(format!("is version {version}"))) } else { Ok(path) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn versions_are_read_and_ordered_as_numbers() {
        let parse = |text| Version::parse(text).map(|v| v.to_string());
        assert_eq!(parse("nats-server: v2.15.1\n").as_deref(), Some("2.15.1"));
        assert_eq!(parse("nats-server: v2.16.0-RC.1\n").as_deref(), Some("2.16.0"));
        for other in ["", "nats-server: v2.15", "nats-server: v2.15.1.1", "v2.15.1", "something else"] {
            assert_eq!(parse(other), None, "{other}");
        }
        assert!(Version::parse("nats-server: v2.9.25").unwrap() < OLDEST);
        assert!(Version::parse("nats-server: v2.15.0").unwrap() >= OLDEST);
    }

    #[test]
    fn what_is_too_old_or_missing_is_refused_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nats-server");
        let missing = find(Some(&path)).unwrap_err().to_string();
        assert!(missing.contains("nats/install"), "{missing}");

        std::fs::write(&path, "#!/bin/sh\necho nats-server: v2.10.2\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        let old = find(Some(&path)).unwrap_err().to_string();
        assert!(old.contains("is version 2.10.2") && old.contains("nats/install"), "{old}");
        assert_eq!(on_path(folder.path().as_os_str()), Some(path));
        assert_eq!(on_path(OsStr::new("/nowhere")), None);
    }
}
