//! The lifecycle service: expires objects, versions, delete markers and abandoned uploads by the rules of their
//! buckets.
//!
//! It reads the state of a ledger page by page and proposes commands. `domain` decides them at the commit, by the rules
//! and versions at that point of the log. So several instances may run, and each may be killed at any time: its work is
//! on the log, and the next instance continues.
//!
//! # Layout
//! - [`run`]: passes, one at each beginning of a day and one when rules have changed
//! - `round`: the buckets with rules; `walk`: one bucket, page by page
//! - `propose`: one command until it is answered; `wake`: waits for the next pass
//! - `meters`: metrics

mod meters;
mod propose;
mod round;
mod wake;
mod walk;

use domain::lifecycle::Day;
use events::Origin;
use events::ids::{AuthType, Principal};
use ledger::{Ledger, Sources};

use wake::Wake;

/// The principal of events that rules cause.
const PRINCIPAL: &str = "lifecycle";

/// The options of the lifecycle service.
#[derive(Debug, Clone)]
pub struct Options {
    /// The length of a day.
    pub day: Day,
    /// The source of time.
    pub sources: Sources,
}

/// The lifecycle service ended because the ledger stopped.
#[derive(Debug, thiserror::Error)]
#[error("the ledger has stopped: {0}")]
pub struct Stopped(String);

/// The state that all parts share.
pub(crate) struct Collector {
    options: Options,
    ledger: Ledger,
}

impl Collector {
    fn now(&self) -> jiff::Timestamp {
        (self.options.sources.now)()
    }

    fn origin() -> Origin {
        let principal = Principal { kind: AuthType::System, id: PRINCIPAL.into() };
        Origin { principal, request_id: String::new(), traceparent: None }
    }
}

/// Applies the rules of all buckets until the ledger stops. Failed operations are retried, so it ends for no other
/// reason. It may be dropped at any moment.
pub async fn run(options: Options, ledger: Ledger) -> Stopped {
    meters::describe();
    let collector = Collector { options, ledger };
    match rounds(&collector).await {
        Ok(never) => match never {},
        Err(stopped) => stopped,
    }
}

async fn rounds(collector: &Collector) -> Result<std::convert::Infallible, Stopped> {
    // All buckets at first, because it is unknown where the last run ended.
    let mut since = 0;
    let mut next_day = collector.options.day.next(collector.now());
    loop {
        let reached = collector.round(since).await?;
        since = match collector.wake(next_day, reached).await? {
            Wake::NewDay => {
                next_day = collector.options.day.next(collector.now());
                0
            }
            Wake::RulesChanged => reached,
        };
    }
}
