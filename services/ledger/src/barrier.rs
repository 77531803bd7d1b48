//! The read barrier: a read sees every write that was acked anywhere before it began.

use std::sync::Arc;

use eventlog::Log;
use tokio::sync::{mpsc, oneshot, watch};

use crate::writer::Progress;

/// The number of reads that may wait for one answer of the log.
const WAITING_MAX: usize = 16_384;

pub(crate) type Waiting = oneshot::Sender<Result<(), String>>;

/// Asks the log for its last sequence once for all reads that wait at that moment, and lets them go when it is
/// applied. Reads that come while a question is under way wait for the next one: its answer may be older.
pub(crate) async fn run<L: Log>(
    log: Arc<L>,
    mut reads: mpsc::Receiver<Waiting>,
    mut progress: watch::Receiver<Progress>,
) {
    let mut waiting = Vec::new();
    while reads.recv_many(&mut waiting, WAITING_MAX).await > 0 {
        let folded = progress.borrow().cursor.sequence;
        // A follower may be behind the cursor and not notice that the tail is lost. The next command stops the ledger.
        let reached = match log.tail().await.and_then(|tail| tail.last_from(folded)) {
            Ok(last) => progress
                .wait_for(|progress| progress.failed.is_some() || progress.cursor.sequence >= last)
                .await
                .map_err(|_| "the ledger has stopped".to_owned())
                .and_then(|progress| progress.failed.as_ref().map_or(Ok(()), |reason| Err(reason.to_string()))),
            Err(error) => Err(error.to_string()),
        };
        for read in waiting.drain(..) {
            let _ = read.send(reached.clone());
        }
    }
}
