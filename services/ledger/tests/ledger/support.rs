//! A ledger in a temporary folder, commands for it, and all its rows for comparison.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::task::Poll;
use std::time::Duration;

use domain::model::Model;
use domain::{Command, ETags, Identities, Precondition, PutObject, View, project};
use eventlog::{Log, Stored};
use events::ids::{ContentId, ETag, Generation, Md5Digest, ObjectKey, UploadId};
use events::{Event, Fact};
use ledger::{Entry, Ledger, OpenError, Page, Rebuilt, Snapshot};
use tempfile::TempDir;
use testkit::clock::fresh;
use testkit::commands::{content, put_object as put_to, staged};
use testkit::{Clock, MemoryLog, commands};

pub(crate) use testkit::commands::{bucket, origin};
pub(crate) use testkit::ledgers::{keyring, open, options, region};

/// A folder for the files of one test.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

/// Folds a log anew beside a projection of a gateway.
pub(crate) async fn rebuild(log: &MemoryLog, live: &Path, fresh: &Path) -> Result<Rebuilt, OpenError> {
    ledger::rebuild(log, (&region(), keyring()), live, fresh).await
}

/// Stops a ledger, so that its file can be opened again.
pub(crate) async fn close(ledger: Ledger) {
    ledger.stop().await;
    assert!(ledger.progress().has_changed().is_err(), "it has ended");
}

pub(crate) fn create_bucket(name: &str) -> Command {
    commands::create_bucket(name.parse().unwrap())
}

/// Stores ten bytes that a number stands for.
pub(crate) fn put(key: &str, bytes: u32) -> PutObject {
    let generation = Generation::from_fresh(fresh(Clock::new().now()));
    let content = ContentId { generation, ..content(bytes, 0) };
    let md5 = Md5Digest(content.sha256.0[..16].try_into().unwrap());
    let key = ObjectKey::from_bytes(key.as_bytes()).unwrap();
    PutObject { etag: ETag { md5, parts: None }, ..put_to(bucket(), key, 10, staged(content)) }
}

pub(crate) fn put_object(key: &str, bytes: u32) -> Command {
    Command::PutObject(Box::new(put(key, bytes)))
}

/// A put that happens only if the key holds nothing.
pub(crate) fn put_new(key: &str, bytes: u32) -> Command {
    let precondition = Precondition { matches: None, none_matches: Some(ETags::Any) };
    Command::PutObject(Box::new(PutObject { precondition, ..put(key, bytes) }))
}

/// Everything the log holds.
pub(crate) async fn events(log: &MemoryLog) -> Vec<Stored> {
    log.read(1, usize::MAX, usize::MAX).await.unwrap()
}

/// What the log adds up to, and all uploads it ever named.
#[derive(Default)]
pub(crate) struct Replayed {
    pub(crate) model: Model,
    pub(crate) cursor: u64,
    uploads: Vec<UploadId>,
}

pub(crate) async fn replay(log: &MemoryLog) -> Replayed {
    let mut replayed = Replayed::default();
    for stored in events(log).await {
        let event = Event::decode(&stored.payload).unwrap();
        for change in project(&replayed.model, &event).unwrap() {
            replayed.model.apply(change);
        }
        replayed.cursor = stored.sequence;
        match &event.fact {
            Fact::UploadCreated(fact) => replayed.uploads.push(fact.upload_id),
            Fact::ObjectAppended(fact) => replayed.uploads.push(fact.upload_id),
            _ => {}
        }
    }
    replayed
}

/// Asserts that the tables hold what the log adds up to.
pub(crate) async fn assert_same(snapshot: &Snapshot, log: &MemoryLog) -> Model {
    let replayed = replay(log).await;
    assert_eq!(snapshot.cursor().unwrap().sequence, replayed.cursor);
    let mut model = rows(snapshot, &replayed);
    // A bucket that holds nothing may have a row that says so, or none.
    model.usage.retain(|bucket, _| replayed.model.usage.contains_key(bucket));
    assert_eq!(model, replayed.model);
    model
}

const ALL: Page<'static> = Page { prefix: b"", delimiter: b"", after: b"", max: usize::MAX };

/// All rows of the tables, as far as a reader can see them.
fn rows(snapshot: &Snapshot, replayed: &Replayed) -> Model {
    let nodes = snapshot.list_nodes().unwrap().into_iter().collect();
    let mut model =
        Model { totals: snapshot.totals().unwrap(), secret: snapshot.secret().unwrap(), nodes, ..Model::default() };
    for (name, bucket) in snapshot.list_buckets(None, usize::MAX).unwrap() {
        let id = bucket.id;
        model.buckets.insert(name, bucket);
        model.usage.insert(id, snapshot.usage(id).unwrap());
        for entry in snapshot.list_versions(id, &ALL, None).unwrap().entries {
            let Entry::Key(key, (row, _)) = entry else { panic!("a common prefix without a delimiter") };
            let key = ObjectKey::from_bytes(key).unwrap();
            if let Some(version) = snapshot.null_version(id, &key).unwrap() {
                model.nulls.insert((id, key.clone()), version);
            }
            if snapshot.current(id, &key).unwrap().is_some_and(|current| current == row) {
                model.current.insert((id, key), row);
            } else {
                model.versions.insert((id, key, row.version), row);
            }
        }
        for entry in snapshot.list_uploads(id, &ALL, None).unwrap().entries {
            let Entry::Key(key, (upload, row)) = entry else { panic!("a common prefix without a delimiter") };
            model.uploads.insert((id, ObjectKey::from_bytes(key).unwrap(), upload), row);
        }
    }
    contents(snapshot, &mut model);
    let (hours, days) = snapshot.list_growth().unwrap();
    (model.growth, model.growth_days) = (hours.into_iter().collect(), days.into_iter().collect());
    model.postings = snapshot.list_postings().unwrap().into_iter().collect();
    model.audit_keys = snapshot.list_audit_keys().unwrap().into_iter().collect();
    for upload in &replayed.uploads {
        let parts = snapshot.parts_from(*upload, 0, usize::MAX).unwrap().into_iter();
        model.parts.extend(parts.map(|(number, row)| ((*upload, number), row)));
        model.manifests.extend(snapshot.manifest(*upload).unwrap().map(|row| (*upload, row)));
        model.released_uploads.extend(snapshot.released_upload(*upload).unwrap().map(|row| (*upload, row)));
    }
    said(snapshot, &replayed.model, &mut model);
    model
}

/// The rows of contents, and those of the names and places of their shards.
fn contents(snapshot: &Snapshot, model: &mut Model) {
    for (content, row) in snapshot.list_contents(None, usize::MAX).unwrap() {
        model.contents.insert((content.sha256, content.generation), row);
    }
    let named = snapshot.list_generations(None, usize::MAX).unwrap().into_iter();
    model.generations = named.map(|named| (named.generation, named.content)).collect();
    model.unreferenced = snapshot.list_unreferenced(None, u64::MAX, usize::MAX).unwrap().into_iter().collect();
    model.ended = snapshot.list_ended(None, usize::MAX).unwrap().into_iter().collect();
    model.node_usage = snapshot.list_node_usage().unwrap().into_iter().collect();
}

/// The rows of access, identities and settings, as far as the log names them.
fn said(snapshot: &Snapshot, replayed: &Model, model: &mut Model) {
    for bucket in replayed.bucket_access.keys() {
        model.bucket_access.insert(*bucket, snapshot.bucket_access(*bucket).unwrap());
    }
    model.writers = found(&replayed.writers, |bucket| snapshot.writers(*bucket).map(Some));
    for bucket in replayed.bucket_settings.keys() {
        model.bucket_settings.insert(*bucket, snapshot.bucket_settings(*bucket).unwrap());
    }
    model.identities_changed = snapshot.identities_changed().unwrap();
    model.users = found(&replayed.users, |name| snapshot.user(name));
    model.user_ids = found(&replayed.user_ids, |id| snapshot.user_by_id(id));
    // Within one region an address is one user's.
    model.emails = found(&replayed.emails, |email| Ok(snapshot.user_by_email(email)?.map(|name| [name].into())));
    model.keys = found(&replayed.keys, |id| snapshot.key(id));
    model.groups = found(&replayed.groups, |name| snapshot.group(name));
    model.policies = found(&replayed.policies, |name| snapshot.policy(name));
    model.made = found(&replayed.made, |name| snapshot.made(name).map(Some));
    model.writes = found(&replayed.writes, |name| snapshot.written(name));
    for name in replayed.made.keys() {
        assert_eq!(Ok(snapshot.written_of(name).unwrap()), replayed.written_of(name), "what belongs to {name}");
        assert_eq!(Ok(snapshot.written_with(name).unwrap()), replayed.written_with(name), "what has {name}");
    }
    model.kms_keys = found(&replayed.kms_keys, |name| snapshot.kms_key(name));
    model.targets = found(&replayed.targets, |name| snapshot.target(name));
    model.dead_letters = found(&replayed.dead_letters, |(name, sequence)| snapshot.dead_letter(name, *sequence));
    model.removed = found(&replayed.removed, |(bucket, key, name)| snapshot.removed(*bucket, key, *name));
    model.removed_names = snapshot.removed_first(usize::MAX).unwrap().into_iter().collect();
    model.links = snapshot.links().unwrap().into_iter().collect();
    model.consumers = snapshot.consumers().unwrap().into_iter().collect();
    model.notary = snapshot.notary().unwrap();
    model.checkpoints = snapshot.checkpoints_after(0, usize::MAX).unwrap().into_iter().collect();
    model.leases = found(&replayed.leases, |lease| snapshot.lease(*lease));
    model.workers = found(&replayed.workers, |name| snapshot.worker(name).map(Some));
    model.sessions = found(&replayed.sessions, |id| snapshot.session(*id));
}

/// Looks up what there should be.
fn found<K: Ord + Clone, R>(
    names: &BTreeMap<K, R>,
    find: impl Fn(&K) -> Result<Option<R>, ledger::StateError>,
) -> BTreeMap<K, R> {
    names.keys().filter_map(|name| Some((name.clone(), find(name).unwrap()?))).collect()
}

/// Waits until a ledger has freed all that was being released.
pub(crate) async fn freed(ledger: &Ledger) {
    let mut progress = ledger.progress();
    loop {
        let snapshot = ledger.read().await.unwrap();
        let uploads = snapshot.next_released_upload().unwrap().is_some();
        if !uploads && snapshot.next_released_bucket().unwrap().is_none() {
            return;
        }
        let moved = tokio::time::timeout(Duration::from_secs(30), progress.changed()).await;
        moved.expect("what is being released is freed").unwrap();
    }
}

/// Closes a ledger and asserts that a rebuild from the log gives the very same rows.
pub(crate) async fn assert_rebuilds(ledger: Ledger, log: &MemoryLog, folder: &Folder, name: &str) {
    close(ledger).await;
    let rebuilt = rebuild(log, &folder.file(name), &folder.file(&format!("{name}.rebuilt"))).await.unwrap();
    assert_eq!(rebuilt.difference, None);
    assert_eq!(rebuilt.events, events(log).await.len() as u64);
}

/// Runs the futures together; each is begun before the ones behind it.
pub(crate) async fn join_in_order<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut futures: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        let mut pending = false;
        for (future, output) in &mut futures {
            if output.is_none() {
                match future.as_mut().poll(context) {
                    Poll::Ready(ready) => *output = Some(ready),
                    Poll::Pending => pending = true,
                }
            }
        }
        if pending { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    futures.into_iter().filter_map(|(_, output)| output).collect()
}
