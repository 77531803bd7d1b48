//! Chooses the next request with a cheap generator of random numbers, without I/O.

use bytes::buf::Chain;
use bytes::{Buf, Bytes};

use crate::options::Operation;

/// Marsaglia's xorshift with 64 bits: enough to spread keys and fill bodies.
///
/// Source: G. Marsaglia, "Xorshift RNGs", Journal of Statistical Software 8 (2003).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// A generator; different seeds give different numbers.
    pub fn new(seed: u64) -> Self {
        // The state must not be zero, and neighbouring seeds should not look alike.
        Self((seed.wrapping_add(1)).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// `length` bytes that do not compress.
    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(length + 8);
        while bytes.len() < length {
            bytes.extend_from_slice(&self.next().to_le_bytes());
        }
        bytes.truncate(length);
        bytes
    }
}

/// The operation and the number of the key of request `number`.
///
/// Writes and deletes use the keys in order; reads and the mix pick them at random.
pub fn pick(asked: Operation, number: u64, objects: u64, random: &mut Random) -> (Operation, u64) {
    let drawn = random.next();
    let operation = match asked {
        Operation::Mixed => match drawn % 100 {
            0..45 => Operation::Get,
            45..60 => Operation::Put,
            60..70 => Operation::Delete,
            _ => Operation::Head,
        },
        other => other,
    };
    let in_order = asked != Operation::Mixed && matches!(operation, Operation::Put | Operation::Delete);
    let key = if in_order { number % objects } else { (drawn >> 8) % objects };
    (operation, key)
}

/// The bytes of an object: a unique prefix before shared bytes, so that large bodies are not copied.
pub type Content = Chain<Bytes, Bytes>;

/// The content of object `number`: `base`, made different from every other number and every other run.
pub fn content(base: &Bytes, number: u64, run: u32) -> Content {
    let mark = number.to_le_bytes().into_iter().chain(run.to_le_bytes());
    let begin: Bytes = base.iter().zip(mark).map(|(byte, mark)| byte ^ mark).collect();
    let rest = base.slice(begin.len()..);
    begin.chain(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_go_in_order_and_reads_anywhere() {
        let mut random = Random::new(1);
        let keys: Vec<u64> = (0..6).map(|n| pick(Operation::Put, n, 4, &mut random).1).collect();
        assert_eq!(keys, [0, 1, 2, 3, 0, 1]);
        let mut seen: Vec<u64> = (0..200).map(|n| pick(Operation::Get, n, 4, &mut random).1).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen, [0, 1, 2, 3]);
    }

    #[test]
    fn a_mix_has_every_operation_in_its_share() {
        let mut random = Random::new(7);
        let mut puts = 0;
        for number in 0..10_000 {
            puts += usize::from(pick(Operation::Mixed, number, 100, &mut random).0 == Operation::Put);
        }
        assert!((1_200..1_800).contains(&puts), "{puts}");
    }

    #[test]
    fn contents_differ_and_keep_their_length() {
        let whole = |base: &Bytes, number, run| {
            let mut content = content(base, number, run);
            content.copy_to_bytes(content.remaining())
        };
        for length in [1, 5, 12, 100] {
            let base = Bytes::from(Random::new(3).bytes(length));
            assert_eq!(whole(&base, 1, 9).len(), length);
            assert_ne!(whole(&base, 1, 9), whole(&base, 2, 9));
        }
        let base = Bytes::from(Random::new(3).bytes(100));
        assert_ne!(whole(&base, 1, 9), whole(&base, 1, 8));
        assert_eq!(whole(&Bytes::new(), 1, 9), Bytes::new());
    }
}
