//! What one reader got, and when.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context;
use memchr::memmem;

/// The number of events of one reader, and the time from the first to the last.
#[derive(Debug, Default, Clone, Copy)]
pub struct Count {
    pub events: u64,
    pub took: Duration,
}

/// The events of one reader as they come.
#[derive(Debug)]
pub struct Arrivals {
    wanted: u64,
    events: u64,
    first: Option<Instant>,
    last: Option<Instant>,
    file: Option<PathBuf>,
    lines: String,
}

impl Arrivals {
    pub fn new(wanted: u64, file: Option<PathBuf>) -> Self {
        Self { wanted, events: 0, first: None, last: None, file, lines: String::new() }
    }

    /// Notes an event. False once there are enough.
    pub fn note(&mut self, event: &[u8]) -> anyhow::Result<bool> {
        self.events += 1;
        let now = Instant::now();
        self.first.get_or_insert(now);
        self.last = Some(now);
        if self.file.is_some() {
            let at = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_nanos();
            writeln!(self.lines, "{} {at}", subject(event).context("an event has no subject")?)?;
        }
        Ok(self.events < self.wanted)
    }

    /// Writes the file of arrivals.
    pub fn finish(self) -> anyhow::Result<Count> {
        if let Some(file) = self.file {
            fs::write(&file, self.lines).with_context(|| format!("{} cannot be written", file.display()))?;
        }
        let took = self.first.zip(self.last).map(|(first, last)| last - first).unwrap_or_default();
        Ok(Count { events: self.events, took })
    }
}

/// The text of `subject` in an event of JSON. Keys of this benchmark need no escapes.
fn subject(event: &[u8]) -> Option<&str> {
    const NAME: &[u8] = br#""subject":""#;
    let rest = &event[memmem::find(event, NAME)? + NAME.len()..];
    std::str::from_utf8(&rest[..memchr::memchr(b'"', rest)?]).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_subject_is_found() {
        assert_eq!(subject(br#"{"id":"1","subject":"o/1","data":{}}"#), Some("o/1"));
        assert_eq!(subject(br#"{"id":"1"}"#), None);
    }

    #[test]
    fn reading_ends_with_the_wanted_number() {
        let mut arrivals = Arrivals::new(2, None);
        assert!(arrivals.note(b"{}").is_ok_and(|more| more));
        assert!(arrivals.note(b"{}").is_ok_and(|more| !more));
        assert!(arrivals.finish().is_ok_and(|count| count.events == 2));
    }
}
