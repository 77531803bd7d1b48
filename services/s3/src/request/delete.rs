//! `DeleteObject`.

use crate::condition::DeleteConditions;
use crate::error::Error;
use crate::request::Head;

/// `DeleteObject`. `DeleteObjects` is `xml::DeleteObjects` with `DocumentBody`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeleteObject {
    /// The version to delete for good, `null` included; none deletes what is current.
    pub version_id: Option<String>,
    /// Conditions on what is deleted.
    pub conditions: DeleteConditions,
}

impl DeleteObject {
    /// # Errors
    /// `InvalidArgument`.
    pub fn parse(head: &Head<'_>) -> Result<Self, Error> {
        Ok(Self { version_id: head.version_id()?, conditions: DeleteConditions::parse(head)? })
    }
}
