use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Characters of a message that are kept.
pub(super) const MESSAGE_CHARS_MAX: usize = 1_000;

/// Fields of a line that are kept, and the characters of each.
pub(super) const FIELDS_MAX: usize = 16;
pub(super) const FIELD_CHARS_MAX: usize = 200;

/// What stands where a text was cut.
const CUT: char = '…';

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are those of the log")]
pub enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

impl From<tracing::Level> for Level {
    fn from(level: tracing::Level) -> Self {
        match level {
            tracing::Level::ERROR => Self::Error,
            tracing::Level::WARN => Self::Warn,
            tracing::Level::INFO => Self::Info,
            tracing::Level::DEBUG => Self::Debug,
            tracing::Level::TRACE => Self::Trace,
        }
    }
}

/// A line of a process's log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The time at which it was logged, by the clock of the process.
    pub time: Timestamp,
    /// How much it matters.
    pub level: Level,
    /// The part of the program that logged it.
    pub target: String,
    /// The message.
    pub message: String,
    /// The further fields of the line.
    #[serde(default)]
    pub fields: BTreeMap<String, Value>,
}

impl Line {
    /// The line with no more of it than a process of this release says.
    pub(super) fn bounded(self) -> Self {
        let bounded = |value| match value {
            Value::String(text) => Value::String(cut(&text, FIELD_CHARS_MAX)),
            Value::Array(_) | Value::Object(_) => Value::Null,
            plain => plain,
        };
        let fields = self.fields.into_iter().take(FIELDS_MAX);
        Self {
            target: cut(&self.target, FIELD_CHARS_MAX),
            message: cut(&self.message, MESSAGE_CHARS_MAX),
            fields: fields.map(|(name, value)| (cut(&name, FIELD_CHARS_MAX), bounded(value))).collect(),
            ..self
        }
    }
}

/// The beginning of a text. One that was cut before stays as it is.
pub(super) fn cut(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        Some((end, CUT)) if end + CUT.len_utf8() == text.len() => text.to_owned(),
        Some((end, _)) => format!("{}{CUT}", &text[..end]),
        None => text.to_owned(),
    }
}
