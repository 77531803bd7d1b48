//! Short-circuit reads: a node on this host says where a shard lies, and its pieces are read from there.
//!
//! The node names the file, and it may be anybody who stole the node's login. So a file is opened only below the
//! folders that the operator named, through no link, without waiting, and only if it is a regular one; and nobody waits for
//! its disk longer than [`DEADLINE`].
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

use crate::buffers::Buffers;
use crate::meter;
use crate::nodes::Membership;
use crate::piece::{Form, Piece, UNIT_BYTES};
use crate::protocol::Place;

/// How long a node whose files could not be read is asked for bytes, before its files are tried again.
const REFUSED: Duration = Duration::from_mins(1);

/// Files of nodes that are open here, at most. Where they are used up, nodes are asked for bytes.
const FILES_MAX: usize = 1024;

/// Threads that open and read files of nodes at a time, at most. A disk that does not answer keeps those that wait for
/// it, and so many are all it can have.
const THREADS_MAX: usize = 64;

/// How long a file may take to be opened, or to give a piece, before its node is asked for bytes.
const DEADLINE: Duration = Duration::from_secs(2);

/// Whose files may be read without asking for their bytes: those of nodes on one host, below some folders.
#[derive(Debug, Clone)]
pub struct ShortCircuit {
    host: Uuid,
    roots: Arc<[PathBuf]>,
}

impl ShortCircuit {
    /// Files of nodes on the host that booted as `host` ([`boot_id`](crate::host::boot_id())), below `roots`, which
    /// must be there.
    ///
    /// # Errors
    /// If one of the folders cannot be found.
    pub fn new(host: Uuid, roots: &[PathBuf]) -> io::Result<Self> {
        Ok(Self { host, roots: roots.iter().map(|root| root.canonicalize()).collect::<io::Result<_>>()? })
    }
}

/// Which nodes' files can be read from here.
#[derive(Debug)]
pub(crate) struct LocalAccess {
    allowed: Option<ShortCircuit>,
    refused: Mutex<HashMap<NodeId, Instant>>,
    files: Arc<Semaphore>,
    threads: Arc<Semaphore>,
    buffers: Arc<Buffers>,
    deadline: Duration,
}

/// Why a file is not read from here.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unusable {
    /// It is below none of the folders.
    #[error("it is outside of the folders whose files may be read here")]
    Outside,
    /// It is a pipe, a device, a folder: nothing a shard lies in.
    #[error("it is not a regular file")]
    NotRegular,
    /// It did not answer within the deadline.
    #[error("it does not answer")]
    Late,
    /// The system does not let it be opened, or finds a link on the way to it.
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

    /// Whether a node that is what it should be may have named such a file: one in another container may.
    pub(crate) fn may_be_honest(&self) -> bool {
        matches!(self, Self::Late | Self::Io(_))
    }
}

impl LocalAccess {
    pub(crate) fn new(allowed: Option<ShortCircuit>) -> Self {
        let allowed = allowed.filter(|allowed| !allowed.roots.is_empty());
        let (files, threads) = (Arc::new(Semaphore::new(FILES_MAX)), Arc::new(Semaphore::new(THREADS_MAX)));
        Self { allowed, refused: Mutex::default(), files, threads, buffers: Arc::default(), deadline: DEADLINE }
    }

    /// This host, if `node` is on it and its files are worth trying.
    pub(crate) fn host_of(&self, node: &NodeId, membership: &Membership, now: Instant) -> Option<Uuid> {
        let host = self.allowed.as_ref().map(|allowed| allowed.host);
        let host = host.filter(|host| membership.is_on_host(node, *host))?;
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let recently = refused.get(node).is_some_and(|since| now.duration_since(*since) < REFUSED);
        (!recently).then_some(host)
    }

    /// Leave to open one more file, if not too many are open.
    pub(crate) fn turn(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.files).try_acquire_owned().ok()
    }

    /// Opens the file at `place`, as one of those that may be open.
    pub(crate) async fn open(&self, place: Place, turn: OwnedSemaphorePermit) -> Result<LocalShard, Unusable> {
        let roots = self.allowed.as_ref().map(|allowed| Arc::clone(&allowed.roots)).unwrap_or_default();
        let buffers = Arc::clone(&self.buffers);
        let opened = self.within_deadline(move || LocalShard::open(&roots, place, buffers, Some(turn))).await;
        opened.unwrap_or(Err(Unusable::Late))
    }

    /// Runs on a thread that may block. Nothing if that takes longer than the deadline: then the thread goes on, and is
    /// one of those there may be until it is done.
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

    /// Takes in that a file of `node` could not be read, as between containers that share a host.
    pub(crate) fn refuse(&self, node: &NodeId, why: &Unusable, now: Instant) {
        meter::local_refused(why.as_str());
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).insert(node.clone(), now);
    }
}

/// A shard's open file.
#[derive(Debug)]
pub(crate) struct LocalShard {
    file: File,
    place: Place,
    buffers: Arc<Buffers>,
    _turn: Option<OwnedSemaphorePermit>,
}

impl LocalShard {
    fn open(
        roots: &[PathBuf],
        place: Place,
        buffers: Arc<Buffers>,
        turn: Option<OwnedSemaphorePermit>,
    ) -> Result<Self, Unusable> {
        Ok(Self { file: open_below(roots, Path::new(&place.path))?, place, buffers, _turn: turn })
    }

    /// Reads piece `index`, which must have this form; nothing if the shard has no such piece or the bytes there are
    /// none. Checksum and tag are the caller's to check.
    pub(crate) fn read(&self, index: u32, form: Form) -> io::Result<Option<Piece>> {
        if index >= self.place.pieces {
            return Ok(None);
        }
        let bytes = if index + 1 == self.place.pieces { self.place.last_bytes as usize } else { UNIT_BYTES };
        let offset = self.place.offset + u64::from(index) * u64::from(self.place.stride);
        let length = form.header_bytes() + bytes;
        let mut wire = self.buffers.take(length);
        while wire.len() < length {
            let at = offset + wire.len() as u64;
            match pread(&self.file, spare_capacity(&mut wire), at) {
                Ok(0) => break,
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        // The allocator may have given more room than asked for, and the file may go on.
        wire.truncate(length);
        Ok(Piece::take(&mut self.buffers.lend(wire)).ok())
    }
}

/// Opens a regular file below one of the `roots`, each of them absolute and free of links. A pipe without a writer, or
/// a link anywhere below the root, is an error at once.
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

    fn open(root: &Path, path: impl AsRef<Path>) -> Result<File, Unusable> {
        open_below(&[root.to_owned()], path.as_ref())
    }

    #[test]
    fn pieces_are_read_from_where_they_lie() {
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
        let place = Place { path, offset: 6, stride: 262_160, pieces: 2, last_bytes: 100 };
        let open = |place: Place| LocalShard::open(std::slice::from_ref(&root), place, Arc::default(), None);
        let local = open(place.clone()).unwrap();
        for piece in pieces {
            let read = local.read(piece.index, Form::Plain).unwrap().unwrap();
            assert!(read == piece && read.is_intact(shard, piece.index));
        }
        assert_eq!(local.read(2, Form::Plain).unwrap(), None);
        let beyond = open(Place { pieces: 5, ..place.clone() }).unwrap();
        assert_eq!(beyond.read(4, Form::Plain).unwrap(), None, "the file ends before it");
        let missing = root.join("missing").to_str().unwrap().to_owned();
        assert!(matches!(open(Place { path: missing, ..place }), Err(Unusable::Io(_))));
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
    async fn disks_that_do_not_answer_hold_few_threads_and_nobody_who_waits() {
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
