use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long anybody waits for a budget before being told to come back later.
pub(crate) const BUDGET_WAIT_MAX: Duration = Duration::from_secs(10);

/// Budgets are handed out in parts of this many bytes.
const PERMIT_BYTES: usize = 1024;

/// Bytes of memory that requests share. Those who wait are served first come, first served.
pub(crate) struct Budget(Arc<Semaphore>);

fn permits(bytes: usize) -> usize {
    bytes.div_ceil(PERMIT_BYTES)
}

impl Budget {
    pub(crate) fn of(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes / PERMIT_BYTES)))
    }

    /// Splits what was taken for several stretches: the share of one of `bytes`.
    pub(crate) fn share(permit: &mut OwnedSemaphorePermit, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let share = permits(bytes).min(permit.num_permits());
        permit.split(share)
    }

    /// Takes `bytes`, once they are there; none if `patience` ends before.
    pub(crate) async fn take(&self, bytes: usize, patience: impl Future<Output = ()>) -> Option<OwnedSemaphorePermit> {
        let permits = u32::try_from(permits(bytes)).unwrap_or(u32::MAX);
        tokio::select! {
            biased;
            // An error would mean that it is closed, which nobody does.
            permit = Arc::clone(&self.0).acquire_many_owned(permits) => permit.ok(),
            () = patience => None,
        }
    }

    /// Takes `bytes` now, if so many more stay behind as `left`.
    pub(crate) fn take_spare(&self, bytes: usize, left: usize) -> Option<OwnedSemaphorePermit> {
        // Another may take of what is left meanwhile, which is what it is there for.
        if self.0.available_permits() < permits(bytes) + permits(left) {
            return None;
        }
        Arc::clone(&self.0).try_acquire_many_owned(u32::try_from(permits(bytes)).unwrap_or(u32::MAX)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn spare_memory_is_taken_only_where_some_is_left() {
        let budget = Budget::of(100 * PERMIT_BYTES);
        let first = budget.take_spare(50 * PERMIT_BYTES, 50 * PERMIT_BYTES).unwrap();
        assert!(budget.take_spare(1, 50 * PERMIT_BYTES).is_none());
        let mut second = budget.take_spare(50 * PERMIT_BYTES, 0).unwrap();
        let share = Budget::share(&mut second, 10 * PERMIT_BYTES).unwrap();
        assert_eq!((share.num_permits(), second.num_permits()), (10, 40));
        assert_eq!(Budget::share(&mut second, usize::MAX).unwrap().num_permits(), 40);
        drop((first, share));
        assert!(budget.take_spare(60 * PERMIT_BYTES, 0).is_some());
    }
}
