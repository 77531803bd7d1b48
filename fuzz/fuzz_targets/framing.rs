//! Finds where the requests of a connection begin and end: the same, however the bytes are split.
#![no_main]

use libfuzzer_sys::fuzz_target;
use listener::{Framing, Refusal};

const HEAD_BYTES_MAX: usize = 256;

/// The bytes that are passed on if they arrive in pieces, and why no more are.
fn passed(bytes: &[u8], piece: usize) -> (usize, Option<Refusal>, bool) {
    let mut framing = Framing::new(HEAD_BYTES_MAX);
    let mut begin = 0;
    for end in (0..bytes.len()).step_by(piece).map(|start| (start + piece).min(bytes.len())) {
        loop {
            match framing.pass(&bytes[begin..end]) {
                Ok(0) => break,
                Ok(step) => begin += step,
                Err(refusal) => return (begin, Some(refusal), framing.is_over()),
            }
        }
    }
    (begin, None, framing.is_over())
}

fuzz_target!(|data: &[u8]| {
    let Some((first, bytes)) = data.split_first() else { return };
    let at_once = passed(bytes, bytes.len().max(1));
    // Bytes that are no head at all are passed on completely, so that hyper refuses them.
    if !at_once.2 {
        assert_eq!(passed(bytes, usize::from(*first).max(1)), at_once);
    }
    assert!(at_once.0 <= bytes.len());
});
