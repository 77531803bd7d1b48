//! Ends what the rules of buckets end: objects, their versions, delete markers and abandoned uploads.
//!
//! It reads the state of a ledger page by page and proposes; `domain` decides at the commit, by the rules and the
//! versions as they are at that point of the log. So several of these may run, and one may be killed at any moment:
//! what it did is on the log, and the next one goes on with what is left.
//!
//! # Layout
//! - [`run`]: rounds, one at each beginning of a day and one when rules changed
//! - `round`: the buckets that have rules; `walk`: one of them, page by page
//! - `propose`: one command until there is an answer; `wake`: waiting for the next round
//! - `meters`: what it counts

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

/// Whom the log names as the cause of what rules do.
const PRINCIPAL: &str = "lifecycle";

/// How rules are followed.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How long a day is.
    pub day: Day,
    /// Where time comes from.
    pub sources: Sources,
}

/// Why it ended: the ledger stopped, without which there is nothing to do.
#[derive(Debug, thiserror::Error)]
#[error("the ledger has stopped: {0}")]
pub struct Stopped(String);

/// What every part of it needs.
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

/// Follows the rules of all buckets until the ledger stops. What cannot be done now is tried again: it ends for no
/// other reason, and may be dropped at any moment.
pub async fn run(options: Options, ledger: Ledger) -> Stopped {
    meters::describe();
    let collector = Collector { options, ledger };
    match rounds(&collector).await {
        Ok(never) => match never {},
        Err(stopped) => stopped,
    }
}

async fn rounds(collector: &Collector) -> Result<std::convert::Infallible, Stopped> {
    // All buckets at first: nobody knows what was left undone.
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
