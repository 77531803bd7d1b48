//! Serves a node: receives its requests, sends its heartbeats, and stops it.

use std::future::Future;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use async_nats::{Client, HeaderMap, Message, Subject, Subscriber};
use bytes::Bytes;
use futures_util::StreamExt;
use shards::host::boot_id;
use shards::protocol::{FOLDER_HEADER, Reply, Status, shards_subject};
use shards::telemetry::{
    DamageFound, DamageKind, FolderAge, HEARTBEAT_INTERVAL, Ruling, Verdict, damage_subject, heartbeat_subject,
    rollcall_subject,
};
use shards::{CALL_BYTES_MAX, OwnRequest, OwnRequests, STOP, STOPPED, control_subject};
use tokio::sync::{Semaphore, oneshot};
use tokio::time::MissedTickBehavior;
use uuid::Uuid;

use crate::age::Age;
use crate::answer::Answerer;
use crate::config::Config;
use crate::disk::{Damage, DataFolder, DiskError, Finding, FolderError, Store, StoreOptions};
use crate::heartbeat::{NodeIds, Said, heartbeat};
use crate::limits::{FINDINGS_TOLD_MAX, REQUEST_BYTES_MAX, REQUESTS_MAX};
use vfs::RealDisk;

/// The reason why a node does not serve.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The data folder cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The disk failed at the start.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The host cannot provide random bytes or threads.
    #[error("the host: {0}")]
    Host(std::io::Error),
    /// The connection to NATS is closed for good.
    #[error("the connection to nats: {0}")]
    Nats(String),
    /// An older process serves under the same name from the same folder, or from a copy of it.
    #[error("process {0} serves under this name, from this folder or a copy of it: stop one of them for good")]
    Double(Uuid),
}

/// Serves a node's shards until `shutdown` resolves or a stop request arrives, then finishes the accepted requests.
///
/// The first heartbeat is sent once the node accepts requests. Must run within a tokio runtime, which several nodes may
/// share.
///
/// # Errors
/// If the data folder or its disk cannot be used, if the connection to NATS is closed, or if an older process serves the
/// same folder or a copy of it.
pub async fn serve(config: Config, client: Client, shutdown: impl Future<Output = ()> + Send) -> Result<(), Error> {
    // A host without a boot id gets a random one, so that no reader seems to share it.
    let boot_id = boot_id().or_else(|_| random_uuid())?;
    let incarnation = incarnation(SystemTime::now(), random_uuid()?);
    let fresh = random_uuid()?;
    let opened = config.clone();
    let (folder, store, age) = blocking(move || open(&opened, fresh)).await??;
    let ids = NodeIds { boot_id, incarnation, folder: folder.id() };
    let store = Arc::new(store);
    let answerer = Answerer::new(Arc::clone(&store), folder.path().to_owned(), ids.boot_id);
    tracing::info!(node = %config.node, folder = %folder.path().display(), "the node is serving");
    let service = Service {
        config,
        client,
        ids,
        store: Arc::clone(&store),
        age: Arc::new(age),
        answerer: Arc::new(answerer),
        refused: AtomicBool::new(false),
        outdated: AtomicBool::new(false),
        requests: Arc::new(Semaphore::new(REQUESTS_MAX as usize)),
        request_bytes: Arc::new(Semaphore::new(REQUEST_BYTES_MAX as usize)),
    };
    let served = service.run(shutdown).await;
    blocking(move || store.close()).await?;
    served
}

fn open(config: &Config, fresh: Uuid) -> Result<(DataFolder, Store, Age), Error> {
    let folder = DataFolder::open(&config.folder, &config.node, fresh)?;
    let disk = RealDisk::open(folder.path()).map_err(|error| FolderError::Io {
        path: PathBuf::from(folder.path()),
        what: "open",
        error,
    })?;
    let mut options = StoreOptions::new(folder.id(), config.node.as_str());
    options.reserve_bytes = config.reserve_bytes;
    options.scrub = config.scrub;
    let disk = Arc::new(disk);
    let store = Store::open(Arc::<RealDisk>::clone(&disk), &options)?;
    Ok((folder, store, Age::begin(disk)))
}

/// Who sent a request, and so the way of its answer.
enum Asker {
    OverNats(Client, Subject),
    /// A gateway of this process.
    Own(oneshot::Sender<Bytes>),
}

impl Asker {
    async fn answer(self, reply: Bytes) -> Result<(), Error> {
        match self {
            Self::OverNats(client, subject) => client.publish(subject, reply).await.map_err(nats),
            Self::Own(waiting) => {
                // Nobody waits any more, as after a deadline.
                let _ = waiting.send(reply);
                Ok(())
            }
        }
    }
}

struct Service {
    config: Config,
    client: Client,
    ids: NodeIds,
    store: Arc<Store>,
    age: Arc<Age>,
    answerer: Arc<Answerer>,
    /// A gateway has refused this process: the node's data folder is another one.
    refused: AtomicBool,
    /// The same because this process serves from an older copy of the node's data folder, which has the same id.
    outdated: AtomicBool,
    requests: Arc<Semaphore>,
    request_bytes: Arc<Semaphore>,
}

impl Service {
    async fn run(&self, shutdown: impl Future<Output = ()> + Send) -> Result<(), Error> {
        let Config { region, node, .. } = &self.config;
        let mut requests = self.subscribe(shards_subject(region, node)).await?;
        let mut control = self.subscribe(control_subject(region, node)).await?;
        let mut rollcall = self.subscribe(rollcall_subject(region)).await?;
        self.client.flush().await.map_err(nats)?;
        let mut own = self.config.own_nodes.serve(node, self.ids.folder);
        let mut second = tokio::time::interval(HEARTBEAT_INTERVAL);
        second.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut shutdown = pin!(shutdown);
        let stopper = loop {
            tokio::select! {
                message = requests.next() => self.accept(message.ok_or_else(closed)?).await?,
                Some(request) = own.next() => self.accept_own(request).await?,
                message = control.next() => {
                    let message = message.ok_or_else(closed)?;
                    if message.payload == STOP {
                        break message.reply;
                    }
                    self.apply_ruling(&message.payload)?;
                }
                message = rollcall.next() => {
                    let call = message.ok_or_else(closed)?;
                    self.send_heartbeat(name_of_call(&call.payload)).await?;
                }
                _ = second.tick() => {
                    self.send_heartbeat(None).await?;
                    self.tell_findings().await?;
                    self.note_writes();
                }
                () = &mut shutdown => break None,
            }
        };
        self.finish(requests, own, stopper).await
    }

    /// Answers the requests that were sent before the subscription ended, then replies to the stop request.
    async fn finish(
        &self,
        mut requests: Subscriber,
        mut own: OwnRequests,
        stopper: Option<Subject>,
    ) -> Result<(), Error> {
        // Requests that come too late for it go over NATS, where nobody responds any more.
        own.close();
        while let Some(request) = own.next().await {
            self.accept_own(request).await?;
        }
        requests.drain().await.map_err(nats)?;
        while let Some(message) = requests.next().await {
            self.accept(message).await?;
        }
        // All permits are free once all requests are answered; the semaphore is never closed.
        drop(self.requests.acquire_many(REQUESTS_MAX).await);
        if let Some(stopper) = stopper {
            self.client.publish(stopper, Bytes::from_static(STOPPED)).await.map_err(nats)?;
        }
        self.client.flush().await.map_err(nats)
    }

    async fn subscribe(&self, subject: String) -> Result<Subscriber, Error> {
        self.client.subscribe(subject).await.map_err(nats)
    }

    /// Starts to process a request, or refuses it at once if too many are in flight.
    async fn accept(&self, message: Message) -> Result<(), Error> {
        let Some(reply) = message.reply else { return Ok(()) };
        let is_refused = match addressed_folder(message.headers.as_ref()) {
            Some(folder) if folder == self.ids.folder => self.outdated.load(Relaxed),
            // The request is addressed to another process of this name.
            Some(_) => return Ok(()),
            None => self.refused.load(Relaxed),
        };
        self.begin(message.payload, is_refused, Asker::OverNats(self.client.clone(), reply)).await
    }

    /// The same for a request from this process, which is always addressed to this folder.
    async fn accept_own(&self, request: OwnRequest) -> Result<(), Error> {
        self.begin(request.payload, self.outdated.load(Relaxed), Asker::Own(request.reply)).await
    }

    async fn begin(&self, payload: Bytes, is_refused: bool, asker: Asker) -> Result<(), Error> {
        if is_refused {
            return asker.answer(Reply::Status(Status::Failed).encode()).await;
        }
        let weight = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.requests).try_acquire_owned();
        let byte_room = Arc::clone(&self.request_bytes).try_acquire_many_owned(weight);
        let (Ok(room), Ok(byte_room)) = (room, byte_room) else {
            return asker.answer(Reply::Status(Status::Busy).encode()).await;
        };
        let answerer = Arc::clone(&self.answerer);
        tokio::spawn(async move {
            let answer = answerer.answer(payload).await;
            drop(byte_room);
            if let Err(error) = asker.answer(answer).await {
                tracing::warn!(%error, "cannot send an answer");
            }
            drop(room);
        });
        Ok(())
    }

    /// Applies a gateway's decision about this process.
    fn apply_ruling(&self, message: &[u8]) -> Result<(), Error> {
        let Ok(Ruling { incarnation, verdict }) = serde_json::from_slice(message) else { return Ok(()) };
        if incarnation != self.ids.incarnation {
            return Ok(());
        }
        match verdict {
            Verdict::Double(elder) => Err(Error::Double(elder)),
            Verdict::Accepted => {
                self.outdated.store(false, Relaxed);
                if self.refused.swap(false, Relaxed) {
                    tracing::info!(node = %self.config.node, "the data folder was accepted as the node's");
                }
                Ok(())
            }
            Verdict::Refused(known) => {
                if !self.refused.swap(true, Relaxed) {
                    tracing::error!(
                        node = %self.config.node, folder = %self.ids.folder, %known,
                        "refused: the node is known with another data folder; bring that back, or give it up with `planetstore node init`"
                    );
                }
                Ok(())
            }
            Verdict::Outdated(known) => {
                self.outdated.store(true, Relaxed);
                if !self.refused.swap(true, Relaxed) {
                    let FolderAge { starts, position } = self.age.now().unwrap_or_default();
                    tracing::error!(
                        node = %self.config.node, folder = %self.ids.folder, starts, position, ?known,
                        "refused: the data folder is an older copy of itself; bring the newer one back, or empty it, \
                         start the node, and let it in with `planetstore node init`"
                    );
                }
                Ok(())
            }
        }
    }

    /// Says what was found damaged. A process that is not the node keeps to itself what lies on its disk.
    async fn tell_findings(&self) -> Result<(), Error> {
        let findings = self.store.take_findings(FINDINGS_TOLD_MAX);
        if self.refused.load(Relaxed) {
            return Ok(());
        }
        let Config { region, node, .. } = &self.config;
        for Finding { shard, bucket, damage } in findings {
            let kind = match damage {
                Some(Damage::Damaged) => DamageKind::Damaged,
                Some(Damage::Unreadable) => DamageKind::Unreadable,
                None => DamageKind::Missing,
            };
            let found = DamageFound { node: node.clone(), folder: self.ids.folder, shard, bucket, kind };
            let json = serde_json::to_vec(&found).map_err(nats)?;
            self.client.publish(damage_subject(region, node), json.into()).await.map_err(nats)?;
        }
        Ok(())
    }

    /// Notes in the data folder that something was written. No heartbeat waits for that.
    fn note_writes(&self) {
        let (age, writes, now) = (Arc::clone(&self.age), self.store.writes(), Instant::now());
        if age.is_due(writes, now) {
            // Nobody waits for it: what was not noted is noted later.
            drop(tokio::task::spawn_blocking(move || age.note(writes, now)));
        }
    }

    /// `call`: the call of the roll that it answers.
    async fn send_heartbeat(&self, call: Option<String>) -> Result<(), Error> {
        let said = Said { is_refused: self.refused.load(Relaxed), age: self.age.now(), call };
        let heartbeat = heartbeat(&self.config, self.ids, &self.store, said);
        let subject = heartbeat_subject(&self.config.region, &self.config.node);
        let json = serde_json::to_vec(&heartbeat).map_err(nats)?;
        self.client.publish(subject, json.into()).await.map_err(nats)
    }
}

/// The name of a call of the roll, if it has one that is worth repeating.
fn name_of_call(payload: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(payload).ok()?;
    (1..=CALL_BYTES_MAX).contains(&name.len()).then(|| name.to_owned())
}

/// The data folder to which a request is addressed, if it has the header. The nil id stands for a malformed header.
fn addressed_folder(headers: Option<&HeaderMap>) -> Option<Uuid> {
    let named = headers?.get(FOLDER_HEADER)?;
    Some(Uuid::try_parse(named.as_str()).unwrap_or_default())
}

/// Makes the id of this process, a UUIDv7: a later start has a greater id.
fn incarnation(now: SystemTime, random: Uuid) -> Uuid {
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut bytes = [0; 10];
    bytes.copy_from_slice(&random.as_bytes()[..10]);
    uuid::Builder::from_unix_timestamp_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX), &bytes).into_uuid()
}

fn random_uuid() -> Result<Uuid, Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|e| Error::Host(std::io::Error::other(e)))?;
    Ok(uuid::Builder::from_random_bytes(bytes).into_uuid())
}

async fn blocking<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    tokio::task::spawn_blocking(run).await.map_err(|e| Error::Host(std::io::Error::other(e)))
}

fn nats(error: impl std::fmt::Display) -> Error {
    Error::Nats(error.to_string())
}

fn closed() -> Error {
    Error::Nats("closed".to_owned())
}
