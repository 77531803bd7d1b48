//! The sources of time and fresh ids for this process.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use uuid::{Builder, Uuid};

/// The bits after the milliseconds that hold the fraction of one: 244 ns each.
const FRACTION_BITS: u32 = 12;

/// The time of the newest id, in 1/4096 ms.
static NEWEST: AtomicU64 = AtomicU64::new(0);

/// The system's clock, and UUIDs derived from it that strictly increase within this process.
pub(crate) fn sources() -> ledger::Sources {
    ledger::Sources { now: Arc::new(Timestamp::now), fresh: Arc::new(fresh) }
}

/// A UUIDv7 whose first random bits hold the fraction of the millisecond, incremented if it would not increase.
///
/// Source: RFC 9562, section 6.2, method 3.
fn fresh(now: Timestamp) -> Uuid {
    let wanted = ticks(now);
    let grow = |newest: u64| wanted.max(newest + 1);
    let (Ok(before) | Err(before)) =
        NEWEST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |newest| Some(grow(newest)));
    with_random(grow(before), random())
}

fn ticks(now: Timestamp) -> u64 {
    // Times before 1970 all count as zero; any order among them will do.
    let nanoseconds = u128::try_from(now.as_nanosecond()).unwrap_or_default();
    let ticks = (nanoseconds << FRACTION_BITS) / 1_000_000;
    u64::try_from(ticks).unwrap_or(u64::MAX >> 1)
}

fn with_random(ticks: u64, random: [u8; 8]) -> Uuid {
    let fraction = ticks & ((1 << FRACTION_BITS) - 1);
    let mut bytes = [0; 10];
    bytes[..2].copy_from_slice(&fraction.to_be_bytes()[6..]);
    bytes[2..].copy_from_slice(&random);
    Builder::from_unix_timestamp_millis(ticks >> FRACTION_BITS, &bytes).into_uuid()
}

fn random() -> [u8; 8] {
    let mut bytes = [0; 8];
    if let Err(error) = getrandom::fill(&mut bytes) {
        // Without randomness, ids could be the same as another process's, and the log would refuse facts as duplicates.
        tracing::error!(%error, "the system provides no randomness");
        std::process::abort();
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_grow_even_when_the_clock_stands_or_goes_back() {
        let now = Timestamp::now();
        let mut last = fresh(now);
        for n in 0..5_000_i64 {
            let id = fresh(now - jiff::SignedDuration::from_micros(n));
            assert!(id > last && id.get_version_num() == 7, "{id} after {last}");
            last = id;
        }
    }

    #[test]
    fn an_id_holds_its_time() {
        let at: Timestamp = "2026-02-03T04:05:06.789500Z".parse().unwrap();
        let id = with_random(ticks(at), [0xFF; 8]);
        assert_eq!(i64::try_from(id.as_u128() >> 80).unwrap(), at.as_millisecond());
        assert_eq!(id.as_u128() >> 64 & 0xFFF, 2048, "half a millisecond");
    }
}
