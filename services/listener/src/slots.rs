//! Slots for connections: a total, a limit for each origin, and idle connections that make room when no slot is left.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::peer::origin;

/// The number of slots that an origin may always have, however few are left.
const ALWAYS: usize = 2;

/// All slots of a listener.
#[derive(Debug)]
pub(crate) struct ConnectionSlots {
    total: Arc<Semaphore>,
    taken: Arc<Taken>,
    per_address_max: usize,
}

/// The connections that have slots. There are never more of them than slots.
#[derive(Debug)]
struct Taken {
    table: Mutex<Table>,
    /// A connection became idle, and may have to make room.
    became_idle: Notify,
    /// Slots of connections that follow something.
    followers: Arc<Semaphore>,
}

#[derive(Debug, Default)]
struct Table {
    origins: HashMap<IpAddr, usize>,
    connections: HashMap<u64, Connection>,
    last: u64,
}

#[derive(Debug)]
struct Connection {
    origin: IpAddr,
    /// Requests whose responses are not finished.
    under_way: usize,
    unflushed: Arc<AtomicBool>,
    idle_since: Instant,
    has_slot: bool,
    /// It counts for no origin, and makes room for nobody.
    is_follower: bool,
    is_leaving: bool,
    leave: Arc<Notify>,
    permit: Option<OwnedSemaphorePermit>,
}

/// A connection's claim before it has a slot: it counts for its origin.
#[derive(Debug)]
pub(crate) struct Claim {
    id: u64,
    origin: IpAddr,
    leave: Arc<Notify>,
    unflushed: Arc<AtomicBool>,
    taken: Arc<Taken>,
}

/// The slot of a connection; free again when dropped.
#[derive(Debug)]
pub(crate) struct ConnectionSlot {
    claim: Claim,
}

/// Reports what a connection does, as far as its slot depends on it. Clones refer to the same connection.
#[derive(Debug, Clone)]
pub(crate) struct Activity {
    id: u64,
    leave: Arc<Notify>,
    /// The last response is finished, and some of it is not sent yet.
    unflushed: Arc<AtomicBool>,
    taken: Arc<Taken>,
}

/// A request in flight: its connection is not idle.
#[derive(Debug)]
pub(crate) struct Busy(Option<Activity>);

impl ConnectionSlots {
    pub(crate) fn new(max: usize, per_address_max: usize, followers_max: usize) -> Self {
        let followers = Arc::new(Semaphore::new(followers_max));
        let taken = Taken { table: Mutex::default(), became_idle: Notify::new(), followers };
        Self { total: Arc::new(Semaphore::new(max)), taken: Arc::new(taken), per_address_max }
    }

    /// Counts a connection for its origin, unless that has too many. No origin has more slots than are free, so that
    /// the first few leave slots for later ones.
    pub(crate) fn claim(&self, address: IpAddr) -> Option<Claim> {
        let origin = origin(address);
        let allowed = self.per_address_max.min(self.total.available_permits().max(ALWAYS));
        let mut table = self.taken.lock();
        let count = table.origins.entry(origin).or_default();
        if *count >= allowed {
            return None;
        }
        *count += 1;
        table.last += 1;
        let (id, leave, unflushed) = (table.last, Arc::<Notify>::default(), Arc::<AtomicBool>::default());
        let connection = Connection {
            origin,
            under_way: 0,
            unflushed: Arc::clone(&unflushed),
            idle_since: Instant::now(),
            has_slot: false,
            is_follower: false,
            is_leaving: false,
            leave: Arc::clone(&leave),
            permit: None,
        };
        table.connections.insert(id, connection);
        drop(table);
        Some(Claim { id, origin, leave, unflushed, taken: Arc::clone(&self.taken) })
    }

    /// Waits for a slot. If there is none, a connection without a request makes room: on the origin with the most, the
    /// one that has been idle longest. `None` is never returned while this exists.
    pub(crate) async fn slot(&self, claim: Claim) -> Option<ConnectionSlot> {
        let permit = loop {
            let idle = self.taken.became_idle.notified();
            if let Ok(permit) = Arc::clone(&self.total).try_acquire_owned() {
                break permit;
            }
            self.taken.let_one_go();
            tokio::select! {
                permit = Arc::clone(&self.total).acquire_owned() => break permit.ok()?,
                () = idle => {}
            }
        };
        if let Some(connection) = self.taken.lock().connections.get_mut(&claim.id) {
            connection.has_slot = true;
            connection.permit = Some(permit);
        }
        Some(ConnectionSlot { claim })
    }
}

impl ConnectionSlot {
    pub(crate) fn activity(&self) -> Activity {
        let Claim { id, leave, unflushed, taken, .. } = &self.claim;
        let (leave, unflushed, taken) = (Arc::clone(leave), Arc::clone(unflushed), Arc::clone(taken));
        Activity { id: *id, leave, unflushed, taken }
    }
}

impl Activity {
    /// A request begins. Its response holds the returned value until it is finished.
    pub(crate) fn begin(&self) -> Busy {
        if let Some(connection) = self.taken.lock().connections.get_mut(&self.id) {
            connection.under_way += 1;
        }
        Busy(Some(self.clone()))
    }

    /// From now on the connection has a slot of those for followers, and its former one is free. Returns false if none of
    /// those is left.
    pub(crate) fn follow(&self) -> bool {
        let mut table = self.taken.lock();
        let Table { origins, connections, .. } = &mut *table;
        let Some(connection) = connections.get_mut(&self.id).filter(|connection| !connection.is_follower) else {
            return true;
        };
        let Ok(permit) = Arc::clone(&self.taken.followers).try_acquire_owned() else { return false };
        (connection.is_follower, connection.has_slot) = (true, false);
        let before = connection.permit.replace(permit);
        leave_origin(origins, connection.origin);
        drop(table);
        drop(before);
        true
    }

    /// Everything has been sent.
    pub(crate) fn flushed(&self) {
        if !self.unflushed.swap(false, Ordering::AcqRel) {
            return;
        }
        if let Some(connection) = self.taken.lock().connections.get_mut(&self.id) {
            connection.idle_since = Instant::now();
        }
        self.taken.became_idle.notify_one();
    }

    /// Returns once the connection is asked to make room and has no request in flight.
    pub(crate) async fn has_to_go(&self) {
        loop {
            self.leave.notified().await;
            let mut table = self.taken.lock();
            match table.connections.get_mut(&self.id) {
                // A request has just begun on it: another connection has to make room.
                Some(connection) if !connection.is_idle() => connection.is_leaving = false,
                _ => return,
            }
            drop(table);
            self.taken.became_idle.notify_one();
        }
    }
}

impl Busy {
    /// The connection is never idle again, because it no longer carries requests.
    pub(crate) fn stay(mut self) {
        self.0 = None;
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let Some(activity) = &self.0 else { return };
        let mut table = activity.taken.lock();
        let Some(connection) = table.connections.get_mut(&activity.id) else { return };
        connection.under_way -= 1;
        activity.unflushed.store(true, Ordering::Release);
    }
}

impl Connection {
    fn is_idle(&self) -> bool {
        self.under_way == 0 && !self.unflushed.load(Ordering::Acquire)
    }
}

impl Taken {
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn let_one_go(&self) {
        let mut table = self.lock();
        let Table { origins, connections, .. } = &mut *table;
        // One connection was asked already, and frees its slot in a moment.
        if connections.values().any(|connection| connection.is_leaving) {
            return;
        }
        let idle = connections.values_mut().filter(|connection| connection.has_slot && connection.is_idle());
        let count = |connection: &Connection| origins.get(&connection.origin).copied().unwrap_or_default();
        if let Some(connection) = idle.max_by_key(|connection| (count(connection), Reverse(connection.idle_since))) {
            connection.is_leaving = true;
            connection.leave.notify_one();
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut table = self.taken.lock();
        let gone = table.connections.remove(&self.id);
        if gone.as_ref().is_none_or(|gone| !gone.is_follower) {
            leave_origin(&mut table.origins, self.origin);
        }
        drop(table);
        // Last: when the next connection gets the slot, this one is gone.
        drop(gone);
    }
}

/// One connection less counts for an origin.
fn leave_origin(origins: &mut HashMap<IpAddr, usize>, origin: IpAddr) {
    if let Some(count) = origins.get_mut(&origin) {
        *count -= 1;
        if *count == 0 {
            origins.remove(&origin);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    fn claim(slots: &ConnectionSlots, address: &str) -> Option<Claim> {
        slots.claim(address.parse().unwrap())
    }

    fn take(slots: &ConnectionSlots, address: &str) -> Option<ConnectionSlot> {
        slots.slot(claim(slots, address)?).now_or_never().flatten()
    }

    #[test]
    fn an_origin_has_so_many_and_all_together_so_many() {
        let slots = ConnectionSlots::new(3, 2, 0);
        let first = take(&slots, "192.0.2.1").unwrap();
        let _second = take(&slots, "::ffff:192.0.2.1").unwrap();
        assert!(take(&slots, "192.0.2.1").is_none(), "its third");
        let _other = take(&slots, "192.0.2.2").unwrap();
        assert!(take(&slots, "192.0.2.3").is_none(), "the fourth of three");
        drop(first);
        let _again = take(&slots, "192.0.2.1").unwrap();
    }

    #[test]
    fn no_few_origins_have_all() {
        let slots = ConnectionSlots::new(4_096, 1_024, 0);
        let mut taken = Vec::new();
        for number in 1..=12 {
            taken.extend(std::iter::from_fn(|| take(&slots, &format!("192.0.2.{number}"))));
        }
        assert!(slots.total.available_permits() > 0, "a dozen who take what they get leave some");
        assert_eq!(slots.taken.lock().origins[&"192.0.2.1".parse::<IpAddr>().unwrap()], 1_024);
        let late: Vec<_> = std::iter::from_fn(|| take(&slots, "198.51.100.1")).take(100).collect();
        assert_eq!(late.len(), ALWAYS);
    }

    #[test]
    fn nothing_is_kept_of_those_who_went() {
        let slots = ConnectionSlots::new(2, 1, 0);
        for number in 0..1_000_u32 {
            let address = std::net::Ipv4Addr::from_bits(number).to_string();
            let slot = take(&slots, &address).unwrap();
            let _refused = (take(&slots, &address), take(&slots, &address));
            drop(slot);
        }
        let table = slots.taken.lock();
        assert_eq!((table.origins.len(), table.connections.len()), (0, 0));
    }

    #[tokio::test]
    async fn the_idle_make_room_and_those_of_who_has_most_first() {
        let slots = ConnectionSlots::new(4, 3, 0);
        let addresses = ["192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.3"];
        let [one, two, three, other] = addresses.map(|address| take(&slots, address).unwrap());
        let busy = one.activity().begin();
        let late = slots.slot(claim(&slots, "192.0.2.4").unwrap());
        let mut late = Box::pin(late);
        assert!(late.as_mut().now_or_never().is_none());
        two.activity().has_to_go().now_or_never().unwrap();
        for stays in [&one, &three, &other] {
            assert!(stays.activity().has_to_go().now_or_never().is_none());
        }
        drop(two);
        let late = late.now_or_never().flatten().unwrap();

        // A connection that begins a request at that moment stays, and the next one makes room.
        let mut more = Box::pin(slots.slot(claim(&slots, "192.0.2.5").unwrap()));
        assert!(more.as_mut().now_or_never().is_none());
        let quick = three.activity().begin();
        assert!(three.activity().has_to_go().now_or_never().is_none());
        assert!(more.as_mut().now_or_never().is_none());
        let gone: Vec<_> =
            [&other, &late].into_iter().filter(|slot| slot.activity().has_to_go().now_or_never().is_some()).collect();
        assert_eq!(gone.len(), 1);
        drop((busy, quick));
    }

    #[tokio::test]
    async fn who_ends_a_request_makes_room_for_those_who_wait() {
        let slots = ConnectionSlots::new(1, 1, 0);
        let slot = take(&slots, "192.0.2.1").unwrap();
        let busy = slot.activity().begin();
        let mut late = Box::pin(slots.slot(claim(&slots, "192.0.2.2").unwrap()));
        assert!(late.as_mut().now_or_never().is_none());
        assert!(slot.activity().has_to_go().now_or_never().is_none());
        drop(busy);
        assert!(late.as_mut().now_or_never().is_none());
        assert!(slot.activity().has_to_go().now_or_never().is_none(), "not all is sent");
        slot.activity().flushed();
        assert!(late.as_mut().now_or_never().is_none());
        slot.activity().has_to_go().now_or_never().unwrap();
        slot.activity().begin().stay();
        drop(slot);
        assert!(late.now_or_never().flatten().is_some());
    }

    #[tokio::test]
    async fn a_follower_leaves_its_slot_to_others_and_counts_for_no_address() {
        let slots = ConnectionSlots::new(1, 1, 1);
        let slot = take(&slots, "192.0.2.1").unwrap();
        let busy = slot.activity().begin();
        assert!(take(&slots, "192.0.2.1").is_none());
        assert!(slot.activity().follow() && slot.activity().follow(), "it may say so twice");
        let other = take(&slots, "192.0.2.1").unwrap();
        assert!(!other.activity().follow(), "there is one such slot");
        assert!(slot.activity().has_to_go().now_or_never().is_none(), "it makes room for nobody");
        drop((busy, slot));
        assert!(other.activity().follow());
        let _next = take(&slots, "192.0.2.1").unwrap();
        drop(other);
        assert_eq!(slots.taken.lock().origins.len(), 1, "of the next one");
        assert_eq!(slots.taken.followers.available_permits(), 1);
    }
}
