use proptest::prelude::*;

use super::*;
use crate::DataKey;

fn key(byte: u8) -> ContentKey {
    DataKey::new([byte; 32]).content_key(&[1; 16])
}

fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from(at * 31 % 251).unwrap()).collect()
}

fn wrap(key: &ContentKey, plain: &[u8], piece: usize) -> Vec<u8> {
    let mut wrapper = Wrapper::new(key.clone());
    let mut sealed: Vec<u8> = plain.chunks(piece).flat_map(|piece| wrapper.push(piece).unwrap()).collect();
    sealed.extend(wrapper.finish().unwrap());
    sealed
}

fn open(key: &ContentKey, sealed: &[u8], stretch: Stretch, piece: usize) -> Result<Vec<u8>, FrameError> {
    let mut opener = Opener::new(key.clone(), stretch);
    let mut plain = Vec::new();
    for piece in sealed.chunks(piece) {
        plain.extend(opener.push(piece)?);
    }
    opener.finish()?;
    Ok(plain)
}

fn whole(plain: &[u8]) -> Stretch {
    Stretch { size: plain.len() as u64, start: 0, end: plain.len() as u64 }
}

const LENGTHS: [usize; 8] = [0, 1, 100, FRAME_BYTES - 1, FRAME_BYTES, FRAME_BYTES + 1, 2 * FRAME_BYTES, 200_000];

#[test]
fn any_length_comes_back_and_is_as_long_as_is_said() {
    for length in LENGTHS {
        let plain = bytes(length);
        let sealed = wrap(&key(1), &plain, 10_000);
        let expected = whole(&plain).sealed();
        assert_eq!(sealed.len() as u64, expected.end, "{length}");
        assert_eq!(open(&key(1), &sealed, whole(&plain), 70_001).unwrap(), plain);
        assert!(length < 100 || !sealed.windows(16).any(|window| window == &plain[..16]));
    }
}

#[test]
fn frames_that_were_swapped_repeated_or_cut_away_are_noticed() {
    let plain = bytes(3 * FRAME_BYTES);
    let sealed = wrap(&key(1), &plain, 1 << 20);
    let frames: Vec<&[u8]> = sealed.chunks(SEALED_FRAME_BYTES).collect();
    let stretch = whole(&plain);
    for order in [&[1, 0, 2][..], &[0, 0, 2], &[0, 2, 2], &[0, 1, 1], &[0, 1], &[0, 1, 2, 2]] {
        let changed: Vec<u8> = order.iter().flat_map(|at| frames[*at]).copied().collect();
        assert_eq!(open(&key(1), &changed, stretch, 50_000), Err(FrameError), "{order:?}");
    }
    // A truncated content cannot pass as a complete shorter one.
    let cut = Stretch { size: 2 * FRAME_BYTES as u64, start: 0, end: 2 * FRAME_BYTES as u64 };
    assert_eq!(open(&key(1), &sealed[..2 * SEALED_FRAME_BYTES], cut, 50_000), Err(FrameError));
    assert_eq!(open(&key(2), &sealed, stretch, 50_000), Err(FrameError));
    let other_salt = DataKey::new([1; 32]).content_key(&[2; 16]);
    assert_eq!(open(&other_salt, &sealed, stretch, 50_000), Err(FrameError));
}

#[test]
fn frames_of_parts_of_one_object_are_not_spliced() {
    let object = DataKey::new([1; 32]);
    let plain = bytes(2 * FRAME_BYTES);
    let parts: Vec<_> = [[1; 16], [2; 16]].iter().map(|salt| object.content_key(salt)).collect();
    let sealed: Vec<_> = parts.iter().map(|key| wrap(key, &plain, 1 << 20)).collect();
    assert_ne!(sealed[0], sealed[1], "the same bytes are not seen to be the same");
    for (key, whole_part) in parts.iter().zip(&sealed) {
        assert_eq!(open(key, whole_part, whole(&plain), 1 << 20).unwrap(), plain);
    }
    let (first, second) = (&sealed[0], &sealed[1]);
    for spliced in [
        [&first[..SEALED_FRAME_BYTES], &second[SEALED_FRAME_BYTES..]].concat(),
        [&second[..SEALED_FRAME_BYTES], &first[SEALED_FRAME_BYTES..]].concat(),
        second.clone(),
    ] {
        assert_eq!(open(&parts[0], &spliced, whole(&plain), 1 << 20), Err(FrameError));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_stretch_is_what_it_is_of_the_whole(
        length in 1_usize..200_000, from: prop::sample::Index, to: prop::sample::Index, piece in 1_usize..80_000,
    ) {
        let plain = bytes(length);
        let (from, to) = (from.index(length), to.index(length + 1));
        let (from, to) = (from.min(to), from.max(to));
        let sealed = wrap(&key(1), &plain, piece);
        let stretch = Stretch { size: length as u64, start: from as u64, end: to as u64 };
        let range = stretch.sealed();
        let range = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
        prop_assert_eq!(open(&key(1), &sealed[range], stretch, piece).unwrap(), &plain[from..to]);
    }

    #[test]
    fn any_flipped_bit_is_noticed(length in 1_usize..150_000, at: prop::sample::Index, bit in 0_u8..8) {
        let plain = bytes(length);
        let mut sealed = wrap(&key(1), &plain, 1 << 20);
        let at = at.index(sealed.len());
        sealed[at] ^= 1 << bit;
        prop_assert_eq!(open(&key(1), &sealed, whole(&plain), 1 << 20), Err(FrameError));
    }
}
