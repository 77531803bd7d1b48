use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{InvalidName, is_canonical, text_form};

/// The greatest part number: S3's limit.
pub const PART_NUMBER_MAX: u16 = 10_000;

/// The id of a multipart upload, 32 hex digits. The parts it gathered keep this name when it is completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UploadId(pub Uuid);

impl UploadId {
    fn to_bytes(self) -> [u8; 16] {
        self.0.into_bytes()
    }

    #[expect(clippy::unnecessary_wraps, reason = "one signature for every type with a binary form")]
    fn from_bytes(bytes: [u8; 16]) -> Result<Self, InvalidName> {
        Ok(Self(Uuid::from_bytes(bytes)))
    }
}

impl FromStr for UploadId {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let id = Uuid::parse_str(text).ok().map(Self);
        id.filter(|id| is_canonical(id, text))
            .ok_or_else(|| InvalidName::new("upload id", text, "it has 32 lower-case hex digits"))
    }
}

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.simple().fmt(f)
    }
}

text_form!(UploadId, "UploadId", "^[0-9a-f]{32}$", "the id of a multipart upload", bytes 16);

/// The number of a part, 1 to 10,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct PartNumber(u16);

impl schemars::JsonSchema for PartNumber {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "PartNumber".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "integer",
            "minimum": 1,
            "maximum": PART_NUMBER_MAX,
            "description": "the number of a part in a multipart upload",
        })
    }
}

impl PartNumber {
    /// The number.
    pub fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<u16> for PartNumber {
    type Error = InvalidName;

    fn try_from(number: u16) -> Result<Self, InvalidName> {
        if (1..=PART_NUMBER_MAX).contains(&number) {
            Ok(Self(number))
        } else {
            Err(InvalidName::new("part number", &number.to_string(), "it is 1 to 10000"))
        }
    }
}

impl From<PartNumber> for u16 {
    fn from(number: PartNumber) -> Self {
        number.0
    }
}
