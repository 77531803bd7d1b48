//! `run.json` in the data folder: the addresses of the process that uses the folder.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::files;

/// The addresses and version of a running process. No secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RunFile {
    /// Its process id.
    pub(crate) pid: u32,
    /// Its version.
    pub(crate) version: String,
    /// The address of S3.
    pub(crate) s3: SocketAddr,
    /// The address of health, metrics and status.
    pub(crate) console: SocketAddr,
    /// The certificate of both, if they use TLS.
    #[serde(default)]
    pub(crate) tls: Option<PathBuf>,
}

impl RunFile {
    /// Reads it; `None` if no process runs, or the last one was stopped.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Option<Self>> {
        let text = files::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let parse = |text: Zeroizing<String>| serde_json::from_str(&text);
        text.map(parse).transpose().with_context(|| format!("{} is damaged: remove it", path.display()))
    }

    /// Writes it; dropping the result removes it. On a full disk the process starts without it, and only commands on
    /// this folder do not find it.
    pub(crate) fn write(&self, path: PathBuf) -> anyhow::Result<WrittenRunFile> {
        let text = serde_json::to_vec_pretty(self).context("cannot write run.json")?;
        match files::write_private(&path, &text) {
            Err(error) if error.kind() == ErrorKind::StorageFull => {
                if let Err(error) = files::overwrite(&path, &text) {
                    tracing::warn!(path = %path.display(), %error, "cannot be written: commands cannot find this process");
                    // An existing file belongs to another process.
                    files::remove(&path).with_context(|| format!("cannot remove {}", path.display()))?;
                }
            }
            written => written.with_context(|| format!("cannot write {}", path.display()))?,
        }
        Ok(WrittenRunFile(path))
    }
}

/// Removes the file when it is dropped.
#[derive(Debug)]
pub(crate) struct WrittenRunFile(PathBuf);

impl Drop for WrittenRunFile {
    fn drop(&mut self) {
        if let Err(error) = files::remove(&self.0) {
            tracing::warn!(path = %self.0.display(), %error, "could not be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_the_place_of_one_that_was_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.json");
        assert!(files::overwrite(&path, b"{}").is_err(), "there is nothing whose room it could take");
        std::fs::write(&path, "x".repeat(100)).unwrap();
        files::overwrite(&path, b"{}").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{}");
    }

    #[test]
    fn it_is_there_for_as_long_as_the_process_wants() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.json");
        assert_eq!(RunFile::read(&path).unwrap(), None);
        let address = "127.0.0.1:9000".parse().unwrap();
        let run = RunFile { pid: 1, version: "0".into(), s3: address, console: address, tls: None };
        let written = run.write(path.clone()).unwrap();
        assert_eq!(RunFile::read(&path).unwrap(), Some(run));
        drop(written);
        assert_eq!(RunFile::read(&path).unwrap(), None);
    }
}
