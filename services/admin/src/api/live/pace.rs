use tokio::time::{Duration, Instant};

/// How long it is gathered what was left out before the client is told.
const TOLD_INTERVAL: Duration = Duration::from_secs(1);

/// Lets so many events a second through, evenly, and counts those that it leaves out.
#[derive(Debug)]
pub(super) struct Pace {
    /// Events a second.
    rate: f64,
    /// Events that may come at once after a quiet time.
    burst: f64,
    /// Events that may come now.
    left: f64,
    /// When that was so.
    at: Instant,
    skipped: Option<Skipped>,
}

/// What was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Skipped {
    /// How many events.
    pub(super) count: u64,
    /// The sequence of the last of them.
    pub(super) until: u64,
    /// When the client has to be told.
    pub(super) due: Instant,
}

impl Pace {
    /// So many events in any second, at most; if that is less than four, then in most seconds.
    pub(super) fn new(per_second: u32, now: Instant) -> Self {
        let most = f64::from(per_second.max(1));
        let burst = (most / 4.0).floor().max(1.0);
        Self { rate: (most - burst).max(1.0), burst, left: burst, at: now, skipped: None }
    }

    /// Whether an event comes now. If not, it is counted.
    pub(super) fn lets_through(&mut self, sequence: u64, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.left = (self.left + passed * self.rate).min(self.burst);
        self.at = now;
        if self.left >= 1.0 {
            self.left -= 1.0;
            return true;
        }
        let skipped = self.skipped.get_or_insert(Skipped { count: 0, until: 0, due: now + TOLD_INTERVAL });
        skipped.count += 1;
        skipped.until = sequence;
        false
    }

    /// What the client was not told of yet.
    pub(super) fn skipped(&self) -> Option<Skipped> {
        self.skipped
    }

    /// The client is told now.
    pub(super) fn tell(&mut self) -> Option<Skipped> {
        self.skipped.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_come_in_any_second_and_the_others_are_counted() {
        for most in [4_u32, 10, 50] {
            let begun = Instant::now();
            let (mut pace, mut through, mut told) = (Pace::new(most, begun), Vec::new(), 0);
            for step in 0..10_000_u32 {
                let now = begun + Duration::from_millis(1) * step;
                if pace.lets_through(u64::from(step), now) {
                    through.push(now);
                }
                if let Some(skipped) = pace.skipped().filter(|skipped| skipped.due <= now) {
                    assert_eq!(skipped.until, u64::from(step));
                    told += pace.tell().unwrap().count;
                }
            }
            told += pace.tell().map_or(0, |skipped| skipped.count);
            assert_eq!(through.len() as u64 + told, 10_000, "none is lost");
            let in_a_second = |from: &Instant| {
                through.iter().filter(|at| (*from..*from + Duration::from_secs(1)).contains(at)).count()
            };
            let highest = through.iter().map(in_a_second).max().unwrap();
            assert!((most as usize / 2..=most as usize).contains(&highest), "{highest} of {most}");
        }
    }

    #[test]
    fn one_a_second_is_one_a_second() {
        let begun = Instant::now();
        let mut pace = Pace::new(1, begun);
        let through =
            (0..100_u32).filter(|n| pace.lets_through(u64::from(*n), begun + Duration::from_millis(100) * *n));
        assert_eq!(through.count(), 10);
    }

    #[test]
    fn whoever_is_slower_gets_everything() {
        let begun = Instant::now();
        let mut pace = Pace::new(50, begun);
        for step in 0..1_000_u32 {
            assert!(pace.lets_through(u64::from(step), begun + Duration::from_millis(40) * step));
        }
        assert_eq!(pace.tell(), None);
    }
}
