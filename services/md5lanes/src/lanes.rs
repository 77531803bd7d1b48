//! The compression function of MD5 (RFC 1321) over several states at once.
//!
//! The arrays here are plain: the compiler puts each of them into a vector register, as `dispatch!` compiles the function
//! anew for each kind of processor.

use std::array;

use fearless_simd::{Level, dispatch};

/// How many streams share a pass: the 32-bit lanes of a register of 512 bits.
pub const LANES_MAX: usize = 16;

/// The bytes that MD5 takes at a time.
pub(crate) type Block = [u8; 64];

/// What MD5 keeps between two blocks.
pub(crate) type State = [u32; 4];

/// The state before the first block.
pub(crate) const INITIAL: State = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];

/// `floor(2^32 * abs(sin(i + 1)))` for each of the 64 steps.
const SINES: [u32; 64] = [
    0xd76a_a478,
    0xe8c7_b756,
    0x2420_70db,
    0xc1bd_ceee,
    0xf57c_0faf,
    0x4787_c62a,
    0xa830_4613,
    0xfd46_9501,
    0x6980_98d8,
    0x8b44_f7af,
    0xffff_5bb1,
    0x895c_d7be,
    0x6b90_1122,
    0xfd98_7193,
    0xa679_438e,
    0x49b4_0821,
    0xf61e_2562,
    0xc040_b340,
    0x265e_5a51,
    0xe9b6_c7aa,
    0xd62f_105d,
    0x0244_1453,
    0xd8a1_e681,
    0xe7d3_fbc8,
    0x21e1_cde6,
    0xc337_07d6,
    0xf4d5_0d87,
    0x455a_14ed,
    0xa9e3_e905,
    0xfcef_a3f8,
    0x676f_02d9,
    0x8d2a_4c8a,
    0xfffa_3942,
    0x8771_f681,
    0x6d9d_6122,
    0xfde5_380c,
    0xa4be_ea44,
    0x4bde_cfa9,
    0xf6bb_4b60,
    0xbebf_bc70,
    0x289b_7ec6,
    0xeaa1_27fa,
    0xd4ef_3085,
    0x0488_1d05,
    0xd9d4_d039,
    0xe6db_99e5,
    0x1fa2_7cf8,
    0xc4ac_5665,
    0xf429_2244,
    0x432a_ff97,
    0xab94_23a7,
    0xfc93_a039,
    0x655b_59c3,
    0x8f0c_cc92,
    0xffef_f47d,
    0x8584_5dd1,
    0x6fa8_7e4f,
    0xfe2c_e6e0,
    0xa301_4314,
    0x4e08_11a1,
    0xf753_7e82,
    0xbd3a_f235,
    0x2ad7_d2bb,
    0xeb86_d391,
];

/// How far each step of a round rotates; the four numbers repeat.
const ROTATIONS: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];

/// Compresses the blocks of up to [`LANES_MAX`] streams into their states.
///
/// As many blocks of each stream are taken as the shortest has. Returns how many.
pub(crate) fn compress(level: Level, states: &mut [State], blocks: &[&[Block]]) -> usize {
    let shared = blocks.iter().map(|blocks| blocks.len()).min().unwrap_or_default();
    match states.len() {
        1 => md5::block_api::compress(&mut states[0], &blocks[0][..shared]),
        2..=4 => compress_in::<4>(level, states, blocks, shared),
        5..=8 => compress_in::<8>(level, states, blocks, shared),
        _ => compress_in::<LANES_MAX>(level, states, blocks, shared),
    }
    shared
}

/// Compresses in `L` lanes. Those without a stream of their own repeat the first one's work.
fn compress_in<const L: usize>(level: Level, states: &mut [State], blocks: &[&[Block]], shared: usize) {
    let lane = |lane: usize| if lane < states.len() { lane } else { 0 };
    let mut words: [[u32; L]; 4] = array::from_fn(|word| array::from_fn(|at| states[lane(at)][word]));
    let inputs: [&[Block]; L] = array::from_fn(|at| &blocks[lane(at)][..shared]);
    dispatch!(level, _simd => compress_lanes(&mut words, inputs));
    for (at, state) in states.iter_mut().enumerate() {
        *state = array::from_fn(|word| words[word][at]);
    }
}

/// `from_fn` of the standard library is not always inlined, and what is not inlined is not vectorized.
#[inline(always)]
#[expect(clippy::inline_always, reason = "it has to be compiled for the processor that `dispatch!` found")]
fn each_lane<const L: usize>(of: impl Fn(usize) -> u32) -> [u32; L] {
    let mut lanes = [0; L];
    for (at, lane) in lanes.iter_mut().enumerate() {
        *lane = of(at);
    }
    lanes
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "it has to be compiled for the processor that `dispatch!` found")]
#[expect(clippy::many_single_char_names, reason = "they are the names in RFC 1321")]
fn compress_lanes<const L: usize>(states: &mut [[u32; L]; 4], inputs: [&[Block]; L]) {
    for block in 0..inputs[0].len() {
        let message: [[u32; L]; 16] = words_of(inputs, block);
        let [mut a, mut b, mut c, mut d] = *states;
        macro_rules! round {
            ($round:literal, $mix:expr, $word:expr) => {
                for step in 0..16 {
                    let (sine, rotation) = (SINES[$round * 16 + step], ROTATIONS[$round][step % 4]);
                    let word = &message[$word(step) % 16];
                    let next = each_lane(|at| {
                        let mixed: u32 = $mix(b[at], c[at], d[at]);
                        let sum = a[at].wrapping_add(mixed).wrapping_add(sine).wrapping_add(word[at]);
                        b[at].wrapping_add(sum.rotate_left(rotation))
                    });
                    (a, b, c, d) = (d, next, b, c);
                }
            };
        }
        round!(0, |x: u32, y: u32, z: u32| (x & y) | (!x & z), |step| step);
        round!(1, |x: u32, y: u32, z: u32| (x & z) | (y & !z), |step| 5 * step + 1);
        round!(2, |x: u32, y: u32, z: u32| x ^ y ^ z, |step| 3 * step + 5);
        round!(3, |x: u32, y: u32, z: u32| y ^ (x | !z), |step| 7 * step);
        for (state, mixed) in states.iter_mut().zip([a, b, c, d]) {
            *state = each_lane(|at| state[at].wrapping_add(mixed[at]));
        }
    }
}

/// The sixteen words of a block of each lane.
#[inline(always)]
#[expect(clippy::inline_always, reason = "it has to be compiled for the processor that `dispatch!` found")]
fn words_of<const L: usize>(inputs: [&[Block]; L], block: usize) -> [[u32; L]; 16] {
    let mut message = [[0; L]; 16];
    for (lane, input) in inputs.iter().enumerate() {
        let (words, _) = input[block].as_chunks::<4>();
        for (at, word) in words.iter().enumerate() {
            message[at][lane] = u32::from_le_bytes(*word);
        }
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(seed: usize) -> Block {
        array::from_fn(|at| u8::try_from((seed * 31 + at * 7) % 251).unwrap())
    }

    #[test]
    fn every_number_of_lanes_computes_what_one_does() {
        for lanes in 1..=LANES_MAX {
            let inputs: Vec<Vec<Block>> =
                (0..lanes).map(|lane| (0..5 + lane).map(|at| block(lane * 100 + at)).collect()).collect();
            let mut expected = vec![INITIAL; lanes];
            for (state, blocks) in expected.iter_mut().zip(&inputs) {
                md5::block_api::compress(state, &blocks[..5]);
            }
            let mut states = vec![INITIAL; lanes];
            let blocks: Vec<&[Block]> = inputs.iter().map(Vec::as_slice).collect();
            assert_eq!(compress(Level::new(), &mut states, &blocks), 5, "as many as the shortest has");
            assert_eq!(states, expected, "{lanes} lanes");
        }
    }
}
