//! The data folder of a node: its identity and its lock.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use events::ids::NodeId;
use rustix::fs::FlockOperation;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::files::BUCKETS;
use super::segments::SEGMENTS;

/// The format of the data folder that this code reads and writes.
const FORMAT: u32 = 1;
const IDENTITY: &str = "node.json";
const TELEMETRY: &str = "telemetry";
const IDENTITY_DRAFT: &str = "node.json.draft";
const LOCK: &str = "lock";

/// The reason why a data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Another process runs on it.
    #[error("{}: another process uses this data folder", .0.display())]
    InUse(PathBuf),
    /// The folder was written by a newer release.
    #[error("{}: the data folder has format {found}; this version knows formats up to {FORMAT}", .path.display())]
    Newer {
        /// The folder.
        path: PathBuf,
        /// The format of the folder.
        found: u32,
    },
    /// The folder belongs to another node.
    #[error("{}: the data folder belongs to node {found}, not to {wanted}", .path.display())]
    OtherNode {
        /// The folder.
        path: PathBuf,
        /// The node to which the folder belongs.
        found: NodeId,
        /// The node that tried to use it.
        wanted: NodeId,
    },
    /// The folder is incomplete or unreadable, or has content of something else.
    #[error("{}: incomplete data folder: {why}", .path.display())]
    Broken {
        /// The folder.
        path: PathBuf,
        /// The problem.
        why: String,
    },
    /// The operating system refused.
    #[error("{}: {what}: {error}", .path.display())]
    Io {
        /// The folder.
        path: PathBuf,
        /// The operation that failed.
        what: &'static str,
        /// The error of the operating system.
        error: io::Error,
    },
}

/// A node's data folder, locked against other processes until it is dropped.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    id: Uuid,
    _lock: File,
}

#[derive(Serialize, Deserialize)]
struct Identity {
    format: u32,
    node: NodeId,
    folder: Uuid,
}

impl DataFolder {
    /// Opens a node's folder, or creates it with the id `fresh` if it is missing or empty.
    ///
    /// # Errors
    /// If another process uses the folder, or if it is not a complete folder of this node.
    pub fn open(path: &Path, node: &NodeId, fresh: Uuid) -> Result<Self, FolderError> {
        let failed = |what| move |error| FolderError::Io { path: path.to_owned(), what, error };
        fs::create_dir_all(path).map_err(failed("make"))?;
        let path = path.canonicalize().map_err(failed("resolve"))?;
        let lock = lock(&path)?;
        let failed = |what| {
            let path = path.clone();
            move |error| FolderError::Io { path, what, error }
        };
        let id = match fs::read(path.join(IDENTITY)) {
            Ok(identity) => check(&path, node, &identity)?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                refuse_leftovers(&path)?;
                make(&path, node, fresh).map_err(failed("make"))?;
                fresh
            }
            Err(e) => return Err(failed("read node.json")(e)),
        };
        Ok(Self { path, id, _lock: lock })
    }

    /// The absolute path of the folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The id with which the folder was created.
    pub fn id(&self) -> Uuid {
        self.id
    }
}

fn lock(path: &Path) -> Result<File, FolderError> {
    let failed = |error| FolderError::Io { path: path.to_owned(), what: "lock", error };
    let lock = File::options().create(true).append(true).open(path.join(LOCK)).map_err(failed)?;
    match rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(lock),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(FolderError::InUse(path.to_owned())),
        Err(e) => Err(failed(e.into())),
    }
}

fn check(path: &Path, node: &NodeId, identity: &[u8]) -> Result<Uuid, FolderError> {
    #[derive(Deserialize)]
    struct Format {
        format: u32,
    }
    let broken = |why: String| FolderError::Broken { path: path.to_owned(), why };
    let unreadable = |e: serde_json::Error| broken(format!("node.json: {e}"));
    let Format { format } = serde_json::from_slice(identity).map_err(unreadable)?;
    if format > FORMAT {
        return Err(FolderError::Newer { path: path.to_owned(), found: format });
    }
    let identity: Identity = serde_json::from_slice(identity).map_err(unreadable)?;
    if identity.node != *node {
        return Err(FolderError::OtherNode { path: path.to_owned(), found: identity.node, wanted: node.clone() });
    }
    match [SEGMENTS, BUCKETS].into_iter().find(|part| !path.join(part).is_dir()) {
        Some(part) => Err(broken(format!("{part} is missing"))),
        None => Ok(identity.folder),
    }
}

/// Checks that a folder without an identity is empty, or as a crash left it during its creation.
fn refuse_leftovers(path: &Path) -> Result<(), FolderError> {
    let failed = |error| FolderError::Io { path: path.to_owned(), what: "list", error };
    let broken = |why: String| FolderError::Broken { path: path.to_owned(), why };
    for entry in fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        match entry.file_name().to_str() {
            Some(LOCK | IDENTITY_DRAFT | TELEMETRY | "lost+found") => {}
            Some(SEGMENTS | BUCKETS) => {
                if fs::read_dir(entry.path()).map_err(failed)?.next().is_some() {
                    return Err(broken(format!("{} has content, but {IDENTITY} is missing", entry.path().display())));
                }
            }
            _ => return Err(broken(format!("{} was not expected", entry.path().display()))),
        }
    }
    Ok(())
}

/// Creates the parts first and the identity last, so that a folder with an identity is complete.
fn make(path: &Path, node: &NodeId, folder: Uuid) -> io::Result<()> {
    for part in [SEGMENTS, BUCKETS] {
        match fs::create_dir(path.join(part)) {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(e),
            _ => {}
        }
    }
    File::open(path)?.sync_all()?;
    let identity = serde_json::to_vec_pretty(&Identity { format: FORMAT, node: node.clone(), folder })?;
    let draft = path.join(IDENTITY_DRAFT);
    let mut file = File::create(&draft)?;
    file.write_all(&identity)?;
    file.sync_all()?;
    fs::rename(&draft, path.join(IDENTITY))?;
    File::open(path)?.sync_all()?;
    // This syncs the name of the folder itself. The folders above existed before, or are the operator's concern.
    path.parent().map_or(Ok(()), |parent| File::open(parent)?.sync_all())
}
