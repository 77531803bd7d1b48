//! Hashes a payload, and compares the hashes with those that the client declared.

use bytes::Bytes;
use events::ids::Sha256Digest;
use md5batch::{Hashers, Md5, Pending, Stopped};
use s3::checksum::{Algorithm, Checksum, Hasher};
use s3::request::Payload as Declared;
use s3::sigv4::PayloadHash;
use s3::{Code, Error};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

/// Bytes of a payload that are hashed without a turn. Longer payloads take turns, one for each processor. Otherwise
/// hundreds of them could fill the queue of runnable tasks, each for a millisecond, ahead of small requests.
const UNTURNED_BYTES_MAX: usize = 64 * 1024;

/// Fewer bytes of a long payload are not worth the way to the thread that hashes it beside others.
const SIDE_BY_SIDE_BYTES_MIN: usize = 16 * 1024;

/// What the hashes of all payloads share.
pub(crate) struct Hashing {
    /// The turns of long payloads. It is never closed.
    turns: Semaphore,
    /// MD5 is the slowest of the hashes, unless several payloads are hashed side by side.
    md5: Hashers,
}

impl Hashing {
    /// For a machine with so many processors.
    pub(crate) fn new(processors: usize) -> Self {
        let md5 = Hashers::start(processors).unwrap_or_else(|error| {
            tracing::warn!(%error, "no thread for the MD5 of uploads: they take more processor time");
            Hashers::default()
        });
        Self { turns: Semaphore::new(processors), md5 }
    }
}

/// The hashes of a payload that are needed.
pub(crate) struct Hashes {
    bytes: usize,
    md5: Running,
    sha256: Option<Sha256>,
    checksum: Option<Hasher>,
}

/// The MD5 of a payload so far.
enum Running {
    Here(Md5),
    /// A thread adds a piece to it.
    There(Pending),
}

impl Running {
    /// Adds a piece, which a thread hashes beside those of other payloads. Waits only for the piece before, so that no
    /// more than one is kept for that, and only until it is hashed, however slow the client is.
    async fn add_side_by_side(&mut self, piece: &Bytes, hashers: &Hashers) -> Result<(), Error> {
        let md5 = std::mem::take(self).settled().await?;
        *self = Self::There(hashers.update(md5, piece.clone()));
        Ok(())
    }

    /// Adds a piece at once, behind the one that a thread adds.
    async fn add_here(&mut self, piece: &[u8]) -> Result<(), Error> {
        let mut md5 = std::mem::take(self).settled().await?;
        md5.update(piece);
        *self = Self::Here(md5);
        Ok(())
    }

    /// The hash with all bytes.
    async fn settled(self) -> Result<Md5, Error> {
        match self {
            Self::Here(md5) => Ok(md5),
            Self::There(pending) => pending.await.map_err(|Stopped| Error::new(Code::InternalError)),
        }
    }
}

impl Default for Running {
    fn default() -> Self {
        Self::Here(Md5::default())
    }
}

/// The finished hashes.
pub(crate) struct Sums {
    pub(crate) md5: [u8; 16],
    pub(crate) sha256: Option<[u8; 32]>,
    pub(crate) checksum: Option<Checksum>,
}

impl Hashes {
    /// The hashes of plain bytes.
    pub(crate) fn of_plain(algorithm: Option<Algorithm>) -> Self {
        // The entity tag is an MD5 and the content's name a SHA-256 already, so neither is computed twice.
        let own = algorithm.filter(|algorithm| !matches!(algorithm, Algorithm::Md5 | Algorithm::Sha256));
        Self { bytes: 0, md5: Running::default(), sha256: Some(Sha256::new()), checksum: own.map(Hasher::new) }
    }

    /// The hashes of bytes that will be encrypted. Their SHA-256 names no content.
    pub(crate) fn of_encrypted(signed: PayloadHash, algorithm: Option<Algorithm>) -> Self {
        let wants_sha256 = matches!(signed, PayloadHash::Signed(_)) || algorithm == Some(Algorithm::Sha256);
        Self { sha256: wants_sha256.then(Sha256::new), ..Self::of_plain(algorithm) }
    }

    /// Adds the next bytes. After an error the hashes cannot be used any more.
    pub(crate) async fn update(&mut self, bytes: &Bytes, hashing: &Hashing) -> Result<(), Error> {
        self.bytes = self.bytes.saturating_add(bytes.len());
        let is_long = self.bytes > UNTURNED_BYTES_MAX;
        if is_long && bytes.len() >= SIDE_BY_SIDE_BYTES_MIN {
            self.md5.add_side_by_side(bytes, &hashing.md5).await?;
        }
        let _turn = if is_long { hashing.turns.acquire().await.ok() } else { None };
        if !is_long || bytes.len() < SIDE_BY_SIDE_BYTES_MIN {
            self.md5.add_here(bytes).await?;
        }
        if let Some(sha256) = &mut self.sha256 {
            sha256.update(bytes);
        }
        if let Some(hasher) = &mut self.checksum {
            hasher.update(bytes);
        }
        Ok(())
    }

    pub(crate) async fn finish(self, algorithm: Option<Algorithm>) -> Result<Sums, Error> {
        let sha256: Option<[u8; 32]> = self.sha256.map(|sha256| sha256.finalize().into());
        let md5 = self.md5.settled().await?.finish();
        let checksum = match (self.checksum, algorithm) {
            (Some(hasher), _) => Some(hasher.finish()),
            (None, Some(Algorithm::Md5)) => Checksum::from_bytes(Algorithm::Md5, &md5),
            (None, Some(algorithm)) => sha256.and_then(|sha256| Checksum::from_bytes(algorithm, &sha256)),
            (None, None) => None,
        };
        Ok(Sums { md5, sha256, checksum })
    }
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

pub(crate) fn verify_sha256(declared: &[u8; 32], computed: &[u8; 32]) -> Result<(), Error> {
    if declared == computed {
        return Ok(());
    }
    Err(Error::content_sha256_mismatch(&Sha256Digest(*declared).to_string(), &Sha256Digest(*computed).to_string()))
}

/// Compares the computed hashes with everything the client declared. Returns the checksum that matched.
pub(crate) fn verify(
    sums: &Sums,
    declared: &Declared,
    signed: PayloadHash,
    trailing: Option<&Checksum>,
) -> Result<Option<Checksum>, Error> {
    if let PayloadHash::Signed(declared) = signed {
        verify_sha256(&declared, &sums.sha256.unwrap_or_default())?;
    }
    if let Some(declared) = declared.content_md5.filter(|md5| *md5 != sums.md5) {
        return Err(Error::bad_md5(&declared, &sums.md5));
    }
    if let (Some(sent), Some(computed)) = (declared.checksum.as_ref().or(trailing), &sums.checksum) {
        sent.verify(computed)?;
    }
    Ok(sums.checksum)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use md5::Digest as _;

    use super::*;

    #[tokio::test]
    async fn long_payloads_are_hashed_in_turns_and_short_ones_at_once() {
        let hashing = Hashing { turns: Semaphore::new(0), md5: Hashers::default() };
        let (short, long) = (Bytes::from(vec![1; UNTURNED_BYTES_MAX]), Bytes::from(vec![2; 2 * UNTURNED_BYTES_MAX]));
        let mut hashes = Hashes::of_plain(None);
        assert_eq!(hashes.update(&short, &hashing).now_or_never(), Some(Ok(())));
        let mut update = Box::pin(hashes.update(&long, &hashing));
        assert!(update.as_mut().now_or_never().is_none(), "it has no turn");
        hashing.turns.add_permits(1);
        assert_eq!(update.as_mut().now_or_never(), Some(Ok(())));
        drop(update);
        assert_eq!(hashing.turns.available_permits(), 1, "the next one has it");
        let all = [short, long].concat();
        let sums = hashes.finish(None).await.unwrap();
        assert_eq!((sums.sha256, sums.md5), (Some(sha256(&all)), md5::Md5::digest(&all).into()));
    }

    #[tokio::test]
    async fn pieces_of_any_length_give_the_hashes_of_the_whole() {
        let hashing = Hashing::new(2);
        let mut hashes = Hashes::of_plain(Some(Algorithm::Crc32));
        let mut all = Vec::new();
        for (number, length) in [100, 70_000, 5, SIDE_BY_SIDE_BYTES_MIN, 300_001, 3, 0, 40_000].into_iter().enumerate()
        {
            let piece = Bytes::from(vec![u8::try_from(number).unwrap(); length]);
            hashes.update(&piece, &hashing).await.unwrap();
            all.extend_from_slice(&piece);
        }
        let sums = hashes.finish(Some(Algorithm::Crc32)).await.unwrap();
        assert_eq!((sums.sha256, sums.md5), (Some(sha256(&all)), md5::Md5::digest(&all).into()));
    }
}
