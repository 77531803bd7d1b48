//! The queue of the group commit.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::DiskError;
use super::limits::{GROUP_BYTES_MAX, QUEUE_BYTES_MAX, QUEUE_JOBS_MAX};
use super::segments::Change;

/// Changes that are answered together.
pub(crate) struct Job {
    pub(crate) changes: Vec<Change>,
    /// Called on the writer's thread with the number of durable changes, and the error that prevented the others.
    pub(crate) done: Box<dyn FnOnce(usize, Option<DiskError>) + Send>,
}

impl Job {
    fn weight(&self) -> usize {
        self.changes.iter().map(Change::weight).sum()
    }
}

/// The jobs that wait for the next group commit.
#[derive(Default)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    filled: Condvar,
    emptied: Condvar,
}

/// What the writer has to do.
pub(crate) enum Next {
    /// These jobs, at least one.
    Commit(Vec<Job>),
    /// Nothing came for a while.
    Rest,
    /// The queue is closed and empty.
    End,
}

/// The queue takes no more jobs.
pub(crate) struct Closed;

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    bytes: usize,
    closed: bool,
}

impl Waiting {
    fn is_full(&self) -> bool {
        self.bytes >= QUEUE_BYTES_MAX || self.jobs.len() >= QUEUE_JOBS_MAX
    }
}

impl Queue {
    /// Queues a job; returns it if the queue is full or closed.
    pub(crate) fn push(&self, job: Job) -> Result<(), Job> {
        self.put(self.lock(), job)
    }

    /// Queues a job as soon as there is room; returns it if the queue is closed.
    pub(crate) fn push_when_room(&self, job: Job) -> Result<(), Job> {
        let waiting = self.emptied.wait_while(self.lock(), |waiting| waiting.is_full() && !waiting.closed);
        self.put(waiting.unwrap_or_else(PoisonError::into_inner), job)
    }

    fn put(&self, mut waiting: MutexGuard<'_, Waiting>, job: Job) -> Result<(), Job> {
        if waiting.closed || waiting.is_full() {
            return Err(job);
        }
        waiting.bytes += job.weight();
        waiting.jobs.push_back(job);
        drop(waiting);
        self.filled.notify_one();
        Ok(())
    }

    /// What the writer has to do next. It waits for that no longer than `patience`.
    pub(crate) fn take_group(&self, patience: Duration) -> Next {
        let nothing = |waiting: &mut Waiting| waiting.jobs.is_empty() && !waiting.closed;
        let waited = self.filled.wait_timeout_while(self.lock(), patience, nothing);
        let (mut waiting, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        if timeout.timed_out() {
            return Next::Rest;
        }
        let mut group = Vec::new();
        let mut bytes = 0;
        while bytes < GROUP_BYTES_MAX {
            let Some(job) = waiting.jobs.pop_front() else { break };
            bytes += job.weight();
            group.push(job);
        }
        waiting.bytes -= bytes;
        drop(waiting);
        self.emptied.notify_all();
        if group.is_empty() { Next::End } else { Next::Commit(group) }
    }

    /// Waits until `due`; fails at once when the queue is closed.
    pub(crate) fn wait_until(&self, due: Instant) -> Result<(), Closed> {
        let mut waiting = self.lock();
        loop {
            let left = due.saturating_duration_since(Instant::now());
            match (waiting.closed, left.is_zero()) {
                (true, _) => return Err(Closed),
                (false, true) => return Ok(()),
                (false, false) => {}
            }
            waiting = self.emptied.wait_timeout(waiting, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Closes the queue. Jobs that wait are still processed.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_all();
        self.emptied.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
