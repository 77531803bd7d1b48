//! What no event tells of: requests that were refused, logins that failed, and reads of buckets that ask for it.
//!
//! Input: [`Record`]s of what was answered. Output: a stream of bounded size and age beside the log, and pages of it, the
//! newest first. Nothing rests on any of it: whoever answers a request never waits for its record, and a record that finds
//! no room is counted and lost.
//!
//! This crate knows no HTTP, decides about no request, and writes nothing on the log.
//!
//! # Layout
//! - [`Record`]: a request, or several alike; `batch`: those of a second, in bounded memory
//! - [`AccessLog`], [`Recorder`]: where they are put; [`write`](write()): the way onto the stream
//! - [`Reader`]: pages of them

mod batch;
mod read;
mod record;
mod recorder;
mod write;

pub use read::{Entry, Page, Place, Reader, Wanted};
pub use record::{Kind, Record};
pub use recorder::{AccessLog, Recorder};
pub use write::write;
