//! The tables, a file each, and the view of them that `decide`, `project` and the gateway read.

mod apply;
mod bucket_access;
mod bucket_settings;
mod buckets;
pub(crate) mod contents;
mod current;
mod faults;
mod identities;
mod manifests;
mod nulls;
mod parts;
mod pending;
mod quarantined;
mod recent;
pub(crate) mod region;
mod released_buckets;
mod released_uploads;
pub(crate) mod row;
mod uploads;
mod usage;
mod versions;
mod view;

use std::marker::PhantomData;

use redb::{Key, ReadOnlyTable, ReadTransaction, ReadableTable, Table, TableError, Value, WriteTransaction};

use crate::StateError;

use pending::Pending;
pub use quarantined::{QuarantinedRow, Reason};
pub(crate) use recent::RecentRow;

/// How the tables are opened: for reading only, or within the one write transaction.
pub trait Access {
    /// A table opened so.
    type Table<K: Key + 'static, V: Value + 'static>: ReadableTable<K, V>;
}

/// As they were at one commit.
#[derive(Debug)]
pub struct ReadOnly;

impl Access for ReadOnly {
    type Table<K: Key + 'static, V: Value + 'static> = ReadOnlyTable<K, V>;
}

/// As they are in an open write transaction.
#[derive(Debug)]
pub struct Writable<'txn>(PhantomData<&'txn ()>);

impl<'txn> Access for Writable<'txn> {
    type Table<K: Key + 'static, V: Value + 'static> = Table<'txn, K, V>;
}

macro_rules! tables {
    ($($table:ident: $key:ty;)+) => {
        /// All tables of the projection, opened together.
        pub struct Tables<A: Access> {
            $(pub(crate) $table: A::Table<$key, &'static [u8]>,)+
            pending: Pending,
        }

        impl Tables<ReadOnly> {
            pub(crate) fn read(transaction: &ReadTransaction) -> Result<Self, TableError> {
                Ok(Self { $($table: transaction.open_table($table::TABLE)?,)+ pending: Pending::default() })
            }
        }

        impl<'txn> Tables<Writable<'txn>> {
            pub(crate) fn write(transaction: &'txn WriteTransaction) -> Result<Self, TableError> {
                Ok(Self { $($table: transaction.open_table($table::TABLE)?,)+ pending: Pending::default() })
            }
        }

        impl<A: Access> Tables<A> {
            /// Compares two projections, table by table and byte for byte. The ring of recent events is among
            /// them: at one cursor it holds the same events, however they came to be folded.
            pub(crate) fn first_difference<B: Access>(&self, other: &Tables<B>) -> Result<Option<Difference>, StateError> {
                $(
                    if let Some(row) = first_different_row(&self.$table, &other.$table)? {
                        return Ok(Some(Difference { table: stringify!($table), row }));
                    }
                )+
                Ok(None)
            }
        }
    };
}

tables! {
    buckets: &'static str;
    current: (u64, &'static [u8]);
    versions: (u64, &'static [u8], u128);
    nulls: (u64, &'static [u8]);
    contents: &'static [u8];
    faults: &'static [u8];
    uploads: (u64, &'static [u8], u128);
    parts: (u128, u16);
    manifests: u128;
    released_uploads: u128;
    released_buckets: u64;
    usage: u64;
    bucket_access: u64;
    bucket_settings: u64;
    identities: (u8, &'static str);
    region: &'static str;
    recent: u64;
    quarantined: u64;
}

/// Where two projections of the same log differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The table.
    pub table: &'static str,
    /// The number of the row in it, from 0.
    pub row: u64,
}

fn first_different_row<K: Key + 'static>(
    one: &impl ReadableTable<K, &'static [u8]>,
    other: &impl ReadableTable<K, &'static [u8]>,
) -> Result<Option<u64>, StateError> {
    let (mut ones, mut others) = (one.iter()?, other.iter()?);
    for row in 0.. {
        match (ones.next().transpose()?, others.next().transpose()?) {
            (None, None) => break,
            (Some((key, value)), Some((other_key, other_value))) => {
                let keys_agree = K::as_bytes(&key.value()).as_ref() == K::as_bytes(&other_key.value()).as_ref();
                if !keys_agree || value.value() != other_value.value() {
                    return Ok(Some(row));
                }
            }
            _ => return Ok(Some(row)),
        }
    }
    Ok(None)
}
