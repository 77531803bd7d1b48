//! `DeleteObject`.

use crate::condition::DeleteConditions;
use crate::error::Error;
use crate::request::Head;

/// `DeleteObject`. `DeleteObjects` is `xml::DeleteObjects` with `DocumentBody`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeleteObject {
    /// The version to delete permanently, possibly `null`; without one the current version is deleted.
    pub version_id: Option<String>,
    /// Conditions on the deleted object.
    pub conditions: DeleteConditions,
}

impl DeleteObject {
    /// # Errors
    /// `InvalidArgument`.
    pub fn parse(head: &Head<'_>) -> Result<Self, Error> {
        Ok(Self { version_id: head.version_id()?, conditions: DeleteConditions::parse(head)? })
    }
}
