//! One target as it is followed: where it is, what it lacks, and what the log does not say of it yet.

use std::sync::Arc;
use std::time::Duration;

use domain::DEAD_LETTERS_MAX;
use domain::row::TargetRow;
use events::ids::TargetName;
use events::target::{DeadLetter, Progress};
use feed::Reader;
use futures_util::future::AbortHandle;
use tokio::sync::Notify;
use tokio::time::Instant;
use worker::back_off;

use crate::deliver::{Standing, shortened};
use crate::endpoint::Endpoint;
use crate::failure::Failure;
use crate::job::{Done, LOOKED_AT_MAX, Page};
use crate::meters;

/// What a job begins with: the place, and a page that is not done.
type Begin = (Box<Reader>, Option<(Page, Standing)>);

/// The longest pause that a target may ask for.
const ASKED_MAX: Duration = Duration::from_mins(5);

/// Failures in a row before the log says that a target receives nothing.
const FAILURES_TOLD: u32 = 3;

/// How often the log says what is wrong with a target if that changes, at most.
const ERROR_INTERVAL: Duration = Duration::from_mins(1);

/// How often the log says where a target is to which nothing was sent, at most.
const QUIET_INTERVAL: Duration = Duration::from_mins(1);

/// A target.
pub(crate) struct Following {
    pub(crate) name: TargetName,
    /// As the state had it last.
    pub(crate) row: TargetRow,
    pub(crate) endpoint: Arc<Endpoint>,
    /// Where the log is read on, unless a job has it.
    pub(crate) reader: Option<Box<Reader>>,
    /// A page that is not done.
    kept: Option<(Page, Standing)>,
    /// The job that is under way.
    pub(crate) job: Option<AbortHandle>,
    /// Ends its wait for events.
    pub(crate) nudge: Arc<Notify>,
    /// Up to here everything is done.
    pub(crate) position: u64,
    /// What the log does not say yet.
    dead: Vec<DeadLetter>,
    redelivered: Vec<u64>,
    /// Whether something was sent since the log said where it is.
    has_sent: bool,
    is_noteworthy: bool,
    failures: u32,
    error: Option<String>,
    /// No job begins before.
    pub(crate) not_before: Instant,
    /// When the log last said where it is, and what is wrong.
    said: Instant,
    error_said: Instant,
}

impl Following {
    pub(crate) fn new(name: TargetName, row: TargetRow, endpoint: Endpoint, reader: Reader, now: Instant) -> Self {
        Self {
            name,
            position: row.position,
            error: row.error.clone(),
            row,
            endpoint: Arc::new(endpoint),
            reader: Some(Box::new(reader)),
            kept: None,
            job: None,
            nudge: Arc::default(),
            dead: Vec::new(),
            redelivered: Vec::new(),
            has_sent: false,
            is_noteworthy: false,
            failures: 0,
            not_before: now,
            said: now,
            error_said: now,
        }
    }

    /// How many more dead letters there may be.
    pub(crate) fn room(&self) -> u32 {
        let pending = u32::try_from(self.dead.len()).unwrap_or(u32::MAX);
        DEAD_LETTERS_MAX.saturating_sub(self.row.dead).saturating_sub(pending)
    }

    /// Whether dead letters are to be sent again. Those of which the log does not say what became of them are waited for.
    pub(crate) fn has_asked(&self) -> bool {
        self.row.asked > 0 && self.dead.is_empty() && self.redelivered.is_empty()
    }

    /// What a job goes on with: the place, and a page that is not done.
    pub(crate) fn take(&mut self) -> Option<Begin> {
        Some((self.reader.take()?, self.kept.take()))
    }

    /// Takes over what became of a job. `random` spreads pauses. Returns the number of events that the target took.
    pub(crate) fn absorb(&mut self, done: Done, now: Instant, random: u16) -> u64 {
        self.job = None;
        match done {
            Done::Page { reader, page, standing, is_noteworthy } => {
                self.reader = Some(reader);
                self.is_noteworthy |= is_noteworthy;
                let sent = standing.sent;
                self.absorb_page(page, standing, now, random);
                sent
            }
            Done::Dead { redelivered, dead, failure } => {
                let sent = redelivered.len() as u64;
                meters::delivered(&self.name, sent);
                self.redelivered.extend(redelivered);
                self.dead.extend(dead);
                self.note(failure, now, random);
                sent
            }
            Done::Unreadable { reader, why } => {
                self.reader = self.reader.take().or(reader);
                self.note(Some(Failure::unavailable(why)), now, random);
                0
            }
        }
    }

    fn absorb_page(&mut self, page: Page, mut standing: Standing, now: Instant, random: u16) {
        meters::delivered(&self.name, standing.sent);
        meters::died(&self.name, standing.dead.len() as u64);
        self.has_sent |= standing.sent > 0 || !standing.dead.is_empty();
        self.dead.append(&mut standing.dead);
        let failure = standing.failure.take();
        if standing.sent > 0 {
            self.failures = 0;
        }
        if standing.has_all(&page.selected) {
            self.position = page.until;
        } else {
            let first = page.selected.iter().map(|selected| selected.entry.sequence);
            let first = first.filter(|sequence| !standing.done.contains(sequence)).min();
            self.position = first.map_or(page.until, |first| first - 1).max(self.position);
            self.kept = Some((page, standing));
        }
        self.note(failure, now, random);
    }

    fn note(&mut self, failure: Option<Failure>, now: Instant, random: u16) {
        let Some(failure) = failure else {
            (self.failures, self.error) = (0, None);
            return;
        };
        meters::failed(&self.name);
        self.failures = self.failures.saturating_add(1);
        let after = match &failure {
            Failure::Unavailable { after, .. } => *after,
            Failure::Refused(_) => None,
        };
        let error = shortened(&failure.to_string());
        tracing::debug!(target = %self.name, error, failures = self.failures, "a target did not take an event");
        self.not_before = now + back_off(self.failures, after, ASKED_MAX, random);
        if self.failures >= FAILURES_TOLD {
            self.error = Some(error);
        }
    }

    /// What the log is to say, if there is something.
    pub(crate) fn news(&self, now: Instant) -> Option<Progress> {
        let has_error_changed = self.error != self.row.error
            && (self.error.is_some() != self.row.error.is_some() || now >= self.error_said + ERROR_INTERVAL);
        let has_moved = self.position > self.row.position;
        let is_quiet_long = self.is_noteworthy && now >= self.said + QUIET_INTERVAL;
        let is_far = self.position.saturating_sub(self.row.position) >= LOOKED_AT_MAX;
        let is_due = has_error_changed
            || !self.dead.is_empty()
            || !self.redelivered.is_empty()
            || (has_moved && (self.has_sent || is_quiet_long || is_far));
        is_due.then(|| Progress {
            target: self.name.clone(),
            changed: self.row.changed,
            position: self.position.max(self.row.position),
            dead: self.dead.clone(),
            redelivered: self.redelivered.clone(),
            error: self.error.clone(),
        })
    }

    /// The number of dead letters and of redelivered events in [`Self::news`].
    pub(crate) fn settled(&self) -> usize {
        self.dead.len() + self.redelivered.len()
    }

    /// The log says what [`Self::news`] was.
    pub(crate) fn told(&mut self, progress: &Progress, now: Instant) {
        self.dead.drain(..progress.dead.len().min(self.dead.len()));
        self.redelivered.drain(..progress.redelivered.len().min(self.redelivered.len()));
        if progress.error != self.row.error {
            self.error_said = now;
        }
        self.row.position = progress.position;
        self.row.error.clone_from(&progress.error);
        self.has_sent = self.position > progress.position && self.has_sent;
        self.is_noteworthy = false;
        self.said = now;
    }

    /// Ends what is under way.
    pub(crate) fn stop(&mut self) {
        if let Some(job) = self.job.take() {
            job.abort();
        }
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.stop();
    }
}
