//! The state at one commit, for readers.

use std::ops::Deref;

use redb::{Database, ReadableDatabase};

use crate::StateError;
use crate::tables::{ReadOnly, Tables};

/// All tables as they were at one commit. Taking one costs a few lookups; readers share the newest.
pub struct Snapshot(Tables<ReadOnly>);

impl Snapshot {
    pub(crate) fn take(database: &Database) -> Result<Self, StateError> {
        Ok(Self(Tables::read(&database.begin_read()?)?))
    }
}

impl Deref for Snapshot {
    type Target = Tables<ReadOnly>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}
