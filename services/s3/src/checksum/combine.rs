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
    /// A combiner without parts. `None` for the SHAs, which cannot be combined.
    pub fn new(algorithm: Algorithm) -> Option<Self> {
        let value = crc_fast::checksum(crc(algorithm)?, b"");
        Some(Self { algorithm, value })
    }

    /// Adds the next part: its CRC and its length in bytes. `None` if it has another algorithm.
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

    /// The CRC of all parts, in order.
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
        assert_eq!(
            check(Algorithm::Sha512),
            "d9e6762dd1c8eaf6d61b3c6192fc408d4d6d5f1176d0c29169bc24e71c3f274a\
             d27fcd5811b313d681f7e55ec02d73d499c95455b6b5bb503acf574fba8ffe85"
        );
        assert_eq!(check(Algorithm::Md5), "25f9e794323b453885f5181f1b624d0b");
        assert_eq!(check(Algorithm::XxHash64), "8cb841db40e6ae83");
        assert_eq!(check(Algorithm::XxHash3), "72dcb18b67a17dff");
        assert_eq!(check(Algorithm::XxHash128), "33119477ede5dcd5e9716427681d5860");
    }

    /// xxHashes process empty and long inputs differently. The expected values are those of the AWS CRT.
    #[test]
    fn xxhashes_of_every_length_are_those_of_the_sdks() {
        let long: Vec<u8> = (0..5000_u32).map(|at| u8::try_from(at * 7 % 256).unwrap()).collect();
        for (algorithm, of_nothing, of_long) in [
            (Algorithm::XxHash64, "ef46db3751d8e999", "f58c52a3c9c8f26d"),
            (Algorithm::XxHash3, "2d06800538d394c2", "6abe8be5abcb2760"),
            (Algorithm::XxHash128, "99aa06d3014798d86001c324468d497f", "a4ba2a60fb07e0166abe8be5abcb2760"),
        ] {
            assert_eq!(hex::encode(of(algorithm, b"").bytes()), of_nothing);
            assert_eq!(hex::encode(of(algorithm, &long).bytes()), of_long);
        }
    }

    #[test]
    fn a_composite_names_its_parts() {
        let parts = [of(Algorithm::Sha256, b"a"), of(Algorithm::Sha256, b"b")];
        let whole = composite(Algorithm::Sha256, &parts).unwrap();
        assert_eq!(whole.parts(), Some(2));
        assert_eq!(whole.bytes(), of(Algorithm::Sha256, &[parts[0].bytes(), parts[1].bytes()].concat()).bytes());
        assert_eq!(Checksum::parse(Algorithm::Sha256, &whole.to_string()).unwrap(), whole);
        assert_eq!(Checksum::parse_plain(Algorithm::Sha256, &whole.to_string()), None);
        let value = whole.to_string().replace("-2", "");
        for (sent, holds) in [(whole.to_string(), true), (value.clone(), true), (value + "-3", false)] {
            let sent = Checksum::parse(Algorithm::Sha256, &sent).unwrap();
            assert_eq!(sent.verify(&whole).is_ok(), holds, "{sent}");
        }
        assert!(composite(Algorithm::Sha1, &parts).is_none());
        assert!(composite(Algorithm::Sha1, []).is_none());
    }

    #[test]
    fn a_value_of_the_wrong_length_is_refused() {
        for text in ["", "AAAA", "AAAAAAAA", "!!!!!!==", "AAAAAA", "AAAAAA==-x"] {
            assert_eq!(Checksum::parse(Algorithm::Crc32, text), None, "{text}");
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
        fn pieces_sum_up_to_the_whole(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..700), 0..6)) {
            for algorithm in Algorithm::ALL {
                let mut hasher = Hasher::new(algorithm);
                for piece in &pieces {
                    hasher.update(piece);
                }
                prop_assert_eq!(hasher.finish(), of(algorithm, &pieces.concat()));
            }
        }

        #[test]
        fn reads_what_it_writes(bytes: Vec<u8>, text: String) {
            for algorithm in Algorithm::ALL {
                let checksum = of(algorithm, &bytes);
                prop_assert_eq!(Checksum::parse(algorithm, &checksum.to_string()), Some(checksum));
                let _ = Checksum::parse(algorithm, &text);
            }
        }
    }
}
