//! Gives way to clients: as many stripes at a time as the nodes take without delay, and no more than the share of the time
//! that clients leave to background work ([`worker::Clients`]).
//!
//! A stripe takes longer when its nodes, or the way to them, are busy, with whatever. While stripes take much longer than
//! the quickest of late, fewer are under way, down to one with a rest behind it; while they do not, there are more.
//!
//! Source: the idea of RFC 6817 (LEDBAT), with the additive increase and the multiplicative decrease of Chiu and Jain,
//! "Analysis of the increase and decrease algorithms" (1989).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// The most stripes at a time.
pub(crate) const STRIPES_MAX: usize = 16;

/// The least: one stripe, behind which nothing is under way for three times as long as it took.
const STRIPES_MIN: f64 = 0.25;

/// The longest rest behind a stripe. One that took very long waited for something that is over.
const REST_MAX: Duration = Duration::from_secs(1);

/// A stripe is late if it took so many times as long as the quickest of late ...
const LATE_TIMES: u32 = 2;

/// ... and so much longer: a quick disk is not busy because it once took a millisecond more.
const LATE_MORE: Duration = Duration::from_millis(5);

/// The time for which the quickest stripe counts; it counts for up to twice as long.
const QUICKEST_TIME: Duration = Duration::from_mins(2);

/// Bytes up to which a piece is small. Small pieces are quicker, so they are compared among themselves.
const SMALL_PIECE_BYTES: u64 = 32 * 1024;

/// The number of stripes that may be under way, as nodes answer.
#[derive(Debug)]
pub(crate) struct Pressure {
    state: Mutex<State>,
    freed: Notify,
}

#[derive(Debug)]
struct State {
    under_way: usize,
    limit: Limit,
    /// The part of the time that clients leave.
    share: f64,
    /// The end of the rest behind the last stripe.
    rests_until: Instant,
    /// The quickest of small and of other stripes.
    quickest: [Quickest; 2],
}

/// A stripe that is under way, until it is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    pressure: Arc<Pressure>,
    begun: Instant,
    is_small: bool,
}

impl Pressure {
    pub(crate) fn new(now: Instant) -> Arc<Self> {
        let state = State {
            under_way: 0,
            limit: Limit::new(now),
            share: 1.0,
            rests_until: now,
            quickest: [Quickest::new(now); 2],
        };
        Arc::new(Self { state: Mutex::new(state), freed: Notify::new() })
    }

    /// Waits until one more stripe may be under way, of which `bytes` bytes are written. `share` says which part of the time
    /// clients leave.
    pub(crate) async fn turn(self: &Arc<Self>, bytes: u64, share: impl Fn() -> f64 + Send) -> Turn {
        loop {
            let freed = self.freed.notified();
            let now = Instant::now();
            let begun = self.state().begin(share(), now);
            match begun {
                Begin::Now => {
                    let is_small = bytes <= SMALL_PIECE_BYTES;
                    return Turn { pressure: Arc::clone(self), begun: now, is_small };
                }
                Begin::WhenOneEnds => freed.await,
                Begin::At(rested) => sleep_until(rested).await,
            }
        }
    }

    /// How many stripes may be under way.
    pub(crate) fn limit(&self) -> usize {
        let state = self.state();
        state.limit.now(state.share)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When a stripe may begin.
enum Begin {
    Now,
    WhenOneEnds,
    At(Instant),
}

impl State {
    fn begin(&mut self, share: f64, now: Instant) -> Begin {
        self.share = share;
        if self.under_way >= self.limit.now(share) {
            Begin::WhenOneEnds
        } else if now < self.rests_until {
            Begin::At(self.rests_until)
        } else {
            self.under_way += 1;
            Begin::Now
        }
    }

    fn end(&mut self, is_small: bool, took: Duration, now: Instant) {
        self.under_way -= 1;
        let quickest = self.quickest[usize::from(is_small)].observe(took, now);
        let is_late = took > quickest * LATE_TIMES + LATE_MORE;
        self.limit.observe(is_late, took, now);
        self.rests_until = now + self.limit.rest(self.share, took);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let now = Instant::now();
        self.pressure.state().end(self.is_small, now.saturating_duration_since(self.begun), now);
        // The limit may have grown by one, too.
        self.pressure.freed.notify_one();
        self.pressure.freed.notify_one();
    }
}

/// A limit that grows by one while all goes well, and is halved when it does not. Below one it is the part of the time in
/// which a stripe is under way.
#[derive(Debug, Clone, Copy)]
struct Limit {
    limit: f64,
    /// What began before the last decrease says nothing about the limit since.
    decreased: Instant,
}

impl Limit {
    fn new(now: Instant) -> Self {
        Self { limit: 2.0, decreased: now }
    }

    /// The limit while clients leave this share of the time: as large a share of the most stripes, each with its share of
    /// the time.
    #[expect(clippy::cast_precision_loss, reason = "it is a small number")]
    fn beside(&self, share: f64) -> f64 {
        self.limit.min(STRIPES_MAX as f64 * share * share)
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 0 and STRIPES_MAX")]
    fn now(&self, share: f64) -> usize {
        (self.beside(share) as usize).max(1)
    }

    /// How long nothing is under way behind a stripe that took so long.
    fn rest(&self, share: f64, took: Duration) -> Duration {
        let limit = self.beside(share);
        if limit < 1.0 { took.mul_f64(1.0 / limit - 1.0).min(REST_MAX) } else { Duration::ZERO }
    }

    #[expect(clippy::cast_precision_loss, reason = "it is a small number")]
    fn observe(&mut self, is_late: bool, took: Duration, now: Instant) {
        if !is_late {
            let more = if self.limit < 1.0 { self.limit } else { 1.0 / self.limit };
            self.limit = (self.limit + more).min(STRIPES_MAX as f64);
        } else if now.saturating_duration_since(self.decreased) >= took {
            self.limit = (self.limit / 2.0).max(STRIPES_MIN);
            self.decreased = now;
        }
    }
}

/// The shortest time of the last minutes.
#[derive(Debug, Clone, Copy)]
struct Quickest {
    since: Instant,
    before: Option<Duration>,
    now: Option<Duration>,
}

impl Quickest {
    fn new(now: Instant) -> Self {
        Self { since: now, before: None, now: None }
    }

    fn observe(&mut self, took: Duration, now: Instant) -> Duration {
        if now.saturating_duration_since(self.since) >= QUICKEST_TIME {
            (self.since, self.before, self.now) = (now, self.now, None);
        }
        self.now = Some(self.now.map_or(took, |quickest| quickest.min(took)));
        self.now.into_iter().chain(self.before).min().unwrap_or(took)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    const PIECE: u64 = 256 * 1024;

    /// Clients ask for nothing.
    fn alone() -> f64 {
        1.0
    }

    /// Lets stripes of so long a time each go by.
    async fn go(pressure: &Arc<Pressure>, stripes: usize, took: Duration) {
        let mut left = stripes;
        while left > 0 {
            let mut turns = Vec::new();
            while left > 0
                && let Some(turn) = pressure.turn(PIECE, alone).now_or_never()
            {
                turns.push(turn);
                left -= 1;
            }
            tokio::time::advance(took).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn quick_stripes_make_room_for_more_and_late_ones_for_clients() {
        let pressure = Pressure::new(Instant::now());
        assert_eq!(pressure.limit(), 2);
        go(&pressure, 500, Duration::from_millis(10)).await;
        assert_eq!(pressure.limit(), STRIPES_MAX);
        go(&pressure, 200, Duration::from_millis(60)).await;
        assert_eq!(pressure.limit(), 1);
        go(&pressure, 500, Duration::from_millis(10)).await;
        assert_eq!(pressure.limit(), STRIPES_MAX);
    }

    #[tokio::test(start_paused = true)]
    async fn while_clients_keep_nodes_busy_one_is_under_way_a_quarter_of_the_time() {
        let (pressure, took) = (Pressure::new(Instant::now()), Duration::from_millis(60));
        go(&pressure, 100, Duration::from_millis(10)).await;
        go(&pressure, 200, took).await;
        let begun = Instant::now();
        for _ in 0..100 {
            let turn = pressure.turn(PIECE, alone).await;
            tokio::time::advance(took).await;
            drop(turn);
        }
        let parts = begun.elapsed().as_secs_f64() / (took * 100).as_secs_f64();
        assert!((3.9..4.1).contains(&parts), "{parts}");
    }

    #[tokio::test(start_paused = true)]
    async fn stripes_that_were_under_way_together_halve_it_once() {
        let pressure = Pressure::new(Instant::now());
        go(&pressure, 500, Duration::from_millis(10)).await;
        go(&pressure, STRIPES_MAX, Duration::from_millis(60)).await;
        assert_eq!(pressure.limit(), STRIPES_MAX / 2);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_slow_for_good_is_the_new_measure() {
        let pressure = Pressure::new(Instant::now());
        go(&pressure, 100, Duration::from_millis(10)).await;
        go(&pressure, 6_000, Duration::from_millis(60)).await;
        assert_eq!(pressure.limit(), STRIPES_MAX);
    }

    #[tokio::test(start_paused = true)]
    async fn small_pieces_are_not_the_measure_of_large_ones() {
        let pressure = Pressure::new(Instant::now());
        for _ in 0..100 {
            let turn = pressure.turn(1_000, alone).await;
            tokio::time::advance(Duration::from_millis(1)).await;
            drop(turn);
        }
        let before = pressure.limit();
        go(&pressure, 10, Duration::from_millis(50)).await;
        assert!(pressure.limit() >= before);
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_goes_on_when_a_turn_ends() {
        let pressure = Pressure::new(Instant::now());
        let first = pressure.turn(PIECE, alone).await;
        let second = pressure.turn(PIECE, alone).await;
        let third = tokio::spawn({
            let pressure = Arc::clone(&pressure);
            async move { drop(pressure.turn(PIECE, alone).await) }
        });
        tokio::task::yield_now().await;
        assert!(!third.is_finished());
        drop(first);
        third.await.unwrap();
        drop(second);
    }

    #[tokio::test(start_paused = true)]
    async fn busy_clients_leave_one_stripe_its_share_of_the_time() {
        let (pressure, took) = (Pressure::new(Instant::now()), Duration::from_millis(10));
        go(&pressure, 500, took).await;
        assert_eq!(pressure.limit(), STRIPES_MAX);
        // The nodes are as quick as ever.
        let begun = Instant::now();
        for _ in 0..100 {
            let turn = pressure.turn(PIECE, || worker::SHARE_MIN).await;
            tokio::time::advance(took).await;
            drop(turn);
        }
        let parts = begun.elapsed().as_secs_f64() / (took * 100).as_secs_f64();
        assert!((6.0..6.5).contains(&parts), "{parts}");
        let _urgent = pressure.turn(PIECE, || worker::SHARE_URGENT_MIN).await;
        assert_eq!(pressure.limit(), STRIPES_MAX / 4);
        let _alone = pressure.turn(PIECE, alone).await;
        assert_eq!(pressure.limit(), STRIPES_MAX);
    }
}
