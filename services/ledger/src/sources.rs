use std::fmt;
use std::sync::Arc;

use domain::Context;
use jiff::Timestamp;
use uuid::Uuid;

/// The sources of time and ids: the system, except in tests.
#[derive(Clone)]
pub struct Sources {
    /// The time now.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// A fresh UUIDv7 for a time.
    pub fresh: Arc<dyn Fn(Timestamp) -> Uuid + Send + Sync>,
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources").finish_non_exhaustive()
    }
}

impl Sources {
    pub(crate) fn context(&self) -> Context {
        let now = (self.now)();
        Context { now, fresh: (self.fresh)(now) }
    }

    /// A number that is evenly spread as long as fresh ids differ anywhere: the last step of `SplitMix64`.
    pub(crate) fn random(&self) -> u64 {
        let (high, low) = self.context().fresh.as_u64_pair();
        let mixed = |bits: u64, shift: u32, factor: u64| (bits ^ (bits >> shift)).wrapping_mul(factor);
        let bits = mixed(mixed(high ^ low, 30, 0xBF58_476D_1CE4_E5B9), 27, 0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }
}
