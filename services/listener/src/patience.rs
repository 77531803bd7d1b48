use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwapOption;

/// How long the client of a connection may read nothing of its response. Every request has it in its extensions, so
/// that the service can shorten it while others wait for the memory that the response holds.
#[derive(Debug, Clone)]
pub struct Patience {
    usual: Duration,
    shortened: Duration,
    waiting: Arc<ArcSwapOption<AtomicUsize>>,
    of_follower: Arc<OnceLock<Duration>>,
}

impl Patience {
    pub(crate) fn new(usual: Duration, shortened: Duration) -> Self {
        Self { usual, shortened: shortened.min(usual), waiting: Arc::default(), of_follower: Arc::default() }
    }

    /// From now on it is short while `waiting`, the number of waiting requests, is above zero.
    pub fn shorten_while(&self, waiting: Arc<AtomicUsize>) {
        self.waiting.store(Some(waiting));
    }

    /// From now on it is that of a follower, who may be slow for long and holds nothing that others wait for.
    pub(crate) fn of_follower(&self, time: Duration) {
        // It is the same time whoever says it.
        let _said = self.of_follower.set(time);
    }

    /// Its present length.
    pub(crate) fn now(&self) -> Duration {
        if let Some(time) = self.of_follower.get() {
            return *time;
        }
        let waiting = self.waiting.load().as_deref().is_some_and(|waiting| waiting.load(Ordering::Relaxed) > 0);
        if waiting { self.shortened } else { self.usual }
    }

    /// The time after which it has to be checked again.
    pub(crate) fn step(&self) -> Duration {
        self.shortened
    }
}
