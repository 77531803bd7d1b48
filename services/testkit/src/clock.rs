//! The clock of a test, and its fresh ids.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use jiff::{SignedDuration, Timestamp};
use ledger::Sources;
use uuid::Uuid;

/// A clock that goes with the system's, ahead of it or behind it by what a test says. Clones share it, and so does
/// everybody who has its [`sources`](Clock::sources), whatever their thread.
///
/// It models clocks that are wrong and that jump, also back. It does not stand still: who needs that pauses tokio's time,
/// which this clock does not follow.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// Milliseconds between the system's time and this one.
    ahead_ms: Arc<AtomicI64>,
}

impl Clock {
    /// A clock that is right.
    pub fn new() -> Self {
        Self::default()
    }

    /// The time, in whole microseconds: what the log can hold.
    pub fn now(&self) -> Timestamp {
        let ahead = SignedDuration::from_millis(self.ahead_ms.load(Ordering::SeqCst));
        Timestamp::from_microsecond((Timestamp::now() + ahead).as_microsecond()).unwrap()
    }

    /// Lets so much time go by at once.
    pub fn pass(&self, time: SignedDuration) {
        self.ahead_ms.fetch_add(i64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// Sets it to so much ahead of the right time.
    pub fn set_ahead(&self, time: SignedDuration) {
        self.ahead_ms.store(i64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// This clock as a source of time, with ids of which no two in a process are alike.
    pub fn sources(&self) -> Sources {
        let clock = self.clone();
        Sources { now: Arc::new(move || clock.now()), fresh: Arc::new(fresh) }
    }
}

/// An id like no other in this process: a UUIDv7 of a time, and of the order of the calls.
///
/// Its last three bits are zero, as a generation has its shards' numbers there.
pub fn fresh(now: Timestamp) -> Uuid {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = u128::from(COUNT.fetch_add(8, Ordering::Relaxed));
    Uuid::from_u128((u128::from(now.as_millisecond().unsigned_abs()) << 80) | (7 << 76) | (2 << 62) | count)
}
