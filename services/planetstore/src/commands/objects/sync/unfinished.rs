//! A small file with the uploads under way between two places. A run that follows one that was killed goes on with them.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::files;

/// An upload that was begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Begun {
    /// Its id at the target.
    pub(super) upload: String,
    /// What its bytes are: others do not go on with it.
    pub(super) of: String,
}

/// The uploads under way, by the keys of their objects.
pub(super) struct Unfinished {
    /// `None` if nothing is kept: nobody has a home, or nothing is sent.
    path: Option<PathBuf>,
    /// Locked while this process runs.
    _lock: Option<File>,
    uploads: Mutex<BTreeMap<String, Begun>>,
}

/// Where programs keep what they know between runs.
///
/// Source: XDG Base Directory Specification, `XDG_STATE_HOME`.
fn folder() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let state = set("XDG_STATE_HOME").or_else(|| set("HOME").map(|home| home.join(".local/state")));
    state.map(|state| state.join("planetstore"))
}

impl Unfinished {
    /// Nothing is kept.
    pub(super) fn none() -> Self {
        Self { path: None, _lock: None, uploads: Mutex::default() }
    }

    /// What is kept of these two places.
    ///
    /// # Errors
    /// If another process synchronises them.
    pub(super) fn of(identity: &str) -> anyhow::Result<Self> {
        match folder() {
            Some(folder) => Self::in_folder(&folder, identity),
            None => Ok(Self::none()),
        }
    }

    fn in_folder(folder: &std::path::Path, identity: &str) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let name = hex::encode(&Sha256::digest(identity)[..16]);
        let path = folder.join(format!("sync-{name}.json"));
        let lock_path = path.with_extension("lock");
        let cannot = || format!("cannot lock {}", lock_path.display());
        let lock = File::create(&lock_path).with_context(cannot)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!("another sync between these two is running"),
            Err(TryLockError::Error(error)) => return Err(error).with_context(cannot),
        }
        let read = files::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let uploads = match read.map(|text| serde_json::from_str(&text)) {
            None => BTreeMap::new(),
            Some(Ok(uploads)) => uploads,
            Some(Err(error)) => {
                tracing::warn!(path = %path.display(), %error, "the list of unfinished uploads is damaged: they start over");
                BTreeMap::new()
            }
        };
        Ok(Self { path: Some(path), _lock: Some(lock), uploads: Mutex::new(uploads) })
    }

    pub(super) fn find(&self, key: &str) -> Option<Begun> {
        self.uploads.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    pub(super) fn begin(&self, key: &str, begun: Begun) -> anyhow::Result<()> {
        self.change(|uploads| drop(uploads.insert(key.to_owned(), begun)))
    }

    pub(super) fn end(&self, key: &str) -> anyhow::Result<()> {
        self.change(|uploads| drop(uploads.remove(key)))
    }

    fn change(&self, change: impl FnOnce(&mut BTreeMap<String, Begun>)) -> anyhow::Result<()> {
        let mut uploads = self.uploads.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut uploads);
        let Some(path) = &self.path else { return Ok(()) };
        let written = if uploads.is_empty() {
            files::remove(path)
        } else {
            files::write_private(path, &serde_json::to_vec(&*uploads).context("cannot write the uploads")?)
        };
        written.with_context(|| format!("cannot write {}", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uploads_are_found_by_the_next_process_and_by_one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let open = |identity: &str| Unfinished::in_folder(folder.path(), identity);
        let begun = Begun { upload: "1".into(), of: "x".into() };
        let first = open("a").unwrap();
        first.begin("key", begun.clone()).unwrap();
        first.begin("other", begun.clone()).unwrap();
        first.end("other").unwrap();
        assert!(open("a").is_err_and(|error| error.to_string().contains("another sync")));
        assert_eq!(open("b").unwrap().find("key"), None);
        drop(first);
        let next = open("a").unwrap();
        assert_eq!((next.find("key"), next.find("other")), (Some(begun), None));
        next.end("key").unwrap();
        drop(next);
        assert!(
            !std::fs::read_dir(folder.path())
                .unwrap()
                .any(|entry| { entry.unwrap().path().extension().is_some_and(|extension| extension == "json") })
        );
    }
}
