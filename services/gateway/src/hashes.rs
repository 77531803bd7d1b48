//! Hashes a payload, and compares the hashes with those that the client declared.

use events::ids::Sha256Digest;
use md5::Md5;
use s3::Error;
use s3::checksum::{Algorithm, Checksum, Hasher};
use s3::request::Payload as Declared;
use s3::sigv4::PayloadHash;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

/// Bytes of a payload that are hashed without a turn. Longer payloads take turns, one for each processor. Otherwise
/// hundreds of them could fill the queue of runnable tasks, each for a millisecond, ahead of small requests.
const UNTURNED_BYTES_MAX: usize = 64 * 1024;

/// The hashes of a payload that are needed, all computed in one pass.
pub(crate) struct Hashes {
    bytes: usize,
    md5: Md5,
    sha256: Option<Sha256>,
    checksum: Option<Hasher>,
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
        Self { bytes: 0, md5: Md5::new(), sha256: Some(Sha256::new()), checksum: own.map(Hasher::new) }
    }

    /// The hashes of bytes that will be encrypted. Their SHA-256 names no content.
    pub(crate) fn of_encrypted(signed: PayloadHash, algorithm: Option<Algorithm>) -> Self {
        let wants_sha256 = matches!(signed, PayloadHash::Signed(_)) || algorithm == Some(Algorithm::Sha256);
        Self { sha256: wants_sha256.then(Sha256::new), ..Self::of_plain(algorithm) }
    }

    pub(crate) async fn update(&mut self, bytes: &[u8], turns: &Semaphore) {
        self.bytes = self.bytes.saturating_add(bytes.len());
        // The semaphore is never closed.
        let _turn = if self.bytes > UNTURNED_BYTES_MAX { turns.acquire().await.ok() } else { None };
        self.md5.update(bytes);
        if let Some(sha256) = &mut self.sha256 {
            sha256.update(bytes);
        }
        if let Some(hasher) = &mut self.checksum {
            hasher.update(bytes);
        }
    }

    pub(crate) fn finish(self, algorithm: Option<Algorithm>) -> Sums {
        let sha256: Option<[u8; 32]> = self.sha256.map(|sha256| sha256.finalize().into());
        let md5: [u8; 16] = self.md5.finalize().into();
        let checksum = match (self.checksum, algorithm) {
            (Some(hasher), _) => Some(hasher.finish()),
            (None, Some(Algorithm::Md5)) => Checksum::from_bytes(Algorithm::Md5, &md5),
            (None, Some(algorithm)) => sha256.and_then(|sha256| Checksum::from_bytes(algorithm, &sha256)),
            (None, None) => None,
        };
        Sums { md5, sha256, checksum }
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

    use super::*;

    #[test]
    fn long_payloads_are_hashed_in_turns_and_short_ones_at_once() {
        let turns = Semaphore::new(0);
        let (short, long) = (vec![1; UNTURNED_BYTES_MAX], vec![2; 2 * UNTURNED_BYTES_MAX]);
        let mut hashes = Hashes::of_plain(None);
        assert!(hashes.update(&short, &turns).now_or_never().is_some());
        let mut update = Box::pin(hashes.update(&long, &turns));
        assert!(update.as_mut().now_or_never().is_none(), "it has no turn");
        turns.add_permits(1);
        assert!(update.as_mut().now_or_never().is_some());
        drop(update);
        assert_eq!(turns.available_permits(), 1, "the next one has it");
        assert_eq!(hashes.finish(None).sha256, Some(sha256(&[short, long].concat())));
    }
}
