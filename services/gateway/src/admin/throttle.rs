//! How often somebody may try a password: token buckets of one address, and of one user at one address. Nobody's
//! attempts elsewhere keep a user from logging in.
//!
//! Source: OWASP "Authentication Cheat Sheet", "Login Throttling".

use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;

use governor::Quota;
use governor::clock::{Clock, MonotonicClock};
use listener::origin;

use super::refusal::Refusal;
use crate::limits::Buckets;

/// Attempts of one user from one address at once, and further ones a minute.
const USER_ATTEMPTS: NonZeroU32 = NonZeroU32::new(10).expect("it is not zero");

/// Attempts from one address at once, and further ones a minute, whoever the users are.
const ADDRESS_ATTEMPTS: NonZeroU32 = NonZeroU32::new(60).expect("it is not zero");

/// Logins by HTTP Basic from one address, right or wrong, at once and further ones a second: programs ask so.
const BASIC_AT_ONCE: NonZeroU32 = NonZeroU32::new(100).expect("it is not zero");
const BASIC_PER_SECOND: NonZeroU32 = NonZeroU32::new(10).expect("it is not zero");

/// Buckets of each kind that are kept. Whoever has more addresses than this gets fresh buckets for old ones.
const BUCKETS_MAX: usize = 100_000;

/// The buckets.
pub(super) struct Throttle<C: Clock = MonotonicClock> {
    users: Buckets<C>,
    addresses: Buckets<C>,
    basic: Buckets<C>,
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
            basic: Buckets::with(BUCKETS_MAX, clock),
        }
    }

    /// One more attempt from an address.
    pub(super) fn address(&self, address: IpAddr) -> Result<(), Refusal> {
        take(&self.addresses, &origin(address), ADDRESS_ATTEMPTS)
    }

    /// One more attempt of a user from an address.
    pub(super) fn user(&self, user: &str, address: IpAddr) -> Result<(), Refusal> {
        take(&self.users, &(user, origin(address)), USER_ATTEMPTS)
    }

    /// One more login by HTTP Basic from an address.
    pub(super) fn basic(&self, address: IpAddr) -> bool {
        let quota = Quota::per_second(BASIC_PER_SECOND).allow_burst(BASIC_AT_ONCE);
        self.basic.of(&origin(address), quota).take(1).is_ok()
    }

    /// The user proved who they are: at this address their attempts count from zero again.
    pub(super) fn forget(&self, user: &str, address: IpAddr) {
        self.users.forget(&(user, origin(address)));
    }
}

fn take<C: Clock + Clone>(buckets: &Buckets<C>, key: &impl Hash, attempts: NonZeroU32) -> Result<(), Refusal> {
    let bucket = buckets.of(key, Quota::per_minute(attempts));
    bucket.take(1).map_err(|wait| Refusal::throttled(wait.as_secs() + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use governor::clock::FakeRelativeClock;
    use std::net::Ipv6Addr;
    use std::time::Duration;

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
    fn guessing_over_basic_is_slowed_down_too() {
        let throttle = Throttle::with(FakeRelativeClock::default());
        let tries = (0..1_000).take_while(|_| throttle.basic(HERE)).count();
        assert_eq!(tries, 100);
        assert!(throttle.basic(THERE));
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
            throttle.forget(&format!("user-{attempt}"), HERE);
        }
        assert!(throttle.address(HERE).is_err());
        assert!(throttle.address(THERE).is_ok());
    }

    #[test]
    fn who_proves_to_be_somebody_starts_anew() {
        let throttle = Throttle::with(FakeRelativeClock::default());
        exhaust(&throttle, "ada", HERE);
        throttle.forget("ada", HERE);
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
        assert!(throttle.addresses.len() <= BUCKETS_MAX);
    }
}
