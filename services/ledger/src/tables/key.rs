//! The keys of the tables: how each is stored, and read back.

use domain::row::{BucketId, Posting};
use events::ids::{
    BucketName, ContentId, Generation, InvalidName, ObjectKey, PartNumber, Sha256Digest, UploadId, VersionId,
};
use uuid::Uuid;

/// A key of a table.
pub(crate) trait Key: Sized {
    /// The type that redb stores and orders. The file names it: another one needs another `PROJECTION_VERSION`.
    type Stored: redb::Key + 'static;
    /// The key as callers have it: borrowed, where a copy would cost an allocation.
    type Ref<'k>;

    /// Calls `then` with the key as it is stored.
    fn encode<T>(key: Self::Ref<'_>, then: impl FnOnce(Stored<'_, Self>) -> T) -> T;

    /// Reads a stored key.
    fn decode(stored: Stored<'_, Self>) -> Result<Self, InvalidName>;
}

/// A key `K` as it is stored.
pub(crate) type Stored<'k, K> = <<K as Key>::Stored as redb::Value>::SelfType<'k>;

impl Key for BucketName {
    type Stored = &'static str;
    type Ref<'k> = &'k Self;

    fn encode<T>(name: &Self, then: impl FnOnce(&str) -> T) -> T {
        then(name.as_str())
    }

    fn decode(name: &str) -> Result<Self, InvalidName> {
        name.parse()
    }
}

impl Key for BucketId {
    type Stored = u64;
    type Ref<'k> = Self;

    fn encode<T>(bucket: Self, then: impl FnOnce(u64) -> T) -> T {
        then(bucket.0)
    }

    fn decode(bucket: u64) -> Result<Self, InvalidName> {
        Ok(Self(bucket))
    }
}

/// No object has this key, and it sorts before all that objects have.
pub(super) const NO_KEY: &[u8] = &[];

/// With [`NO_KEY`] this sorts after all of a bucket's keys.
pub(super) fn after_bucket(bucket: BucketId) -> u64 {
    bucket.0.saturating_add(1)
}

/// Sorted by bucket, then in the order in which S3 lists keys.
impl Key for (BucketId, ObjectKey) {
    type Stored = (u64, &'static [u8]);
    type Ref<'k> = (BucketId, &'k ObjectKey);

    fn encode<T>((bucket, key): (BucketId, &ObjectKey), then: impl FnOnce((u64, &[u8])) -> T) -> T {
        then((bucket.0, key.as_bytes()))
    }

    fn decode((bucket, key): (u64, &[u8])) -> Result<Self, InvalidName> {
        Ok((BucketId(bucket), ObjectKey::from_bytes(key)?))
    }
}

/// Sorted as above, then from the oldest version to the newest.
impl Key for (BucketId, ObjectKey, VersionId) {
    type Stored = (u64, &'static [u8], u128);
    type Ref<'k> = (BucketId, &'k ObjectKey, VersionId);

    fn encode<T>((bucket, key, version): Self::Ref<'_>, then: impl FnOnce((u64, &[u8], u128)) -> T) -> T {
        then((bucket.0, key.as_bytes(), version.as_u128()))
    }

    fn decode((bucket, key, version): (u64, &[u8], u128)) -> Result<Self, InvalidName> {
        Ok((BucketId(bucket), ObjectKey::from_bytes(key)?, VersionId::from_u128(version)))
    }
}

impl Key for (BucketId, ObjectKey, UploadId) {
    type Stored = (u64, &'static [u8], u128);
    type Ref<'k> = (BucketId, &'k ObjectKey, UploadId);

    fn encode<T>((bucket, key, upload): Self::Ref<'_>, then: impl FnOnce((u64, &[u8], u128)) -> T) -> T {
        then((bucket.0, key.as_bytes(), upload.0.as_u128()))
    }

    fn decode((bucket, key, upload): (u64, &[u8], u128)) -> Result<Self, InvalidName> {
        Ok((BucketId(bucket), ObjectKey::from_bytes(key)?, UploadId(Uuid::from_u128(upload))))
    }
}

impl Key for UploadId {
    type Stored = u128;
    type Ref<'k> = Self;

    fn encode<T>(upload: Self, then: impl FnOnce(u128) -> T) -> T {
        then(upload.0.as_u128())
    }

    fn decode(upload: u128) -> Result<Self, InvalidName> {
        Ok(Self(Uuid::from_u128(upload)))
    }
}

impl Key for (UploadId, PartNumber) {
    type Stored = (u128, u16);
    type Ref<'k> = Self;

    fn encode<T>((upload, number): Self, then: impl FnOnce((u128, u16)) -> T) -> T {
        then((upload.0.as_u128(), number.get()))
    }

    fn decode((upload, number): (u128, u16)) -> Result<Self, InvalidName> {
        Ok((UploadId(Uuid::from_u128(upload)), PartNumber::try_from(number)?))
    }
}

/// The SHA-256 and the generation.
pub(super) fn content_key(content: &ContentId) -> [u8; 48] {
    let mut key = [0; 48];
    key[..32].copy_from_slice(&content.sha256.0);
    key[32..].copy_from_slice(content.generation.as_uuid().as_bytes());
    key
}

/// Sorted by hash, then from the oldest generation to the newest.
impl Key for ContentId {
    type Stored = &'static [u8];
    type Ref<'k> = &'k Self;

    fn encode<T>(content: &Self, then: impl FnOnce(&[u8]) -> T) -> T {
        then(&content_key(content))
    }

    fn decode(stored: &[u8]) -> Result<Self, InvalidName> {
        let ids = stored.split_first_chunk().and_then(|(hash, uuid)| Some((*hash, Uuid::from_slice(uuid).ok()?)));
        let (sha256, generation) = ids.ok_or_else(|| InvalidName {
            what: "content",
            text: format!("{} bytes", stored.len()),
            why: "it has 32 bytes of a hash and 16 of a generation",
        })?;
        Ok(Self { sha256: Sha256Digest(sha256), generation: Generation::from_fresh(generation) })
    }
}

/// Sorted by the time at which their uploads began, like the shards that a node lists.
impl Key for Generation {
    type Stored = u128;
    type Ref<'k> = Self;

    fn encode<T>(generation: Self, then: impl FnOnce(u128) -> T) -> T {
        then(generation.as_uuid().as_u128())
    }

    fn decode(generation: u128) -> Result<Self, InvalidName> {
        Ok(Self::from_fresh(Uuid::from_u128(generation)))
    }
}

/// An hour since 1970, then the buckets that changed in it.
impl Key for (u32, BucketId) {
    type Stored = (u32, u64);
    type Ref<'k> = Self;

    fn encode<T>((hour, bucket): Self, then: impl FnOnce((u32, u64)) -> T) -> T {
        then((hour, bucket.0))
    }

    fn decode((hour, bucket): (u32, u64)) -> Result<Self, InvalidName> {
        Ok((hour, BucketId(bucket)))
    }
}

/// Something that events have in common, then blocks of the log.
impl Key for (Posting, u64) {
    type Stored = (u8, &'static str, u64);
    type Ref<'k> = (&'k Posting, u64);

    fn encode<T>((posting, block): (&Posting, u64), then: impl FnOnce((u8, &str, u64)) -> T) -> T {
        match posting {
            Posting::User(user) => then((0, user.as_str(), block)),
            Posting::Key(key) => then((1, key, block)),
            Posting::Bucket(bucket) => then((2, bucket.as_str(), block)),
        }
    }

    fn decode((kind, name, block): (u8, &str, u64)) -> Result<Self, InvalidName> {
        let posting = match kind {
            0 => Posting::User(name.parse()?),
            1 => Posting::Key(name.to_owned()),
            2 => Posting::Bucket(name.parse()?),
            _ => return Err(InvalidName { what: "posting", text: name.to_owned(), why: "there is no such kind" }),
        };
        Ok((posting, block))
    }
}

/// A key in buckets of a name, then the events about it.
impl Key for (BucketName, ObjectKey, u64) {
    type Stored = (&'static str, &'static [u8], u64);
    type Ref<'k> = (&'k BucketName, &'k ObjectKey, u64);

    fn encode<T>((bucket, key, sequence): Self::Ref<'_>, then: impl FnOnce(Stored<'_, Self>) -> T) -> T {
        then((bucket.as_str(), key.as_bytes(), sequence))
    }

    fn decode((bucket, key, sequence): (&str, &[u8], u64)) -> Result<Self, InvalidName> {
        Ok((bucket.parse()?, ObjectKey::from_bytes(key)?, sequence))
    }
}

/// A bucket, then days since 1970.
impl Key for (BucketId, u32) {
    type Stored = (u64, u32);
    type Ref<'k> = Self;

    fn encode<T>((bucket, day): Self, then: impl FnOnce((u64, u32)) -> T) -> T {
        then((bucket.0, day))
    }

    fn decode((bucket, day): (u64, u32)) -> Result<Self, InvalidName> {
        Ok((BucketId(bucket), day))
    }
}

/// A content behind the sequence of an event.
impl Key for (u64, ContentId) {
    type Stored = (u64, &'static [u8]);
    type Ref<'k> = (u64, &'k ContentId);

    fn encode<T>((sequence, content): (u64, &ContentId), then: impl FnOnce((u64, &[u8])) -> T) -> T {
        then((sequence, &content_key(content)))
    }

    fn decode((sequence, content): (u64, &[u8])) -> Result<Self, InvalidName> {
        Ok((sequence, ContentId::decode(content)?))
    }
}

/// The sequence of an entry of the log.
impl Key for u64 {
    type Stored = Self;
    type Ref<'k> = Self;

    fn encode<T>(sequence: Self, then: impl FnOnce(Self) -> T) -> T {
        then(sequence)
    }

    fn decode(sequence: Self) -> Result<Self, InvalidName> {
        Ok(sequence)
    }
}
