use std::num::NonZeroU64;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

/// A rate that can be set while somebody waits for it. It saves nothing up: after a quiet hour no more goes at once than
/// after a second.
#[derive(Debug)]
pub(crate) struct Throttle {
    rate: watch::Receiver<Option<NonZeroU64>>,
    debt: Mutex<Debt>,
}

/// What was spent and is not paid for yet, at a moment.
#[derive(Debug)]
struct Debt {
    units: f64,
    at: Instant,
}

impl Throttle {
    pub(crate) fn new(rate: watch::Receiver<Option<NonZeroU64>>) -> Self {
        Self { rate, debt: Mutex::new(Debt { units: 0.0, at: Instant::now() }) }
    }

    /// Waits until all that was spent before is paid for by time, and spends so many units.
    pub(crate) async fn spend(&self, units: u64) {
        let mut rate = self.rate.clone();
        loop {
            let limit = *rate.borrow_and_update();
            let Some(wait) = self.try_spend(units, limit, Instant::now()) else { return };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                // If nobody can change it any more, it stays as it is.
                changed = rate.changed() => if changed.is_err() {
                    tokio::time::sleep(wait).await;
                },
            }
        }
    }

    /// Spends, or says how long to wait before the next try.
    #[expect(clippy::cast_precision_loss, reason = "a rate need not be exact to the unit")]
    fn try_spend(&self, units: u64, limit: Option<NonZeroU64>, now: Instant) -> Option<Duration> {
        let mut debt = self.debt.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = now.saturating_duration_since(debt.at).as_secs_f64();
        debt.at = now;
        let Some(limit) = limit else {
            debt.units = 0.0;
            return None;
        };
        let limit = limit.get() as f64;
        debt.units = limit.mul_add(-passed, debt.units).max(0.0);
        // Less than one unit is paid for before anybody could wait for it.
        if debt.units < 1.0 {
            debt.units += units as f64;
            return None;
        }
        Some(Duration::from_secs_f64((debt.units / limit).min(WAIT_SECONDS_MAX)))
    }
}

/// The longest wait before the debt is looked at again, in seconds.
const WAIT_SECONDS_MAX: f64 = 3600.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(units: u64) -> Option<NonZeroU64> {
        NonZeroU64::new(units)
    }

    #[tokio::test(start_paused = true)]
    async fn units_go_at_the_rate_and_nothing_is_saved_up() {
        let (_set, limit) = watch::channel(rate(100));
        let throttle = Throttle::new(limit);
        tokio::time::sleep(Duration::from_hours(1)).await;
        let begun = Instant::now();
        for _ in 0..11 {
            throttle.spend(50).await;
        }
        let took = begun.elapsed().as_secs_f64();
        assert!((4.9..5.1).contains(&took), "{took}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_rate_that_is_set_holds_for_who_waits_already() {
        let (set, limit) = watch::channel(rate(1));
        let throttle = std::sync::Arc::new(Throttle::new(limit));
        throttle.spend(1_000_000).await;
        let waiting = tokio::spawn({
            let throttle = std::sync::Arc::clone(&throttle);
            async move { throttle.spend(1).await }
        });
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert!(!waiting.is_finished());
        let begun = Instant::now();
        set.send_replace(None);
        waiting.await.unwrap();
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }
}
