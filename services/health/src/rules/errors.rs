//! Whether a node's disk reports errors.

use std::collections::VecDeque;

use shards::telemetry::{Heartbeat, NodeState};
use uuid::Uuid;

use super::ticks;

/// Errors within [`ERRORS_TICKS`] that are too many. Single ones are of single shards, which a scrub finds and repair
/// writes anew.
const ERRORS_MAX: u64 = 5;
const ERRORS_TICKS: u32 = ticks(60);

/// Ticks for which a node has said that its disk failed.
const FAILED_TICKS: u32 = ticks(2);

/// How long there has to be no error before it serves as it should.
const WELL_TICKS: u32 = ticks(300);

/// The same of a disk that had failed and has not since: another process serves from it, or it was mounted again.
const WELL_AFTER_FAILURE_TICKS: u32 = ticks(20);

/// Samples that are kept of one node, at most.
const SAMPLES_MAX: usize = 64;

/// Whether a node's disk reports errors.
#[derive(Debug)]
pub(crate) struct ErrorsRule {
    is_failing: bool,
    has_failed: bool,
    /// Which process counted, and how far it had.
    counted: Option<(Uuid, u64)>,
    /// At which ticks how many came.
    errors: VecDeque<(u32, u64)>,
    failed: u32,
    well: u32,
}

impl ErrorsRule {
    pub(crate) fn new(is_failing: bool) -> Self {
        Self { is_failing, has_failed: false, counted: None, errors: VecDeque::new(), failed: 0, well: 0 }
    }

    /// A tick in which the node was heard.
    pub(crate) fn tick(&mut self, tick: u32, said: &Heartbeat) -> bool {
        let came = self.count(said);
        // A node that is refused, or waits for its disk, has said so.
        let has_failed = said.state == NodeState::Failed && said.trouble.is_none();
        self.failed = if has_failed { self.failed + 1 } else { 0 };
        if came > 0 {
            self.errors.push_back((tick, came));
        }
        while self.errors.len() > SAMPLES_MAX || self.errors.front().is_some_and(|(at, _)| tick - at > ERRORS_TICKS) {
            self.errors.pop_front();
        }
        self.well = if has_failed || came > 0 { 0 } else { self.well + 1 };
        let of_late = self.errors.iter().fold(0_u64, |sum, (_, came)| sum.saturating_add(*came));
        if self.failed >= FAILED_TICKS || of_late >= ERRORS_MAX {
            self.is_failing = true;
            self.has_failed |= has_failed;
        } else if self.well >= if self.has_failed { WELL_AFTER_FAILURE_TICKS } else { WELL_TICKS } {
            (self.is_failing, self.has_failed) = (false, false);
        }
        self.is_failing
    }

    /// Errors since the last heartbeat of the same process. What it counted before it was heard here is of another time.
    fn count(&mut self, said: &Heartbeat) -> u64 {
        let Some(disk) = &said.disk else { return 0 };
        let errors = disk.read_errors.saturating_add(disk.write_errors);
        let before = self.counted.replace((said.incarnation, errors));
        match before {
            Some((process, before)) if process == said.incarnation => errors.saturating_sub(before),
            _ => 0,
        }
    }

    pub(crate) fn is_failing(&self) -> bool {
        self.is_failing
    }
}
