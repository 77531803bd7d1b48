//! The three listings of objects.

use crate::error::{Code, Error};
use crate::request::Head;
use crate::xml::ContinuationToken;

/// The maximum number of keys in one page.
pub const KEYS_MAX: u32 = 1000;

/// The encoding of keys in a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// XML text, which cannot represent every key.
    #[default]
    Plain,
    /// Percent-encoded, which can.
    Url,
}

impl Encoding {
    pub(crate) fn parse(head: &Head<'_>) -> Result<Self, Error> {
        match head.query().text("encoding-type")? {
            None | Some("") => Ok(Self::Plain),
            Some(text) if text.eq_ignore_ascii_case("url") => Ok(Self::Url),
            Some(text) => {
                Err(Error::invalid_argument("Invalid Encoding Method specified in Request", "encoding-type", text))
            }
        }
    }
}

/// Refuses a parameter that only the other version of the listing has, with S3's message.
fn of_other_version(head: &Head<'_>, name: &'static str, message: &'static str) -> Result<(), Error> {
    if head.query().has(name) {
        return Err(Error::with_message(Code::InvalidArgument, message).detail("ArgumentName", name));
    }
    Ok(())
}

/// `ListObjects` (version 1).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListObjects {
    /// The prefix of the keys.
    pub prefix: Vec<u8>,
    /// The delimiter: keys that contain it after the prefix are rolled up.
    pub delimiter: Option<Vec<u8>>,
    /// The key to start after.
    pub marker: Option<Vec<u8>>,
    /// The maximum number of entries, 0 to [`KEYS_MAX`].
    pub max_keys: u32,
    /// The encoding of keys.
    pub encoding: Encoding,
}

impl ListObjects {
    /// # Errors `InvalidArgument`, also for parameters that only version 2 has.
    pub fn parse(head: &Head<'_>) -> Result<Self, Error> {
        let only = |name, message| of_other_version(head, name, message);
        only("continuation-token", "continuation-token only supported in REST.GET.BUCKET with list-type=2")?;
        only("start-after", "startAfter only supported in REST.GET.BUCKET with list-type=2")?;
        Ok(Self {
            prefix: head.parameter_bytes("prefix")?.unwrap_or_default(),
            delimiter: head.parameter_bytes("delimiter")?,
            marker: head.parameter_bytes("marker")?,
            max_keys: head.limit("max-keys", KEYS_MAX)?,
            encoding: Encoding::parse(head)?,
        })
    }
}

/// `ListObjectsV2`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListObjectsV2 {
    /// The prefix of the keys.
    pub prefix: Vec<u8>,
    /// The delimiter: keys that contain it after the prefix are rolled up.
    pub delimiter: Option<Vec<u8>>,
    /// The maximum number of entries, 0 to [`KEYS_MAX`].
    pub max_keys: u32,
    /// The token as it was sent.
    pub continuation_token: Option<String>,
    /// The key or common prefix in the token: the page starts after it.
    pub continue_after: Option<Vec<u8>>,
    /// The key to start after; ignored if there is a token.
    pub start_after: Option<Vec<u8>>,
    /// Whether the response should have owners.
    pub fetch_owner: bool,
    /// The encoding of keys.
    pub encoding: Encoding,
}

impl ListObjectsV2 {
    /// # Errors `InvalidArgument`, also for parameters that only version 1 has.
    pub fn parse(head: &Head<'_>) -> Result<Self, Error> {
        of_other_version(head, "marker", "Marker unsupported with REST.GET.BUCKET in list-type=2")?;
        let token = head.query().text("continuation-token")?;
        let continue_after = match token {
            None | Some("") => None,
            Some(token) => Some(ContinuationToken::decode(token).ok_or_else(|| {
                Error::invalid_argument("The continuation token provided is incorrect", "continuation-token", token)
            })?),
        };
        Ok(Self {
            prefix: head.parameter_bytes("prefix")?.unwrap_or_default(),
            delimiter: head.parameter_bytes("delimiter")?,
            max_keys: head.limit("max-keys", KEYS_MAX)?,
            continuation_token: token.map(str::to_owned),
            continue_after,
            start_after: head.parameter_bytes("start-after")?,
            fetch_owner: head.query().text("fetch-owner")?.is_some_and(|value| value.eq_ignore_ascii_case("true")),
            encoding: Encoding::parse(head)?,
        })
    }

    /// The key after which the page starts.
    pub fn after(&self) -> Option<&[u8]> {
        self.continue_after.as_deref().or(self.start_after.as_deref())
    }
}

/// `ListObjectVersions`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListObjectVersions {
    /// The prefix of the keys.
    pub prefix: Vec<u8>,
    /// The delimiter: keys that contain it after the prefix are rolled up.
    pub delimiter: Option<Vec<u8>>,
    /// The key after which, or within which, to start.
    pub key_marker: Option<Vec<u8>>,
    /// The version of `key_marker` to start after, possibly `null`.
    pub version_id_marker: Option<String>,
    /// The maximum number of entries, 0 to [`KEYS_MAX`].
    pub max_keys: u32,
    /// The encoding of keys.
    pub encoding: Encoding,
}

impl ListObjectVersions {
    /// # Errors
    /// `InvalidArgument`, also for a version marker that is empty or without a key marker.
    pub fn parse(head: &Head<'_>) -> Result<Self, Error> {
        let version_id_marker = head.query().text("version-id-marker")?.map(str::to_owned);
        if let Some(marker) = &version_id_marker {
            let refuse = |message| Err(Error::invalid_argument(message, "version-id-marker", marker.as_str()));
            if !head.query().has("key-marker") {
                return refuse("A version-id marker cannot be specified without a key marker.");
            }
            if marker.is_empty() {
                return refuse("A version-id marker cannot be empty.");
            }
        }
        let key_marker = head.parameter_bytes("key-marker")?;
        Ok(Self {
            prefix: head.parameter_bytes("prefix")?.unwrap_or_default(),
            delimiter: head.parameter_bytes("delimiter")?,
            key_marker,
            version_id_marker,
            max_keys: head.limit("max-keys", KEYS_MAX)?,
            encoding: Encoding::parse(head)?,
        })
    }
}
