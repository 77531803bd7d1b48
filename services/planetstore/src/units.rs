//! Bytes and times in human-readable form.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

const UNITS: [(&str, u64); 4] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40)];

/// A number of bytes, written as `128MiB` or as a plain number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ByteSize(pub(crate) u64);

impl FromStr for ByteSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
        let unit = match text[digits.len()..].trim() {
            "" | "B" => Some(1),
            unit => UNITS.iter().find(|(name, _)| *name == unit).map(|(_, bytes)| *bytes),
        };
        let bytes = digits.parse::<u64>().ok().zip(unit).and_then(|(count, unit)| count.checked_mul(unit));
        bytes.map(Self).ok_or_else(|| format!("{text:?} is not a size such as 128MiB (B, KiB, MiB, GiB, TiB)"))
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match UNITS.iter().rev().find(|(_, bytes)| self.0 >= *bytes) {
            None => write!(f, "{} B", self.0),
            Some((name, bytes)) => {
                // Integer arithmetic, so that no figure is rounded twice: two decimals, truncated.
                let hundredths = u128::from(self.0) * 100 / u128::from(*bytes);
                write!(f, "{}.{:02} {name}", hundredths / 100, hundredths % 100)
            }
        }
    }
}

/// A time, written `10m`, `90s`, `2h` or `7d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimeSpan(pub(crate) Duration);

impl FromStr for TimeSpan {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
        let seconds = match &text[digits.len()..] {
            "s" => Some(1),
            "m" => Some(60),
            "h" => Some(3_600),
            "d" => Some(86_400),
            _ => None,
        };
        let time = digits.parse::<u64>().ok().zip(seconds).and_then(|(count, unit)| count.checked_mul(unit));
        let time = time.map(|seconds| Self(Duration::from_secs(seconds)));
        time.ok_or_else(|| format!("{text:?} is not a time such as 90s, 10m, 2h or 7d"))
    }
}

/// A time as `3d 4h`, `2h 5m`, `3m 20s` or `12s`.
pub(crate) fn time(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0, s) => format!("{s}s"),
        (0, 0, m, s) => format!("{m}m {s}s"),
        (0, h, m, _) => format!("{h}h {m}m"),
        (d, h, _, _) => format!("{d}d {h}h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_written() {
        assert_eq!("128MiB".parse(), Ok(ByteSize(128 << 20)));
        assert_eq!("7".parse(), Ok(ByteSize(7)));
        assert_eq!("2 TiB".parse(), Ok(ByteSize(2 << 40)));
        for wrong in ["", "MiB", "1MB", "-1", "99999999999TiB", "1.5GiB"] {
            assert!(wrong.parse::<ByteSize>().is_err(), "{wrong}");
        }
        assert_eq!(ByteSize(1023).to_string(), "1023 B");
        assert_eq!(ByteSize(1536).to_string(), "1.50 KiB");
        assert_eq!(ByteSize(u64::MAX).to_string(), "16777215.99 TiB");
    }

    #[test]
    fn times_are_read() {
        for (text, seconds) in [("0s", 0), ("90s", 90), ("10m", 600), ("2h", 7_200), ("7d", 604_800)] {
            assert_eq!(text.parse(), Ok(TimeSpan(Duration::from_secs(seconds))));
        }
        for wrong in ["", "s", "10", "-1s", "1w", "1.5h", "99999999999999999d"] {
            assert!(wrong.parse::<TimeSpan>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn times_have_two_units_at_most() {
        for (seconds, text) in [(0, "0s"), (61, "1m 1s"), (7_380, "2h 3m"), (90_000, "1d 1h")] {
            assert_eq!(time(Duration::from_secs(seconds)), text);
        }
    }
}
