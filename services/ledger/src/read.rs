//! Reads entries of the log as far as that goes without the state: the hash of each, and the event in it. Of many
//! entries, a second thread reads those that follow while the first are folded.

use std::ops::ControlFlow;
use std::sync::mpsc::sync_channel;
use std::thread;

use eventlog::Stored;
use events::ids::Sha256Digest;
use events::{DecodeError, Event, chain_hash};

/// The number of entries from which on a second thread is worth its start.
const SECOND_THREAD_FROM: usize = 64;

/// Entries that one thread hands to the other at once.
const CHUNK: usize = 16;

/// Chunks that are read and not folded yet. The entries themselves are in memory anyhow.
const CHUNKS_AHEAD_MAX: usize = 4;

/// An entry of the log and what it says by itself.
pub(crate) struct Read<'a> {
    pub(crate) stored: &'a Stored,
    /// The hash of its bytes.
    pub(crate) hash: Sha256Digest,
    /// The event in it. Whether an error matters is for the state to say.
    pub(crate) event: Result<Box<Event>, DecodeError>,
}

impl<'a> Read<'a> {
    fn of(stored: &'a Stored) -> Self {
        let event = Event::decode(&stored.payload).map(Box::new);
        Self { stored, hash: chain_hash(&stored.payload), event }
    }
}

/// Hands each entry to `fold`, in order, until it has enough.
///
/// # Errors
/// The first error of `fold`.
pub(crate) fn each<'a, E>(
    entries: &'a [Stored],
    mut fold: impl FnMut(Read<'a>) -> Result<ControlFlow<()>, E>,
) -> Result<(), E> {
    thread::scope(|scope| {
        let (sender, receiver) = sync_channel(CHUNKS_AHEAD_MAX);
        let reads = move || {
            for chunk in entries.chunks(CHUNK) {
                // The folding thread has ended when it takes no more.
                if sender.send(chunk.iter().map(Read::of).collect::<Vec<_>>()).is_err() {
                    break;
                }
            }
        };
        let has_second = entries.len() >= SECOND_THREAD_FROM
            && thread::Builder::new().name("ledger-read".into()).spawn_scoped(scope, reads).is_ok();
        let mut fold_all = |reads: &mut dyn Iterator<Item = Read<'a>>| {
            for read in reads {
                if fold(read)?.is_break() {
                    break;
                }
            }
            Ok(())
        };
        if has_second {
            fold_all(&mut receiver.into_iter().flatten())
        } else {
            fold_all(&mut entries.iter().map(Read::of))
        }
    })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use events::ids::EventId;

    use super::*;

    fn entries(count: u64) -> Vec<Stored> {
        let entry = |sequence: u64| Stored {
            sequence,
            id: EventId::NONE,
            subject: "subject".into(),
            proof: None,
            payload: Bytes::from(sequence.to_string()),
        };
        (1..=count).map(entry).collect()
    }

    #[test]
    fn few_and_many_entries_come_in_order_with_their_hashes() {
        for count in [0, 1, 63, 64, 65, 1_000] {
            let (entries, mut seen) = (entries(count), 0);
            let all = each(&entries, |read| {
                seen += 1;
                assert_eq!(read.stored.sequence, seen);
                assert_eq!(read.hash, chain_hash(seen.to_string().as_bytes()));
                assert!(read.event.is_err(), "a number is no event");
                Ok::<_, ()>(ControlFlow::Continue(()))
            });
            assert_eq!((all, seen), (Ok(()), count));
        }
    }

    #[test]
    fn nothing_follows_what_was_enough_or_failed() {
        for (count, end) in [(10, 4), (1_000, 4), (1_000, 500)] {
            let entries = entries(count);
            for outcome in [Ok(ControlFlow::Break(())), Err("failed")] {
                let mut seen = 0;
                let ended = each(&entries, |read| {
                    seen = read.stored.sequence;
                    if seen == end { outcome } else { Ok(ControlFlow::Continue(())) }
                });
                assert_eq!((ended, seen), (outcome.map(drop), end));
            }
        }
    }
}
