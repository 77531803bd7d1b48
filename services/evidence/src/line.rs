//! The lines of an export. Every line is one JSON document. Events are in the very bytes that the log has of them; all
//! other lines have one member, which says what they are.

use events::ids::{RegionName, Sha256Digest};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The version of the form.
pub(crate) const VERSION: u32 = 1;

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The version of the form: 1.
    pub version: u32,
    /// The region.
    pub region: RegionName,
    /// The first sequence that was asked for.
    pub from: u64,
    /// The last one.
    pub to: u64,
}

impl Header {
    /// The header of an export of this form.
    pub fn new(region: RegionName, from: u64, to: u64) -> Self {
        Self { version: VERSION, region, from, to }
    }
}

/// An entry of which only hashes are in the export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withheld {
    /// Its sequence.
    pub sequence: u64,
    /// Why its bytes are not there.
    pub why: WithheldWhy,
    /// The hash by which the next event refers to it.
    pub hash: Sha256Digest,
    /// Its hash as a leaf.
    pub leaf: Sha256Digest,
    /// The hash by which it refers to the entry before it; absent in what is no event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Sha256Digest>,
}

/// Why the bytes of an entry are not in an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WithheldWhy {
    /// It holds a secret, which leaves the store by no door.
    Secret,
    /// It is no fact: anybody may have written it.
    Quarantined,
    /// It was not asked for, and is needed to check others.
    Outside,
    /// It was erased.
    Erased,
}

/// The last line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// The last sequence in the export.
    pub last: u64,
}

/// All lines but those of events.
#[derive(Debug, Serialize, Deserialize)]
enum Member<'a> {
    #[serde(rename = "planetstore_export")]
    Header(Header),
    #[serde(rename = "notary_key", borrow)]
    Key(&'a RawValue),
    #[serde(rename = "checkpoint", borrow)]
    Checkpoint(&'a RawValue),
    #[serde(rename = "withheld")]
    Withheld(Withheld),
    #[serde(rename = "end")]
    End(End),
}

/// A line of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line<'a> {
    /// The first line.
    Header(Header),
    /// The event that put a key of the notary in use. All of the log come behind the header.
    Key(&'a [u8]),
    /// The event of a checkpoint, before the entries that it covers. It may stand there again as an entry.
    Checkpoint(&'a [u8]),
    /// An entry of which only hashes are there.
    Withheld(Withheld),
    /// An event.
    Event(&'a [u8]),
    /// The last line.
    End(End),
}

impl<'a> Line<'a> {
    /// Parses a line, without the line break. What is none of the other lines is an event, or pretends to be one.
    pub fn parse(line: &'a [u8]) -> Self {
        let is_other =
            [b"{\"p".as_slice(), b"{\"n", b"{\"c", b"{\"w", b"{\"e"].iter().any(|begin| line.starts_with(begin));
        match is_other.then(|| serde_json::from_slice(line)) {
            Some(Ok(Member::Header(header))) => Self::Header(header),
            Some(Ok(Member::Key(event))) => Self::Key(event.get().as_bytes()),
            Some(Ok(Member::Checkpoint(event))) => Self::Checkpoint(event.get().as_bytes()),
            Some(Ok(Member::Withheld(withheld))) => Self::Withheld(withheld),
            Some(Ok(Member::End(end))) => Self::End(end),
            Some(Err(_)) | None => Self::Event(line),
        }
    }
}

/// Appends a line with its line break.
///
/// # Errors
/// The bytes of an event are no JSON.
pub fn write_line(line: &Line<'_>, out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    let raw = |bytes| serde_json::from_slice::<&RawValue>(bytes);
    let member = match line {
        Line::Event(bytes) => {
            out.extend_from_slice(bytes);
            out.push(b'\n');
            return Ok(());
        }
        Line::Header(header) => Member::Header(header.clone()),
        Line::Key(bytes) => Member::Key(raw(bytes)?),
        Line::Checkpoint(bytes) => Member::Checkpoint(raw(bytes)?),
        Line::Withheld(withheld) => Member::Withheld(*withheld),
        Line::End(end) => Member::End(*end),
    };
    serde_json::to_writer(&mut *out, &member)?;
    out.push(b'\n');
    Ok(())
}
