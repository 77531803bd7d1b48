//! Records requests that leave no event: refused requests, failed logins, and reads of buckets for which reads are
//! recorded.
//!
//! Input: [`Record`]s of what was answered. Output: a stream of bounded size and age, separate from the log, and pages
//! of it, the newest first. Nothing depends on these records: no response waits for its record, and a record for which
//! there is no room is counted and lost.
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
