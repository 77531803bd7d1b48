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
}
