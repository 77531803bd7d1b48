//! `RenameObject`.

use crate::address::validate_key;
use crate::condition::{Conditions, WriteConditions};
use crate::encoding::{self, Plus};
use crate::error::Error;
use crate::request::Head;

const SOURCE: &str = "x-amz-rename-source";

/// `RenameObject`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenameObject {
    /// The present key, decoded once.
    pub source: Vec<u8>,
    /// Conditions on that object.
    pub source_conditions: Conditions,
    /// Conditions on the object under the new key.
    pub conditions: WriteConditions,
    /// The client token of the request.
    pub client_token: Option<String>,
}

impl RenameObject {
    /// Parses the headers. The source is a key of the same bucket, encoded like the source of a copy. One leading slash
    /// is optional and removed, so a key that begins with a slash is written with two.
    ///
    /// # Errors
    /// `InvalidArgument`, `KeyTooLongError`; `NotImplemented` for a copy source in the same request, and for date
    /// conditions on the new key.
    pub fn parse(head: &Head<'_>) -> Result<Self, Error> {
        let wrong = |text| Error::invalid_argument("Rename Source must be a key of the bucket, encoded", SOURCE, text);
        let text = head.text(SOURCE)?.ok_or_else(|| wrong(""))?;
        let source = encoding::decode(text.as_bytes(), Plus::Space).ok_or_else(|| wrong(text))?;
        let source = source.strip_prefix(b"/").unwrap_or(&source);
        if source.is_empty() {
            return Err(wrong(text));
        }
        validate_key(source)?;
        for other in ["x-amz-copy-source", "if-modified-since"] {
            if head.text(other)?.is_some() {
                return Err(Error::not_implemented(format_args!("the header {other} on a rename")));
            }
        }
        Ok(Self {
            source: source.to_vec(),
            source_conditions: Conditions::parse_rename_source(head)?,
            conditions: WriteConditions::parse(head)?,
            client_token: head.text("x-amz-client-token")?.map(str::to_owned),
        })
    }
}
