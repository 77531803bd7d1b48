//! Places for connections: so many in total, and so many for each origin.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::peer::origin;

/// All places of a listener.
#[derive(Debug)]
pub(crate) struct Places {
    total: Arc<Semaphore>,
    taken: Arc<Taken>,
    per_address_max: usize,
}

/// How many each origin has. No longer than there are places.
#[derive(Debug, Default)]
struct Taken(Mutex<HashMap<IpAddr, usize>>);

/// Room for one more connection, whoever makes it.
#[derive(Debug)]
pub(crate) struct Room {
    _permit: OwnedSemaphorePermit,
}

/// The place of a connection; free again when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    _room: Room,
    origin: IpAddr,
    taken: Arc<Taken>,
}

impl Places {
    pub(crate) fn new(max: usize, per_address_max: usize) -> Self {
        Self { total: Arc::new(Semaphore::new(max)), taken: Arc::default(), per_address_max }
    }

    /// Waits for room. `None` never comes while this is there.
    pub(crate) async fn room(&self) -> Option<Room> {
        Arc::clone(&self.total).acquire_owned().await.ok().map(|permit| Room { _permit: permit })
    }

    /// Gives the room to an address, unless its origin has too many places.
    pub(crate) fn give(&self, room: Room, address: IpAddr) -> Option<Place> {
        let origin = origin(address);
        let mut taken = self.taken.lock();
        let count = taken.entry(origin).or_default();
        if *count >= self.per_address_max {
            return None;
        }
        *count += 1;
        drop(taken);
        Some(Place { _room: room, origin, taken: Arc::clone(&self.taken) })
    }
}

impl Taken {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.taken.lock();
        if let Some(count) = taken.get_mut(&self.origin) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.origin);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    fn take(places: &Places, address: &str) -> Option<Place> {
        let room = places.room().now_or_never().flatten()?;
        places.give(room, address.parse().unwrap())
    }

    #[test]
    fn an_origin_has_so_many_and_all_together_so_many() {
        let places = Places::new(3, 2);
        let first = take(&places, "192.0.2.1").unwrap();
        let _second = take(&places, "::ffff:192.0.2.1").unwrap();
        assert!(take(&places, "192.0.2.1").is_none(), "its third");
        let _other = take(&places, "192.0.2.2").unwrap();
        assert!(take(&places, "192.0.2.3").is_none(), "the fourth of three");
        drop(first);
        let _again = take(&places, "192.0.2.1").unwrap();
    }

    #[test]
    fn nothing_is_kept_of_those_who_went() {
        let places = Places::new(2, 1);
        for number in 0..1_000_u32 {
            let address = std::net::Ipv4Addr::from_bits(number).to_string();
            drop(take(&places, &address).unwrap());
            let _refused = (take(&places, &address), take(&places, &address));
        }
        assert_eq!(places.taken.lock().len(), 0);
    }
}
