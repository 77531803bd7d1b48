//! Ingests bodies: hashes them while they stream, compares them with what the client declared, stages them as shards
//! unless their content is stored already, and commits them.
//!
//! # Layout
//! - `intake`: sends bytes to the nodes, stripe by stripe; `sealing`: encrypts them on their way
//! - `taken`: where they are until they are committed; `commit`

mod commit;
mod intake;
mod sealing;
mod taken;

use events::ids::{BucketName, Md5Digest, Salt, Sha256Digest};
use s3::checksum::{Algorithm, Checksum};
use s3::request::Payload as Declared;
use s3::{Code, Error};

use crate::encryption::Protection;
use crate::failure::Failure;
use crate::hashes::{Hashes, Sums, verify};
use crate::payload::Payload;
use crate::request::Request;

pub(crate) use commit::commit_ingested;
use intake::Intake;
use sealing::{Sealed, Sealing};
use taken::Taken;
pub(crate) use taken::uploaded_before;

/// A body that was read and verified, and is not yet committed.
pub(crate) struct Ingested {
    pub(crate) size: u64,
    /// The entity tag: MD5 of the bytes, unless that would reveal encrypted plaintext.
    pub(crate) md5: Md5Digest,
    /// SHA-256 of the bytes as they are stored.
    pub(crate) sha256: Sha256Digest,
    /// The salt that derives the content's key from the object's, if the bytes are encrypted.
    pub(crate) salt: Option<Salt>,
    /// The client's checksum, which matched, or the default one.
    pub(crate) checksum: Option<Checksum>,
    bytes: Taken,
}

/// The hash that names a content, and the salt of its key. An empty content has no key.
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

/// The checksum that is computed if the client requests none, as in S3. It takes 0.3 % of the processor time of a PUT
/// (18 to 30 GB/s on one core), and checksums of parts combine into that of their object.
const ALGORITHM_DEFAULT: Algorithm = Algorithm::Crc64Nvme;

/// Reads a payload to its end. Nothing of it is kept if this fails.
///
/// `algorithm` is the checksum to compute if the client names none in this request. With a `protection` the bytes are
/// encrypted before they are sent or written anywhere.
pub(crate) async fn ingest(
    request: &Request<'_>,
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
    // A checksum that the client did not request would let a caller test guesses at the hidden plaintext.
    let hides = protection.is_some_and(Protection::hides_plaintext);
    let algorithm = sent.or(algorithm).or_else(|| (!hides).then_some(ALGORITHM_DEFAULT));
    let sealing = protection.map(|protection| Sealing::new(request, protection)).transpose()?;
    let mut hashes = match &sealing {
        None => Hashes::of_plain(algorithm),
        Some(_) => Hashes::of_encrypted(payload.hash(), algorithm),
    };
    let mut intake = Intake::new(request, bucket, (payload.hash(), declared), sealing);
    let mut size = 0;
    while let Some(bytes) = payload.next().await? {
        size += bytes.len() as u64;
        if size > PUT_BYTES_MAX {
            return Err(Error::entity_too_large(size, PUT_BYTES_MAX).into());
        }
        hashes.update(&bytes, &request.gateway.0.hashing).await?;
        intake.push(bytes).await?;
    }
    let sums = hashes.finish(algorithm).await?;
    let checksum = verify(&sums, declared, payload.hash(), payload.trailing_checksum())?;
    let sealed = intake.end().await?;
    let (sha256, salt) = names(&sums, size, sealed)?;
    let md5 = tag(&sums, protection);
    let bytes = intake.finish(sha256).await?;
    Ok(Ingested { size, md5, sha256, salt, checksum, bytes })
}

/// The largest body of one request: S3's limit.
const PUT_BYTES_MAX: u64 = 5 * 1024 * 1024 * 1024;
