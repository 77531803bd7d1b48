use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use super::{InvalidName, is_canonical, text_form};

/// The id of one run of a process, made at random when it starts: a process that is started again has another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProcessId(pub Uuid);

impl ProcessId {
    fn to_bytes(self) -> [u8; 16] {
        self.0.into_bytes()
    }

    #[expect(clippy::unnecessary_wraps, reason = "one signature for every type with a binary form")]
    fn from_bytes(bytes: [u8; 16]) -> Result<Self, InvalidName> {
        Ok(Self(Uuid::from_bytes(bytes)))
    }
}

impl FromStr for ProcessId {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let id = Uuid::parse_str(text).ok().map(Self);
        id.filter(|id| is_canonical(id, text))
            .ok_or_else(|| InvalidName::new("process id", text, "it is a UUID in lower case with hyphens"))
    }
}

impl fmt::Display for ProcessId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

text_form!(ProcessId, "ProcessId", "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", "the id of one run of a process: a UUID", bytes 16);
