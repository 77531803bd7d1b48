//! The state at one commit, for readers.

use std::ops::Deref;

use domain::View;
use redb::{Database, ReadableDatabase};

use crate::StateError;
use crate::tables::{ReadOnly, Tables};

/// All tables as they were at one commit. Taking one costs next to nothing; readers share the newest.
pub struct Snapshot(Tables<ReadOnly>);

impl Snapshot {
    pub(crate) fn take(database: &Database) -> Result<Self, StateError> {
        Ok(Self(Tables::read(database.begin_read()?)))
    }

    /// Returns whether parts are left that nothing refers to any more.
    pub(crate) fn is_releasing(&self) -> Result<bool, StateError> {
        Ok(self.0.next_released_upload()?.is_some() || self.0.next_released_bucket()?.is_some())
    }
}

impl Deref for Snapshot {
    type Target = Tables<ReadOnly>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}
