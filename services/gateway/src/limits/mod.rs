//! Rate limits: token buckets of requests and of bytes.
//!
//! A request counts against its address before it is authenticated, afterwards against its user, whichever key signed
//! it, and always against the whole gateway. A client that sends too many is answered "slow down", with a time to retry
//! after. Bytes that are already in flight are slowed to the allowed rate.
//!
//! Bodies that flow at a rate are in `paced`.

mod paced;

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use events::user::Limits as UserLimits;
use governor::Quota;
use http::header::{HeaderValue, RETRY_AFTER};
use listener::{TrustedProxies, origin};
use ratelimit::{Bucket, Buckets};
use s3::{Code, Error};

use crate::access::Account;
use crate::failure::Failure;
use paced::{PIECE_BYTES_MAX, UNIT_BYTES, paced, units};

/// Addresses and users whose token buckets are kept. When there are more, the oldest are dropped and start full again.
const BUCKETS_MAX: usize = 100_000;

/// Seconds' worth of failed authentications that an address may have at once.
const FAILURE_SECONDS_AT_ONCE: u32 = 10;

/// The lowest rate of bytes: at lower rates, bodies would count as stalled.
pub const BYTES_PER_SECOND_MIN: u64 = 64 * 1024;

/// The smallest size of a token bucket for bytes, in units: a frame of a body must fit.
const UNITS_AT_ONCE_MIN: u32 = 2 * 1024;

/// The rate limits of a gateway. An absent value is unlimited.
#[derive(Debug, Clone, Default)]
pub struct RateLimits {
    /// For all requests and bytes together.
    pub total: UserLimits,
    /// For a user who has no limits of their own.
    pub per_user: UserLimits,
    /// Requests per second from one address, or from one network of IPv6, before they are authenticated.
    pub requests_per_second_per_address: Option<u32>,
    /// Failed authentications per second from one address whose responses say what is wrong.
    pub failures_per_second_per_address: Option<u32>,
    /// Proxies whose forwarding headers are believed.
    pub trusted_proxies: TrustedProxies,
}

/// The token buckets of a gateway.
pub(crate) struct Limiter {
    options: RateLimits,
    total_requests: Option<Bucket>,
    total_bytes: Option<Arc<Bucket>>,
    addresses: Buckets,
    failures: Buckets,
    user_requests: Buckets,
    user_bytes: Buckets,
}

impl Limiter {
    pub(crate) fn new(options: RateLimits) -> Self {
        Self {
            total_requests: options.total.requests_per_second.and_then(requests).map(Bucket::new),
            total_bytes: options.total.bytes_per_second.map(|rate| Arc::new(Bucket::new(bytes(rate)))),
            options,
            addresses: Buckets::new(BUCKETS_MAX),
            failures: Buckets::new(BUCKETS_MAX),
            user_requests: Buckets::new(BUCKETS_MAX),
            user_bytes: Buckets::new(BUCKETS_MAX),
        }
    }

    pub(crate) fn trusted_proxies(&self) -> &TrustedProxies {
        &self.options.trusted_proxies
    }

    /// Counts a request of which only the address is known. One beyond the limit is refused without further processing.
    pub(crate) fn arrived(&self, address: Option<IpAddr>) -> Result<(), Failure> {
        // The address counts first: what it is refused does not count against others.
        let quota = self.options.requests_per_second_per_address.and_then(requests);
        if let (Some(origin), Some(quota)) = (address.map(origin), quota) {
            self.addresses.of(&origin, quota).take(1).map_err(|wait| slow_down("your address", wait))?;
        }
        match &self.total_requests {
            Some(total) => total.take(1).map_err(|wait| slow_down("the gateway", wait)),
            None => Ok(()),
        }
    }

    /// The response to a failed authentication. After too many failures an address learns nothing more about them;
    /// correctly signed requests from the same address are not affected.
    pub(crate) fn failed(&self, address: Option<IpAddr>, failure: Failure) -> Failure {
        let rate = self.options.failures_per_second_per_address.and_then(NonZeroU32::new);
        let (Some(origin), Some(rate)) = (address.map(origin), rate) else { return failure };
        let at_once = rate.saturating_mul(NonZeroU32::new(FAILURE_SECONDS_AT_ONCE).unwrap_or(rate));
        match self.failures.of(&origin, Quota::per_second(rate).allow_burst(at_once)).take(1) {
            Ok(()) => failure,
            Err(wait) => slow_down("failures from your address", wait),
        }
    }

    /// Counts a request of a user other than root. Returns the pace of its bodies.
    pub(crate) fn authenticated(&self, account: Option<&Account>) -> Result<Pace, Failure> {
        let mut pace = self.identified(account)?;
        if let Some(total) = &self.total_bytes {
            total.peek().map_err(|wait| slow_down("bytes in flight", wait))?;
            pace.0.insert(0, Arc::clone(total));
        }
        Ok(pace)
    }

    /// Like [`Self::authenticated`], for a request that turned out to be a user's after it was counted as anonymous.
    /// The limit of the whole gateway has already counted it.
    pub(crate) fn identified(&self, account: Option<&Account>) -> Result<Pace, Failure> {
        let mut buckets = Vec::new();
        if let Some(account) = account.filter(|account| !account.name.is_root()) {
            let (limits, usual) = (account.limits, self.options.per_user);
            let rate = limits.requests_per_second.or(usual.requests_per_second);
            if let Some(quota) = rate.and_then(requests) {
                let bucket = self.user_requests.of(&(&account.id, rate), quota);
                bucket.take(1).map_err(|wait| slow_down("you", wait))?;
            }
            let rate = limits.bytes_per_second.or(usual.bytes_per_second);
            buckets.extend(rate.map(|rate| self.user_bytes.of(&(&account.id, rate), bytes(rate))));
        }
        for bucket in &buckets {
            bucket.peek().map_err(|wait| slow_down("bytes in flight", wait))?;
        }
        Ok(Pace(buckets))
    }
}

/// The rate of the bodies of one request.
#[derive(Clone, Default)]
pub(crate) struct Pace(Vec<Arc<Bucket>>);

impl Pace {
    #[cfg(test)]
    pub(crate) fn per_second(bytes: u64) -> Self {
        let units = u32::try_from(bytes / UNIT_BYTES).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN);
        Self(vec![Arc::new(Bucket::new(Quota::per_second(units)))])
    }

    /// A response body at the allowed rate.
    pub(crate) fn of(&self, body: Body) -> Body {
        if self.0.is_empty() { body } else { paced(body, self.0.clone()) }
    }

    /// Waits until the given number of bytes of a request may have arrived. Nothing more is read from the client
    /// meanwhile.
    pub(crate) async fn wait(&self, bytes: usize) {
        let mut rest = bytes;
        while rest > 0 && !self.0.is_empty() {
            let piece = rest.min(PIECE_BYTES_MAX);
            let units = units(piece).map_or(0, NonZeroU32::get);
            for bucket in &self.0 {
                while let Err(wait) = bucket.take(units) {
                    tokio::time::sleep(wait).await;
                }
            }
            rest -= piece;
        }
    }
}

/// A burst of one second's worth of requests is allowed.
fn requests(per_second: u32) -> Option<Quota> {
    NonZeroU32::new(per_second).map(Quota::per_second)
}

/// A burst of one second's worth of bytes is allowed.
fn bytes(per_second: u64) -> Quota {
    let units = u32::try_from(per_second.max(BYTES_PER_SECOND_MIN) / UNIT_BYTES).unwrap_or(u32::MAX);
    let units = NonZeroU32::new(units).unwrap_or(NonZeroU32::MIN);
    let burst = NonZeroU32::new(units.get().max(UNITS_AT_ONCE_MIN)).unwrap_or(units);
    Quota::per_second(units).allow_burst(burst)
}

fn slow_down(what: &str, wait: Duration) -> Failure {
    let seconds = wait.as_secs() + 1;
    let message = format!("The rate limit of {what} is reached. Try again in {seconds} s.");
    metrics::counter!("planetstore_s3_rate_limited_total").increment(1);
    Failure::from(Error::with_message(Code::SlowDown, message)).with_header(RETRY_AFTER, HeaderValue::from(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    use events::ids::UserId;

    const HERE: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));

    fn limiter(options: RateLimits) -> Limiter {
        Limiter::new(options)
    }

    fn alice(limits: UserLimits) -> Account {
        Account {
            name: "alice".parse().unwrap(),
            id: UserId::from_fresh([1; 32]),
            limits,
            role: events::user::Role::User,
            ..Account::root()
        }
    }

    #[test]
    fn without_limits_nobody_is_refused() {
        let limiter = limiter(RateLimits::default());
        for _ in 0..10_000 {
            limiter.arrived(HERE).unwrap();
            assert!(limiter.authenticated(Some(&alice(UserLimits::default()))).unwrap().0.is_empty());
        }
    }

    #[test]
    fn requests_of_a_user_are_limited_by_their_own_limit_first() {
        let usual = UserLimits { requests_per_second: Some(5), bytes_per_second: None };
        let limiter = limiter(RateLimits { per_user: usual, ..RateLimits::default() });
        let own = UserLimits { requests_per_second: Some(50), bytes_per_second: None };
        let allowed =
            |account: &Account| (0..1_000).take_while(|_| limiter.authenticated(Some(account)).is_ok()).count();
        let (usual, own) = (allowed(&alice(UserLimits::default())), allowed(&alice(own)));
        assert!((5..50).contains(&usual) && (50..500).contains(&own), "{usual} {own}");
        assert!(limiter.authenticated(Some(&Account::root())).is_ok(), "root is not limited by users' limits");
    }

    #[test]
    fn who_used_up_their_bytes_begins_nothing_new() {
        let limiter = limiter(RateLimits::default());
        let account = alice(UserLimits { requests_per_second: None, bytes_per_second: Some(BYTES_PER_SECOND_MIN) });
        let pace = limiter.authenticated(Some(&account)).unwrap();
        pace.0[0].take(u32::MAX).unwrap_err();
        // Tried several times: a new token is added some milliseconds after the last one was taken.
        let refused = (0..100).find_map(|_| {
            while pace.0[0].take(1).is_ok() {}
            limiter.authenticated(Some(&account)).err()
        });
        assert_eq!(refused.unwrap().error.code(), Code::SlowDown);
        assert!(limiter.authenticated(Some(&Account::root())).is_ok());
    }

    #[test]
    fn an_address_that_fails_too_often_learns_no_more_and_others_do() {
        let limiter = limiter(RateLimits { failures_per_second_per_address: Some(5), ..RateLimits::default() });
        let told = |address| limiter.failed(address, Error::new(Code::SignatureDoesNotMatch).into());
        let refused = (0..200).map(|_| told(HERE)).find(|failure| failure.error.code() == Code::SlowDown).unwrap();
        assert!(refused.headers.iter().any(|(name, _)| *name == RETRY_AFTER));
        let elsewhere = told(Some("192.0.2.7".parse().unwrap()));
        assert_eq!(elsewhere.error.code(), Code::SignatureDoesNotMatch);
        limiter.arrived(HERE).unwrap();
    }

    #[test]
    fn a_million_addresses_take_bounded_memory() {
        let options = RateLimits {
            requests_per_second_per_address: Some(1),
            failures_per_second_per_address: Some(1),
            ..RateLimits::default()
        };
        let limiter = limiter(options);
        for address in 0..1_000_000_u32 {
            let address = Some(IpAddr::V4(std::net::Ipv4Addr::from_bits(address)));
            limiter.arrived(address).unwrap();
            limiter.failed(address, Error::new(Code::SignatureDoesNotMatch).into());
        }
        assert!(limiter.addresses.count() <= BUCKETS_MAX && limiter.failures.count() <= BUCKETS_MAX);
    }
}
