//! Log lines of every process, for whoever follows them; and errors that survive a restart.
//!
//! A line is taken where it is logged, without waiting: a full queue counts what it drops. No line has a secret, because no
//! type that holds one prints it.

mod errors;
mod layer;
mod line;
mod tell;

pub use layer::{LogLayer, LogSource, log_layer};
pub use line::{Level, Line};
pub use tell::{Heard, collect_logs, log_subject, recall, recall_subject, tell_logs};
