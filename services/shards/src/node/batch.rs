//! Group commit of small shards: records that arrive while a request to the node is in flight go together in the next
//! request. A node without load answers single records at once; under load one fsync serves many.

use std::sync::{Arc, Weak};

use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::node::client::{NodeClient, NodeError};
use crate::node::transport::Transport;
use crate::protocol::{MESSAGE_BYTES_MAX, PUT_HEAD_BYTES, PUT_RECORDS_MAX, Record, Reply, Status, encode_put};

/// The most records that wait for one node. The memory budget of writes bounds their bytes.
pub(crate) const QUEUE_RECORDS_MAX: usize = 1024;

/// The most requests in flight to one node. The second one hides the network round trip behind the fsync of the first;
/// more would only make the batches smaller.
const REQUESTS_MAX: usize = 2;

/// A record that waits to be stored, with the channel for its result.
pub(crate) struct Queued {
    record: Record,
    done: oneshot::Sender<Result<(), NodeError>>,
}

impl Queued {
    pub(crate) fn new(record: Record) -> (Self, oneshot::Receiver<Result<(), NodeError>>) {
        let (done, answer) = oneshot::channel();
        (Self { record, done }, answer)
    }

    fn is_wanted(&self) -> bool {
        !self.done.is_closed()
    }
}

/// Sends queued records until the client is dropped.
pub(crate) async fn run<T: Transport>(client: Weak<NodeClient<T>>, mut queue: mpsc::Receiver<Queued>) {
    let requests = Arc::new(Semaphore::new(REQUESTS_MAX));
    let mut left_over = None;
    // The permit comes first: records that arrive before there is one join the batch.
    while let Ok(permit) = Arc::clone(&requests).acquire_owned().await {
        let first = match left_over.take() {
            Some(queued) => Some(queued),
            None => queue.recv().await,
        };
        let (Some(first), Some(client)) = (first, client.upgrade()) else { break };
        let batch = gather(first, || queue.try_recv().ok(), &mut left_over);
        tokio::spawn(async move {
            send(&client, batch).await;
            drop(permit);
        });
    }
}

/// Takes records as long as they fit in one message. The first one that does not fit is left over for the next.
fn gather(first: Queued, mut next: impl FnMut() -> Option<Queued>, left_over: &mut Option<Queued>) -> Vec<Queued> {
    let mut bytes = PUT_HEAD_BYTES + first.record.wire_bytes();
    let mut batch = vec![first];
    while batch.len() < PUT_RECORDS_MAX {
        let Some(queued) = next() else { break };
        bytes += queued.record.wire_bytes();
        if bytes > MESSAGE_BYTES_MAX {
            *left_over = Some(queued);
            break;
        }
        batch.push(queued);
    }
    batch.retain(Queued::is_wanted);
    batch
}

async fn send<T: Transport>(client: &NodeClient<T>, batch: Vec<Queued>) {
    if batch.is_empty() {
        return;
    }
    let message = encode_put(batch.iter().map(|queued| &queued.record));
    let (records, waiting): (Vec<_>, Vec<_>) = batch.into_iter().map(|queued| (queued.record, queued.done)).unzip();
    // The message has its own copy of the bytes; the buffers they came from can be freed.
    drop(records);
    let answers = answers(client.put_batch(message).await, waiting.len());
    for (done, answer) in waiting.into_iter().zip(answers) {
        // A caller that stopped waiting counts the shard as failed, which is safe.
        let _ = done.send(answer);
    }
}

/// The result of each of `count` records.
fn answers(reply: Result<Reply, NodeError>, count: usize) -> Vec<Result<(), NodeError>> {
    let one = |status| if status == Status::Ok { Ok(()) } else { Err(NodeError::Refused(status)) };
    match reply {
        Ok(Reply::Statuses(statuses)) if statuses.len() == count => statuses.into_iter().map(one).collect(),
        Ok(Reply::Status(status)) if status != Status::Ok => vec![one(status); count],
        Ok(_) => vec![Err(NodeError::Garbled); count],
        Err(error) => vec![Err(error); count],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use uuid::Uuid;

    fn queued(bytes: usize) -> (Queued, oneshot::Receiver<Result<(), NodeError>>) {
        Queued::new(Record::new(Uuid::nil(), Bytes::from(vec![0; bytes])))
    }

    #[test]
    fn a_batch_fits_a_message_and_leaves_out_cancelled_records() {
        let (first, _first) = queued(200_000);
        let (second, nobody) = queued(100);
        let (third, _third) = queued(200_000);
        let (fourth, _fourth) = queued(200_000);
        let (fifth, _fifth) = queued(5);
        drop(nobody);
        let mut waiting = [second, third, fourth, fifth].into_iter();
        let mut left_over = None;
        let lengths =
            |batch: Vec<Queued>| batch.iter().map(|queued| queued.record.piece.bytes.len()).collect::<Vec<_>>();
        let batch = gather(first, || waiting.next(), &mut left_over);
        assert_eq!(lengths(batch), [200_000, 200_000]);
        let batch = gather(left_over.take().unwrap(), || waiting.next(), &mut left_over);
        assert_eq!(lengths(batch), [200_000, 5]);
        assert!(left_over.is_none());
    }

    #[test]
    fn every_record_gets_a_result_whatever_the_node_replies() {
        let refused = |status| Err(NodeError::Refused(status));
        let all = |reply| answers(reply, 2);
        assert_eq!(all(Ok(Reply::Statuses(vec![Status::Ok, Status::Full]))), [Ok(()), refused(Status::Full)]);
        assert_eq!(all(Ok(Reply::Status(Status::Failed))), [refused(Status::Failed), refused(Status::Failed)]);
        assert_eq!(all(Ok(Reply::Status(Status::Ok))), [Err(NodeError::Garbled), Err(NodeError::Garbled)]);
        assert_eq!(all(Ok(Reply::Statuses(vec![Status::Ok]))), [Err(NodeError::Garbled), Err(NodeError::Garbled)]);
        assert_eq!(all(Err(NodeError::Gone)), [Err(NodeError::Gone), Err(NodeError::Gone)]);
    }
}
