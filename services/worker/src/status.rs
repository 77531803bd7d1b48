use std::fmt;
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use events::ids::{BucketName, WorkerName};
use events::lease::{Lease, Owner};
use events::replication::Destination;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::Profile;

/// The time over which a pace is averaged: a step that lasts longer than that shows by its own pace alone.
const PACE_TIME: Duration = Duration::from_secs(30);

/// How long a step may show no sign of life before its lease is not renewed any more.
const QUIET_TIME_MAX: Duration = Duration::from_secs(20);

/// How long a step may show no sign of life before it is dropped.
pub(crate) const STUCK_TIME: Duration = Duration::from_mins(1);

/// How long a worker may fail before its lease is not renewed any more: another process may do better.
const FAILING_TIME_MAX: Duration = Duration::from_mins(1);

/// The longest text that a report holds, in characters.
pub const TEXT_CHARS_MAX: usize = 300;

/// The state of a background worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "name", rename_all = "snake_case")]
#[schemars(rename = "WorkerState")]
pub enum State {
    /// The worker has nothing to do.
    Idle,
    /// The worker is working.
    Working,
    /// An operator paused the worker.
    Paused,
    /// The worker needs a lease that this process does not own.
    Waiting {
        /// The reason why this process does not own the lease.
        why: String,
    },
    /// The worker's last step failed. It will retry.
    Failing {
        /// Why.
        why: String,
    },
}

impl State {
    /// The names of all states.
    pub const NAMES: [&str; 5] = ["idle", "working", "paused", "waiting", "failing"];

    /// The state's name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Working => "working",
            Self::Paused => "paused",
            Self::Waiting { .. } => "waiting",
            Self::Failing { .. } => "failing",
        }
    }
}

/// The last action of a worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "WorkerLast")]
pub struct Last {
    /// When.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub at: Timestamp,
    /// The action as a sentence.
    pub what: String,
}

/// The state of a background worker in one process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "WorkerReport")]
pub struct Report {
    /// The worker.
    pub worker: WorkerName,
    /// The purpose of the worker, as a sentence.
    pub about: String,
    /// The process that runs it.
    pub process: Owner,
    /// The state of the worker.
    pub state: State,
    /// The time since which the worker is in this state.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub since: Timestamp,
    /// The lease that the worker needs.
    pub lease: Option<Lease>,
    /// The plural of what it counts, such as `bytes`.
    pub unit: String,
    /// The number of units processed since the process started.
    pub done: u64,
    /// The number of units left to process, if that is known.
    pub left: Option<u64>,
    /// The sequence up to which the log was known when `left` was counted; absent if that is not reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_as_of: Option<u64>,
    /// The number of units per second that it processed recently.
    pub pace: f64,
    /// The maximum number of units per second; `null` without a limit.
    pub rate: Option<NonZeroU64>,
    /// The number of steps that failed since the process started.
    pub failures: u64,
    /// The worker's last action.
    pub last: Option<Last>,
    /// How far the replicator is behind with each destination, those that are farthest behind first. Other workers have none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lags: Vec<Lag>,
}

/// How far the replicator is behind with a destination of a bucket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ReplicationLag")]
pub struct Lag {
    /// The bucket whose versions are sent.
    pub bucket: BucketName,
    /// To where.
    pub destination: Destination,
    /// The sequence up to which the destination has everything.
    pub up_to: u64,
    /// The number of changes that were read from the log and have not arrived.
    pub changes: u64,
    /// The bytes of the versions among these changes.
    pub bytes: u64,
    /// The age of the oldest of these changes, in seconds.
    pub seconds: f64,
    /// Whether the bucket is being compared with the destination.
    pub is_resyncing: bool,
    /// Why the destination takes nothing at present; absent if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// Destinations of one report, so that it fits a message.
pub const LAGS_MAX: usize = 200;

/// How a loop of this process is doing.
pub(crate) struct Status {
    pub(crate) name: WorkerName,
    pub(crate) profile: Profile,
    now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    figures: Mutex<Figures>,
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Status").field("name", &self.name).finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Figures {
    state: State,
    since: Timestamp,
    done: u64,
    left: Option<u64>,
    left_as_of: Option<u64>,
    pace: Pace,
    failures: u64,
    failing_since: Option<Instant>,
    /// Why this process cannot do the work until it is started anew.
    unfit: Option<String>,
    /// The last sign of life of the step that is under way.
    alive: Option<Instant>,
    last: Option<Last>,
    lags: Vec<Lag>,
}

impl Status {
    pub(crate) fn new(name: WorkerName, profile: Profile, now: Arc<dyn Fn() -> Timestamp + Send + Sync>) -> Self {
        let figures = Figures {
            state: State::Idle,
            since: now(),
            done: 0,
            left: None,
            left_as_of: None,
            pace: Pace { per_second: 0.0, at: Instant::now() },
            failures: 0,
            failing_since: None,
            unfit: None,
            alive: None,
            last: None,
            lags: Vec::new(),
        };
        Self { name, profile, now, figures: Mutex::new(figures) }
    }

    fn figures(&self) -> MutexGuard<'_, Figures> {
        self.figures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn enter(&self, state: State) {
        let mut figures = self.figures();
        if figures.state != state {
            figures.since = (self.now)();
            figures.state = state;
        }
    }

    /// A step begins. A look that finds nothing to do does not end an idle time, and only success ends a failure.
    pub(crate) fn begin(&self) {
        let is_kept = matches!(self.figures().state, State::Idle | State::Failing { .. });
        if !is_kept {
            self.enter(State::Working);
        }
        self.figures().alive = Some(Instant::now());
    }

    /// A step is over, or was dropped.
    pub(crate) fn end(&self) {
        self.figures().alive = None;
    }

    /// The step that is under way shows a sign of life.
    pub(crate) fn alive(&self) {
        let mut figures = self.figures();
        figures.alive = figures.alive.map(|_| Instant::now());
    }

    /// When the step that is under way counts as stuck, if it shows no sign of life until then.
    pub(crate) fn stuck_at(&self) -> Option<Instant> {
        self.figures().alive.map(|alive| alive + STUCK_TIME)
    }

    /// Whether the lease of this worker is in good hands.
    pub(crate) fn is_well(&self) -> bool {
        let (figures, now) = (self.figures(), Instant::now());
        let within =
            |since: Option<Instant>, most| since.is_none_or(|since| now.saturating_duration_since(since) < most);
        let is_fit = figures.unfit.is_none();
        is_fit && within(figures.alive, QUIET_TIME_MAX) && within(figures.failing_since, FAILING_TIME_MAX)
    }

    /// Why this process must not ask for the lease, if it must not.
    pub(crate) fn unfit(&self) -> Option<String> {
        self.figures().unfit.clone()
    }

    /// A step failed. It fails since the first of several in a row.
    pub(crate) fn fail(&self, why: &str) {
        let mut figures = self.figures();
        if figures.failing_since.is_none() {
            figures.failing_since = Some(Instant::now());
            figures.since = (self.now)();
        }
        figures.state = State::Failing { why: cut(why) };
        figures.failures += 1;
    }

    /// Nothing is done until an operator has looked, here or in any other process. That is no failure, and the lease is in
    /// good hands.
    pub(crate) fn halt(&self, why: &str) {
        self.enter(State::Failing { why: cut(why) });
        self.figures().failing_since = None;
    }

    /// A step failed in a way of which this process is the cause.
    pub(crate) fn disqualify(&self, why: &str) {
        self.fail(why);
        self.figures().unfit = Some(cut(why));
    }

    /// A step ended well.
    pub(crate) fn succeed(&self) {
        let mut figures = self.figures();
        figures.failing_since = None;
        figures.unfit = None;
    }

    /// The lease is not owned here any more.
    pub(crate) fn begin_anew(&self) {
        let mut figures = self.figures();
        figures.failing_since = None;
        figures.lags.clear();
    }

    pub(crate) fn count(&self, units: u64) {
        self.enter(State::Working);
        self.alive();
        let mut figures = self.figures();
        figures.done += units;
        figures.pace.count(units, Instant::now());
    }

    pub(crate) fn set_left(&self, left: Option<u64>, as_of: Option<u64>) {
        self.alive();
        let mut figures = self.figures();
        (figures.left, figures.left_as_of) = (left, as_of);
    }

    pub(crate) fn set_lags(&self, mut lags: Vec<Lag>) {
        lags.sort_by(|one, other| other.seconds.total_cmp(&one.seconds));
        lags.truncate(LAGS_MAX);
        self.figures().lags = lags;
    }

    pub(crate) fn say(&self, what: &str) {
        self.alive();
        self.figures().last = Some(Last { at: (self.now)(), what: cut(what) });
    }

    /// `rate`: what it keeps to.
    pub(crate) fn report(&self, process: &Owner, rate: Option<NonZeroU64>) -> Report {
        let figures = self.figures();
        Report {
            worker: self.name.clone(),
            about: self.profile.about.into(),
            process: process.clone(),
            state: figures.state.clone(),
            since: figures.since,
            lease: self.profile.lease,
            unit: self.profile.unit.into(),
            done: figures.done,
            left: figures.left,
            left_as_of: figures.left_as_of,
            pace: figures.pace.at(Instant::now()),
            rate,
            failures: figures.failures,
            last: figures.last.clone(),
            lags: figures.lags.clone(),
        }
    }
}

fn cut(text: &str) -> String {
    text.chars().take(TEXT_CHARS_MAX).collect()
}

/// Units a second, of which the older ones weigh less.
#[derive(Debug)]
struct Pace {
    per_second: f64,
    at: Instant,
}

impl Pace {
    /// The pace at a later moment, if nothing was done since.
    fn at(&self, now: Instant) -> f64 {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.per_second * (-passed / PACE_TIME.as_secs_f64()).exp()
    }

    #[expect(clippy::cast_precision_loss, reason = "a pace is shown to people")]
    fn count(&mut self, units: u64, now: Instant) {
        self.per_second = self.at(now) + units as f64 / PACE_TIME.as_secs_f64();
        self.at = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_that_of_the_last_minute() {
        let begun = Instant::now();
        let mut pace = Pace { per_second: 0.0, at: begun };
        for second in 1..=600 {
            pace.count(100, begun + Duration::from_secs(second));
        }
        let end = begun + Duration::from_mins(10);
        assert!((95.0..105.0).contains(&pace.at(end)), "{}", pace.at(end));
        assert!(pace.at(end + Duration::from_mins(5)) < 0.1);
    }

    #[test]
    fn every_state_has_its_name_in_the_list() {
        let why = || "x".to_owned();
        let states =
            [State::Idle, State::Working, State::Paused, State::Waiting { why: why() }, State::Failing { why: why() }];
        assert_eq!(states.each_ref().map(State::name), State::NAMES);
        for state in states {
            assert_eq!(serde_json::to_value(&state).unwrap()["name"], state.name());
        }
    }
}
