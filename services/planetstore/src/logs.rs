//! The program's own log, on stderr.
//!
//! Many log lines quote untrusted text: keys, queries, errors about them. So no character is written that would end the
//! line, hide a part of it or control a terminal. This is done here, for all fields and both formats, and nowhere else.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};

use anyhow::Context;
use clap::ValueEnum;
use jiff::Timestamp;
use telemetry::{LogSource, log_layer};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

/// Format of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people
    Text,
    /// One JSON object per line
    Json,
}

/// The NATS client logs only warnings by default; a filter may name it to see more.
const QUIET: &str = "async_nats=warn,";

/// Starts logging. Lines contain no secrets, because no type that holds one prints it. `is_told`: they are kept for
/// [`take_source`], too.
pub(crate) fn start(filter: &str, format: LogFormat, is_told: bool) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(format!("{QUIET}{filter}"))
        .with_context(|| format!("{filter:?} is not a log filter (PLANETSTORE_LOG); try info, debug or node=debug"))?;
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let has_colors = !no_color && io::stderr().is_terminal();
    let lines = match format {
        LogFormat::Text => fmt::layer().with_ansi(has_colors).with_writer(Lines::Text { has_colors }).boxed(),
        LogFormat::Json => fmt::layer().json().flatten_event(true).with_writer(Lines::Json).boxed(),
    };
    let (told, source) = is_told.then(|| log_layer(Timestamp::now)).unzip();
    *SOURCE.lock().unwrap_or_else(PoisonError::into_inner) = source;
    let started = tracing_subscriber::registry().with(filter).with(lines).with(told).try_init();
    started.map_err(|error| anyhow::anyhow!("cannot start the log: {error}"))
}

/// The lines of this process, until a role tells them.
static SOURCE: Mutex<Option<LogSource>> = Mutex::new(None);

/// The lines of this process, for the first who asks.
pub(crate) fn take_source() -> Option<LogSource> {
    SOURCE.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// The format of lines.
#[derive(Debug, Clone, Copy)]
enum Lines {
    Text { has_colors: bool },
    Json,
}

/// Writes one complete line to stderr.
struct Line(Lines);

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line(*self)
    }
}

impl Write for Line {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        io::stderr().lock().write_all(self.0.escaped(&text).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

impl Lines {
    /// A line with deceptive characters escaped.
    fn escaped(self, line: &str) -> Cow<'_, str> {
        let (text, end) = line.strip_suffix('\n').map_or((line, ""), |text| (text, "\n"));
        if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return line.into();
        }
        let mut out = String::with_capacity(line.len() + 16);
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            let plain = match self {
                Self::Text { has_colors: true } => color_len(rest),
                Self::Text { has_colors: false } | Self::Json => 0,
            };
            if plain > 0 {
                out.push_str(&rest[..plain]);
                rest = &rest[plain..];
                continue;
            }
            self.push(&mut out, next);
            rest = &rest[next.len_utf8()..];
        }
        out.push_str(end);
        out.into()
    }

    fn push(self, out: &mut String, character: char) {
        if !is_deceptive(character) {
            out.push(character);
            return;
        }
        match self {
            Self::Text { .. } => out.extend(character.escape_default()),
            // Such a character can only be inside a text. Writing into a string does not fail.
            Self::Json => {
                let _written = write!(out, "\\u{:04x}", u32::from(character));
            }
        }
    }
}

/// The colours and styles that the subscriber writes. Untrusted text may contain them too: none of them hides anything.
const COLORS: [&str; 9] =
    ["\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[3m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[34m", "\x1b[35m"];

/// The length of the colour sequence that a text begins with, in bytes.
fn color_len(text: &str) -> usize {
    COLORS.iter().find(|color| text.starts_with(**color)).map_or(0, |color| color.len())
}

/// Whether a character ends lines, reverses text, or is invisible. All of them are below U+10000.
///
/// Sources: Unicode 16, section 23.2; Unicode Technical Report 36, section 2.
fn is_deceptive(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}')
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: Lines = Lines::Text { has_colors: false };
    const COLORED: Lines = Lines::Text { has_colors: true };

    #[test]
    fn what_strangers_say_ends_no_line_and_hides_nothing() {
        let said = "a\nERROR forged\r\x1b[31mred\u{85}\u{2028}\u{202e}\u{200b}\x7f\u{9b}é/\\\n";
        let escaped = TEXT.escaped(said);
        assert_eq!(escaped, "a\\nERROR forged\\r\\u{1b}[31mred\\u{85}\\u{2028}\\u{202e}\\u{200b}\\u{7f}\\u{9b}é/\\\n");
        assert_eq!(
            COLORED.escaped("\x1b[2mfield\x1b[0m=\x1b]0;x\x07\x1b[8m\n"),
            "\x1b[2mfield\x1b[0m=\\u{1b}]0;x\\u{7}\\u{1b}[8m\n"
        );
    }

    #[test]
    fn lines_without_such_are_written_as_they_are() {
        for line in ["INFO a=\"b\"\n", "", "\n", "no end", "ümläut\n"] {
            for lines in [TEXT, COLORED, Lines::Json] {
                assert_eq!(lines.escaped(line), line);
            }
        }
    }

    #[test]
    fn json_stays_json_and_says_the_same() {
        let said = serde_json::json!({"message": "a\nb\u{85}\u{2028}\u{202e}\u{7f}\u{9b}é\\"});
        let line = Lines::Json.escaped(&format!("{said}\n")).into_owned();
        assert!(line.trim_end().chars().all(|character| !is_deceptive(character)), "{line}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&line).unwrap(), said);
    }
}
