//! Taking bytes in: hashed while they stream, compared with what the client declared, staged as shards
//! unless their content is known, and committed.

mod commit;
mod hashes;

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use domain::View;
use events::ids::{BucketName, ContentId, Generation, Md5Digest, Salt, Sha256Digest};
use identity::Wrapper;
use s3::checksum::{Algorithm, Checksum};
use s3::request::Payload as Declared;
use s3::sigv4::PayloadHash;
use s3::{Code, Error};
use sha2::{Digest, Sha256};
use shards::piece::STRIPE_BYTES;
use shards::{NatsTransport, StoredContent, Writer};
use tokio::sync::OwnedSemaphorePermit;

use crate::call::Call;
use crate::encryption::{Protection, random};
use crate::failure::Failure;
use crate::payload::Payload;
use crate::referable::is_referable;

pub(crate) use commit::commit_ingested;
use hashes::{Hashes, Sums, verify};
pub(crate) use hashes::{sha256, verify_sha256};

/// What was taken in, verified, and not yet committed.
pub(crate) struct Ingested {
    pub(crate) size: u64,
    /// The entity tag: MD5 of the bytes, unless that would tell of what is encrypted.
    pub(crate) md5: Md5Digest,
    /// Of the bytes as they are stored.
    pub(crate) sha256: Sha256Digest,
    /// What makes the content's key out of the object's, if the bytes are encrypted.
    pub(crate) salt: Option<Salt>,
    /// The checksum the client sent, which held, or the default one.
    pub(crate) checksum: Option<Checksum>,
    bytes: Taken,
}

/// Where the bytes are meanwhile.
enum Taken {
    /// In memory: they fit one stripe.
    InMemory(Bytes, OwnedSemaphorePermit),
    /// In shards on the nodes, in place of a content of the same bytes that its nodes do not show.
    Staged(StoredContent, Option<ContentId>),
    /// In a content that was stored before.
    Known(ContentId),
}

/// Bytes on their way from the client to the nodes, where they are encrypted.
struct Sealing {
    wrapper: Wrapper,
    sha256: Sha256,
    salt: Salt,
}

impl Sealing {
    fn new(call: &Call<'_>, protection: &Protection) -> Result<Self, Error> {
        let salt: [u8; Salt::BYTES] = random(call)?;
        let wrapper = Wrapper::new(protection.key().content_key(&salt));
        Ok(Self { wrapper, sha256: Sha256::new(), salt: Salt::from_fresh(salt) })
    }

    fn push(&mut self, plain: &[u8]) -> Result<Bytes, Error> {
        let sealed = self.wrapper.push(plain).map_err(|_| Error::new(Code::InternalError))?;
        self.sha256.update(&sealed);
        Ok(sealed.into())
    }

    fn finish(mut self) -> Result<(Bytes, Sealed), Error> {
        let last = self.wrapper.finish().map_err(|_| Error::new(Code::InternalError))?;
        self.sha256.update(&last);
        let sha256 = Sha256Digest(self.sha256.finalize().into());
        Ok((last.into(), Sealed { sha256, salt: self.salt }))
    }
}

/// What is known of ciphertext once it is whole.
struct Sealed {
    sha256: Sha256Digest,
    salt: Salt,
}

/// The hash that names a content, and the salt of its key. What is empty has no key.
fn names(sums: &Sums, size: u64, sealed: Option<Sealed>) -> Result<(Sha256Digest, Option<Salt>), Error> {
    match sealed {
        Some(Sealed { sha256, salt }) => Ok((sha256, Some(salt).filter(|_| size > 0))),
        None => Ok((sums.sha256.map(Sha256Digest).ok_or_else(|| Error::new(Code::InternalError))?, None)),
    }
}

fn tag(sums: &Sums, protection: Option<&Protection>) -> Md5Digest {
    let md5 = Md5Digest(sums.md5);
    protection.map_or(md5, |protection| protection.tag(md5))
}

/// The checksum of bytes for which the client asks none, as S3 has it. It takes 0.3 % of the processor time of a PUT
/// (18 to 30 GB/s on one core), and parts that have it combine to the checksum of their object.
const ALGORITHM_DEFAULT: Algorithm = Algorithm::Crc64Nvme;

/// Reads a payload to its end. Nothing of it is kept if this fails.
///
/// `algorithm` is the checksum to compute where the client names none in this request. With a `protection` the bytes
/// are encrypted before they go anywhere.
pub(crate) async fn ingest(
    call: &Call<'_>,
    bucket: &BucketName,
    mut payload: Payload,
    declared: &Declared,
    algorithm: Option<Algorithm>,
    protection: Option<&Protection>,
) -> Result<Ingested, Failure> {
    if declared.object_length().is_some_and(|length| length > PUT_BYTES_MAX) {
        let proposed = declared.object_length().unwrap_or_default();
        return Err(Error::entity_too_large(proposed, PUT_BYTES_MAX).into());
    }
    let sent = declared.checksum.as_ref().map(Checksum::algorithm).or(declared.trailer).or(declared.algorithm);
    // A checksum that nobody asked for would let guesses at what is hidden be tested.
    let hides = protection.is_some_and(Protection::hides_plaintext);
    let algorithm = sent.or(algorithm).or_else(|| (!hides).then_some(ALGORITHM_DEFAULT));
    let mut sealing = protection.map(|protection| Sealing::new(call, protection)).transpose()?;
    let mut hashes = match &sealing {
        None => Hashes::of_plain(algorithm),
        Some(_) => Hashes::of_encrypted(payload.hash(), algorithm),
    };
    let permit = buffer_permit(call, declared.object_length()).await?;
    let mut first = FirstStripe::Empty;
    let first_max = if sealing.is_some() { SEALED_STRIPE_BYTES } else { STRIPE_BYTES };
    while let Some(bytes) = payload.next().await? {
        hashes.update(&bytes);
        if let Some(beyond) = first.push(bytes, first_max) {
            let streaming = Streaming { call, bucket, declared, algorithm, protection };
            return streaming.take(payload, (hashes, sealing), first.whole(), beyond, permit).await;
        }
    }
    let mut bytes = first.whole();
    let size = bytes.len() as u64;
    let sums = hashes.finish(algorithm);
    let checksum = verify(&sums, declared, payload.hash(), payload.trailing_checksum())?;
    let mut sealed = None;
    if let Some(mut sealing) = sealing.take() {
        let begin = sealing.push(&bytes)?;
        let (end, all) = sealing.finish()?;
        bytes = if begin.is_empty() { end } else { [begin, end].concat().into() };
        sealed = Some(all);
    }
    let (sha256, salt) = names(&sums, size, sealed)?;
    let md5 = tag(&sums, protection);
    Ok(Ingested { size, md5, sha256, salt, checksum, bytes: Taken::InMemory(bytes, permit) })
}

/// Bytes of plaintext whose ciphertext fits one stripe.
const SEALED_STRIPE_BYTES: usize = STRIPE_BYTES - (STRIPE_BYTES / identity::FRAME_BYTES) * identity::TAG_BYTES;

/// The greatest body of one request: S3's limit.
const PUT_BYTES_MAX: u64 = 5 * 1024 * 1024 * 1024;

/// How long a request may wait for room for its body.
const ROOM_TIME_MAX: Duration = Duration::from_secs(10);

/// Waits for room for the first stripe of a body.
async fn buffer_permit(call: &Call<'_>, length: Option<u64>) -> Result<OwnedSemaphorePermit, Error> {
    room(call, length.unwrap_or(u64::MAX).min(STRIPE_BYTES as u64)).await
}

/// Waits for room for some bytes of request bodies in memory.
pub(crate) async fn room(call: &Call<'_>, bytes: u64) -> Result<OwnedSemaphorePermit, Error> {
    let kib = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX).max(1);
    // Strangers share a part of their own: they can hold up nobody else.
    let shared = &call.gateway.0;
    let room = if call.caller.account.is_some() { &shared.buffered_kib } else { &shared.strangers_kib };
    let room = Arc::clone(room).acquire_many_owned(kib);
    match tokio::time::timeout(ROOM_TIME_MAX, room).await {
        Ok(permit) => permit.map_err(|_| Error::new(Code::InternalError)),
        Err(_) => Err(Error::with_message(Code::SlowDown, "Too many uploads are under way. Try again.")),
    }
}

/// The bytes up to the end of the first stripe. Most bodies come in one piece, which is kept as it is; more
/// are copied together, since a small slice may hold a large network buffer alive.
enum FirstStripe {
    Empty,
    One(Bytes),
    Many(BytesMut),
}

impl FirstStripe {
    /// Keeps the bytes, or gives them back if there would be more than `max`.
    fn push(&mut self, bytes: Bytes, max: usize) -> Option<Bytes> {
        let length = match self {
            Self::Empty => 0,
            Self::One(first) => first.len(),
            Self::Many(gathered) => gathered.len(),
        };
        if length + bytes.len() > max {
            return Some(bytes);
        }
        match self {
            Self::Empty => *self = Self::One(bytes),
            Self::One(first) => {
                let mut gathered = BytesMut::from(&first[..]);
                gathered.extend_from_slice(&bytes);
                *self = Self::Many(gathered);
            }
            Self::Many(gathered) => gathered.extend_from_slice(&bytes),
        }
        None
    }

    fn whole(self) -> Bytes {
        match self {
            Self::Empty => Bytes::new(),
            Self::One(bytes) => bytes,
            Self::Many(gathered) => gathered.freeze(),
        }
    }
}

/// A body of more than one stripe.
struct Streaming<'a> {
    call: &'a Call<'a>,
    bucket: &'a BucketName,
    declared: &'a Declared,
    algorithm: Option<Algorithm>,
    protection: Option<&'a Protection>,
}

/// The nodes as a sink of plaintext or ciphertext. Without a writer nothing is kept: the bytes are known.
struct Sink {
    writer: Option<Writer<NatsTransport>>,
    sealing: Option<Sealing>,
    /// Bytes that were written.
    stored: u64,
}

impl Sink {
    async fn write(&mut self, bytes: Bytes) -> Result<(), Failure> {
        let bytes = match &mut self.sealing {
            Some(sealing) => sealing.push(&bytes)?,
            None => bytes,
        };
        self.put(bytes).await
    }

    async fn put(&mut self, bytes: Bytes) -> Result<(), Failure> {
        self.stored += bytes.len() as u64;
        match &mut self.writer {
            Some(writer) if !bytes.is_empty() => Ok(writer.write(bytes).await?),
            _ => Ok(()),
        }
    }

    /// Ends the ciphertext, if it is that.
    async fn end(mut self) -> Result<(Option<Writer<NatsTransport>>, u64, Option<Sealed>), Failure> {
        let mut sealed = None;
        if let Some(sealing) = self.sealing.take() {
            let (last, all) = sealing.finish()?;
            self.put(last).await?;
            sealed = Some(all);
        }
        Ok((self.writer, self.stored, sealed))
    }
}

impl Streaming<'_> {
    async fn take(
        &self,
        mut payload: Payload,
        (mut hashes, sealing): (Hashes, Option<Sealing>),
        first: Bytes,
        beyond: Bytes,
        permit: OwnedSemaphorePermit,
    ) -> Result<Ingested, Failure> {
        // Ciphertext under a fresh key is never known.
        let known = if sealing.is_none() { self.known_by_declaration(payload.hash()).await? } else { None };
        let generation = Generation::from_fresh(self.call.fresh());
        let store = &self.call.gateway.0.store;
        let writer = known.is_none().then(|| store.writer(self.bucket.clone(), generation));
        let mut sink = Sink { writer, sealing, stored: 0 };
        let mut size = (first.len() + beyond.len()) as u64;
        sink.write(first).await?;
        sink.write(beyond).await?;
        drop(permit); // From here on the writer's own budget counts.
        while let Some(bytes) = payload.next().await? {
            size += bytes.len() as u64;
            if size > PUT_BYTES_MAX {
                return Err(Error::entity_too_large(size, PUT_BYTES_MAX).into());
            }
            hashes.update(&bytes);
            sink.write(bytes).await?;
        }
        let sums = hashes.finish(self.algorithm);
        let checksum = verify(&sums, self.declared, payload.hash(), payload.trailing_checksum())?;
        let (writer, stored, sealed) = sink.end().await?;
        let (sha256, salt) = names(&sums, size, sealed)?;
        let md5 = tag(&sums, self.protection);
        let found = known_bytes(self.call, sha256).await?;
        let bytes = match (found.shown(), writer) {
            (Some(known), _) => Taken::Known(known), // a dropped writer discards what it staged
            (None, Some(writer)) => {
                let placement = writer.finish().await?.placement;
                let bucket = self.bucket.clone();
                Taken::Staged(StoredContent { bucket, sha256, generation, size: stored, placement }, found.hidden())
            }
            // The nodes showed the bytes before they were sent, and do not now: the next attempt stores them.
            (None, None) => return Err(no_longer_shown().into()),
        };
        Ok(Ingested { size, md5, sha256, salt, checksum, bytes })
    }

    /// A SHA-256 that the client declares may spare the staging. It is verified at the end like any other.
    async fn known_by_declaration(&self, signed: PayloadHash) -> Result<Option<ContentId>, Failure> {
        let declared = match (signed, &self.declared.checksum) {
            (PayloadHash::Signed(sha256), _) => Some(sha256),
            (_, Some(sent)) if sent.algorithm() == Algorithm::Sha256 => sent.bytes().try_into().ok(),
            _ => None,
        };
        match declared {
            Some(sha256) => Ok(known_bytes(self.call, Sha256Digest(sha256)).await?.shown()),
            None => Ok(None),
        }
    }
}

/// What is known of some bytes. A hint, decided again at the commit, so it needs no barrier.
struct KnownBytes {
    content: Option<ContentId>,
    /// Its nodes show enough of it. If not, the bytes at hand are better than those.
    is_shown: bool,
}

async fn known_bytes(call: &Call<'_>, sha256: Sha256Digest) -> Result<KnownBytes, Failure> {
    let snapshot = call.gateway.0.ledger.latest();
    let content = snapshot.newest_content(sha256)?;
    let is_shown = match content {
        Some(content) => is_referable(call.gateway, &snapshot, content).await?,
        None => false,
    };
    Ok(KnownBytes { content, is_shown })
}

impl KnownBytes {
    fn shown(&self) -> Option<ContentId> {
        self.content.filter(|_| self.is_shown)
    }

    fn hidden(&self) -> Option<ContentId> {
        self.content.filter(|_| !self.is_shown)
    }
}

fn no_longer_shown() -> Error {
    Error::with_message(Code::SlowDown, "The storage nodes do not show these bytes any more. Send them again.")
}
