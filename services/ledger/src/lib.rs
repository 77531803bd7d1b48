//! The projection of the log in redb, and the only place that appends to the log.
//!
//! Input: commands. Output: their outcomes, once their facts are durable on the log and applied here, and snapshots of
//! the state for readers. Events of other processes are followed. This crate decides no rule (`domain` does), never
//! answers before the log has acknowledged, and is the only one that opens redb.
//!
//! # Layout
//! - [`Ledger`]: commit a command, read a snapshot
//! - `writer`: the task that owns the write transaction; `commit`: a batch of commands
//! - `committer`: one process commits for all; `answered`: whether a command happened before
//! - `disk`: the projection's disk; `room`: its free space; `shortage`: what the writer does when it is full;
//!   `contention`: sharing the log with other writers; `follow`: events of other writers; `barrier`: reads that see all
//!   acknowledged writes
//! - `tables`: the list of all tables, and their scans; `listing`: pages of them as S3 shows them; `fold`: events into tables; `open`: whether a projection belongs to a log
//! - `judge`: whether an entry of the log is a fact; `proof`: who wrote it; `keyring`: the authors' keys
//! - `past`: reading old events
//! - [`rebuild()`]: replay the log into a new projection and compare

mod answered;
mod barrier;
mod commit;
mod committer;
mod contention;
mod cursor;
mod disk;
mod error;
mod fold;
mod follow;
mod judge;
mod keyring;
mod ledger;
mod listing;
mod open;
mod past;
mod proof;
mod read;
mod rebuild;
mod room;
mod shortage;
mod snapshot;
mod sources;
mod tables;
mod turns;
mod writer;

pub use commit::Committed;
pub use committer::{Committing, Term};
pub use cursor::Cursor;
pub use disk::Disk;
pub use error::{CommitError, FoldError, OpenError, ReadError, StateError, TooOld};
pub use keyring::{AUTHOR_KEY_BYTES, AuthorKey, AuthorKeyError, Keyring};
pub use ledger::{Ledger, Options};
pub use listing::{Cost, Entry, ObjectsPage, Page, UploadsPage, VersionsPage};
pub use past::{LoggedEntry, LoggedFact, LoggedFacts, PastEvents};
pub use proof::proof_by;
pub use rebuild::{Rebuilt, rebuild, restore_tail};
pub use snapshot::Snapshot;
pub use sources::Sources;
pub use tables::{
    AGES, Access, AgeSum, AuditFound, AuditQuery, Difference, Insights, InsightsScan, KEYS_SCANNED_MAX, Named,
    PREFIXES_MAX, PrefixSum, QuarantinedRow, RECOUNT_KEY_BYTES, ReadOnly, Reason, Recounted, Sum, Tables, Writable,
};
pub use writer::Progress;
