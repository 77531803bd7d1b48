//! Rate limits: token buckets, one for all or one for each key.
//!
//! Input: a quota, a key, and a number of tokens to take. Output: success, or the time until there are that many
//! tokens. A key is whatever is limited: an address, a user, or both.
//!
//! This crate knows neither requests nor users, never waits, and keeps at most a given number of buckets.

use std::convert::Infallible;
use std::hash::{BuildHasher, Hash, RandomState};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use quick_cache::sync::Cache;

/// A token bucket.
pub struct Bucket<C: Clock = MonotonicClock> {
    limiter: RateLimiter<NotKeyed, InMemoryState, C, NoOpMiddleware<C::Instant>>,
    clock: C,
}

impl Bucket {
    /// A full one.
    pub fn new(quota: Quota) -> Self {
        Self::with(quota, MonotonicClock)
    }
}

impl<C: Clock + Clone> Bucket<C> {
    fn with(quota: Quota, clock: C) -> Self {
        Self { limiter: RateLimiter::direct_with_clock(quota, clock.clone()), clock }
    }

    /// Takes tokens. A request for more tokens than the bucket can hold takes a full bucket.
    ///
    /// # Errors
    /// The time until there are that many tokens.
    pub fn take(&self, tokens: u32) -> Result<(), Duration> {
        let Some(tokens) = NonZeroU32::new(tokens) else { return Ok(()) };
        let taken = match self.limiter.check_n(tokens) {
            Ok(taken) => taken,
            Err(insufficient) => match NonZeroU32::new(insufficient.0).map(|all| self.limiter.check_n(all)) {
                Some(Ok(taken)) => taken,
                Some(Err(_)) | None => return Ok(()),
            },
        };
        taken.map_err(|until| until.wait_time_from(self.clock.now()))
    }

    /// Takes one token.
    ///
    /// # Errors
    /// The time until there is a token.
    pub fn peek(&self) -> Result<(), Duration> {
        self.take(1)
    }
}

/// Token buckets by key. Keys are stored as hashes, so that keys of any length take the same memory.
pub struct Buckets<C: Clock = MonotonicClock> {
    cache: Cache<u64, Arc<Bucket<C>>>,
    hasher: RandomState,
    clock: C,
}

impl Buckets {
    /// An empty set with a maximum number of buckets. Beyond it, old buckets are dropped, and their keys get full ones.
    pub fn new(buckets_max: usize) -> Self {
        Self::with(buckets_max, MonotonicClock)
    }
}

impl<C: Clock + Clone> Buckets<C> {
    /// The same with another clock.
    pub fn with(buckets_max: usize, clock: C) -> Self {
        Self { cache: Cache::new(buckets_max), hasher: RandomState::new(), clock }
    }

    /// The bucket of a key, full if it is new.
    pub fn of(&self, key: &impl Hash, quota: Quota) -> Arc<Bucket<C>> {
        let fresh = || Ok::<_, Infallible>(Arc::new(Bucket::with(quota, self.clock.clone())));
        match self.cache.get_or_insert_with(&self.hasher.hash_one(key), fresh) {
            Ok(bucket) => bucket,
            Err(never) => match never {},
        }
    }

    /// Drops the bucket of a key: the next one is full.
    pub fn forget(&self, key: &impl Hash) {
        self.cache.remove(&self.hasher.hash_one(key));
    }

    /// The number of entries.
    pub fn count(&self) -> usize {
        self.cache.len()
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    #[test]
    fn tokens_come_back_with_time() {
        let clock = FakeRelativeClock::default();
        let bucket = Bucket::with(Quota::per_second(NonZeroU32::new(10).unwrap()), clock.clone());
        bucket.take(10).unwrap();
        let wait = bucket.take(5).unwrap_err();
        assert_eq!(wait, Duration::from_millis(500));
        clock.advance(wait);
        bucket.take(5).unwrap();
        assert!(bucket.peek().is_err());
    }

    #[test]
    fn more_than_fits_takes_all_there_is() {
        let clock = FakeRelativeClock::default();
        let bucket = Bucket::with(Quota::per_second(NonZeroU32::new(10).unwrap()), clock);
        bucket.take(1_000).unwrap();
        assert_eq!(bucket.take(1_000), Err(Duration::from_secs(1)));
    }
}
