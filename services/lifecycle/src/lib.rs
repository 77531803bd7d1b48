//! The lifecycle service: expires objects, versions, delete markers and abandoned uploads by the rules of their
//! buckets.
//!
//! It reads the state of a ledger page by page and proposes commands. `domain` decides them at the commit, by the rules
//! and versions at that point of the log. So several instances may run, and each may be killed at any time: its work is
//! on the log, and the next instance continues. It needs no lease: a second instance costs its reading and commands that
//! are refused.
//!
//! # Layout
//! - [`Lifecycle`]: the worker; passes, one at each beginning of a day and one when rules have changed
//! - `round`: a pass through the buckets with rules; `walk`: one bucket, page by page
//! - `propose`: commands until they are answered; `wake`: when the next pass is due
//! - `meters`: metrics

mod meters;
mod propose;
mod round;
mod wake;
mod walk;

use domain::lifecycle::Day;
use events::Origin;
use events::ids::{AuthType, Principal};
use jiff::Timestamp;
use ledger::{Ledger, Sources, StateError};
use worker::{Handle, Profile, Step, Trouble, Worker};

use round::Pass;

/// The principal that events of lifecycle rules name.
const PRINCIPAL: &str = "lifecycle";

/// The options of the lifecycle service.
#[derive(Debug, Clone)]
pub struct Options {
    /// The length of a day.
    pub day: Day,
    /// The source of time.
    pub sources: Sources,
}

/// The shared state of all parts.
struct Collector {
    options: Options,
    ledger: Ledger,
}

/// Follows the rules of all buckets.
pub struct Lifecycle {
    collector: Collector,
    /// The pass in progress.
    pass: Option<Pass>,
    /// The event up to which the settings of all buckets are followed.
    reached: u64,
    /// The event up to which they were looked at since, without a change.
    looked: u64,
    next_day: Timestamp,
}

impl Lifecycle {
    /// A worker that begins with all buckets, because the remaining work of earlier runs is unknown.
    pub fn new(options: Options, ledger: Ledger) -> Self {
        meters::describe();
        let next_day = options.day.next((options.sources.now)());
        Self { collector: Collector { options, ledger }, pass: Some(Pass::since(0)), reached: 0, looked: 0, next_day }
    }
}

impl Worker for Lifecycle {
    fn profile(&self) -> Profile {
        Profile {
            name: PRINCIPAL,
            about: "Ends objects, versions and uploads by the lifecycle rules of their buckets.",
            unit: "versions and uploads",
            lease: None,
            rate: None,
        }
    }

    async fn step(&mut self, handle: &Handle) -> Result<Step, Trouble> {
        let Some(pass) = &mut self.pass else { return self.look() };
        let step = self.collector.follow(pass, handle).await?;
        if let Some(reached) = pass.end() {
            (self.reached, self.looked, self.pass) = (reached, reached, None);
        }
        Ok(step)
    }

    async fn wake(&mut self) {
        self.collector.settings_may_have_changed(self.looked).await;
    }
}

impl Collector {
    fn now(&self) -> Timestamp {
        (self.options.sources.now)()
    }

    fn origin() -> Origin {
        let principal = Principal { kind: AuthType::System, id: PRINCIPAL.into() };
        Origin { principal, request_id: String::new(), traceparent: None, address: None }
    }

    /// Reads from the state.
    fn read<T>(&self, read: impl FnOnce() -> Result<T, StateError>) -> Result<T, Trouble> {
        read().or_else(|error| {
            worker::latest(&self.ledger)?;
            Err(Trouble::Failed(format!("the state cannot be read: {error}")))
        })
    }
}
