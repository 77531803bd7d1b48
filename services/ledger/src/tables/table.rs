//! One table: its keys and rows in the types of the code, and in the bytes of the file.

use std::marker::PhantomData;
use std::ops::RangeBounds;
use std::sync::OnceLock;

use redb::{AccessGuard, ReadableTable, ReadableTableMetadata, TableDefinition, TableError};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::key::{Key, Stored};
use super::{Access, Writable};
use crate::StateError;

/// A table with keys `K` and rows `R`. Scans of a certain table are methods in the file of that table.
pub(crate) struct Table<A: Access, K: Key, R> {
    transaction: A::Transaction,
    name: &'static str,
    opened: OnceLock<A::Table<K::Stored, &'static [u8]>>,
    row: PhantomData<fn() -> R>,
}

/// The `R` of a table whose rows are not all of one type. The file of such a table says which type is at which key.
pub(crate) struct Mixed;

impl<A: Access, K: Key, R> Table<A, K, R> {
    pub(super) fn of(transaction: &A::Transaction, name: &'static str) -> Self {
        Self { transaction: transaction.clone(), name, opened: OnceLock::new(), row: PhantomData }
    }

    /// The open table. Two threads may open it at once for reading; one of both is kept.
    pub(super) fn open(&self) -> Result<&A::Table<K::Stored, &'static [u8]>, TableError> {
        if let Some(opened) = self.opened.get() {
            return Ok(opened);
        }
        let opened = A::open(&self.transaction, TableDefinition::new(self.name))?;
        Ok(self.opened.get_or_init(|| opened))
    }

    /// The number of rows.
    pub(super) fn len(&self) -> Result<u64, StateError> {
        Ok(self.open()?.len()?)
    }

    pub(super) fn contains(&self, key: K::Ref<'_>) -> Result<bool, StateError> {
        Ok(self.bytes(key)?.is_some())
    }

    /// The bytes of a row.
    pub(super) fn bytes(&self, key: K::Ref<'_>) -> Result<Option<AccessGuard<'_, &'static [u8]>>, StateError> {
        let opened = self.open()?;
        Ok(K::encode(key, |key| opened.get(key))?)
    }

    /// The rows between two keys, in the order of the keys.
    pub(super) fn range<'k>(
        &self,
        keys: impl RangeBounds<Stored<'k, K>> + 'k,
    ) -> Result<Entries<'_, K, R>, StateError> {
        Ok(Entries { entries: self.open()?.range(keys)?, row: PhantomData })
    }

    /// Returns the number of the first row in which two tables differ, from 0.
    pub(super) fn first_different_row<B: Access>(&self, other: &Table<B, K, R>) -> Result<Option<u64>, StateError> {
        let (mut ones, mut others) = (self.range(..)?, other.range(..)?);
        for row in 0.. {
            match (ones.next().transpose()?, others.next().transpose()?) {
                (None, None) => break,
                (Some(one), Some(other)) if one.has_the_bytes_of(&other) => {}
                _ => return Ok(Some(row)),
            }
        }
        Ok(None)
    }
}

impl<A: Access, K: Key, R: DeserializeOwned> Table<A, K, R> {
    pub(super) fn get(&self, key: K::Ref<'_>) -> Result<Option<R>, StateError> {
        self.bytes(key)?.map(|bytes| decode(bytes.value())).transpose()
    }

    /// The row with the least key.
    pub(super) fn first(&self) -> Result<Option<(K, R)>, StateError> {
        self.range(..)?.next().map(|entry| entry?.decode()).transpose()
    }
}

impl<'txn, K: Key, R> Table<Writable<'txn>, K, R> {
    #[expect(clippy::expect_used, reason = "the table was opened one line above")]
    fn open_mut(&mut self) -> Result<&mut redb::Table<'txn, K::Stored, &'static [u8]>, TableError> {
        self.open()?;
        Ok(self.opened.get_mut().expect("an open table"))
    }

    pub(super) fn drop(&mut self, key: K::Ref<'_>) -> Result<(), StateError> {
        let opened = self.open_mut()?;
        K::encode(key, |key| opened.remove(key).map(drop))?;
        Ok(())
    }

    pub(super) fn put_bytes(&mut self, key: K::Ref<'_>, bytes: &[u8]) -> Result<(), StateError> {
        let opened = self.open_mut()?;
        K::encode(key, |key| opened.insert(key, bytes).map(drop))?;
        Ok(())
    }
}

impl<K: Key, R: Serialize> Table<Writable<'_>, K, R> {
    pub(super) fn put(&mut self, key: K::Ref<'_>, row: &R) -> Result<(), StateError> {
        self.put_bytes(key, &encode(row)?)
    }
}

impl<A: Access, K: Key> Table<A, K, Mixed> {
    pub(super) fn get_as<R: DeserializeOwned>(&self, key: K::Ref<'_>) -> Result<Option<R>, StateError> {
        self.bytes(key)?.map(|bytes| decode(bytes.value())).transpose()
    }
}

impl<K: Key> Table<Writable<'_>, K, Mixed> {
    pub(super) fn put_as(&mut self, key: K::Ref<'_>, row: &impl Serialize) -> Result<(), StateError> {
        self.put_bytes(key, &encode(row)?)
    }
}

/// Rows with their keys, in the order of the keys. Nothing is decoded before it is asked for.
pub(crate) struct Entries<'t, K: Key, R> {
    entries: redb::Range<'t, K::Stored, &'static [u8]>,
    row: PhantomData<fn() -> R>,
}

impl<'t, K: Key, R> Iterator for Entries<'t, K, R> {
    type Item = Result<Entry<'t, K, R>, StateError>;

    fn next(&mut self) -> Option<Self::Item> {
        let entry = self.entries.next()?;
        Some(entry.map(|(key, bytes)| Entry { key, bytes, row: PhantomData }).map_err(StateError::from))
    }
}

impl<K: Key, R> DoubleEndedIterator for Entries<'_, K, R> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let entry = self.entries.next_back()?;
        Some(entry.map(|(key, bytes)| Entry { key, bytes, row: PhantomData }).map_err(StateError::from))
    }
}

/// A row with its key.
pub(crate) struct Entry<'t, K: Key, R> {
    key: AccessGuard<'t, K::Stored>,
    bytes: AccessGuard<'t, &'static [u8]>,
    row: PhantomData<fn() -> R>,
}

impl<K: Key, R> Entry<'_, K, R> {
    /// The key as it is stored.
    pub(crate) fn stored_key(&self) -> Stored<'_, K> {
        self.key.value()
    }

    pub(crate) fn key(&self) -> Result<K, StateError> {
        K::decode(self.key.value()).map_err(StateError::Key)
    }

    /// The row as it is stored.
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.value()
    }

    fn has_the_bytes_of(&self, other: &Self) -> bool {
        let (key, other_key) = (self.key.value(), other.key.value());
        let keys_agree = <K::Stored as redb::Value>::as_bytes(&key).as_ref()
            == <K::Stored as redb::Value>::as_bytes(&other_key).as_ref();
        keys_agree && self.bytes.value() == other.bytes.value()
    }
}

impl<K: Key, R: DeserializeOwned> Entry<'_, K, R> {
    pub(crate) fn row(&self) -> Result<R, StateError> {
        decode(self.bytes.value())
    }

    pub(super) fn decode(&self) -> Result<(K, R), StateError> {
        Ok((self.key()?, self.row()?))
    }
}

impl<K: Key> Entry<'_, K, Mixed> {
    pub(super) fn row_as<R: DeserializeOwned>(&self) -> Result<R, StateError> {
        decode(self.bytes.value())
    }
}

/// Rows are stored as postcard, without the names of their fields.
pub(super) fn encode<R: Serialize>(row: &R) -> Result<Vec<u8>, StateError> {
    postcard::to_stdvec(row).map_err(StateError::Row)
}

fn decode<R: DeserializeOwned>(bytes: &[u8]) -> Result<R, StateError> {
    postcard::from_bytes(bytes).map_err(StateError::Row)
}
