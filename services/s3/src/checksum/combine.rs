//! The checksum of a multipart object from the checksums of its parts.

use crate::checksum::hasher::{crc, crc_bytes};
use crate::checksum::{Algorithm, Checksum, Hasher};

/// The composite checksum: the checksum of the parts' checksums, in part order, with their number.
///
/// `None` if a part has another algorithm, or there is no part.
pub fn composite<'a>(algorithm: Algorithm, parts: impl IntoIterator<Item = &'a Checksum>) -> Option<Checksum> {
    let mut hasher = Hasher::new(algorithm);
    let mut count = 0_u32;
    for part in parts {
        if part.algorithm() != algorithm {
            return None;
        }
        hasher.update(part.bytes());
        count = count.saturating_add(1);
    }
    (count > 0).then(|| hasher.finish().with_parts(count))
}

/// Builds the full-object CRC from the CRCs and lengths of consecutive parts, without their bytes.
#[derive(Debug, Clone)]
pub struct Combiner {
    algorithm: Algorithm,
    value: u64,
}

impl Combiner {
    /// A combiner that has seen no part. `None` for the SHAs, which cannot be combined.
    pub fn new(algorithm: Algorithm) -> Option<Self> {
        let value = crc_fast::checksum(crc(algorithm)?, b"");
        Some(Self { algorithm, value })
    }

    /// Takes the next part: its CRC and its length in bytes. `None` if it has another algorithm.
    pub fn push(&mut self, part: &Checksum, length: u64) -> Option<()> {
        if part.algorithm() != self.algorithm {
            return None;
        }
        let value = part.bytes().iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
        if length > 0 {
            self.value = crc_fast::checksum_combine(crc(self.algorithm)?, self.value, value, length);
        }
        Some(())
    }

    /// The CRC of all parts taken, one after the other.
    pub fn finish(&self) -> Option<Checksum> {
        Checksum::from_bytes(self.algorithm, &crc_bytes(self.value)[8 - self.algorithm.bytes()..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(algorithm: Algorithm, bytes: &[u8]) -> Checksum {
        let mut hasher = Hasher::new(algorithm);
        hasher.update(bytes);
        hasher.finish()
    }

    #[test]
    fn check_values_of_the_catalogues() {
        let check = |algorithm| hex::encode(of(algorithm, b"123456789").bytes());
        assert_eq!(check(Algorithm::Crc32), "cbf43926");
        assert_eq!(check(Algorithm::Crc32c), "e3069283");
        assert_eq!(check(Algorithm::Crc64Nvme), "ae8b14860a799888");
        assert_eq!(check(Algorithm::Sha1), "f7c3bc1d808e04732adf679965ccc34ca7ae3441");
        assert_eq!(check(Algorithm::Sha256), "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225");
    }

    #[test]
    fn a_composite_names_its_parts() {
        let parts = [of(Algorithm::Sha256, b"a"), of(Algorithm::Sha256, b"b")];
        let whole = composite(Algorithm::Sha256, &parts).unwrap();
        assert_eq!(whole.parts(), Some(2));
        assert_eq!(whole.bytes(), of(Algorithm::Sha256, &[parts[0].bytes(), parts[1].bytes()].concat()).bytes());
        assert_eq!(Checksum::parse(Algorithm::Sha256, &whole.to_string()).unwrap(), whole);
        assert!(composite(Algorithm::Sha1, &parts).is_none());
        assert!(composite(Algorithm::Sha1, []).is_none());
    }

    #[test]
    fn a_value_of_the_wrong_length_is_refused() {
        for text in ["", "AAAA", "AAAAAAAA", "!!!!!!==", "AAAAAA", "AAAAAA==-x"] {
            assert!(Checksum::parse(Algorithm::Crc32, text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn parts_combine_to_the_whole(parts: Vec<Vec<u8>>) {
            for algorithm in [Algorithm::Crc32, Algorithm::Crc32c, Algorithm::Crc64Nvme] {
                let mut combiner = Combiner::new(algorithm).unwrap();
                for part in &parts {
                    combiner.push(&of(algorithm, part), part.len() as u64).unwrap();
                }
                prop_assert_eq!(combiner.finish(), Some(of(algorithm, &parts.concat())));
            }
        }

        #[test]
        fn reads_what_it_writes(bytes: Vec<u8>, text: String) {
            for algorithm in Algorithm::ALL {
                let checksum = of(algorithm, &bytes);
                prop_assert_eq!(Checksum::parse(algorithm, &checksum.to_string()).ok(), Some(checksum));
                let _ = Checksum::parse(algorithm, &text);
            }
        }
    }
}
