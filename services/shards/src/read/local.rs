//! Short-circuit reads: a node on this host replies with the location of a shard, whose pieces are read from its file.
//!
//! The reply may come from an attacker who has the node's credentials. So a file is opened only below the folders that
//! the operator configured, not through a link, without blocking, and only if it is a regular file; and no read waits
//! for the disk longer than [`DEADLINE`].
//!
//! Source: HDFS short-circuit local reads (HDFS-347), here by path in place of a passed descriptor; openat2(2).

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use events::ids::NodeId;
use rustix::buffer::spare_capacity;
use rustix::fs::{CWD, FileType, Mode, OFlags, ResolveFlags, fstat, openat, openat2};
use rustix::io::{Errno, pread};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use crate::code::piece::{Form, Piece};
use crate::meter;
use crate::node::membership::Membership;
use crate::protocol::FileLocation;
use crate::read::buffer_pool::BufferPool;

/// How long a node is asked for bytes after its files could not be read.
const REFUSED: Duration = Duration::from_mins(1);

/// The most open files of nodes. Beyond that, nodes are asked for bytes.
const FILES_MAX: usize = 1024;

/// The most threads that open and read files of nodes at a time. A disk that does not answer blocks the threads that
/// wait for it, and no more than these.
const THREADS_MAX: usize = 64;

/// The deadline for opening a file or reading a piece from it; after it, the node is asked for bytes.
const DEADLINE: Duration = Duration::from_secs(2);

/// The permission to read files of nodes directly: on one host, below some folders.
#[derive(Debug, Clone)]
pub struct ShortCircuit {
    host: Uuid,
    roots: Arc<[PathBuf]>,
}

impl ShortCircuit {
    /// Permits files of nodes on the host with boot id `host` ([`boot_id`](crate::host::boot_id())), below `roots`,
    /// which must exist.
    ///
    /// # Errors
    /// If one of the folders cannot be found.
    pub fn new(host: Uuid, roots: &[PathBuf]) -> io::Result<Self> {
        Ok(Self { host, roots: roots.iter().map(|root| root.canonicalize()).collect::<io::Result<_>>()? })
    }
}

/// Direct access to the files of nodes on this host.
#[derive(Debug)]
pub(crate) struct LocalAccess {
    allowed: Option<ShortCircuit>,
    refused: Mutex<HashMap<NodeId, Instant>>,
    files: Arc<Semaphore>,
    threads: Arc<Semaphore>,
    buffer_pool: Arc<BufferPool>,
    deadline: Duration,
}

/// The reason why a file is not read directly.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unusable {
    /// The file is not below one of the folders.
    #[error("it is outside of the folders whose files may be read here")]
    Outside,
    /// The path is a pipe, a device or a folder.
    #[error("it is not a regular file")]
    NotRegular,
    /// The disk did not answer within the deadline.
    #[error("it does not answer")]
    Late,
    /// The file cannot be opened, or its path has a link.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Unusable {
    /// The reason as a metrics label.
    fn as_str(&self) -> &'static str {
        match self {
            Self::Outside => "outside",
            Self::NotRegular => "not_regular",
            Self::Late => "late",
            Self::Io(_) => "io",
        }
    }

    /// Whether an honest node may have named such a file: a node in another container may.
    pub(crate) fn may_be_honest(&self) -> bool {
        matches!(self, Self::Late | Self::Io(_))
    }
}

impl LocalAccess {
    pub(crate) fn new(allowed: Option<ShortCircuit>) -> Self {
        let allowed = allowed.filter(|allowed| !allowed.roots.is_empty());
        let (files, threads) = (Arc::new(Semaphore::new(FILES_MAX)), Arc::new(Semaphore::new(THREADS_MAX)));
        Self { allowed, refused: Mutex::default(), files, threads, buffer_pool: Arc::default(), deadline: DEADLINE }
    }

    /// The boot id of this host, if `node` runs on it and its files were not refused lately.
    pub(crate) fn host_of(&self, node: &NodeId, membership: &Membership, now: Instant) -> Option<Uuid> {
        let host = self.allowed.as_ref().map(|allowed| allowed.host);
        let host = host.filter(|host| membership.is_on_host(node, *host))?;
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let recently = refused.get(node).is_some_and(|since| now.duration_since(*since) < REFUSED);
        (!recently).then_some(host)
    }

    /// A permit to open one more file, if not too many are open.
    pub(crate) fn try_permit(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.files).try_acquire_owned().ok()
    }

    /// Opens the file at `location`. It holds `permit` as long as it is open.
    pub(crate) async fn open(
        &self,
        location: FileLocation,
        permit: OwnedSemaphorePermit,
    ) -> Result<LocalShard, Unusable> {
        let roots = self.allowed.as_ref().map(|allowed| Arc::clone(&allowed.roots)).unwrap_or_default();
        let buffer_pool = Arc::clone(&self.buffer_pool);
        let opened = self.within_deadline(move || LocalShard::open(&roots, location, buffer_pool, Some(permit))).await;
        opened.unwrap_or(Err(Unusable::Late))
    }

    /// Runs a job on a thread that may block. `None` if that takes longer than the deadline; the thread then keeps its
    /// permit until the job is done.
    pub(crate) async fn within_deadline<R: Send + 'static>(
        &self,
        job: impl FnOnce() -> R + Send + 'static,
    ) -> Option<R> {
        let done = async {
            let thread = Arc::clone(&self.threads).acquire_owned().await.ok()?;
            let run = tokio::task::spawn_blocking(move || {
                let done = job();
                drop(thread);
                done
            });
            run.await.ok()
        };
        timeout(self.deadline, done).await.ok().flatten()
    }

    /// Records that a file of `node` could not be read, as between containers on one host.
    pub(crate) fn refuse(&self, node: &NodeId, why: &Unusable, now: Instant) {
        meter::local_refused(why.as_str());
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).insert(node.clone(), now);
    }
}

/// The open file of a shard.
#[derive(Debug)]
pub(crate) struct LocalShard {
    file: File,
    location: FileLocation,
    buffer_pool: Arc<BufferPool>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl LocalShard {
    fn open(
        roots: &[PathBuf],
        location: FileLocation,
        buffer_pool: Arc<BufferPool>,
        permit: Option<OwnedSemaphorePermit>,
    ) -> Result<Self, Unusable> {
        Ok(Self { file: open_below(roots, Path::new(&location.path))?, location, buffer_pool, _permit: permit })
    }

    /// Reads piece `index`, which must have this format; `None` if the shard has no such piece or the bytes are not a
    /// piece. The caller verifies the checksum or the tag.
    pub(crate) fn read(&self, index: u32, form: Form) -> io::Result<Option<Piece>> {
        if index >= self.location.pieces {
            return Ok(None);
        }
        let (offset, bytes) = self.location.piece(index);
        let length = form.header_bytes() + bytes;
        let mut wire = self.buffer_pool.take(length);
        while wire.len() < length {
            let at = offset + wire.len() as u64;
            match pread(&self.file, spare_capacity(&mut wire), at) {
                Ok(0) => break,
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        // The buffer may have more capacity than requested, and the file may have more bytes.
        wire.truncate(length);
        Ok(Piece::take(&mut self.buffer_pool.wrap(wire)).ok())
    }
}

/// Opens a regular file below one of the `roots`, which are absolute and free of links. A pipe without a writer, and a
/// link anywhere below the root, are errors at once.
fn open_below(roots: &[PathBuf], path: &Path) -> Result<File, Unusable> {
    let below = roots.iter().find_map(|root| Some((root, path.strip_prefix(root).ok()?)));
    let (root, rest) = below.ok_or(Unusable::Outside)?;
    let root = openat(CWD, root, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty());
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::NOCTTY | OFlags::CLOEXEC;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    let file = openat2(root.map_err(io::Error::from)?, rest, flags, Mode::empty(), resolve).map_err(io::Error::from)?;
    let mode = fstat(&file).map_err(io::Error::from)?.st_mode;
    if FileType::from_raw_mode(mode).is_file() { Ok(file.into()) } else { Err(Unusable::NotRegular) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::unix::fs::symlink;

    use rustix::fs::mknodat;

    use crate::code::piece::UNIT_BYTES;

    fn open(root: &Path, path: impl AsRef<Path>) -> Result<File, Unusable> {
        open_below(&[root.to_owned()], path.as_ref())
    }

    #[test]
    fn pieces_are_read_from_their_location() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let shard = Uuid::from_u128(9);
        let pieces = [Piece::new(shard, 0, vec![1; UNIT_BYTES].into()), Piece::new(shard, 1, vec![2; 100].into())];
        let path = root.join("shard");
        let mut file = File::create(&path).unwrap();
        file.write_all(b"before").unwrap();
        for piece in &pieces {
            file.write_all(&piece.header()).unwrap();
            file.write_all(&piece.bytes).unwrap();
        }
        file.write_all(b"something else behind it").unwrap();
        let path = path.to_str().unwrap().to_owned();
        let location = FileLocation { path, offset: 6, stride: 262_160, pieces: 2, last_bytes: 100 };
        let open =
            |location: FileLocation| LocalShard::open(std::slice::from_ref(&root), location, Arc::default(), None);
        let local = open(location.clone()).unwrap();
        for piece in pieces {
            let read = local.read(piece.index, Form::Plain).unwrap().unwrap();
            assert!(read == piece && read.is_intact(shard, piece.index));
        }
        assert_eq!(local.read(2, Form::Plain).unwrap(), None);
        let beyond = open(FileLocation { pieces: 5, ..location.clone() }).unwrap();
        assert_eq!(beyond.read(4, Form::Plain).unwrap(), None, "the file ends before it");
        let missing = root.join("missing").to_str().unwrap().to_owned();
        assert!(matches!(open(FileLocation { path: missing, ..location }), Err(Unusable::Io(_))));
    }

    #[test]
    fn only_regular_files_below_a_root_are_opened_and_nothing_is_waited_for() {
        let (inner, outer) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let root = inner.path().canonicalize().unwrap();
        let secret = outer.path().canonicalize().unwrap().join("secret");
        std::fs::write(&secret, "secret").unwrap();
        std::fs::create_dir(root.join("folder")).unwrap();
        std::fs::write(root.join("folder/shard"), "shard").unwrap();
        assert!(open(&root, root.join("folder/shard")).is_ok());

        assert!(matches!(open(&root, &secret), Err(Unusable::Outside)));
        let sibling = format!("{}-other/shard", root.display());
        assert!(matches!(open(&root, sibling), Err(Unusable::Outside)));
        let up = root.join("folder/../..").join(secret.strip_prefix("/").unwrap());
        assert!(matches!(open(&root, up), Err(Unusable::Io(_))));

        symlink(&secret, root.join("link")).unwrap();
        symlink(outer.path(), root.join("link-to-folder")).unwrap();
        symlink(root.join("folder/shard"), root.join("link-below")).unwrap();
        for link in ["link", "link-to-folder/secret", "link-below"] {
            assert!(matches!(open(&root, root.join(link)), Err(Unusable::Io(_))), "{link}");
        }
        let (fifo, socket) = (root.join("fifo"), root.join("socket"));
        mknodat(CWD, &fifo, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        // Without a writer a plain open would wait here for ever.
        assert!(matches!(open(&root, &fifo), Err(Unusable::NotRegular)));
        let _listening = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        assert!(matches!(open(&root, &socket), Err(Unusable::Io(_))));
        assert!(matches!(open(&root, root.join("folder")), Err(Unusable::NotRegular)));
        assert!(matches!(open(&root, &root), Err(Unusable::Io(_) | Unusable::NotRegular)));
        assert!(matches!(open(&root, "/dev/null"), Err(Unusable::Outside)));
    }

    #[tokio::test]
    async fn disks_that_do_not_answer_block_few_threads_and_no_caller() {
        let mut local = LocalAccess { deadline: Duration::from_millis(50), ..LocalAccess::new(None) };
        let (release, held) = std::sync::mpsc::channel::<()>();
        let held = Arc::new(Mutex::new(held));
        let stuck = (0..THREADS_MAX).map(|_| {
            let held = Arc::clone(&held);
            local.within_deadline(move || held.lock().unwrap_or_else(PoisonError::into_inner).recv().is_ok())
        });
        let answers: Vec<Option<bool>> = futures_util::future::join_all(stuck).await;
        assert!(answers.iter().all(Option::is_none), "nobody waits longer");
        assert_eq!(local.threads.available_permits(), 0);
        assert!(local.within_deadline(|| ()).await.is_none(), "no further thread is taken");
        drop(release);
        local.deadline = Duration::from_secs(20);
        assert!(local.within_deadline(|| ()).await.is_some());
    }
}
