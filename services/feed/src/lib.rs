//! The log for readers outside of the store: pages of past events, and new events as they come.
//!
//! Input: what a reader asks for, and the ledger of this process, which has judged every entry of the log. Output:
//! events in the order of the log, without gaps, in the bytes that the log has of them and without a secret. A process
//! has one [`Feed`], to which the ledger pushes: while nothing happens it sends no requests, however many readers wait.
//!
//! This crate knows no HTTP and decides no rights: its caller decides who may see an event. It never delays a writer,
//! and a slow reader costs no memory: a reader that falls out of the ring of the newest events reads the log.
//!
//! # Layout
//! - [`Query`], [`Filter`]: what is asked, parsed once
//! - [`Entry`]: an event as a reader gets it
//! - [`Export`]: a range of the log as a file that can be verified elsewhere
//! - [`Rewind`]: the objects of a bucket at a point in the log
//! - [`Feed`]: pages, and [`Reader`]s that follow; `ring`: the newest events, in memory; `begin`: where reading begins;
//!   `search`: events that an index of the ledger knows

mod begin;
mod entry;
mod error;
mod export;
mod feed;
mod filter;
mod page;
mod query;
mod reader;
mod rewind;
mod ring;
mod search;

pub use begin::{CLOCK_BACK_MAX, Start};
pub use entry::Entry;
pub use error::FeedError;
pub use export::{CHECKPOINTS_MAX, CheckpointsPage, Export, StoredCheckpoint};
pub use feed::Feed;
pub use filter::{Filter, types_named};
pub use page::{PAGE_BYTES_MAX, PAGE_ENTRIES_LOOKED_AT_MAX, Page};
pub use query::{InvalidQuery, LIMIT_MAX, LIMIT_USUAL, Query};
pub use reader::{Batch, Reader};
pub use rewind::{Left, Rewind, RewoundKey, RewoundPage, Then, is_same};
pub use search::Searched;
