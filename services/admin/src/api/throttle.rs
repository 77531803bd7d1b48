//! How often somebody may try a password: token buckets of one address, of a network of addresses, and of one user at
//! one address. Nobody's attempts elsewhere keep a user from logging in, and whoever logged in before from the same
//! address has a place that no crowd of strangers takes.
//!
//! Source: OWASP "Authentication Cheat Sheet", "Login Throttling".

use std::hash::{BuildHasher, Hash, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::Quota;
use governor::clock::{Clock, MonotonicClock};
use identity::Asker;
use listener::origin;
use quick_cache::sync::Cache;
use ratelimit::Buckets;

use super::refusal::Refusal;

/// Attempts of one user from one address at once, and further ones a minute.
const USER_ATTEMPTS: NonZeroU32 = NonZeroU32::new(10).expect("it is not zero");

/// Attempts from one address at once, and further ones a minute, whoever the users are.
const ADDRESS_ATTEMPTS: NonZeroU32 = NonZeroU32::new(60).expect("it is not zero");

/// Attempts from one network of IPv6 that a provider gives to one customer, at once and further ones a minute.
const NETWORK_ATTEMPTS: NonZeroU32 = NonZeroU32::new(240).expect("it is not zero");

/// The bits of such a network.
///
/// Source: RFC 6177, section 2.
const NETWORK_BITS: u32 = 48;

/// Users who logged in, each with an address, that are remembered.
const KNOWN_MAX: usize = 10_000;

/// Buckets of each kind that are kept. Whoever has more addresses than this gets fresh buckets for old ones.
const BUCKETS_MAX: usize = 100_000;

/// The buckets.
pub(super) struct Throttle<C: Clock = MonotonicClock> {
    users: Buckets<C>,
    addresses: Buckets<C>,
    networks: Buckets<C>,
    /// Who logged in from where.
    known: Cache<u64, ()>,
    /// Until when nobody is let in by HTTP Basic, of those who tried too often.
    barred: Cache<u64, C::Instant>,
    hasher: RandomState,
    clock: C,
}

/// What became of a login by HTTP Basic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BasicLogin {
    /// The password is right.
    Right,
    /// It is not.
    Wrong,
    /// There were too many wrong ones: this one was not even looked at.
    Throttled,
}

/// Logins by HTTP Basic where there is no admin API, with a throttle of their own.
pub struct BasicLogins(Throttle);

impl BasicLogins {
    /// None so far.
    #[expect(clippy::new_without_default, reason = "whoever makes one begins to count")]
    pub fn new() -> Self {
        Self(Throttle::new())
    }

    /// One of a user from an address, of which `is_right` knows whether it is right.
    pub fn login(&self, user: &[u8], address: IpAddr, is_right: impl FnOnce() -> bool) -> BasicLogin {
        self.0.basic(user, address, is_right)
    }
}

impl Throttle {
    pub(super) fn new() -> Self {
        Self::with(MonotonicClock)
    }
}

impl<C: Clock + Clone> Throttle<C> {
    fn with(clock: C) -> Self {
        Self {
            users: Buckets::with(BUCKETS_MAX, clock.clone()),
            addresses: Buckets::with(BUCKETS_MAX, clock.clone()),
            networks: Buckets::with(BUCKETS_MAX, clock.clone()),
            known: Cache::new(KNOWN_MAX),
            barred: Cache::new(BUCKETS_MAX),
            hasher: RandomState::new(),
            clock,
        }
    }

    /// One more attempt from an address.
    pub(super) fn address(&self, address: IpAddr) -> Result<(), Refusal> {
        take(&self.addresses, &origin(address), ADDRESS_ATTEMPTS).map_err(throttled)?;
        match network(address) {
            Some(network) => take(&self.networks, &network, NETWORK_ATTEMPTS).map_err(throttled),
            None => Ok(()),
        }
    }

    /// Whether a user logged in before from an address.
    pub(super) fn asker(&self, user: &str, address: IpAddr) -> Asker {
        match self.known.get(&self.hasher.hash_one((user, origin(address)))) {
            Some(()) => Asker::Known,
            None => Asker::Stranger,
        }
    }

    /// One more attempt of a user from an address.
    pub(super) fn user(&self, user: &str, address: IpAddr) -> Result<(), Refusal> {
        take(&self.users, &(user, origin(address)), USER_ATTEMPTS).map_err(throttled)
    }

    /// A login by HTTP Basic, of which programs make many: the right ones cost nothing, the wrong ones count as those
    /// of a login do, and who made too many learns nothing more until the time is over.
    pub(super) fn basic(&self, user: &[u8], address: IpAddr, is_right: impl FnOnce() -> bool) -> BasicLogin {
        let user = String::from_utf8_lossy(user);
        let (origin, of_user) = (origin(address), (user.as_ref(), origin(address)));
        let keys = [self.hasher.hash_one(origin), self.hasher.hash_one(of_user)];
        let now = self.clock.now();
        if keys.iter().any(|key| self.barred.get(key).is_some_and(|until| now < until)) {
            return BasicLogin::Throttled;
        }
        if is_right() {
            return BasicLogin::Right;
        }
        let tried = [take(&self.addresses, &origin, ADDRESS_ATTEMPTS), take(&self.users, &of_user, USER_ATTEMPTS)];
        let mut outcome = BasicLogin::Wrong;
        for (key, tried) in keys.into_iter().zip(tried) {
            if let Err(wait) = tried {
                self.barred.insert(key, now + wait.into());
                outcome = BasicLogin::Throttled;
            }
        }
        outcome
    }

    /// The user proved who they are: at this address their attempts count from zero again, and they have a place from
    /// now on.
    pub(super) fn succeeded(&self, user: &str, address: IpAddr) {
        let key = (user, origin(address));
        self.users.forget(&key);
        self.known.insert(self.hasher.hash_one(key), ());
    }
}

/// The larger network of an address, of which one customer may have all.
fn network(address: IpAddr) -> Option<u128> {
    match address.to_canonical() {
        IpAddr::V4(_) => None,
        IpAddr::V6(address) => Some(address.to_bits() >> (u128::BITS - NETWORK_BITS)),
    }
}

fn take<C: Clock + Clone>(buckets: &Buckets<C>, key: &impl Hash, attempts: NonZeroU32) -> Result<(), Duration> {
    buckets.of(key, Quota::per_minute(attempts)).take(1)
}

fn throttled(wait: Duration) -> Refusal {
    Refusal::throttled(wait.as_secs() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use governor::clock::FakeRelativeClock;
    use std::net::Ipv6Addr;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    fn exhaust(throttle: &Throttle<FakeRelativeClock>, user: &str, address: IpAddr) -> u64 {
        let refused = (0..1_000).find_map(|_| throttle.user(user, address).err());
        refused.and_then(|refusal| refusal.retry_after).unwrap()
    }

    #[test]
    fn a_guesser_is_slowed_down_and_told_when_to_come_back() {
        let clock = FakeRelativeClock::default();
        let throttle = Throttle::with(clock.clone());
        let wait = exhaust(&throttle, "ada", HERE);
        assert!((1..=7).contains(&wait), "{wait}");
        clock.advance(Duration::from_secs(wait));
        assert!(throttle.user("ada", HERE).is_ok());
        assert!(throttle.user("ada", HERE).is_err());
    }

    #[test]
    fn guessing_over_basic_is_slowed_down_as_at_a_login() {
        let clock = FakeRelativeClock::default();
        let throttle = Throttle::with(clock.clone());
        let basic = |user: &str, address, right| throttle.basic(user.as_bytes(), address, || right);
        for _ in 0..1_000 {
            assert_eq!(basic("root", HERE, true), BasicLogin::Right, "programs ask often");
        }
        let wrong = (0..1_000).take_while(|_| basic("root", HERE, false) == BasicLogin::Wrong).count();
        assert_eq!(wrong, usize::try_from(USER_ATTEMPTS.get()).unwrap());
        assert_eq!(basic("root", HERE, true), BasicLogin::Throttled, "it must not be told from a wrong one");
        assert_eq!(basic("root", THERE, true), BasicLogin::Right);
        assert!(throttle.user("root", HERE).is_err(), "a login counts them as well");
        clock.advance(Duration::from_secs(7));
        assert_eq!(basic("root", HERE, true), BasicLogin::Right);
        let names = (0..1_000).take_while(|n| basic(&format!("n{n}"), HERE, false) == BasicLogin::Wrong).count();
        assert!(names <= usize::try_from(ADDRESS_ATTEMPTS.get()).unwrap(), "{names}");
        assert_eq!(basic("root", HERE, true), BasicLogin::Throttled);
    }

    #[test]
    fn who_logged_in_before_is_known_there_and_nowhere_else() {
        let throttle = Throttle::with(FakeRelativeClock::default());
        assert_eq!(throttle.asker("ada", HERE), Asker::Stranger);
        throttle.succeeded("ada", HERE);
        assert_eq!(throttle.asker("ada", HERE), Asker::Known);
        assert_eq!((throttle.asker("ada", THERE), throttle.asker("bob", HERE)), (Asker::Stranger, Asker::Stranger));
    }

    #[test]
    fn a_customer_with_many_networks_of_ipv6_is_bounded_too() {
        let throttle = Throttle::with(FakeRelativeClock::default());
        let host = |network: u128| IpAddr::V6(Ipv6Addr::from_bits((0x2001_0db8 << 96) | (network << 64)));
        let tries = (0..1_000).take_while(|network| throttle.address(host(*network)).is_ok()).count();
        assert_eq!(tries, usize::try_from(NETWORK_ATTEMPTS.get()).unwrap());
        assert!(throttle.address(host(1 << 16)).is_ok(), "the next /48");
    }

    #[test]
    fn nobody_can_lock_out_a_user_elsewhere_nor_another_user_here() {
        let throttle = Throttle::with(FakeRelativeClock::default());
        exhaust(&throttle, "ada", HERE);
        assert!(throttle.user("ada", THERE).is_ok());
        assert!(throttle.user("bob", HERE).is_ok());
    }

    #[test]
    fn many_names_from_one_address_are_bounded_and_success_does_not_help_there() {
        let throttle = Throttle::with(FakeRelativeClock::default());
        for attempt in 0..ADDRESS_ATTEMPTS.get() {
            throttle.address(HERE).unwrap();
            throttle.user(&format!("user-{attempt}"), HERE).unwrap();
            throttle.succeeded(&format!("user-{attempt}"), HERE);
        }
        assert!(throttle.address(HERE).is_err());
        assert!(throttle.address(THERE).is_ok());
    }

    #[test]
    fn who_proves_to_be_somebody_starts_anew() {
        let throttle = Throttle::with(FakeRelativeClock::default());
        exhaust(&throttle, "ada", HERE);
        throttle.succeeded("ada", HERE);
        assert!(throttle.user("ada", HERE).is_ok());
    }

    #[test]
    fn a_network_of_ipv6_is_one_guesser_and_memory_is_bounded() {
        let throttle = Throttle::with(FakeRelativeClock::default());
        let host = |low: u128| IpAddr::V6(Ipv6Addr::from_bits((0x2001_0db8 << 96) | low));
        let refused = (0..100).find(|low| throttle.address(host(*low)).is_err());
        assert_eq!(refused, Some(u128::from(ADDRESS_ATTEMPTS.get())));
        for network in 0..(BUCKETS_MAX as u128 + 10_000) {
            throttle.address(host(network << 64)).ok();
        }
        assert!(throttle.addresses.count() <= BUCKETS_MAX);
    }
}
