//! Searches a text for a pattern with wildcard characters, in one pass.
//!
//! All possible starts are tracked at once, one bit for each unit of the pattern ("shift-and"). A byte costs one step
//! for each 64 units, whatever the text is.
//!
//! Source: Baeza-Yates and Gonnet, "A New Approach to Text Searching", Communications of the ACM 35 (10), 1992.

/// A unit of the pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// This byte.
    Byte(u8),
    /// Any character; any byte if the text has no characters.
    One,
}

/// Units in one word of states.
const WORD_UNITS: usize = u64::BITS as usize;

/// The end of the leftmost match.
pub(crate) fn find(units: &[Unit], text: &[u8], is_text: bool) -> Option<usize> {
    find_counting(units, text, is_text, || ())
}

/// The same; `step` is called for each word that is processed.
fn find_counting(units: &[Unit], text: &[u8], is_text: bool, mut step: impl FnMut()) -> Option<usize> {
    let Some(last) = units.len().checked_sub(1) else { return Some(0) };
    let masks = Masks::new(units, is_text);
    let mut states = vec![0_u64; masks.words];
    for (at, byte) in text.iter().enumerate() {
        let continues = masks.continues(*byte);
        // A match may begin at any byte.
        let mut carry = 1;
        for ((state, may_be), any) in states.iter_mut().zip(masks.of(*byte)).zip(&masks.any) {
            step();
            let stays = if continues { *state & any } else { 0 };
            let moved = (*state << 1) | carry;
            carry = *state >> (WORD_UNITS - 1);
            *state = (moved & may_be) | stays;
        }
        if states[last / WORD_UNITS] >> (last % WORD_UNITS) & 1 == 1 {
            let rest = text[at + 1..].iter().take_while(|byte| masks.continues(**byte)).count();
            return Some(at + 1 + rest);
        }
    }
    None
}

/// The units that each byte can match.
struct Masks {
    words: usize,
    /// The number of each byte's row.
    rows: [u16; 256],
    /// The rows, one after another.
    bits: Vec<u64>,
    /// The units that match any character.
    any: Vec<u64>,
    is_text: bool,
}

impl Masks {
    fn new(units: &[Unit], is_text: bool) -> Self {
        let words = units.len().div_ceil(WORD_UNITS);
        let mut any = vec![0; words];
        for at in (0..units.len()).filter(|at| units[*at] == Unit::One) {
            any[at / WORD_UNITS] |= 1 << (at % WORD_UNITS);
        }
        // Row 0 is for bytes that no unit names, row 1 for those among them that continue a character.
        let mut masks = Self { words, rows: [0; 256], bits: any.clone(), any, is_text };
        masks.bits.resize(2 * words, 0);
        if is_text {
            masks.rows[0x80..0xc0].fill(1);
        }
        for (at, unit) in units.iter().enumerate() {
            let Unit::Byte(byte) = unit else { continue };
            let row = masks.row_of(*byte);
            masks.bits[row * words + at / WORD_UNITS] |= 1 << (at % WORD_UNITS);
        }
        masks
    }

    /// A row for a single byte.
    fn row_of(&mut self, byte: u8) -> usize {
        let row = usize::from(self.rows[usize::from(byte)]);
        if row > 1 {
            return row;
        }
        let fresh = self.bits.len() / self.words;
        self.bits.extend_from_within(row * self.words..(row + 1) * self.words);
        // There are at most 258 rows.
        self.rows[usize::from(byte)] = u16::try_from(fresh).unwrap_or_default();
        fresh
    }

    fn of(&self, byte: u8) -> &[u64] {
        let begin = usize::from(self.rows[usize::from(byte)]) * self.words;
        &self.bits[begin..begin + self.words]
    }

    /// Whether a byte continues a character.
    fn continues(&self, byte: u8) -> bool {
        self.is_text && (0x80..0xc0).contains(&byte)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn units(text: &str) -> Vec<Unit> {
        text.bytes().map(|byte| if byte == b'?' { Unit::One } else { Unit::Byte(byte) }).collect()
    }

    /// Tries every position.
    fn naive(wanted: &str, text: &str) -> Option<usize> {
        let starts = text.char_indices().map(|(at, _)| at).chain([text.len()]);
        let fits = |start: &usize| {
            let mut found = text[*start..].chars();
            wanted.chars().all(|wanted| found.next().is_some_and(|found| wanted == '?' || wanted == found))
        };
        let start = starts.into_iter().find(fits)?;
        Some(start + text[start..].chars().take(wanted.chars().count()).map(char::len_utf8).sum::<usize>())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn finds_what_trying_every_place_finds(
            wanted in "[ab\u{e4}\u{1f600}?]{0,5}",
            text in "[ab\u{e4}\u{1f600}]{0,12}",
        ) {
            prop_assert_eq!(find(&units(&wanted), text.as_bytes(), true), naive(&wanted, &text));
        }

        #[test]
        fn finds_what_is_longer_than_a_word(before in "[ab]{0,200}", wanted in "[ab?]{60,200}", after in "[ab]{0,9}") {
            let text = format!("{before}{}{after}", wanted.replace('?', "a"));
            prop_assert_eq!(find(&units(&wanted), text.as_bytes(), true), naive(&wanted, &text));
        }

        #[test]
        fn bytes_that_are_no_text_are_characters_each(
            wanted in "[ab?]{1,5}",
            text in prop::collection::vec(prop::sample::select(vec![b'a', b'b', 0x80, 0xff]), 0..12),
        ) {
            let fits = |start: &usize| wanted.bytes().enumerate().all(|(at, byte)| {
                text.get(start + at).is_some_and(|found| byte == b'?' || byte == *found)
            });
            let end = (0..=text.len()).find(fits).map(|start| start + wanted.len());
            prop_assert_eq!(find(&units(&wanted), &text, false), end);
        }
    }

    #[test]
    fn a_byte_costs_a_step_for_each_word_whatever_the_text_is() {
        for length in [1, 64, 65, 1024] {
            let wanted = units(&format!("{}?b", "a".repeat(length))[1..]);
            let text = vec![b'a'; 10_000];
            let mut steps = 0;
            assert_eq!(find_counting(&wanted, &text, true, || steps += 1), None);
            assert_eq!(steps, text.len() * wanted.len().div_ceil(64), "{length}");
        }
    }
}
