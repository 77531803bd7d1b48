//! The chunks of a body, followed to its end as hyper does it, and no more leniently.
//!
//! Source: RFC 9112, section 7.1.

/// The position in the chunks.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    step: Step,
    /// The size of the chunk, and then what is left of it.
    bytes_left: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Step {
    /// The next byte is the first digit of a size.
    #[default]
    Start,
    Size,
    BlanksAfterSize,
    Extension,
    SizeLineFeed,
    Data,
    DataReturn,
    DataLineFeed,
    /// The start of a line of the trailer, or of the last line, which is empty.
    TrailerStart,
    Trailer,
    TrailerLineFeed,
    LastLineFeed,
    Over,
    Broken,
}

impl Chunks {
    pub(super) fn are_over(&self) -> bool {
        self.step == Step::Over
    }

    /// The last byte that was passed on is not allowed there.
    pub(super) fn are_broken(&self) -> bool {
        self.step == Step::Broken
    }

    /// The number of bytes that belong to the body, up to the first malformed one.
    pub(super) fn pass(&mut self, bytes: &[u8]) -> usize {
        let mut passed = 0;
        while let Some(byte) = bytes.get(passed) {
            if self.step == Step::Data {
                let there = bytes.len() - passed;
                let step = usize::try_from(self.bytes_left).map_or(there, |left| left.min(there));
                self.bytes_left -= step as u64;
                passed += step;
                if self.bytes_left == 0 {
                    self.step = Step::DataReturn;
                }
                continue;
            }
            self.step = self.after(*byte);
            passed += 1;
            if matches!(self.step, Step::Over | Step::Broken) {
                break;
            }
        }
        passed
    }

    fn after(&mut self, byte: u8) -> Step {
        match (self.step, byte) {
            // hyper would accept it as a part of a trailer.
            (Step::Extension | Step::TrailerStart | Step::Trailer, b'\n') => Step::Broken,
            (Step::Start | Step::Size, digit) if digit.is_ascii_hexdigit() => self.after_digit(digit),
            (Step::Size | Step::BlanksAfterSize, b' ' | b'\t') => Step::BlanksAfterSize,
            (Step::Size | Step::BlanksAfterSize | Step::Extension, b'\r') => Step::SizeLineFeed,
            (Step::Size | Step::BlanksAfterSize, b';') | (Step::Extension, _) => Step::Extension,
            (Step::SizeLineFeed, b'\n') if self.bytes_left == 0 => Step::TrailerStart,
            (Step::SizeLineFeed, b'\n') => Step::Data,
            (Step::DataReturn, b'\r') => Step::DataLineFeed,
            (Step::DataLineFeed, b'\n') => Step::Start,
            (Step::TrailerStart, b'\r') => Step::LastLineFeed,
            (Step::LastLineFeed, b'\n') => Step::Over,
            (Step::Trailer, b'\r') => Step::TrailerLineFeed,
            (Step::TrailerLineFeed, b'\n') => Step::TrailerStart,
            (Step::TrailerStart | Step::Trailer, _) => Step::Trailer,
            _ => Step::Broken,
        }
    }

    fn after_digit(&mut self, digit: u8) -> Step {
        let digit = char::from(digit).to_digit(16).map(u64::from);
        let size = self.bytes_left.checked_mul(16).zip(digit).and_then(|(size, digit)| size.checked_add(digit));
        match size {
            Some(size) => {
                self.bytes_left = size;
                Step::Size
            }
            None => Step::Broken,
        }
    }
}
