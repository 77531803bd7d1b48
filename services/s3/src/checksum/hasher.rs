//! Computes a checksum while bytes stream.

use std::hash::Hasher as _;

use crc_fast::CrcAlgorithm;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha512};
use twox_hash::{XxHash3_64, XxHash3_128, XxHash64};

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
    Sha512(Box<Sha512>),
    Md5(Md5),
    XxHash64(XxHash64),
    XxHash3(Box<XxHash3_64>),
    XxHash128(Box<XxHash3_128>),
}

/// The seed of S3's xxHashes, which is the default one.
const XXHASH_SEED: u64 = 0;

const CRC32: CrcAlgorithm = CrcAlgorithm::Crc32IsoHdlc;
const CRC32C: CrcAlgorithm = CrcAlgorithm::Crc32Iscsi;
const CRC64NVME: CrcAlgorithm = CrcAlgorithm::Crc64Nvme;

/// The parameters of the CRCs. `None` for an algorithm that is not a CRC.
pub(crate) const fn crc(algorithm: Algorithm) -> Option<CrcAlgorithm> {
    match algorithm {
        Algorithm::Crc32 => Some(CRC32),
        Algorithm::Crc32c => Some(CRC32C),
        Algorithm::Crc64Nvme => Some(CRC64NVME),
        Algorithm::Sha1
        | Algorithm::Sha256
        | Algorithm::Sha512
        | Algorithm::Md5
        | Algorithm::XxHash64
        | Algorithm::XxHash3
        | Algorithm::XxHash128 => None,
    }
}

impl State {
    fn crc(parameters: CrcAlgorithm) -> Self {
        Self::Crc(crc_fast::Digest::new(parameters))
    }
}

impl Hasher {
    /// A hasher without input.
    pub fn new(algorithm: Algorithm) -> Self {
        let state = match algorithm {
            Algorithm::Crc32 => State::crc(CRC32),
            Algorithm::Crc32c => State::crc(CRC32C),
            Algorithm::Crc64Nvme => State::crc(CRC64NVME),
            Algorithm::Sha1 => State::Sha1(Sha1::new()),
            Algorithm::Sha256 => State::Sha256(Sha256::new()),
            Algorithm::Sha512 => State::Sha512(Box::new(Sha512::new())),
            Algorithm::Md5 => State::Md5(Md5::new()),
            Algorithm::XxHash64 => State::XxHash64(XxHash64::with_seed(XXHASH_SEED)),
            Algorithm::XxHash3 => State::XxHash3(Box::new(XxHash3_64::new())),
            Algorithm::XxHash128 => State::XxHash128(Box::new(XxHash3_128::new())),
        };
        Self { algorithm, state }
    }

    /// The algorithm.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Adds the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.state {
            State::Crc(digest) => digest.update(bytes),
            State::Sha1(digest) => digest.update(bytes),
            State::Sha256(digest) => digest.update(bytes),
            State::Sha512(digest) => digest.update(bytes),
            State::Md5(digest) => digest.update(bytes),
            State::XxHash64(digest) => digest.write(bytes),
            State::XxHash3(digest) => digest.write(bytes),
            State::XxHash128(digest) => digest.write(bytes),
        }
    }

    /// The checksum of all bytes.
    pub fn finish(self) -> Checksum {
        let length = self.algorithm.bytes();
        let mut bytes = [0; CHECKSUM_BYTES_MAX];
        let value = &mut bytes[..length];
        match self.state {
            State::Crc(digest) => value.copy_from_slice(&crc_bytes(digest.finalize())[8 - length..]),
            State::Sha1(digest) => value.copy_from_slice(&digest.finalize()),
            State::Sha256(digest) => value.copy_from_slice(&digest.finalize()),
            State::Sha512(digest) => value.copy_from_slice(&digest.finalize()),
            State::Md5(digest) => value.copy_from_slice(&digest.finalize()),
            // The canonical form of an xxHash is big-endian, as SDKs send it.
            State::XxHash64(digest) => value.copy_from_slice(&digest.finish().to_be_bytes()),
            State::XxHash3(digest) => value.copy_from_slice(&digest.finish().to_be_bytes()),
            State::XxHash128(digest) => value.copy_from_slice(&digest.finish_128().to_be_bytes()),
        }
        Checksum { algorithm: self.algorithm, bytes, parts: None }
    }
}

/// A CRC in the low bytes of eight big-endian bytes.
pub(crate) const fn crc_bytes(value: u64) -> [u8; 8] {
    value.to_be_bytes()
}
