//! Computing a checksum while the bytes pass by.

use crc_fast::CrcAlgorithm;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use crate::checksum::{Algorithm, CHECKSUM_BYTES_MAX, Checksum};

/// An incremental checksum.
#[derive(Clone)]
pub struct Hasher {
    algorithm: Algorithm,
    state: State,
}

#[derive(Clone)]
enum State {
    Crc(crc_fast::Digest),
    Sha1(Sha1),
    Sha256(Sha256),
}

/// The parameters of the CRCs: CRC32 is ISO-HDLC, CRC32C is iSCSI.
pub(crate) const fn crc(algorithm: Algorithm) -> Option<CrcAlgorithm> {
    match algorithm {
        Algorithm::Crc32 => Some(CrcAlgorithm::Crc32IsoHdlc),
        Algorithm::Crc32c => Some(CrcAlgorithm::Crc32Iscsi),
        Algorithm::Crc64Nvme => Some(CrcAlgorithm::Crc64Nvme),
        Algorithm::Sha1 | Algorithm::Sha256 => None,
    }
}

impl Hasher {
    /// A hasher that has seen nothing.
    pub fn new(algorithm: Algorithm) -> Self {
        let state = match (algorithm, crc(algorithm)) {
            (_, Some(crc)) => State::Crc(crc_fast::Digest::new(crc)),
            (Algorithm::Sha1, None) => State::Sha1(Sha1::new()),
            (_, None) => State::Sha256(Sha256::new()),
        };
        Self { algorithm, state }
    }

    /// The algorithm.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.state {
            State::Crc(digest) => digest.update(bytes),
            State::Sha1(digest) => digest.update(bytes),
            State::Sha256(digest) => digest.update(bytes),
        }
    }

    /// The checksum of all bytes taken.
    pub fn finish(self) -> Checksum {
        let length = self.algorithm.bytes();
        let mut bytes = [0; CHECKSUM_BYTES_MAX];
        match self.state {
            State::Crc(digest) => bytes[..length].copy_from_slice(&crc_bytes(digest.finalize())[8 - length..]),
            State::Sha1(digest) => bytes[..length].copy_from_slice(&digest.finalize()),
            State::Sha256(digest) => bytes.copy_from_slice(&digest.finalize()),
        }
        Checksum { algorithm: self.algorithm, bytes, parts: None }
    }
}

/// A CRC in the low bytes of eight big-endian bytes.
pub(crate) const fn crc_bytes(value: u64) -> [u8; 8] {
    value.to_be_bytes()
}
