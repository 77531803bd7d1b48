//! Following the log: what others append reaches the writer.

use std::sync::Arc;

use eventlog::{Follow, Log, ReadError, Stored};
use tokio::sync::{mpsc, watch};

use crate::fold::{FOLD_BYTES_MAX, FOLD_EVENTS_MAX};
use crate::writer::{Progress, Work};

/// Hands the appended events of all processes to the writer, one batch at a time: the next batch is gathered when the
/// last is folded. The appends of this process are mostly folded by then, and passed over.
///
/// When the log cannot be followed any more, this stops the writer and returns. It also returns when the writer is
/// gone.
pub(crate) async fn follow<L: Log>(
    log: Arc<L>,
    from: u64,
    work: mpsc::WeakSender<Work>,
    mut progress: watch::Receiver<Progress>,
) {
    let mut events = log.follow(from);
    loop {
        let first = events.next().await;
        let (mut batch, end) = gather(first, &mut events);
        let folded = progress.borrow().cursor.sequence;
        batch.retain(|event| event.sequence > folded);
        let (last, ended) = (batch.last().map(|event| event.sequence), end.is_some());
        for item in last.map(|_| Work::Fold(batch)).into_iter().chain(end.map(Work::Unfollowable)) {
            let Some(work) = work.upgrade() else { return };
            if work.send(item).await.is_err() {
                return;
            }
        }
        let folded = progress.wait_for(|progress| last.is_none_or(|last| progress.cursor.sequence >= last));
        if ended || folded.await.is_err() {
            return;
        }
    }
}

/// Returns the events that have arrived, within the limits of one fold, and the error that ended the following, if
/// there was one.
fn gather(first: Option<Result<Stored, ReadError>>, events: &mut Follow) -> (Vec<Stored>, Option<ReadError>) {
    let (mut batch, mut bytes) = (Vec::new(), 0);
    let ended = || Err(ReadError::Unavailable { reason: "it was followed to an end".into() });
    let mut next = Some(first.unwrap_or_else(ended));
    while let Some(event) = next.take() {
        match event {
            Ok(event) => {
                bytes += event.payload.len();
                batch.push(event);
            }
            Err(error) => return (batch, Some(error)),
        }
        if batch.len() < FOLD_EVENTS_MAX && bytes < FOLD_BYTES_MAX {
            next = events.try_next();
        }
    }
    (batch, None)
}
