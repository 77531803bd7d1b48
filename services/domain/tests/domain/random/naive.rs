//! S3's documentation as the simplest possible code: a vector of versions per key, whole bytes in every object, nothing
//! counted and nothing shared.
//!
//! Sources: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/versioning-workflows.html>,
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>,
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html>

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    AppendObject, Command, CompleteUpload, ETags, NewBody, Outcome, PART_BYTES_MIN, Precondition, PutObject, Rejection,
    StorePart, VersionName,
};
use events::bucket::Versioning;
use events::ids::{
    BucketName, ContentId, ETag, Generation, Md5Digest, ObjectKey, PartNumber, Sha256Digest, UploadId, UserId,
};

/// Bytes, as the list of their pieces.
pub(crate) type Bytes = Vec<Sha256Digest>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Object {
    pub(crate) size: u64,
    pub(crate) etag: ETag,
    pub(crate) bytes: Bytes,
    /// How a copy would name these bytes.
    pub(crate) body: NewBody,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) name: VersionName,
    /// `None` is a delete marker.
    pub(crate) object: Option<Object>,
}

#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) size: u64,
    pub(crate) md5: Md5Digest,
    pub(crate) bytes: Bytes,
}

#[derive(Debug, Clone)]
pub(crate) struct Upload {
    pub(crate) key: ObjectKey,
    pub(crate) parts: BTreeMap<PartNumber, Part>,
}

#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    owner: UserId,
    pub(crate) versioning: Versioning,
    /// Oldest first; never empty.
    pub(crate) keys: BTreeMap<ObjectKey, Vec<Version>>,
    pub(crate) uploads: BTreeMap<UploadId, Upload>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Naive {
    pub(crate) buckets: BTreeMap<BucketName, Bucket>,
    /// The stored contents and their sizes.
    pub(crate) stored: BTreeMap<ContentId, u64>,
    /// What was stored, and ended.
    ended: BTreeSet<Generation>,
    /// The moment before which nothing is named any more, in milliseconds since 1970.
    horizon: u64,
}

type Answer = Result<Outcome, Rejection>;
type Checked = Result<(), String>;

impl Naive {
    pub(crate) fn current(&self, bucket: &BucketName, key: &ObjectKey) -> Option<&Object> {
        self.buckets.get(bucket)?.keys.get(key)?.last()?.object.as_ref()
    }

    /// The newest upload of these bytes.
    pub(crate) fn newest(&self, sha256: Sha256Digest) -> Option<ContentId> {
        self.stored.keys().filter(|content| content.sha256 == sha256).max().copied()
    }

    pub(crate) fn parts(&self, bucket: &BucketName, upload: UploadId) -> Vec<(PartNumber, Md5Digest)> {
        let parts = self.buckets.get(bucket).and_then(|bucket| bucket.uploads.get(&upload)).map(|upload| &upload.parts);
        parts.into_iter().flatten().map(|(number, part)| (*number, part.md5)).collect()
    }

    /// Objects that are not delete markers, in all buckets or in one.
    pub(crate) fn objects(&self, of: Option<&BucketName>) -> impl Iterator<Item = &Object> {
        let buckets = self.buckets.iter().filter(move |(name, _)| of.is_none_or(|of| of == *name));
        buckets.flat_map(|(_, bucket)| bucket.keys.values().flatten()).filter_map(|version| version.object.as_ref())
    }

    /// Whether any object is made of the parts of this upload.
    fn is_assembled(&self, upload: UploadId) -> bool {
        self.objects(None).any(|object| object.body == NewBody::Parts(upload))
    }

    /// Compares `answer` with S3's rules, and applies it.
    pub(crate) fn answered(&mut self, command: &Command, answer: &Answer) -> Checked {
        match command {
            Command::CreateBucket { bucket, owner, .. } => self.create_bucket(bucket, owner, answer),
            Command::DeleteBucket { bucket } => self.delete_bucket(bucket, answer),
            Command::SetVersioning { bucket, versioning } => self.set_versioning(bucket, *versioning, answer),
            Command::PutObject(put) => self.put(put, answer),
            Command::AppendObject(append) => self.append(append, answer),
            Command::DeleteObject(delete) => match delete.version {
                None => self.delete(&delete.bucket, &delete.key, answer),
                Some(name) => self.delete_version(&delete.bucket, &delete.key, name, answer),
            },
            Command::CreateUpload(create) => {
                let assembled = self.is_assembled(create.upload);
                let Some(bucket) = self.buckets.get_mut(&create.bucket) else { return no_bucket(answer) };
                let upload = Upload { key: create.key.clone(), parts: BTreeMap::new() };
                if !assembled {
                    bucket.uploads.entry(create.upload).or_insert(upload);
                }
                expect(answer, &Ok(Outcome::Done))
            }
            Command::StorePart(store) => self.store_part(store, answer),
            Command::CompleteUpload(complete) => self.complete(complete, answer),
            Command::AbortUpload { bucket, key, upload } => {
                let Some(bucket) = self.buckets.get_mut(bucket) else { return no_bucket(answer) };
                if bucket.uploads.get(upload).is_none_or(|upload| upload.key != *key) {
                    return expect(answer, &Err(Rejection::NoSuchUpload));
                }
                bucket.uploads.remove(upload);
                expect(answer, &Ok(Outcome::Done))
            }
            Command::ReleaseParts { .. } => expect(answer, &Ok(Outcome::Done)),
            Command::ReclaimContents(wanted) => self.reclaim(&wanted.contents, answer),
            // A clock may have gone back since an earlier one.
            Command::MoveHorizon(_) if *answer == Err(Rejection::HorizonAhead) => Ok(()),
            Command::MoveHorizon(wanted) => {
                self.horizon = self.horizon.max(wanted.before.as_millisecond().unsigned_abs());
                expect(answer, &Ok(Outcome::Done))
            }
            // Of these S3 knows nothing: what they must come to is held against the state.
            Command::PlaceShards(_) | Command::JoinNode(_) | Command::ChangeNode(_) => Ok(()),
            other => Err(format!("{other:?} is no part of these histories")),
        }
    }

    /// What must not have ended is held against what still names it.
    fn reclaim(&mut self, wanted: &[ContentId], answer: &Answer) -> Checked {
        let Ok(Outcome::Reclaimed { contents }) = answer else {
            return Err(format!("{answer:?}, but contents should have been reclaimed"));
        };
        for content in contents {
            if !wanted.contains(content) || self.stored.remove(content).is_none() {
                return Err(format!("{content:?} was reclaimed"));
            }
            self.ended.insert(content.generation);
        }
        Ok(())
    }

    fn create_bucket(&mut self, name: &BucketName, owner: &UserId, answer: &Answer) -> Checked {
        if let Some(bucket) = self.buckets.get(name) {
            return expect(answer, &Err(Rejection::BucketExists { yours: bucket.owner == *owner }));
        }
        let (keys, uploads) = (BTreeMap::new(), BTreeMap::new());
        let bucket = Bucket { owner: owner.clone(), versioning: Versioning::Unversioned, keys, uploads };
        self.buckets.insert(name.clone(), bucket);
        expect(answer, &Ok(Outcome::Done))
    }

    fn delete_bucket(&mut self, name: &BucketName, answer: &Answer) -> Checked {
        let Some(bucket) = self.buckets.get(name) else { return no_bucket(answer) };
        if !bucket.keys.is_empty() {
            return expect(answer, &Err(Rejection::BucketNotEmpty));
        }
        self.buckets.remove(name);
        expect(answer, &Ok(Outcome::Done))
    }

    fn set_versioning(&mut self, name: &BucketName, versioning: Versioning, answer: &Answer) -> Checked {
        let Some(bucket) = self.buckets.get_mut(name) else { return no_bucket(answer) };
        if versioning == Versioning::Unversioned && bucket.versioning != Versioning::Unversioned {
            return expect(answer, &Err(Rejection::VersioningCannotBeUndone));
        }
        bucket.versioning = versioning;
        expect(answer, &Ok(Outcome::Done))
    }

    fn put(&mut self, put: &PutObject, answer: &Answer) -> Checked {
        if !self.buckets.contains_key(&put.bucket) {
            return no_bucket(answer);
        }
        if let Err(why) = self.check(&put.bucket, &put.key, &put.precondition) {
            return expect(answer, &Err(why));
        }
        let (body, bytes, in_use) = match self.bytes_of(&put.body, put.size) {
            Ok(found) => found,
            Err(why) => return expect(answer, &Err(why)),
        };
        // Our own rule: a copy of parts that have grown since they were read is refused.
        let of_parts = |object: &&Object| matches!(body, NewBody::Parts(_)) && object.body == body;
        if self.objects(None).find(of_parts).is_some_and(|object| object.size != put.size) {
            return expect(answer, &Err(Rejection::SourceChanged));
        }
        let object = Object { size: put.size, etag: put.etag, bytes, body };
        self.add(&put.bucket, &put.key, object, in_use, answer)
    }

    /// Appends to an object of an unversioned bucket, if the caller's offset is its size.
    fn append(&mut self, append: &AppendObject, answer: &Answer) -> Checked {
        let Some(bucket) = self.buckets.get(&append.bucket) else { return no_bucket(answer) };
        if bucket.versioning != Versioning::Unversioned {
            return expect(answer, &Err(Rejection::AppendAmongVersions));
        }
        if let Err(why) = self.check(&append.bucket, &append.key, &append.precondition) {
            return expect(answer, &Err(why));
        }
        let Some(found) = self.current(&append.bucket, &append.key).filter(|found| found.size == append.offset) else {
            return expect(answer, &Err(Rejection::WrongOffset));
        };
        if append.size == 0 {
            return expect(answer, &Err(Rejection::NothingToAppend));
        }
        let found = found.clone();
        let is_shared = self.objects(None).filter(|object| object.body == found.body).count() > 1;
        let body = match found.body {
            NewBody::Parts(_) if !is_shared => found.body,
            _ if self.is_assembled(append.upload) => return expect(answer, &Err(Rejection::SourceChanged)),
            _ => NewBody::Parts(append.upload),
        };
        let (_, bytes, in_use) = match self.bytes_of(&append.body, append.size) {
            Ok(found) => found,
            Err(why) => return expect(answer, &Err(why)),
        };
        let Ok(Outcome::Stored { version: None, etag, staged_in_use, .. }) = answer else {
            return Err(format!("{answer:?}, but it should have been appended"));
        };
        if etag.md5 != append.whole_md5 || *staged_in_use != in_use {
            return Err(format!("{answer:?}, but use of the staged shards is {in_use}"));
        }
        let (size, bytes) = (found.size + append.size, [found.bytes, bytes].concat());
        let object = Object { size, etag: *etag, bytes, body };
        self.insert(&append.bucket, &append.key, Some(object), None)?;
        Ok(())
    }

    fn check(&self, bucket: &BucketName, key: &ObjectKey, precondition: &Precondition) -> Result<(), Rejection> {
        let etag = self.current(bucket, key).map(|object| object.etag.to_string());
        let named = |tags: &ETags, etag: &String| match tags {
            ETags::Any => true,
            ETags::These(tags) => tags.contains(etag),
        };
        match (&precondition.matches, &precondition.none_matches, etag) {
            (Some(_), _, None) => Err(Rejection::NoSuchKey),
            (Some(tags), _, Some(etag)) if !named(tags, &etag) => Err(Rejection::PreconditionFailed),
            (_, Some(tags), Some(etag)) if named(tags, &etag) => Err(Rejection::PreconditionFailed),
            _ => Ok(()),
        }
    }

    /// The bytes of a command, how a copy names them, and whether staged shards are used.
    fn bytes_of(&mut self, body: &NewBody, size: u64) -> Result<(NewBody, Bytes, bool), Rejection> {
        Ok(match body {
            NewBody::Empty => (NewBody::Empty, vec![], false),
            NewBody::Staged { content, instead_of, .. } => {
                let duplicate = self.newest(content.sha256).filter(|newest| Some(*newest) != *instead_of);
                let known = self.stored.contains_key(content);
                let taken = duplicate.filter(|_| !known).unwrap_or(*content);
                // Our own rule: what ended, or lies below the horizon, is not named again.
                let is_over =
                    content.generation.milliseconds() < self.horizon || self.ended.contains(&content.generation);
                if taken == *content && !known && is_over {
                    return Err(Rejection::StagedTooOld);
                }
                self.stored.entry(taken).or_insert(size);
                (NewBody::Known(taken), vec![content.sha256], taken == *content)
            }
            NewBody::Known(content) => {
                self.stored.get(content).ok_or(Rejection::ContentGone)?;
                (NewBody::Known(*content), vec![content.sha256], false)
            }
            NewBody::Parts(upload) => {
                let object = self.objects(None).find(|object| object.body == NewBody::Parts(*upload));
                let object = object.ok_or(Rejection::ContentGone)?;
                (NewBody::Parts(*upload), object.bytes.clone(), false)
            }
        })
    }

    /// A new version: an additional one with versioning, in place of the null version otherwise.
    fn add(&mut self, name: &BucketName, key: &ObjectKey, object: Object, in_use: bool, answer: &Answer) -> Checked {
        let Ok(Outcome::Stored { version, etag, staged_in_use, .. }) = answer else {
            return Err(format!("{answer:?}, but it should have been stored"));
        };
        if *etag != object.etag || *staged_in_use != in_use {
            return Err(format!("{answer:?}, but the tag is {} and use of the staged shards {in_use}", object.etag));
        }
        // S3 does not return the name of the null version.
        let shown = self.insert(name, key, Some(object), *version)?.filter(|name| *name != VersionName::Null);
        if *version == shown { Ok(()) } else { Err(format!("{version:?} was answered instead of {shown:?}")) }
    }

    /// Inserts a version and returns the version id that S3 shows in the answer. Where S3 chooses the id, `assigned` is
    /// used, if it is new.
    fn insert(
        &mut self,
        name: &BucketName,
        key: &ObjectKey,
        object: Option<Object>,
        assigned: Option<VersionName>,
    ) -> Result<Option<VersionName>, String> {
        let bucket = self.buckets.get_mut(name).ok_or("no bucket")?;
        let versions = bucket.keys.entry(key.clone()).or_default();
        if bucket.versioning == Versioning::Enabled {
            let Some(VersionName::Id(id)) = assigned else { return Err(format!("{assigned:?} is no version id")) };
            let ids = versions.iter().filter_map(|version| match version.name {
                VersionName::Id(id) => Some(id),
                VersionName::Null => None,
            });
            if ids.max().is_some_and(|newest| newest >= id) {
                return Err(format!("the version id {id} is not greater than those before"));
            }
            versions.push(Version { name: VersionName::Id(id), object });
            return Ok(assigned);
        }
        versions.retain(|version| version.name != VersionName::Null);
        versions.push(Version { name: VersionName::Null, object });
        Ok((bucket.versioning == Versioning::Suspended).then_some(VersionName::Null))
    }

    fn delete(&mut self, name: &BucketName, key: &ObjectKey, answer: &Answer) -> Checked {
        let Some(bucket) = self.buckets.get_mut(name) else { return no_bucket(answer) };
        if bucket.versioning == Versioning::Unversioned {
            bucket.keys.remove(key);
            return expect(answer, &Ok(Outcome::Deleted { version: None, delete_marker: false }));
        }
        let Ok(Outcome::Deleted { version, .. }) = answer else {
            return Err(format!("{answer:?}, but it should have been deleted"));
        };
        let shown = self.insert(name, key, None, *version)?;
        expect(answer, &Ok(Outcome::Deleted { version: shown, delete_marker: true }))
    }

    fn delete_version(&mut self, name: &BucketName, key: &ObjectKey, asked: VersionName, answer: &Answer) -> Checked {
        let Some(bucket) = self.buckets.get_mut(name) else { return no_bucket(answer) };
        let mut delete_marker = false;
        if let Some(versions) = bucket.keys.get_mut(key) {
            if let Some(at) = versions.iter().position(|version| version.name == asked) {
                delete_marker = versions.remove(at).object.is_none();
            }
            if versions.is_empty() {
                bucket.keys.remove(key);
            }
        }
        expect(answer, &Ok(Outcome::Deleted { version: Some(asked), delete_marker }))
    }

    fn store_part(&mut self, store: &StorePart, answer: &Answer) -> Checked {
        let Some(bucket) = self.buckets.get(&store.bucket) else { return no_bucket(answer) };
        if bucket.uploads.get(&store.upload).is_none_or(|upload| upload.key != store.key) {
            return expect(answer, &Err(Rejection::NoSuchUpload));
        }
        // Our own rule: the bytes of a part cannot be parts themselves.
        if matches!(store.body, NewBody::Parts(_)) {
            return expect(answer, &Err(Rejection::ContentGone));
        }
        let (_, bytes, in_use) = match self.bytes_of(&store.body, store.size) {
            Ok(found) => found,
            Err(why) => return expect(answer, &Err(why)),
        };
        let Ok(Outcome::Stored { version: None, etag: ETag { md5, parts: None }, staged_in_use, .. }) = answer else {
            return Err(format!("{answer:?}, but the part should have been stored"));
        };
        if *md5 != store.md5 || *staged_in_use != in_use {
            return Err(format!("{answer:?}, but use of the staged shards is {in_use}"));
        }
        let upload = self.buckets.get_mut(&store.bucket).and_then(|bucket| bucket.uploads.get_mut(&store.upload));
        let part = Part { size: store.size, md5: store.md5, bytes };
        upload.ok_or("no upload")?.parts.insert(store.number, part);
        Ok(())
    }

    fn complete(&mut self, complete: &CompleteUpload, answer: &Answer) -> Checked {
        let (name, key) = (&complete.bucket, &complete.key);
        let Some(bucket) = self.buckets.get(name) else { return no_bucket(answer) };
        let Some(upload) = bucket.uploads.get(&complete.upload).filter(|upload| upload.key == *key) else {
            return self.complete_again(complete, answer);
        };
        let ascending = complete.parts.windows(2).all(|pair| pair[0].0 < pair[1].0);
        if complete.parts.is_empty() || !ascending {
            return expect(answer, &Err(Rejection::InvalidPartOrder));
        }
        let (mut size, mut bytes) = (0, Bytes::new());
        for (place, (number, md5)) in complete.parts.iter().enumerate() {
            let Some(part) = upload.parts.get(number).filter(|part| part.md5 == *md5) else {
                return expect(answer, &Err(Rejection::InvalidPart(number.get())));
            };
            if part.size < PART_BYTES_MIN && place + 1 < complete.parts.len() {
                return expect(answer, &Err(Rejection::PartTooSmall { number: number.get(), size: part.size }));
            }
            size += part.size;
            bytes.extend(&part.bytes);
        }
        if let Err(why) = self.check(name, key, &complete.precondition) {
            return expect(answer, &Err(why));
        }
        if let Some(bucket) = self.buckets.get_mut(name) {
            bucket.uploads.remove(&complete.upload);
        }
        let object = Object { size, etag: complete.etag, bytes, body: NewBody::Parts(complete.upload) };
        self.add(name, key, object, true, answer)
    }

    /// Completing twice gives the first answer again while its object is current; otherwise the upload does not exist.
    fn complete_again(&self, complete: &CompleteUpload, answer: &Answer) -> Checked {
        let bucket = &self.buckets[&complete.bucket];
        let newest = bucket.keys.get(&complete.key).and_then(|versions| versions.last());
        let made = newest.filter(|version| {
            let object = version.object.as_ref();
            object.is_some_and(|o| o.body == NewBody::Parts(complete.upload) && o.etag == complete.etag)
        });
        let Some(made) = made else { return expect(answer, &Err(Rejection::NoSuchUpload)) };
        let shown = Some(made.name).filter(|name| *name != VersionName::Null);
        match answer {
            Ok(Outcome::Stored { version, etag, .. }) if *version == shown && *etag == complete.etag => Ok(()),
            other => Err(format!("{other:?}, but it was completed as {shown:?} before")),
        }
    }

    /// Whether the parts of a completed upload must still be kept.
    pub(crate) fn kept(&self, upload: UploadId) -> bool {
        self.is_assembled(upload) || self.buckets.values().any(|bucket| bucket.uploads.contains_key(&upload))
    }
}

fn no_bucket(answer: &Answer) -> Checked {
    expect(answer, &Err(Rejection::NoSuchBucket))
}

fn expect(answer: &Answer, wanted: &Answer) -> Checked {
    if answer == wanted { Ok(()) } else { Err(format!("{answer:?} was answered instead of {wanted:?}")) }
}
