use domain::Context;
use jiff::Timestamp;
use uuid::Uuid;

/// Where time and ids come from: the system outside of tests.
#[derive(Debug, Clone, Copy)]
pub struct Sources {
    /// The time now.
    pub now: fn() -> Timestamp,
    /// A fresh UUIDv7 for a time.
    pub fresh: fn(Timestamp) -> Uuid,
}

impl Sources {
    pub(crate) fn context(&self) -> Context {
        let now = (self.now)();
        Context { now, fresh: (self.fresh)(now) }
    }
}
