//! What another region refused, each until it is tried again, so that the rest need not wait for it.

use std::collections::VecDeque;

use domain::Shared as Name;
use tokio::time::Instant;

/// So many are held. If there are more, all waits.
pub(crate) const HELD_MAX: usize = 1_024;

/// Something that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) name: Name,
    /// How often it was.
    pub(crate) times: u32,
    /// Why, the last time.
    pub(crate) why: String,
    pub(crate) not_before: Instant,
}

/// What was refused, in the order in which it was.
#[derive(Debug, Default)]
pub(crate) struct Held(VecDeque<Refused>);

impl Held {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn has_room(&self) -> bool {
        self.0.len() < HELD_MAX
    }

    pub(crate) fn push(&mut self, refused: Refused) {
        self.0.push_back(refused);
    }

    /// The first that may be tried again, by its place. Places stay as they are until one is pushed or taken.
    pub(crate) fn due(&self, now: Instant) -> Option<usize> {
        self.0.iter().position(|refused| refused.not_before <= now)
    }

    pub(crate) fn name(&self, place: usize) -> Option<&Name> {
        self.0.get(place).map(|refused| &refused.name)
    }

    pub(crate) fn take(&mut self, place: usize) -> Option<Refused> {
        self.0.remove(place)
    }

    /// When the next may be tried again.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.0.iter().map(|refused| refused.not_before).min()
    }

    /// What is wrong, for people.
    pub(crate) fn why(&self) -> Option<String> {
        let last = self.0.back()?;
        Some(format!("{} refused, and tried again; the last: {}", self.0.len(), last.why))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn refused(user: &str, not_before: Instant) -> Refused {
        Refused { name: Name::User(user.parse().unwrap()), times: 1, why: format!("409 for {user}"), not_before }
    }

    #[test]
    fn each_waits_for_its_own_time() {
        let now = Instant::now();
        let later = |seconds| now + Duration::from_secs(seconds);
        let mut held = Held::default();
        assert_eq!((held.due(now), held.next_due(), held.why()), (None, None, None));
        held.push(refused("ada", later(4)));
        held.push(refused("bea", later(2)));
        assert_eq!((held.due(now), held.next_due()), (None, Some(later(2))));
        assert_eq!(held.due(later(2)), Some(1));
        assert_eq!(held.due(later(4)), Some(0), "the first comes first");
        assert_eq!(held.why().as_deref(), Some("2 refused, and tried again; the last: 409 for bea"));
        assert_eq!(held.take(0), Some(refused("ada", later(4))));
        assert_eq!(held.name(0), Some(&Name::User("bea".parse().unwrap())));
    }

    #[test]
    fn there_is_room_for_so_many() {
        let now = Instant::now();
        let mut held = Held::default();
        while held.has_room() {
            held.push(refused("ada", now));
        }
        assert_eq!(held.len(), HELD_MAX);
    }
}
