//! The pure core: what may happen, and what a fact changes.
//!
//! In come a view of the state, a command or an event, and the time; out come a fact, or the rows to write.
//! No IO, no clock, no randomness, no async: the same arguments give the same answer on every replica and in
//! every replay.
//!
//! # Layout
//! - [`decide()`]: may this happen? a file per noun
//! - [`project()`]: what does this fact change? a file per noun
//! - [`row`]: the rows of the projection; [`Change`]: a row written or dropped; [`View`]: reading them
//! - [`model`]: the projection as `BTreeMap`s, for tests
//! - [`placement`]: which nodes take a content's shards

mod change;
mod command;
mod decide;
pub mod model;
pub mod placement;
mod project;
pub mod row;
mod view;

pub use change::Change;
pub use command::{
    Command, CompleteUpload, Context, CreateUpload, NewBody, OBJECT_BYTES_MAX, Outcome, PART_BYTES_MIN, Precondition,
    PutObject, Rejection, StorePart, Tags,
};
pub use decide::{Decision, Refused, decide};
pub use project::{ProjectError, project};
pub use view::{Parts, VersionName, View, find_version, newest_version};
