//! A budget of memory that requests share.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long a request waits for memory before it is refused as busy.
pub(crate) const BUDGET_WAIT_MAX: Duration = Duration::from_secs(10);

/// Bytes of one permit.
const PERMIT_BYTES: usize = 1024;

/// Bytes of memory that requests share. Waiting requests are served in the order in which they came.
pub(crate) struct Budget(Arc<Semaphore>);

fn permits(bytes: usize) -> usize {
    bytes.div_ceil(PERMIT_BYTES)
}

impl Budget {
    /// A budget of `bytes` bytes.
    pub(crate) fn of(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes / PERMIT_BYTES)))
    }

    /// Takes `bytes` as soon as they are free; `None` if `patience` ends first.
    pub(crate) async fn take(&self, bytes: usize, patience: impl Future<Output = ()>) -> Option<OwnedSemaphorePermit> {
        let permits = u32::try_from(permits(bytes)).unwrap_or(u32::MAX);
        tokio::select! {
            biased;
            // The semaphore is never closed, so this cannot fail.
            permit = Arc::clone(&self.0).acquire_many_owned(permits) => permit.ok(),
            () = patience => None,
        }
    }
}
