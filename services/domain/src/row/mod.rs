//! The rows of the projection: what the folded log knows. A file per noun has the rows of its tables.

mod audit;
mod bucket;
mod checkpoint;
mod consumer;
mod content;
mod field;
mod growth;
mod health;
mod identity;
mod lease;
mod link;
mod node;
mod object;
mod region;
mod replication;
mod shared;
mod target;
mod upload;
mod worker;

pub use audit::{POSTING_EVENTS, Posting, PostingRow};
pub use bucket::{
    BucketAccessRow, BucketId, BucketRow, BucketSettingsRow, LoggingRow, ObjectLockRow, ReleasedBucketRow, UsageRow,
};
pub use checkpoint::{CheckpointRow, NotaryRow};
pub use consumer::ConsumerRow;
pub use content::{ContentRow, EndedRow, MovedShard, NodeUsageRow, PlacedShard, Unreferenced, placed_shards};
pub use growth::{GrowthRow, WRITERS_MAX, Writer, WriterRow, WritersRow};
pub use health::{DebtRow, FaultCounts, FaultsRow};
pub use identity::{GroupRow, KeyRow, KmsKeyRow, PolicyRow, SessionRow, UserRow, email_key};
pub use lease::LeaseRow;
pub use link::LinkRow;
pub use node::{Condition, Duty, NodeRow, Presence, Since};
pub use object::{BodyRow, ObjectRow, RenameRow, VersionRow};
pub use region::{KeyNumbers, MasterKeyRow, SecretRow, TotalsRow};
pub use replication::{
    BucketReplicationRow, ChangesRow, NULL_REMOVED, RemovedNameRow, RemovedRow, ReplicationRow, ResyncRow,
};
pub use shared::{MadeRow, Named, StampRow, WriteRow, Written};
pub use target::{DeadLetterRow, NotificationRow, TargetRow, names_bucket};
pub use upload::{ManifestRow, PartRow, ReleasedUploadRow, UploadRow};
pub use worker::WorkerRow;

pub(crate) use upload::in_runs;
