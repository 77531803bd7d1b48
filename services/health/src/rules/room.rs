//! Whether a node's disk is full.

use domain::placement::NODE_RESERVE_BYTES;

use super::ticks;

/// With fewer free bytes a node takes no new shards.
const FULL_BELOW_BYTES: u64 = NODE_RESERVE_BYTES;

/// From so many on it does again: a quarter more, so that what repair and compaction take and give does not change it.
const ROOM_FROM_BYTES: u64 = NODE_RESERVE_BYTES / 4 * 5;

/// How long it has to be so.
const FULL_TICKS: u32 = ticks(2);
const ROOM_TICKS: u32 = ticks(4);

/// Whether a node's disk is full, by what it says.
#[derive(Debug)]
pub(crate) struct RoomRule {
    is_full: bool,
    /// Ticks for which it has said the contrary.
    contrary: u32,
}

impl RoomRule {
    pub(crate) fn new(is_full: bool) -> Self {
        Self { is_full, contrary: 0 }
    }

    /// A tick in which the node was heard. A disk of no size at all is one that cannot tell.
    pub(crate) fn tick(&mut self, free_bytes: u64, total_bytes: u64) -> bool {
        let is_contrary = if self.is_full { free_bytes >= ROOM_FROM_BYTES } else { free_bytes < FULL_BELOW_BYTES };
        self.contrary = if is_contrary && total_bytes > 0 { self.contrary + 1 } else { 0 };
        if self.contrary >= if self.is_full { ROOM_TICKS } else { FULL_TICKS } {
            *self = Self::new(!self.is_full);
        }
        self.is_full
    }

    pub(crate) fn is_full(&self) -> bool {
        self.is_full
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many ticks of so many free bytes it takes until another thing is held of it.
    fn ticks_until(rule: &mut RoomRule, is_full: bool, free_bytes: u64) -> Option<u32> {
        (1..1_000).find(|_| rule.tick(free_bytes, 1 << 40) == is_full)
    }

    #[test]
    fn a_full_disk_has_to_get_more_room_than_it_lacked() {
        let mut rule = RoomRule::new(false);
        assert_eq!(ticks_until(&mut rule, true, FULL_BELOW_BYTES), None);
        assert_eq!(ticks_until(&mut rule, true, FULL_BELOW_BYTES - 1), Some(FULL_TICKS));
        assert_eq!(ticks_until(&mut rule, false, ROOM_FROM_BYTES - 1), None);
        assert_eq!(ticks_until(&mut rule, false, ROOM_FROM_BYTES), Some(ROOM_TICKS));
    }

    #[test]
    fn a_moment_of_either_changes_nothing() {
        let mut rule = RoomRule::new(false);
        for tick in 0..1_000_u32 {
            let free_bytes = if tick % FULL_TICKS == 0 { ROOM_FROM_BYTES } else { 0 };
            assert!(!rule.tick(free_bytes, 1 << 40));
        }
        assert!(!(0..1_000).any(|_| rule.tick(0, 0)), "it cannot tell its space");
    }
}
