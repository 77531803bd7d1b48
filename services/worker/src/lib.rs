//! Background loops, one shape for all of them: a name, a state, progress, a rate, pause and resume; and leases for those
//! that only one process of the region may run at a time.
//!
//! A loop is a [`Worker`]: its body is one step, which may be dropped at any moment without loss.
//! [`Workers`] runs all loops of a process, applies the settings that the log has for them, and knows the state of
//! each, here and in other processes. A worker that needs a lease runs only while this process owns it, and names its
//! [`Term`](events::lease::Term) in its commands: `domain` refuses those of an earlier term, so that no correctness
//! rests on a clock (ADR 22).
//!
//! This crate decides no rule, opens no connection, and does no work of its own.
//!
//! # Layout
//! - [`Worker`], [`Step`], [`Trouble`]: what a loop is; [`Handle`]: what a step is given
//! - [`Workers`]: the loops of this process; `run`: one of them; `status`: how it is doing, as a [`Report`]
//! - `holder`: takes a lease, renews it, notices its loss; `patience`: how long an owner is waited for
//! - [`Ticks`], [`Silence`]: when somebody counts as gone; [`back_off`]: how long what fails is left alone
//! - [`Clients`]: how much of its time work takes while clients are busy; `throttle`: the rate; `commits`: commits that are gathered; [`Store`]: what is needed of a ledger
//! - [`Failpoint`]: points between two steps at which tests end a worker
//! - [`Telemetry`]: the messages between processes; [`NatsTelemetry`]: the same over NATS; `heard`: reports of
//!   others

mod back_off;
mod clients;
mod commits;
mod failpoint;
mod handle;
mod heard;
mod holder;
mod meters;
mod nats;
mod patience;
mod run;
mod status;
mod store;
mod telemetry;
mod throttle;
mod ticks;
mod worker;
mod workers;

pub use back_off::{PAUSE_MAX, back_off};
pub use clients::{Clients, SHARE_MIN, SHARE_URGENT_MIN, Urgency};
pub use failpoint::{Failpoint, Failpoints, HeldAt, NoFailpoint};
pub use handle::Handle;
pub use nats::{NatsTelemetry, lease_subject, report_subject};
pub use status::{LAGS_MAX, Lag, Last, Report, State, TEXT_CHARS_MAX};
pub use store::Store;
pub use telemetry::{Link, Message, Telemetry};
pub use ticks::{Silence, Ticks};
pub use worker::{Profile, Step, Trouble, Worker, latest};
pub use workers::{AddError, Options, Workers};
