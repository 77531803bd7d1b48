//! The tables of the projection, and the view of them that `decide`, `project` and the gateway read.
//!
//! # Layout
//! - here: the list of all tables, each with the types of its keys and rows
//! - `table`: reading and writing one table; `key`: keys as bytes
//! - `buckets`, `versions`, `contents`, `uploads`, `growth`: scans of these tables; `insights`: a scan of a whole bucket;
//!   `audit`: the events that somebody caused, or that are about a key
//! - `identities`, `region`, `recent`, `quarantined`, `checkpoints`: tables with more to them than that
//! - `recount`: counts the references to contents anew
//! - `view`, `apply`: what `domain` reads of the tables, and the changes that it makes; `pending`: those that are kept
//!   until the end of a transaction

mod apply;
mod audit;
mod buckets;
mod checkpoints;
mod contents;
#[cfg(test)]
mod frozen;
mod growth;
mod identities;
mod insights;
mod key;
mod pending;
mod quarantined;
mod recent;
mod recount;
pub(crate) mod region;
mod table;
mod uploads;
mod versions;
mod view;

use std::marker::PhantomData;
use std::sync::Arc;

use domain::row::{
    BucketAccessRow, BucketId, BucketRow, BucketSettingsRow, CheckpointRow, ContentRow, EndedRow, FaultsRow, GrowthRow,
    ManifestRow, PartRow, Posting, PostingRow, ReleasedBucketRow, ReleasedUploadRow, RemovedNameRow, RemovedRow,
    UploadRow, UsageRow, VersionRow, WritersRow,
};
use events::ids::{BucketName, ContentId, Generation, ObjectKey, PartNumber, UploadId, VersionId};
use redb::{ReadOnlyTable, ReadTransaction, ReadableTable, TableDefinition, TableError, WriteTransaction};

use crate::StateError;

use identities::IdentityKey;
use pending::Pending;
use region::RegionKey;
use table::{Mixed, Table};

pub use audit::{AuditFound, AuditQuery, KEYS_SCANNED_MAX};
pub use contents::Named;
pub use insights::{AGES, AgeSum, Insights, InsightsScan, PREFIXES_MAX, PrefixSum, Sum};
pub use quarantined::{QuarantinedRow, Reason};
pub(crate) use recent::{RECENT_EVENTS_MAX, RecentRow};
pub use recount::{RECOUNT_KEY_BYTES, Recounted};

/// The way in which the tables are opened: for reading only, or within the one write transaction.
pub trait Access {
    /// A table that is opened in this way.
    type Table<K: redb::Key + 'static, V: redb::Value + 'static>: ReadableTable<K, V>;
    /// The transaction that opens tables.
    type Transaction: Clone;

    /// Opens a table.
    ///
    /// # Errors
    /// [`TableError`], also if a transaction that only reads finds no such table.
    fn open<K: redb::Key + 'static, V: redb::Value + 'static>(
        transaction: &Self::Transaction,
        definition: TableDefinition<'_, K, V>,
    ) -> Result<Self::Table<K, V>, TableError>;
}

/// The tables at one commit.
#[derive(Debug)]
pub struct ReadOnly;

impl Access for ReadOnly {
    type Table<K: redb::Key + 'static, V: redb::Value + 'static> = ReadOnlyTable<K, V>;
    type Transaction = Arc<ReadTransaction>;

    fn open<K: redb::Key + 'static, V: redb::Value + 'static>(
        transaction: &Self::Transaction,
        definition: TableDefinition<'_, K, V>,
    ) -> Result<Self::Table<K, V>, TableError> {
        transaction.open_table(definition)
    }
}

/// The tables in an open write transaction.
#[derive(Debug)]
pub struct Writable<'txn>(PhantomData<&'txn ()>);

impl<'txn> Access for Writable<'txn> {
    type Table<K: redb::Key + 'static, V: redb::Value + 'static> = redb::Table<'txn, K, V>;
    type Transaction = &'txn WriteTransaction;

    fn open<K: redb::Key + 'static, V: redb::Value + 'static>(
        transaction: &Self::Transaction,
        definition: TableDefinition<'_, K, V>,
    ) -> Result<Self::Table<K, V>, TableError> {
        transaction.open_table(definition)
    }
}

macro_rules! tables {
    ($($(#[$about:meta])+ $table:ident: $key:ty => $row:ty;)+) => {
        /// All tables of the projection in one transaction. Each is opened when it is first needed: opening all of them costs as much
        /// as folding several events.
        pub struct Tables<A: Access> {
            $($(#[$about])+ pub(crate) $table: Table<A, $key, $row>,)+
            pending: Pending,
        }

        impl<A: Access> Tables<A> {
            fn of(transaction: &A::Transaction) -> Self {
                Self { $($table: Table::of(transaction, stringify!($table)),)+ pending: Pending::default() }
            }

            /// Opens every table. Those that a new file or one of an older release lacks are made, if this can write.
            pub(crate) fn open_all(&self) -> Result<(), TableError> {
                $(self.$table.open()?;)+
                Ok(())
            }
        }

        impl<A: Access> Tables<A> {
            /// Compares two projections, table by table and byte for byte. The ring of recent events is among
            /// them: at one cursor it holds the same events, however they came to be folded.
            pub(crate) fn first_difference<B: Access>(&self, other: &Tables<B>) -> Result<Option<Difference>, StateError> {
                $(
                    if let Some(row) = self.$table.first_different_row(&other.$table)? {
                        return Ok(Some(Difference { table: stringify!($table), row }));
                    }
                )+
                Ok(None)
            }
        }
    };
}

impl Tables<ReadOnly> {
    pub(crate) fn read(transaction: ReadTransaction) -> Self {
        Self::of(&Arc::new(transaction))
    }
}

impl<'txn> Tables<Writable<'txn>> {
    pub(crate) fn write(transaction: &'txn WriteTransaction) -> Self {
        Self::of(&transaction)
    }
}

// The name of a table here is its name in the file.
tables! {
    /// Buckets by name.
    buckets: BucketName => BucketRow;
    /// The version of each key that a plain GET returns.
    current: (BucketId, ObjectKey) => VersionRow;
    /// Every version that is not current, and every delete marker.
    versions: (BucketId, ObjectKey, VersionId) => VersionRow;
    /// Which noncurrent version of a key is the null version.
    nulls: (BucketId, ObjectKey) => VersionId;
    /// Versions of replicated buckets that were deleted for good.
    removed: (BucketId, ObjectKey, VersionId) => RemovedRow;
    /// Their names, in the order of the events that deleted them.
    removed_names: u64 => RemovedNameRow;
    /// Contents, and how often something refers to them.
    contents: ContentId => ContentRow;
    /// Contents that have shards which are not what their placement says.
    faults: ContentId => FaultsRow;
    /// The content that each generation in use belongs to: its own, or that of a shard that was written anew under it.
    generations: Generation => ContentId;
    /// Contents that nothing refers to, in the order of the events that took their last references.
    unreferenced: (u64, ContentId) => ();
    /// Generations that no event names again.
    ended: Generation => EndedRow;
    /// Multipart uploads under way.
    uploads: (BucketId, ObjectKey, UploadId) => UploadRow;
    /// Parts of uploads under way and of completed ones.
    parts: (UploadId, PartNumber) => PartRow;
    /// Completed uploads that objects refer to.
    manifests: UploadId => ManifestRow;
    /// Uploads and former objects whose parts are given up a few at a time.
    released_uploads: UploadId => ReleasedUploadRow;
    /// Deleted buckets whose uploads are given up a few at a time.
    released_buckets: BucketId => ReleasedBucketRow;
    /// The usage and the quota of each bucket.
    usage: BucketId => UsageRow;
    /// What buckets and the region held after the last event of an hour.
    growth: (u32, BucketId) => GrowthRow;
    /// The same of the days of which no hours are kept any more.
    growth_days: (BucketId, u32) => GrowthRow;
    /// Those who write most to each bucket.
    writers: BucketId => WritersRow;
    /// Which events somebody caused, or are about a bucket, in blocks of the log.
    postings: (Posting, u64) => PostingRow;
    /// Which events are about a key.
    audit_keys: (BucketName, ObjectKey, u64) => ();
    /// The access settings of a bucket, if it ever had any.
    bucket_access: BucketId => BucketAccessRow;
    /// Further settings of a bucket, if it ever had any.
    bucket_settings: BucketId => BucketSettingsRow;
    /// Users and what belongs to them.
    identities: IdentityKey => Mixed;
    /// The rows of which a region has one, and its storage nodes.
    region: RegionKey => Mixed;
    /// The newest entries of the log, by sequence.
    recent: u64 => Mixed;
    /// Checkpoints of the log, by the last entry that each covers.
    checkpoints: u64 => CheckpointRow;
    /// Entries of the log that are not facts, by sequence.
    quarantined: u64 => QuarantinedRow;
}

/// The first difference between two projections of the same log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The table.
    pub table: &'static str,
    /// The number of the row in it, from 0.
    pub row: u64,
}
