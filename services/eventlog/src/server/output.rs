//! Passes the server's standard error on to the log of this process.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::health::is_write_failure;

/// Lines that are kept to say why a server died.
const LINES_KEPT: usize = 5;

/// Bytes of one line, at most; more begin another.
const LINE_BYTES_MAX: u64 = 16 << 10;

/// The last lines of a server.
#[derive(Debug, Clone, Default)]
pub(super) struct Output {
    lines: Arc<Mutex<VecDeque<String>>>,
    /// The first line that says that it writes no more.
    write_failure: Arc<OnceLock<String>>,
}

impl Output {
    /// Reads until the server ends.
    pub(super) fn pass_on(&self, source: impl Read) {
        let mut source = BufReader::new(source);
        let mut line = Vec::new();
        loop {
            line.clear();
            match source.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => return,
                Ok(_) => self.accept(String::from_utf8_lossy(&line).trim()),
            }
        }
    }

    /// Returns the server's message about a write that failed, if there was one.
    pub(super) fn write_failure(&self) -> Option<String> {
        self.write_failure.get().cloned()
    }

    fn accept(&self, line: &str) {
        if is_write_failure(line) {
            self.write_failure.get_or_init(|| line.to_owned());
        }
        match level(line) {
            Level::Info => tracing::debug!(target: "nats-server", "{line}"),
            Level::Warn => tracing::warn!(target: "nats-server", "{line}"),
            Level::Error => tracing::error!(target: "nats-server", "{line}"),
        }
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == LINES_KEPT {
            lines.pop_front();
        }
        lines.push_back(line.to_owned());
    }

    /// The last lines in one, from the first that is an error if there is one.
    pub(super) fn last(&self) -> String {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let from = lines.iter().position(|line| level(line) == Level::Error).unwrap_or_default();
        lines.iter().skip(from).map(String::as_str).collect::<Vec<_>>().join("; ")
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Level {
    Info,
    Warn,
    Error,
}

/// The level of a line such as `[42] [INF] Server is ready`.
fn level(line: &str) -> Level {
    if line.contains("[INF]") || line.contains("[DBG]") || line.contains("[TRC]") {
        Level::Info
    } else if line.contains("[WRN]") {
        // The password is random, and the file readable by its owner alone.
        if line.contains("Plaintext passwords detected") { Level::Info } else { Level::Warn }
    } else {
        Level::Error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_words_begin_with_the_error() {
        let output = Output::default();
        let text = "[1] [INF] a line\n".repeat(9);
        output.pass_on(text.as_bytes());
        assert_eq!(output.lines.lock().unwrap().len(), LINES_KEPT);
        output.pass_on(&b"[1] [FTL] no room\n[1] [INF] bye"[..]);
        assert_eq!(output.last(), "[1] [FTL] no room; [1] [INF] bye");
        assert_eq!(output.write_failure(), None);
        output.pass_on(&b"[1] [ERR] a critical write error\n[1] [ERR] Critical write error: no"[..]);
        assert_eq!(output.write_failure().as_deref(), Some("[1] [ERR] a critical write error"));
        assert_eq!(level("[1] [WRN] slow"), Level::Warn);
        assert_eq!(level("nats-server: not a word"), Level::Error);
    }
}
