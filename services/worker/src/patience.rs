use std::time::Duration;

use events::ids::ProcessId;
use tokio::time::Instant;

/// The greatest multiple of the usual silence for which an owner is waited for.
const FACTOR_MAX: u32 = 16;

/// After this time without a needless change of owner, the usual silence is enough again.
const MEMORY: Duration = Duration::from_mins(10);

/// How long an owner is waited for. If one was deposed and was alive, its signs are lost on their way: then the lease would
/// go back and forth every five seconds, so each such time the next one is waited for twice as long.
#[derive(Debug)]
pub(crate) struct Patience {
    factor: u32,
    deposed: Option<ProcessId>,
    at: Instant,
}

impl Patience {
    pub(crate) fn new(now: Instant) -> Self {
        Self { factor: 1, deposed: None, at: now }
    }

    /// How many ticks of silence are enough, where so many usually are.
    pub(crate) fn ticks(&mut self, usual: u32, now: Instant) -> u32 {
        if now.saturating_duration_since(self.at) > MEMORY {
            *self = Self::new(now);
        }
        usual * self.factor
    }

    /// This process took the lease from an owner of whom nothing was heard.
    pub(crate) fn deposed(&mut self, owner: ProcessId, now: Instant) {
        (self.deposed, self.at) = (Some(owner), now);
    }

    /// A process owns the lease. If it is the one that was deposed, it was alive.
    pub(crate) fn sees(&mut self, owner: ProcessId, now: Instant) {
        if self.deposed.take_if(|deposed| *deposed == owner).is_some() {
            self.factor = (self.factor * 2).min(FACTOR_MAX);
            self.at = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn an_owner_that_comes_back_is_waited_for_longer_and_after_a_while_no_more() {
        let (mut now, [one, other]) = (Instant::now(), [1, 2].map(|n| ProcessId(Uuid::from_u128(n))));
        let mut patience = Patience::new(now);
        let mut ticks = Vec::new();
        for back in [one, one, other, one, one, one, one] {
            patience.deposed(one, now);
            patience.sees(back, now);
            ticks.push(patience.ticks(10, now));
            now += Duration::from_secs(30);
        }
        assert_eq!(ticks, [20, 40, 40, 80, 160, 160, 160]);
        assert_eq!(patience.ticks(10, now + MEMORY), 10);
    }
}
