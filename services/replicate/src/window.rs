//! Changes that were read ahead: which may be sent now, and up to where everything is done.
//!
//! Of one key of a route one change is under way at once, and the others wait behind it, in the order of the log.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use events::ids::ObjectKey;
use jiff::Timestamp;
use tokio::time::Instant;

use crate::route::RouteId;
use crate::select::Wanted;

/// Changes that are read ahead.
pub(crate) const CHANGES_MAX: usize = 256;

/// Changes that are under way at once.
pub(crate) const UNDER_WAY_MAX: usize = 32;

/// How often a change is sent that is refused.
pub(crate) const ATTEMPTS_MAX: u32 = 6;

/// A change in the window.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) route: RouteId,
    pub(crate) wanted: Wanted,
    /// The event that made it, and when that was.
    pub(crate) sequence: u64,
    pub(crate) at: Timestamp,
}

struct Slot {
    change: Change,
    is_under_way: bool,
    attempts: u32,
    not_before: Option<Instant>,
}

/// The changes of one flow, in the order of the log.
#[derive(Default)]
pub(crate) struct Window {
    slots: BTreeMap<u64, Slot>,
    next: u64,
    under_way: usize,
}

impl Window {
    /// Whether more may be read.
    pub(crate) fn has_room(&self) -> bool {
        self.slots.len() < CHANGES_MAX
    }

    pub(crate) fn len(&self) -> u64 {
        self.slots.len() as u64
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Adds the next change of the log.
    pub(crate) fn push(&mut self, change: Change) {
        self.slots.insert(self.next, Slot { change, is_under_way: false, attempts: 0, not_before: None });
        self.next += 1;
    }

    /// Takes the next change that may be sent, and the number by which its result is reported.
    pub(crate) fn take(&mut self, now: Instant) -> Option<(u64, Change)> {
        if self.under_way >= UNDER_WAY_MAX {
            return None;
        }
        let free = self.first_free(now)?;
        let slot = self.slots.get_mut(&free)?;
        slot.is_under_way = true;
        self.under_way += 1;
        Some((free, slot.change.clone()))
    }

    /// The first change that is not under way, waits for no time, and has no change of the same key before it.
    fn first_free(&self, now: Instant) -> Option<u64> {
        let mut before: BTreeSet<(&RouteId, &ObjectKey)> = BTreeSet::new();
        self.slots.iter().find_map(|(number, slot)| {
            let is_first = before.insert((&slot.change.route, &slot.change.wanted.key));
            let is_due = slot.not_before.is_none_or(|at| at <= now);
            (is_first && is_due && !slot.is_under_way).then_some(*number)
        })
    }

    /// A change is done, or given up.
    pub(crate) fn done(&mut self, number: u64) -> Option<Change> {
        let slot = self.slots.remove(&number)?;
        self.under_way -= usize::from(slot.is_under_way);
        Some(slot.change)
    }

    /// A change is to be sent again, for a reason that says nothing about it.
    pub(crate) fn again(&mut self, number: u64, at: Option<Instant>) {
        if let Some(slot) = self.slots.get_mut(&number) {
            self.under_way -= usize::from(std::mem::replace(&mut slot.is_under_way, false));
            slot.not_before = at;
        }
    }

    /// A change was refused. It is sent again after a pause that `pause` says for a number of attempts. Returns the change
    /// if it was refused often enough to be given up.
    pub(crate) fn refused(&mut self, number: u64, now: Instant, pause: impl Fn(u32) -> Duration) -> Option<Change> {
        let slot = self.slots.get_mut(&number)?;
        slot.attempts += 1;
        if slot.attempts >= ATTEMPTS_MAX {
            return self.done(number);
        }
        let at = now + pause(slot.attempts);
        self.again(number, Some(at));
        None
    }

    /// Removes all changes of a route, whether they are under way or not.
    pub(crate) fn drop_route(&mut self, route: &RouteId) {
        self.slots.retain(|_, slot| slot.change.route != *route);
        self.under_way = self.slots.values().filter(|slot| slot.is_under_way).count();
    }

    /// The route of a change.
    pub(crate) fn route_of(&self, number: u64) -> Option<RouteId> {
        self.slots.get(&number).map(|slot| slot.change.route.clone())
    }

    /// How many routes have changes here.
    pub(crate) fn routes(&self) -> usize {
        self.slots.values().map(|slot| &slot.change.route).collect::<BTreeSet<_>>().len()
    }

    /// How many changes of a route wait for another attempt.
    pub(crate) fn waiting_of(&self, route: &RouteId) -> usize {
        let of_route = self.slots.values().filter(|slot| slot.change.route == *route);
        of_route.filter(|slot| slot.not_before.is_some() && !slot.is_under_way).count()
    }

    /// The first change of a route that is not done.
    pub(crate) fn first_of(&self, route: &RouteId) -> Option<&Change> {
        self.slots.values().map(|slot| &slot.change).find(|change| change.route == *route)
    }

    /// The changes of a route that are not done, and their bytes.
    pub(crate) fn left_of(&self, route: &RouteId) -> (u64, u64) {
        let of_route = self.slots.values().filter(|slot| slot.change.route == *route);
        of_route.fold((0, 0), |(changes, bytes), slot| (changes + 1, bytes + slot.change.wanted.size))
    }

    /// When the next change that waits may be sent; `None` if none waits for a time.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.slots.values().filter(|slot| !slot.is_under_way).filter_map(|slot| slot.not_before).min()
    }
}

#[cfg(test)]
mod tests {
    use events::ids::VersionId;
    use events::replication::Destination;

    use super::*;
    use crate::select::What;

    fn route(n: u64) -> RouteId {
        (domain::row::BucketId(n), Destination { bucket: "there".parse().unwrap(), region: None })
    }

    fn change(sequence: u64, of: u64, key: &str) -> Change {
        let (what, version) = (What::DeleteMarker, VersionId::from_u128(sequence.into()));
        let wanted = Wanted { what, key: key.parse().unwrap(), version, null: false, size: 3 };
        Change { route: route(of), wanted, sequence, at: Timestamp::UNIX_EPOCH }
    }

    fn taken(window: &mut Window, now: Instant) -> Vec<(u64, u64)> {
        std::iter::from_fn(|| window.take(now).map(|(number, change)| (number, change.sequence))).collect()
    }

    #[test]
    fn of_one_key_one_change_is_under_way_and_the_place_is_that_of_the_first_that_is_not_done() {
        let (mut window, now) = (Window::default(), Instant::now());
        for (sequence, of, key) in [(5, 1, "a"), (6, 1, "a"), (7, 1, "b"), (8, 2, "a")] {
            window.push(change(sequence, of, key));
        }
        assert_eq!(taken(&mut window, now), [(0, 5), (2, 7), (3, 8)]);
        assert_eq!(window.left_of(&route(1)), (3, 9));
        window.done(2);
        assert_eq!(window.first_of(&route(1)).unwrap().sequence, 5);
        window.done(0);
        assert_eq!(window.first_of(&route(1)).unwrap().sequence, 6);
        assert_eq!(taken(&mut window, now), [(1, 6)]);
        window.drop_route(&route(1));
        assert!(window.first_of(&route(1)).is_none() && !window.is_empty());
        assert!(window.done(1).is_none(), "what is no longer here is nothing to anybody");
    }

    #[test]
    fn what_is_refused_is_tried_again_and_then_given_up() {
        let (mut window, now) = (Window::default(), Instant::now());
        window.push(change(5, 1, "a"));
        window.push(change(6, 1, "a"));
        let wait = |attempts: u32| Duration::from_secs(attempts.into());
        for attempt in 1..ATTEMPTS_MAX {
            let at = now + Duration::from_secs(u64::from(attempt) * 10);
            assert_eq!(taken(&mut window, at), [(0, 5)]);
            assert!(window.refused(0, at, wait).is_none());
            assert!(taken(&mut window, at).is_empty() && window.next_due() == Some(at + wait(attempt)));
        }
        let at = now + Duration::from_secs(100);
        assert_eq!(taken(&mut window, at), [(0, 5)]);
        assert_eq!(window.refused(0, at, wait).unwrap().sequence, 5);
        assert_eq!(taken(&mut window, at), [(1, 6)]);
    }

    #[test]
    fn so_many_are_under_way_and_no_more() {
        let (mut window, now) = (Window::default(), Instant::now());
        for n in 0..CHANGES_MAX as u64 {
            assert!(window.has_room());
            window.push(change(n + 1, 1, &format!("k{n}")));
        }
        assert!(!window.has_room());
        assert_eq!(taken(&mut window, now).len(), UNDER_WAY_MAX);
        window.again(0, None);
        assert_eq!(taken(&mut window, now), [(0, 1)]);
    }
}
