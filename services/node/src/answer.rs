//! Answers requests of the node protocol from the store.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use bytes::Bytes;
use events::ids::BucketName;
use shards::protocol::{FileLocation, PATH_BYTES_MAX, Record, Reply, Request, ShardReport, Status, other_version};
use tokio::sync::{Semaphore, oneshot};
use uuid::Uuid;

use crate::disk::{DiskError, PiecesLocation, Store};
use crate::limits::{FILE_WRITERS_MAX, LISTERS_MAX, LOCATION_BYTES_MIN, READERS_MAX};

/// Answers requests of the node protocol from a store.
pub(crate) struct Answerer {
    store: Arc<Store>,
    root: PathBuf,
    host: Uuid,
    readers: Semaphore,
    file_writers: Semaphore,
    listers: Semaphore,
    /// Whether it was told once that somebody speaks another version of the protocol.
    told_version: AtomicBool,
}

impl Answerer {
    /// An answerer for the store in the data folder `root`, on the host with boot id `host`.
    pub(crate) fn new(store: Arc<Store>, root: PathBuf, host: Uuid) -> Self {
        let (readers, file_writers) = (Semaphore::new(READERS_MAX), Semaphore::new(FILE_WRITERS_MAX));
        let listers = Semaphore::new(LISTERS_MAX);
        Self { store, root, host, readers, file_writers, listers, told_version: AtomicBool::new(false) }
    }

    /// The reply to one message.
    pub(crate) async fn answer(&self, message: Bytes) -> Bytes {
        let other = other_version(&message);
        let Ok(request) = Request::decode(message) else {
            if let Some(version) = other
                && !self.told_version.swap(true, Ordering::Relaxed)
            {
                tracing::warn!(
                    version,
                    "a process asks this node in another version of the protocol: bring both to one release"
                );
            }
            return Reply::Status(Status::Malformed).encode();
        };
        match request {
            Request::Put { records } => self.put(records).await.encode(),
            Request::Discard { bucket, shards } => self.discard(bucket, shards).await.encode(),
            Request::Piece { shard, bucket, piece } => {
                let staged = self.blocking(&self.file_writers, move |store| store.stage(shard, &bucket, &piece)).await;
                Reply::Status(status(&staged)).encode()
            }
            Request::Seal { shard, bucket, pieces, bytes } => {
                let seal = move |store: &Store| store.seal(shard, &bucket, pieces, bytes);
                Reply::Status(status(&self.blocking(&self.file_writers, seal).await)).encode()
            }
            Request::Read { shard, bucket, first, count, host } => {
                let here = (host == Some(self.host)).then(|| self.root.clone());
                let read = move |store: &Store| read(store, here, shard, &bucket, first, count);
                self.blocking(&self.readers, read).await.unwrap_or_else(|why| refusal(&why))
            }
            Request::Inspect { shard, bucket, verify } => {
                let inspect = move |store: &Store| store.inspect(shard, &bucket, verify);
                let found = self.blocking(&self.readers, inspect).await;
                found.map_or_else(|why| refusal(&why), |(pieces, bytes)| Reply::Found { pieces, bytes }.encode())
            }
            Request::List { after, max, verify } => {
                let list = move |store: &Store| store.list(after, usize::from(max), verify);
                let page = self.blocking(&self.listers, list).await;
                page.map_or_else(|why| refusal(&why), |page| Reply::Shards(page).encode())
            }
            Request::Scrub { command } => {
                let scrub = move |store: &Store| store.scrub(command, SystemTime::now());
                let status = self.blocking(&self.listers, scrub).await;
                status.map_or_else(|why| refusal(&why), |status| Reply::Scrub(status).encode())
            }
            Request::InspectMany { shards } => {
                let inspect = move |store: &Store| Ok(store.inspect_many(&shards).iter().map(report).collect());
                let reports = self.blocking(&self.listers, inspect).await;
                reports.map_or_else(|why| refusal(&why), |reports| Reply::Reports(reports).encode())
            }
        }
    }

    async fn put(&self, records: Vec<Record>) -> Reply {
        let (sender, receiver) = oneshot::channel();
        self.store.put(records, move |answers| {
            // The receiver is dropped only when the node is shutting down.
            let _ = sender.send(answers);
        });
        match receiver.await {
            Ok(answers) => Reply::Statuses(answers.iter().map(status).collect()),
            Err(_) => Reply::Status(Status::Failed),
        }
    }

    async fn discard(&self, bucket: BucketName, shards: Vec<Uuid>) -> Reply {
        let count = shards.len();
        let (sender, receiver) = oneshot::channel();
        let discard = move |store: &Store| {
            store.discard(&bucket, &shards, move |answer| {
                // As in `put`.
                let _ = sender.send(answer);
            });
            Ok(())
        };
        if let Err(why) = self.blocking(&self.file_writers, discard).await {
            return Reply::Status(status::<()>(&Err(why)));
        }
        match receiver.await {
            Ok(answer) => Reply::Statuses(vec![status(&answer); count]),
            Err(_) => Reply::Status(Status::Failed),
        }
    }

    /// Runs a disk operation on a thread that may block; `bound` limits how many run at a time.
    async fn blocking<T: Send + 'static>(
        &self,
        bound: &Semaphore,
        run: impl FnOnce(&Store) -> Result<T, DiskError> + Send + 'static,
    ) -> Result<T, DiskError> {
        let Ok(_permit) = bound.acquire().await else { return Err(DiskError::Busy) };
        let store = Arc::clone(&self.store);
        let ran = tokio::task::spawn_blocking(move || run(&store)).await;
        ran.unwrap_or_else(|panicked| {
            tracing::error!(error = %panicked, "a disk operation ended abnormally");
            Err(DiskError::Busy)
        })
    }
}

/// The pieces of a shard, or their location if the requesting process can read files below `here`.
fn read(
    store: &Store,
    here: Option<PathBuf>,
    shard: Uuid,
    bucket: &BucketName,
    first: u32,
    count: u16,
) -> Result<Bytes, DiskError> {
    if let Some(root) = here {
        let location = store.locate(shard, bucket)?;
        if first >= location.pieces {
            return Err(DiskError::NotFound);
        }
        if let Some(location) = file_location(location, &root) {
            return Ok(Reply::Location(location).encode());
        }
    }
    store.read(shard, bucket, first, count)
}

/// The location to reply with; `None` if the pieces themselves are the better reply.
fn file_location(location: PiecesLocation, root: &std::path::Path) -> Option<FileLocation> {
    if location.pieces == 1 && location.last_bytes < LOCATION_BYTES_MIN {
        return None;
    }
    let path = root.join(location.path).into_os_string().into_string().ok()?;
    let stride = u32::try_from(location.stride).ok()?;
    (path.len() <= PATH_BYTES_MAX).then_some(FileLocation {
        path,
        offset: location.offset,
        stride,
        pieces: location.pieces,
        last_bytes: location.last_bytes,
    })
}

fn report(found: &Result<(u32, u64), DiskError>) -> ShardReport {
    ShardReport { status: status(found), bytes: found.as_ref().map_or(0, |(_, bytes)| *bytes) }
}

fn refusal(why: &DiskError) -> Bytes {
    Reply::Status(refused(why)).encode()
}

fn status<T>(result: &Result<T, DiskError>) -> Status {
    result.as_ref().map_or_else(refused, |_| Status::Ok)
}

fn refused(why: &DiskError) -> Status {
    match why {
        DiskError::Full => Status::Full,
        DiskError::Busy => Status::Busy,
        DiskError::Failed(_) => Status::Failed,
        DiskError::NotFound => Status::NotFound,
        DiskError::Damaged => Status::Damaged,
        DiskError::Unreadable(_) => Status::Unreadable,
        DiskError::Invalid(_) => Status::Malformed,
    }
}
