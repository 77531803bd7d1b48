//! MD5's compression function, for one block or for one block of each of several streams.
//!
//! Source: RFC 1321, section 3.4.

#![allow(clippy::inline_always, reason = "what a processor can do is known only within the function that asks for it")]

use fearless_simd::{Level, Simd, SimdFrom, dispatch, u32x8, u32x16};

/// Bytes of a block.
pub(crate) const BLOCK_BYTES: usize = 64;

/// The most streams that are compressed at once.
pub(crate) const LANES_MAX: usize = 16;

/// The chaining value of a stream.
pub(crate) type State = [u32; 4];

/// The chaining value of a stream without bytes.
pub(crate) const INITIAL: State = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];

/// The constants of the 64 steps: the first 32 bits of the fractional part of |sin(step + 1)|.
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

/// A word of each stream.
trait Word: Copy {
    fn plus(self, other: Self) -> Self;
    fn plus_constant(self, constant: u32) -> Self;
    fn and(self, other: Self) -> Self;
    fn or(self, other: Self) -> Self;
    fn xor(self, other: Self) -> Self;
    fn not(self) -> Self;
    fn rotate_left(self, bits: u32) -> Self;
}

impl Word for u32 {
    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        self.wrapping_add(other)
    }
    #[inline(always)]
    fn plus_constant(self, constant: u32) -> Self {
        self.wrapping_add(constant)
    }
    #[inline(always)]
    fn and(self, other: Self) -> Self {
        self & other
    }
    #[inline(always)]
    fn or(self, other: Self) -> Self {
        self | other
    }
    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        self ^ other
    }
    #[inline(always)]
    fn not(self) -> Self {
        !self
    }
    #[inline(always)]
    fn rotate_left(self, bits: u32) -> Self {
        self.rotate_left(bits)
    }
}

macro_rules! wide_word {
    ($vector:ident) => {
        impl<S: Simd> Word for $vector<S> {
            #[inline(always)]
            fn plus(self, other: Self) -> Self {
                self + other
            }
            #[inline(always)]
            fn plus_constant(self, constant: u32) -> Self {
                self + constant
            }
            #[inline(always)]
            fn and(self, other: Self) -> Self {
                self & other
            }
            #[inline(always)]
            fn or(self, other: Self) -> Self {
                self | other
            }
            #[inline(always)]
            fn xor(self, other: Self) -> Self {
                self ^ other
            }
            #[inline(always)]
            fn not(self) -> Self {
                !self
            }
            #[inline(always)]
            fn rotate_left(self, bits: u32) -> Self {
                (self << bits) | (self >> (32 - bits))
            }
        }
    };
}

wide_word!(u32x8);
wide_word!(u32x16);

/// The 64 steps, over the sixteen words of a block.
#[inline(always)]
fn steps<W: Word>(state: [W; 4], block: &[W; 16]) -> [W; 4] {
    let [mut a, mut b, mut c, mut d] = state;
    // The function of the round is given as a summand and the rest, so that only the rest waits for the step before.
    macro_rules! step {
        ($function:expr, $word:expr, $step:expr, $bits:expr) => {{
            let sum = a.plus(block[$word]).plus_constant(SINES[$step]).plus($function);
            (a, d, c, b) = (d, c, b, b.plus(sum.rotate_left($bits)));
        }};
    }
    macro_rules! round {
        ($first:expr, $function:expr, $word:expr, $bits:expr) => {
            round!(@steps $first, $function, $word, $bits, 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)
        };
        (@steps $first:expr, $function:expr, $word:expr, $bits:expr, $($at:literal)*) => {
            $( step!($function(b, c, d), const { $word($at) }, $first + $at, const { $bits[$at % 4] }); )*
        };
    }
    round!(0, |b: W, c: W, d: W| d.xor(b.and(c.xor(d))), words::<1, 0>, [7, 12, 17, 22]);
    round!(16, |b: W, c: W, d: W| c.xor(d.and(b.xor(c))), words::<5, 1>, [5, 9, 14, 20]);
    round!(32, |b: W, c: W, d: W| b.xor(c).xor(d), words::<3, 5>, [4, 11, 16, 23]);
    round!(48, |b: W, c: W, d: W| c.xor(b.or(d.not())), words::<7, 0>, [6, 10, 15, 21]);
    [state[0].plus(a), state[1].plus(b), state[2].plus(c), state[3].plus(d)]
}

/// The word of the block that a step of a round takes.
const fn words<const FACTOR: usize, const FIRST: usize>(step: usize) -> usize {
    (FACTOR * step + FIRST) % 16
}

fn word(bytes: &[u8], at: usize) -> u32 {
    let mut word = [0; 4];
    word.copy_from_slice(&bytes[4 * at..4 * at + 4]);
    u32::from_le_bytes(word)
}

/// Compresses the whole blocks of `bytes` into `state`.
pub(crate) fn one(state: &mut State, bytes: &[u8]) {
    for block in bytes.chunks_exact(BLOCK_BYTES) {
        *state = steps(*state, &std::array::from_fn(|at| word(block, at)));
    }
}

/// Compresses the first `blocks` blocks of each of at most [`LANES_MAX`] streams into their states.
pub(crate) fn many(level: Level, states: &mut [State], bytes: &[&[u8]], blocks: usize) {
    if states.len() <= 8 {
        dispatch!(level, simd => wide::<_, u32x8<_>, 8>(simd, states, bytes, blocks));
    } else {
        dispatch!(level, simd => wide::<_, u32x16<_>, 16>(simd, states, bytes, blocks));
    }
}

#[inline(always)]
fn wide<S: Simd, W: Word + SimdFrom<[u32; LANES], S> + Into<[u32; LANES]>, const LANES: usize>(
    simd: S,
    states: &mut [State],
    bytes: &[&[u8]],
    blocks: usize,
) {
    let lanes = states.len();
    let mut state: [W; 4] = std::array::from_fn(
        #[inline(always)]
        |part| W::simd_from(simd, std::array::from_fn(|lane| states.get(lane).map_or(0, |state| state[part]))),
    );
    // Lanes without a stream compress the first one once more.
    let bytes: [&[u8]; LANES] =
        std::array::from_fn(|lane| &bytes[if lane < lanes { lane } else { 0 }][..blocks * BLOCK_BYTES]);
    for block in 0..blocks {
        let mut words = [[0; LANES]; 16];
        for (lane, bytes) in bytes.iter().enumerate() {
            let bytes = &bytes[block * BLOCK_BYTES..(block + 1) * BLOCK_BYTES];
            for (at, word_of_lanes) in words.iter_mut().enumerate() {
                word_of_lanes[lane] = word(bytes, at);
            }
        }
        let words: [W; 16] = std::array::from_fn(
            #[inline(always)]
            |at| W::simd_from(simd, words[at]),
        );
        state = steps(state, &words);
    }
    let parts: [[u32; LANES]; 4] = state.map(Into::into);
    for (lane, state) in states.iter_mut().enumerate() {
        *state = parts.map(|part| part[lane]);
    }
}
