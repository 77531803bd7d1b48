use std::time::Duration;

use crate::patience::Patience;
use crate::slots::Activity;

/// The way for a service to say that a connection follows something: it stays for long, mostly waits, and may be slow.
/// Every request has it in its extensions.
#[derive(Debug, Clone)]
pub struct Follower {
    activity: Activity,
    patience: Patience,
    stall_time_max: Duration,
}

impl Follower {
    pub(crate) fn new(activity: Activity, patience: Patience, stall_time_max: Duration) -> Self {
        Self { activity, patience, stall_time_max }
    }

    /// From now on the connection has one of the slots for followers, and leaves its former one to others. Its client may
    /// read nothing for as long as the limits allow a follower. Returns false if no such slot is left.
    ///
    /// No further request may come over it: the service upgrades it, or closes it after its response.
    #[must_use]
    pub fn begin(&self) -> bool {
        let begins = self.activity.follow();
        if begins {
            self.patience.of_follower(self.stall_time_max);
        }
        begins
    }
}
