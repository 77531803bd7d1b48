//! The projection of the log in redb, and the one place that appends to it.
//!
//! In come commands; out come their outcomes, after their facts are durable on the log and applied here, and
//! snapshots of the state for readers. Whoever appends elsewhere is followed. This crate never decides by
//! itself (`domain` does), never answers before the log has acked, and is the only one that opens redb.
//!
//! # Layout
//! - [`Ledger`]: commit a command, read a snapshot
//! - `writer`: the task that owns the write transaction; `commit`: what it does with a batch of commands
//! - `disk`: the projection's disk; `room`: what it still takes; `shortage`: what the writer does about it; `contention`: sharing the log with others that append; `follow`: what others append; `barrier`: reads that see all acked writes
//! - `tables`: a file per table; `fold`: events into tables; `open`: is this the projection of this log?
//! - `judge`: is an entry of the log a fact? `proof`: who wrote it; `keyring`: the keys of those who write
//! - `past`: events once more; `health`: contents with faults
//! - [`rebuild()`]: fold the log anew and compare

mod barrier;
mod commit;
mod contention;
mod cursor;
mod disk;
mod error;
mod fold;
mod follow;
mod health;
mod judge;
mod keyring;
mod ledger;
mod listing;
mod open;
mod past;
mod proof;
mod rebuild;
mod room;
mod shortage;
mod snapshot;
mod sources;
mod tables;
mod writer;

pub use commit::Committed;
pub use cursor::Cursor;
pub use disk::Disk;
pub use error::{CommitError, FoldError, OpenError, ReadError, StateError, TooOld};
pub use keyring::{AUTHOR_KEY_BYTES, AuthorKey, AuthorKeyError, Keyring};
pub use ledger::{Ledger, Options};
pub use listing::{Cost, Entry, ObjectsPage, Page, UploadsPage, VersionsPage};
pub use past::PastEvents;
pub use proof::proof_of_lifecycle;
pub use rebuild::{Rebuilt, rebuild, restore_tail};
pub use snapshot::Snapshot;
pub use sources::Sources;
pub use tables::{Access, Difference, QuarantinedRow, ReadOnly, Reason, Tables, Writable};
pub use writer::Progress;
