use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use events::ids::UserName;

use crate::api::refusal::Refusal;

/// Streams and sockets of a process at once. The console has as many connections for followers (`console/limits.rs`).
const STREAMS_MAX: usize = 2_048;

/// Those of one user.
const STREAMS_PER_USER_MAX: usize = 1_024;

/// The streams that are open. Clones share them.
#[derive(Debug, Clone)]
pub(in crate::api) struct Streams(Arc<Mutex<BTreeMap<UserName, usize>>>);

/// The place of one stream, until it is dropped.
#[derive(Debug)]
pub(in crate::api) struct Seat {
    streams: Streams,
    user: UserName,
}

impl Streams {
    pub(in crate::api) fn new() -> Self {
        Self(Arc::default())
    }

    fn open(&self) -> MutexGuard<'_, BTreeMap<UserName, usize>> {
        // No change stops half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The refusal of one more.
    pub(in crate::api) fn full() -> Refusal {
        Refusal::unavailable("too many streams of events are open: close one, or try again later")
    }

    /// A place for a stream of a user.
    pub(in crate::api) fn sit(&self, user: &UserName) -> Result<Seat, Refusal> {
        let mut open = self.open();
        let own = open.get(user).copied().unwrap_or_default();
        if own >= STREAMS_PER_USER_MAX || open.values().sum::<usize>() >= STREAMS_MAX {
            return Err(Self::full());
        }
        open.insert(user.clone(), own + 1);
        Ok(Seat { streams: self.clone(), user: user.clone() })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut open = self.streams.open();
        if let Some(own) = open.get_mut(&self.user) {
            *own -= 1;
            if *own == 0 {
                open.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_user_does_not_take_the_places_of_all() {
        let streams = Streams::new();
        let user = |number: usize| format!("user-{number}").parse::<UserName>().unwrap();
        let mut seats: Vec<_> = (0..STREAMS_PER_USER_MAX).map(|_| streams.sit(&user(0)).unwrap()).collect();
        assert!(streams.sit(&user(0)).is_err());
        for number in 1.. {
            let Ok(seat) = streams.sit(&user(number)) else { break };
            seats.push(seat);
        }
        assert_eq!(seats.len(), STREAMS_MAX);
        seats.truncate(1);
        assert!(streams.sit(&user(0)).is_ok() && streams.open().len() == 1);
        drop(seats);
        assert!(streams.open().is_empty());
    }
}
