//! The stripes of one read take from the budget in order: a later one that held what the next one waits for would
//! keep its own reader waiting.

use std::convert::Infallible;

use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::time::sleep;

use crate::budget::{BUDGET_WAIT_MAX, Budget};

/// Dropped to tell that something came to pass.
type Told = oneshot::Sender<Infallible>;
type Heard = oneshot::Receiver<Infallible>;

/// Where the next stripe queues.
pub(crate) struct Line {
    served: Heard,
    taken: Heard,
}

/// A stripe's place in the line: what it hears from the one before, and tells the one after.
pub(crate) struct Place {
    before: Line,
    served: Told,
    taken: Told,
}

/// A stripe's part of the budget, to be kept with its bytes until the reader has taken them.
pub(crate) struct Hold {
    _permit: OwnedSemaphorePermit,
    _taken: Told,
}

impl Line {
    pub(crate) fn new() -> Self {
        // The first has nobody before it: what it would hear has come to pass.
        Self { served: oneshot::channel().1, taken: oneshot::channel().1 }
    }

    pub(crate) fn join(&mut self) -> Place {
        let ((served, next_served), (taken, next_taken)) = (oneshot::channel(), oneshot::channel());
        let before = std::mem::replace(self, Self { served: next_served, taken: next_taken });
        Place { before, served, taken }
    }
}

impl Place {
    /// Takes `bytes` when it is its turn; none after [`BUDGET_WAIT_MAX`]. That counts from when the reader has
    /// taken all that came before: until then it is the reader that is waited for.
    pub(crate) async fn hold(self, budget: &Budget, bytes: usize) -> Option<Hold> {
        let Self { before, served, taken } = self;
        // Nothing is ever sent, so these end when the other side is dropped.
        let _ = before.served.await;
        let patience = async {
            let _ = before.taken.await;
            sleep(BUDGET_WAIT_MAX).await;
        };
        let permit = budget.take(bytes, patience).await?;
        drop(served);
        Some(Hold { _permit: permit, _taken: taken })
    }
}
