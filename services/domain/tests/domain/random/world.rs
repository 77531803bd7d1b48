//! Turns random steps into commands: it remembers everything that could be named, existing or deleted.

use domain::{
    AppendObject, Command, CompleteUpload, Context, DedupScope, DeleteObject, ETags, MoveHorizon, NewBody, Outcome,
    Precondition, PutObject, ReclaimContents, Rejection, StorePart, VersionName,
};
use events::content::ReclaimCause;
use events::ids::{
    BucketName, ContentId, ETag, Generation, Layout, Md5Digest, ObjectKey, PartNumber, Placement, Sha256Digest,
    UploadId,
};
use events::object::{Attributes, Operation};
use jiff::Timestamp;
use proptest::sample::Index;
use testkit::commands::{create_bucket_of, create_upload, put_object};
use uuid::Uuid;

use super::naive::{Naive, Object};
use super::places::{self, Places};
use super::steps::{At, BUCKETS, Bytes, CONTENT_SIZES, KEYS, Spoil, Step, Wish};

pub(crate) struct World {
    pub(crate) naive: Naive,
    milliseconds: i64,
    fresh: u128,
    /// Every object body so far.
    bodies: Vec<Object>,
    /// Every version name so far.
    names: Vec<(BucketName, ObjectKey, VersionName)>,
    /// Every upload so far.
    pub(crate) uploads: Vec<(BucketName, ObjectKey, UploadId)>,
    completes: Vec<CompleteUpload>,
    /// Every command so far.
    past: Vec<Command>,
    /// Every content staged so far.
    pub(crate) staged: Vec<ContentId>,
    /// Where the shards of those lie.
    pub(crate) places: Places,
    /// Some upload had more parts than are freed at once.
    stored_many: bool,
}

pub(crate) fn bucket_name(bucket: usize) -> BucketName {
    BUCKETS[bucket].parse().unwrap()
}

pub(crate) fn object_key(key: usize) -> ObjectKey {
    ObjectKey::from_bytes(KEYS[key].as_bytes()).unwrap()
}

/// The MD5 of a content's bytes. It need not be a real one: nothing here computes it.
pub(crate) fn md5_of(bytes: Bytes) -> Md5Digest {
    Md5Digest([bytes.map_or(0xEE, |content| u8::try_from(content).unwrap()); 16])
}

pub(crate) fn sha256_of(content: usize) -> Sha256Digest {
    Sha256Digest([u8::try_from(content).unwrap(); 32])
}

fn size_of(bytes: Bytes) -> u64 {
    bytes.map_or(0, |content| CONTENT_SIZES[content])
}

fn placement_of(size: u64) -> Placement {
    let (layout, shards) = if size <= 32 * 1024 { (Layout::Small, 3) } else { (Layout::Striped, 6) };
    Placement { layout, nodes: (1..=shards).map(|n| format!("n{n}").parse().unwrap()).collect() }
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            naive: Naive::default(),
            milliseconds: 1_700_000_000_000,
            fresh: 0,
            bodies: Vec::new(),
            names: Vec::new(),
            uploads: Vec::new(),
            completes: Vec::new(),
            past: Vec::new(),
            staged: Vec::new(),
            places: Places::default(),
            stored_many: false,
        }
    }

    fn uuid(&mut self) -> Uuid {
        self.fresh += 8;
        let time = u128::from(self.milliseconds.unsigned_abs()) << 80;
        Uuid::from_u128(time | (7 << 76) | (2 << 62) | self.fresh)
    }

    /// The time and the fresh id of the next command. Clocks sometimes go back.
    pub(crate) fn context(&mut self) -> Context {
        self.milliseconds += 1;
        Context { now: Timestamp::from_millisecond(self.milliseconds).unwrap(), fresh: self.uuid() }
    }

    fn stage(&mut self, bucket: &BucketName, bytes: Bytes, anew: bool) -> NewBody {
        let Some(content) = bytes else { return NewBody::Empty };
        let id = ContentId { sha256: sha256_of(content), generation: Generation::from_fresh(self.uuid()) };
        self.staged.push(id);
        let instead_of = self.naive.newest(id.sha256).filter(|_| anew);
        let placement = placement_of(CONTENT_SIZES[content]);
        self.places.staged(bucket, id, &placement);
        NewBody::Staged { content: id, placement, chosen_at: u64::MAX, instead_of, scope: DedupScope::Region }
    }

    fn precondition(&self, wish: Wish, bucket: &BucketName, key: &ObjectKey) -> Precondition {
        let current = self.naive.current(bucket, key).map(|object| object.etag.to_string());
        let current = || Some(ETags::These(vec!["0".into(), current.clone().unwrap_or_default()]));
        let other = || Some(ETags::These(vec!["0".into()]));
        let (matches, none_matches) = match wish {
            Wish::Nothing => (None, None),
            Wish::MatchAny => (Some(ETags::Any), None),
            Wish::MatchCurrent => (current(), None),
            Wish::MatchOther => (other(), None),
            Wish::NoneMatchAny => (None, Some(ETags::Any)),
            Wish::NoneMatchCurrent => (None, current()),
            Wish::NoneMatchOther => (None, other()),
        };
        Precondition { matches, none_matches }
    }

    fn put(&self, at: At, object: (u64, ETag, NewBody), operation: Operation, wish: Wish) -> Command {
        let (bucket, key) = (bucket_name(at.bucket), object_key(at.key));
        let precondition = self.precondition(wish, &bucket, &key);
        let (size, etag, body) = object;
        let attributes = Attributes { storage_class: Some("STANDARD_IA".into()), ..Attributes::default() };
        let put = put_object(bucket, key, size, body);
        Command::PutObject(Box::new(PutObject { etag, attributes, operation, precondition, ..put }))
    }

    /// The command of a step; `None` if its object does not exist.
    pub(crate) fn command(&mut self, step: &Step) -> Option<Command> {
        let command = match step {
            Step::Clock { milliseconds } => {
                self.milliseconds += milliseconds;
                return None;
            }
            Step::Again { which } => pick(&self.past, *which).filter(|command| !self.is_of_ended(command))?.clone(),
            Step::Release { max } => Command::ReleaseParts { max: *max },
            Step::CreateBucket { bucket, other_owner } => {
                create_bucket_of(bucket_name(*bucket), if *other_owner { "bob" } else { "alice" }, false)
            }
            Step::DeleteBucket { bucket } => Command::DeleteBucket { bucket: bucket_name(*bucket) },
            Step::SetVersioning { bucket, versioning } => {
                Command::SetVersioning { bucket: bucket_name(*bucket), versioning: *versioning }
            }
            Step::Put { at, bytes, anew, wish } => {
                let body = self.stage(&bucket_name(at.bucket), *bytes, *anew);
                let object = (size_of(*bytes), ETag { md5: md5_of(*bytes), parts: None }, body);
                self.put(*at, object, Operation::PutObject, *wish)
            }
            Step::Copy { source, at, wish } => {
                let source = pick(&self.bodies, *source)?.clone();
                let object = (source.size, source.etag, source.body);
                self.put(*at, object, Operation::CopyObject, *wish)
            }
            Step::CopyUnknown { at } => {
                let content = ContentId { sha256: sha256_of(9), generation: Generation::from_fresh(self.uuid()) };
                let object = (1, ETag { md5: md5_of(Some(9)), parts: None }, NewBody::Known(content));
                self.put(*at, object, Operation::CopyObject, Wish::Nothing)
            }
            Step::Append { at, bytes, astray, wish } => self.append(*at, *bytes, *astray, *wish),
            Step::Place { content, to } => {
                let (content, fresh) = (*pick(&self.staged, *content)?, self.uuid());
                self.places.place(content, *to, fresh)?
            }
            Step::Reclaim { bucket, up_to } => self.reclaim(&bucket_name(*bucket), *up_to),
            Step::MoveHorizon { age } => self.move_horizon(*age),
            Step::Node { node, change: None } => places::join(*node),
            Step::Node { node, change: Some(change) } => places::change(*node, *change),
            Step::Delete { at } => DeleteObject::new(bucket_name(at.bucket), object_key(at.key), None).into(),
            Step::DeleteVersion { at, name } => self.delete_version(*at, *name),
            _ => self.upload_command(step)?,
        };
        self.past.push(command.clone());
        Some(command)
    }

    /// Ends the contents of a bucket to which nothing refers, some of them.
    pub(crate) fn reclaim(&self, bucket: &BucketName, up_to: u64) -> Command {
        let contents = self.places.of_bucket(bucket);
        ReclaimContents { bucket: bucket.clone(), contents, up_to, cause: ReclaimCause::Unreferenced }.into()
    }

    fn move_horizon(&self, age: i64) -> Command {
        let before = Timestamp::from_millisecond(self.milliseconds - age).unwrap();
        let region = "test-1".parse().unwrap();
        MoveHorizon { region, before, upload_seconds: 1 }.into()
    }

    /// Whether a command creates an upload, or parts of an object, with an id that was in use. The answer depends on
    /// how many of the old parts have been freed by now, which S3 does not specify. Examples test this.
    fn is_of_ended(&self, command: &Command) -> bool {
        match command {
            Command::CreateUpload(create) => self.stored_many && !self.naive.kept(create.upload),
            Command::AppendObject(_) => self.stored_many,
            _ => false,
        }
    }

    fn append(&mut self, at: At, bytes: Bytes, astray: bool, wish: Wish) -> Command {
        let (bucket, key) = (bucket_name(at.bucket), object_key(at.key));
        let precondition = self.precondition(wish, &bucket, &key);
        let found = self.naive.current(&bucket, &key);
        let (ends, tag) = found.map_or((0, [0; 16]), |found| (found.size, found.etag.md5.0));
        let md5 = md5_of(bytes);
        let body = self.stage(&bucket, bytes, false);
        Command::from(AppendObject {
            bucket,
            key,
            version: None,
            offset: ends + u64::from(astray),
            size: size_of(bytes),
            md5,
            body,
            checksum: None,
            salt: None,
            whole_md5: Md5Digest(std::array::from_fn(|i| tag[i].rotate_left(1) ^ md5.0[i])),
            whole_checksum: None,
            upload: UploadId(self.uuid()),
            precondition,
        })
    }

    /// Usually a version that the key has or had; sometimes the null version, which it may not have.
    fn delete_version(&self, at: At, name: Index) -> Command {
        let (bucket, key) = (bucket_name(at.bucket), object_key(at.key));
        let of_key = self.names.iter().filter(|(b, k, _)| *b == bucket && *k == key).map(|(_, _, name)| *name);
        let names: Vec<_> = of_key.chain([VersionName::Null]).collect();
        let version = pick(&names, name).copied();
        DeleteObject::new(bucket, key, version).into()
    }

    fn upload_command(&mut self, step: &Step) -> Option<Command> {
        Some(match step {
            Step::CreateUpload { at } => {
                let (bucket, key) = (bucket_name(at.bucket), object_key(at.key));
                Command::CreateUpload(Box::new(create_upload(bucket, key, UploadId(self.uuid()))))
            }
            Step::StorePart { upload, number, bytes, elsewhere } => {
                self.stored_many |= usize::from(*number) > domain::FREED_AT_ONCE_MAX;
                let bucket = pick(&self.uploads, *upload)?.0.clone();
                let body = self.stage(&bucket, *bytes, false);
                let mut store = self.part(*upload, *number, size_of(*bytes), md5_of(*bytes), body)?;
                if *elsewhere {
                    store.key = ObjectKey::from_bytes(*b"elsewhere").unwrap();
                }
                Command::StorePart(Box::new(store))
            }
            Step::CopyIntoPart { upload, number, source } => {
                let source = pick(&self.bodies, *source)?.clone();
                Command::StorePart(Box::new(self.part(*upload, *number, source.size, source.etag.md5, source.body)?))
            }
            Step::Complete { upload, leave_out, spoil, wish } => {
                let complete = self.complete(*upload, *leave_out, *spoil, *wish)?;
                self.completes.push(complete.clone());
                Command::CompleteUpload(Box::new(complete))
            }
            Step::CompleteAgain { which } => Command::CompleteUpload(Box::new(pick(&self.completes, *which)?.clone())),
            Step::Abort { upload } => {
                let (bucket, key, upload) = pick(&self.uploads, *upload)?.clone();
                Command::AbortUpload { bucket, key, upload }
            }
            _ => unreachable!("{step:?} is not about uploads"),
        })
    }

    fn part(&self, upload: Index, number: u16, size: u64, md5: Md5Digest, body: NewBody) -> Option<StorePart> {
        let (bucket, key, upload) = pick(&self.uploads, upload)?.clone();
        let number = PartNumber::try_from(number).unwrap();
        Some(StorePart { bucket, key, upload, number, size, md5, body, checksum: None, salt: None })
    }

    fn complete(&self, upload: Index, leave_out: u16, spoil: Spoil, wish: Wish) -> Option<CompleteUpload> {
        let (bucket, key, upload) = pick(&self.uploads, upload)?.clone();
        let stored = self.naive.parts(&bucket, upload);
        let left = stored.into_iter().filter(|(number, _)| leave_out & (1 << (number.get() % 16)) == 0);
        let mut parts: Vec<_> = left.collect();
        match spoil {
            Spoil::Nothing => {}
            Spoil::Reversed => parts.reverse(),
            Spoil::WrongTag => parts.iter_mut().take(1).for_each(|(_, md5)| *md5 = Md5Digest([0x77; 16])),
            Spoil::NeverStored => parts.push((PartNumber::try_from(77).unwrap(), md5_of(None))),
        }
        let md5 =
            parts.iter().fold([0_u8; 16], |sum, (_, md5)| std::array::from_fn(|i| sum[i].rotate_left(1) ^ md5.0[i]));
        let etag = ETag { md5: Md5Digest(md5), parts: Some(u16::try_from(parts.len().max(1)).unwrap()) };
        let precondition = self.precondition(wish, &bucket, &key);
        Some(CompleteUpload { bucket, key, upload, parts, etag, checksum: None, precondition })
    }

    /// Compares an answer with the specification, and records its effects.
    pub(crate) fn answered(&mut self, command: &Command, answer: &Result<Outcome, Rejection>) -> Result<(), String> {
        self.naive.answered(command, answer)?;
        if answer.is_err() {
            return Ok(());
        }
        // A ledger may be asked what was made for another world.
        if let Some((bucket, NewBody::Staged { content, placement, .. })) = new_body(command) {
            self.places.staged(bucket, *content, placement);
        }
        if let (Command::PlaceShards(wanted), Ok(Outcome::Placed { refused })) = (command, answer) {
            self.places.placed(wanted, refused);
        }
        if let Command::CreateUpload(create) = command {
            self.uploads.push((create.bucket.clone(), create.key.clone(), create.upload));
        }
        let at = match command {
            Command::PutObject(put) => (&put.bucket, &put.key),
            Command::AppendObject(append) => (&append.bucket, &append.key),
            Command::CompleteUpload(complete) => (&complete.bucket, &complete.key),
            Command::DeleteObject(delete) => (&delete.bucket, &delete.key),
            _ => return Ok(()),
        };
        self.bodies.extend(self.naive.current(at.0, at.1).cloned());
        if let Ok(Outcome::Stored { version: Some(name), .. } | Outcome::Deleted { version: Some(name), .. }) = answer {
            self.names.push((at.0.clone(), at.1.clone(), *name));
        }
        Ok(())
    }
}

/// The body that a command brings, and the bucket to which it was uploaded.
fn new_body(command: &Command) -> Option<(&BucketName, &NewBody)> {
    match command {
        Command::PutObject(put) => Some((&put.bucket, &put.body)),
        Command::AppendObject(append) => Some((&append.bucket, &append.body)),
        Command::StorePart(part) => Some((&part.bucket, &part.body)),
        _ => None,
    }
}

fn pick<T>(from: &[T], index: Index) -> Option<&T> {
    (!from.is_empty()).then(|| index.get(from))
}
