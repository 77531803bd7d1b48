//! What processes tell of themselves beside the log: requests, latencies, active users, log lines.
//!
//! Input: what a process counts as it serves. Output: one message a second on core NATS, and what a reader makes of those of
//! all processes. Nothing that is right or wrong rests on any of it: a message may be lost, and a count with it. Facts are on
//! the log, and nothing of this ever is.
//!
//! This crate waits for nobody who serves, keeps no more than its limits say, and knows no HTTP.
//!
//! # Layout
//! - [`Meter`]: counts the requests of a process; [`Aggregate`]: what it counted in a second
//! - [`Joined`]: the aggregates of several processes or seconds, as one; `latency`: durations that can be joined
//! - [`ActiveUsers`]: who was here in the last minutes; [`Readers`]: who read of which bucket
//! - [`publish`], [`collect`]: the way over NATS
//! - `logs`: log lines, by the same way, and errors that survive a restart
//! - [`LineRing`]: the newest lines of text, in two files of bounded size

mod aggregate;
mod joined;
mod latency;
mod line_ring;
mod logs;
mod meter;
mod nats;
mod readers;
mod users;

pub use aggregate::{Aggregate, Kind, OperationCount, ReaderCount, UserCount};
pub use joined::{ByKind, Errors, Joined, OperationFigures, Percentiles, Traffic};
pub use latency::Latency;
pub use line_ring::LineRing;
pub use logs::{
    Heard, Level, Line, LogLayer, LogSource, collect_logs, log_layer, log_subject, recall, recall_subject, tell_logs,
};
pub use meter::{Meter, Request, meter};
pub use nats::{collect, publish, requests_subject};
pub use readers::{Readers, Reading};
pub use users::{ACTIVE_TIME, ActiveUser, ActiveUsers};
