//! Chooses the streams that are hashed together, and runs the tasks that hash them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use fearless_simd::Level;

use crate::lanes::{self, Block, LANES_MAX, State};
use crate::stream::{Shared, Stream};

/// The bytes of one stream that a pass hashes at most. A pass occupies a worker of the runtime, so it has to be short:
/// this takes about a tenth of a millisecond, in however many lanes.
const PASS_BYTES_MAX: usize = 64 * 1024;

/// A stream with fewer blocks in a row than this is hashed alone, so that it does not cut the others' pass short.
const SHARED_BLOCKS_MIN: usize = 32;

/// Hashes the streams of one process. Clones share the same tasks, of which there is at most one for each processor.
#[derive(Clone)]
pub struct Hasher(Arc<Inner>);

struct Inner {
    level: Level,
    tasks_max: usize,
    work: Mutex<Work>,
}

#[derive(Default)]
struct Work {
    /// Streams that have bytes to hash and are in no pass.
    listed: VecDeque<Arc<Shared>>,
    tasks: usize,
}

/// A stream in a pass, with the bytes of it that are hashed now.
struct Turn {
    stream: Arc<Shared>,
    state: State,
    run: Bytes,
}

impl Hasher {
    /// A hasher with up to so many tasks.
    pub fn new(tasks_max: usize) -> Self {
        Self(Arc::new(Inner { level: Level::new(), tasks_max: tasks_max.max(1), work: Mutex::default() }))
    }

    /// A new stream, of which nothing was hashed.
    pub fn stream(&self) -> Stream {
        Stream::new(self.clone())
    }

    /// Hashes a stream with the next pass. One task is enough until it cannot take all streams at once.
    pub(crate) fn list(&self, stream: Arc<Shared>) {
        let mut work = self.work();
        work.listed.push_back(stream);
        let needed = work.listed.len().div_ceil(LANES_MAX).min(self.0.tasks_max);
        if work.tasks < needed {
            work.tasks += 1;
            drop(work);
            tokio::spawn(self.clone().run());
        }
    }

    /// Hashes until nothing is listed.
    async fn run(self) {
        loop {
            // Those that can run queue their bytes first, so that more streams share the pass.
            tokio::task::yield_now().await;
            let Some(mut streams) = self.take() else { return };
            pass(self.0.level, &mut streams);
            self.work().listed.extend(streams);
        }
    }

    /// The streams of the next pass. Without any, the task that asks has ended: nothing is listed for it after this.
    fn take(&self) -> Option<Vec<Arc<Shared>>> {
        let mut work = self.work();
        let shared = work.listed.len().min(LANES_MAX);
        if shared == 0 {
            work.tasks -= 1;
            return None;
        }
        Some(work.listed.drain(..shared).collect())
    }

    fn work(&self) -> MutexGuard<'_, Work> {
        // Both fields are changed by single operations.
        self.0.work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hashes something of each stream, and keeps those that have more.
fn pass(level: Level, streams: &mut Vec<Arc<Shared>>) {
    let turns = streams.drain(..).filter_map(|stream| {
        let mut queue = stream.lock();
        let run = queue.next_run();
        let state = queue.state;
        drop(queue);
        if run.is_none() {
            stream.progressed();
        }
        Some(Turn { run: run?, stream, state })
    });
    let (short, mut long): (Vec<_>, Vec<_>) = turns.partition(|turn| turn.blocks().len() < SHARED_BLOCKS_MIN);
    for mut turn in short {
        let blocks = hash(level, std::slice::from_mut(&mut turn));
        streams.push(turn.end(blocks));
    }
    if !long.is_empty() {
        let blocks = hash(level, &mut long);
        streams.extend(long.into_iter().map(|turn| turn.end(blocks)));
    }
}

/// Hashes as many blocks of each as the shortest has. Returns how many.
fn hash(level: Level, turns: &mut [Turn]) -> usize {
    let mut states: Vec<State> = turns.iter().map(|turn| turn.state).collect();
    let blocks: Vec<&[Block]> = turns.iter().map(Turn::blocks).collect();
    let hashed = lanes::compress(level, &mut states, &blocks);
    for (turn, state) in turns.iter_mut().zip(states) {
        turn.state = state;
    }
    hashed
}

impl Turn {
    fn blocks(&self) -> &[Block] {
        self.run[..self.run.len().min(PASS_BYTES_MAX)].as_chunks().0
    }

    /// Gives the stream back what was not hashed.
    fn end(self, blocks: usize) -> Arc<Shared> {
        let Self { stream, state, run } = self;
        stream.lock().put_back(run, state, blocks);
        stream.progressed();
        stream
    }
}

#[cfg(test)]
mod tests {
    use md5::{Digest, Md5};
    use proptest::prelude::*;

    use super::*;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap()
    }

    async fn digest_of(hasher: &Hasher, pieces: Vec<Bytes>) -> [u8; 16] {
        let mut stream = hasher.stream();
        for (at, piece) in pieces.into_iter().enumerate() {
            if at % 3 == 2 { stream.update_now(&piece) } else { stream.update(piece).await }
        }
        stream.finish().await
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn streams_side_by_side_have_the_digests_they_have_alone(
            streams in prop::collection::vec(
                prop::collection::vec(prop_oneof![0_usize..200, 0_usize..9_000, 60_000_usize..150_000], 0..8), 1..40),
        ) {
            let hasher = Hasher::new(2);
            runtime().block_on(async {
                let mut running = Vec::new();
                for (number, lengths) in streams.into_iter().enumerate() {
                    let pieces: Vec<Bytes> = lengths
                        .into_iter()
                        .enumerate()
                        .map(|(at, length)| (0..length).map(|byte| ((byte * 7 + at * 13 + number) % 251) as u8).collect())
                        .collect();
                    let hasher = hasher.clone();
                    running.push(tokio::spawn(async move {
                        let alone: [u8; 16] = Md5::digest(pieces.concat()).into();
                        (digest_of(&hasher, pieces).await, alone)
                    }));
                }
                for stream in running {
                    let (together, alone) = stream.await.unwrap();
                    assert_eq!(together, alone);
                }
            });
        }
    }

    #[test]
    fn a_stream_with_a_full_queue_waits_until_something_is_hashed() {
        use futures_util::FutureExt;

        use crate::stream::QUEUED_BYTES_MAX;

        // On this runtime no task runs before this one waits.
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut stream = Hasher::new(1).stream();
            let piece = Bytes::from(vec![7; QUEUED_BYTES_MAX]);
            assert!(stream.update(piece.clone()).now_or_never().is_some());
            assert!(stream.update(piece.clone()).now_or_never().is_none(), "the queue is full");
            stream.update(piece.clone()).await;
            let expected: [u8; 16] = Md5::digest([&piece[..], &piece[..]].concat()).into();
            assert_eq!(stream.finish().await, expected);
        });
    }

    #[test]
    fn a_stream_that_is_dropped_leaves_the_others_alone() {
        let hasher = Hasher::new(1);
        runtime().block_on(async {
            let mut dropped = hasher.stream();
            dropped.update(Bytes::from(vec![1; 200_000])).await;
            drop(dropped);
            let piece = Bytes::from(vec![2; 200_000]);
            let expected: [u8; 16] = Md5::digest(&piece).into();
            assert_eq!(digest_of(&hasher, vec![piece]).await, expected);
        });
        assert_eq!(hasher.work().tasks, 0, "its task has ended");
    }
}
