//! Whether this process would have heard a node that spoke.

use tokio::time::Instant;
use worker::Ticks;

use super::TICK;

/// Ticks in a row in which this process did not hear itself after which all that it heard before says nothing any more.
const DEAF_TICKS_MAX: u32 = 4;

/// How a tick counts for those who were not heard since the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counts {
    /// They were silent.
    AsSilence,
    /// Nobody knows: what this process said itself is on its way, too.
    ForNothing,
    /// This process was stopped, or cut off, and silence begins again.
    AsBegin,
}

/// What is known of the own hearing.
#[derive(Debug)]
pub(crate) struct Hearing {
    ticks: Ticks,
    connection: Option<u64>,
    heard: u64,
    called: bool,
    deaf: u32,
}

impl Hearing {
    pub(crate) fn new() -> Self {
        Self { ticks: Ticks::every(TICK), connection: None, heard: 0, called: false, deaf: 0 }
    }

    /// A tick. `connection`: which connection there is, if one is. `heard`: how many of the own calls were heard.
    pub(crate) fn tick(&mut self, now: Instant, connection: Option<u64>, heard: u64) -> Counts {
        let is_in_time = self.ticks.tick(now);
        let is_same = connection.is_some() && self.connection == connection;
        let heard_itself = self.heard != heard;
        (self.connection, self.heard) = (connection, heard);
        let was_called = std::mem::take(&mut self.called);
        // Whoever said nothing need not hear itself, and knows as much as before.
        self.deaf = match (heard_itself, was_called) {
            (true, _) => 0,
            (false, true) => self.deaf.saturating_add(1),
            (false, false) => self.deaf,
        };
        if !is_in_time || !is_same || self.deaf >= DEAF_TICKS_MAX {
            Counts::AsBegin
        } else if self.deaf > 0 {
            Counts::ForNothing
        } else {
            Counts::AsSilence
        }
    }

    /// This process calls the roll at this tick, and should hear that before the next.
    pub(crate) fn calls(&mut self) {
        self.called = true;
    }

    /// Whether it did not hear what it said last.
    pub(crate) fn is_unsure(&self) -> bool {
        self.deaf > 0
    }

    /// Whether it hears nothing of what it says itself.
    pub(crate) fn is_deaf(&self) -> bool {
        self.connection.is_none() || self.deaf >= DEAF_TICKS_MAX
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn only_ticks_in_which_it_heard_itself_count() {
        let (mut hearing, mut now) = (Hearing::new(), Instant::now());
        let mut tick = |hearing: &mut Hearing, connection, heard| {
            now += TICK;
            hearing.tick(now, connection, heard)
        };
        assert_eq!(tick(&mut hearing, Some(1), 0), Counts::AsBegin, "of what was before the first, nothing is known");
        assert_eq!(tick(&mut hearing, Some(1), 0), Counts::AsSilence, "it said nothing, so it need not hear itself");
        for (heard, counts) in [
            (1, Counts::AsSilence),
            (1, Counts::ForNothing),
            (1, Counts::ForNothing),
            (3, Counts::AsSilence),
            (3, Counts::ForNothing),
            (3, Counts::ForNothing),
            (3, Counts::ForNothing),
            (3, Counts::AsBegin),
            (3, Counts::AsBegin),
            (4, Counts::AsSilence),
        ] {
            hearing.calls();
            assert_eq!(tick(&mut hearing, Some(1), heard), counts, "{heard}");
        }
        assert_eq!(tick(&mut hearing, None, 4), Counts::AsBegin);
        assert!(hearing.is_deaf());
        assert_eq!(tick(&mut hearing, Some(2), 4), Counts::AsBegin, "over another connection");
        assert_eq!(tick(&mut hearing, Some(2), 4), Counts::AsSilence);
    }

    #[test]
    fn a_tick_after_a_stop_is_a_begin() {
        let (mut hearing, now) = (Hearing::new(), Instant::now());
        hearing.tick(now, Some(1), 0);
        assert_eq!(hearing.tick(now + TICK, Some(1), 0), Counts::AsSilence);
        assert_eq!(hearing.tick(now + TICK + Duration::from_hours(1), Some(1), 0), Counts::AsBegin);
    }
}
