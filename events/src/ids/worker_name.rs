use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::region::is_label;
use super::{InvalidName, text_form};

/// The name of a background worker: 1 to 32 of `a-z 0-9 -`. It is the same in every process that runs the worker.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkerName(Arc<str>);

impl WorkerName {
    const CHARS_MAX: usize = 32;

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for WorkerName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        if is_label(text, Self::CHARS_MAX) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidName::new("worker name", text, "it has 1 to 32 of a-z, 0-9 and '-', no '-' at its ends"))
        }
    }
}

impl fmt::Display for WorkerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_form!(WorkerName, "WorkerName", "^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$", "the name of a background worker");
