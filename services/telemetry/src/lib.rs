//! The telemetry of processes, which is not on the log: requests, latencies, active users, log lines.
//!
//! Input: the counts of a process. Output: one message per second on core NATS, and the joined messages of all
//! processes. No decision depends on telemetry: a message may be lost, and its counts with it. Facts are on the log;
//! telemetry never is.
//!
//! This crate never delays a request, keeps its limits on memory, and knows no HTTP.
//!
//! # Layout
//! - [`Meter`]: counts the requests of a process; [`Aggregate`]: the counts of one second
//! - [`Joined`]: the aggregates of several processes or seconds, as one; `latency`: durations that can be joined
//! - [`ActiveUsers`]: the users of the last minutes; [`Readers`]: the readers of each bucket
//! - [`publish`], [`collect`]: the transport over NATS
//! - `logs`: log lines over the same transport, and errors that survive a restart
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
