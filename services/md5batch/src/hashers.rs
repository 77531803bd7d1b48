//! The threads that put streams side by side.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use fearless_simd::Level;
use tokio::sync::oneshot;

use crate::compress::{self, BLOCK_BYTES, LANES_MAX};
use crate::md5::Md5;

/// The most jobs that wait for one thread. A stream has one at a time; whoever finds no place hashes by itself.
const WAITING_MAX: usize = 1024;

/// The most blocks that are hashed before streams that came meanwhile join: 32 KiB, about 60 µs.
const ROUND_BLOCKS_MAX: usize = 512;

/// Processors for each thread. One thread hashes several gigabytes a second when its lanes are full, and the fewer
/// there are, the fuller the lanes.
const PROCESSORS_PER_THREAD: usize = 4;

/// Threads that hash streams side by side. They end when this is dropped. Without threads ([`Default`]) each stream is
/// hashed by whoever brings its bytes.
#[derive(Default)]
pub struct Hashers(Vec<Thread>);

struct Thread {
    jobs: SyncSender<Job>,
    /// The jobs that it has not ended.
    busy: Arc<AtomicUsize>,
}

/// The next bytes of one stream.
struct Job {
    md5: Md5,
    /// What is left of them, from the beginning of a block.
    bytes: Bytes,
    done: oneshot::Sender<Md5>,
}

/// The hash of a stream with bytes that are being hashed: a future.
pub struct Pending(oneshot::Receiver<Md5>);

/// The thread that had the hash is gone, as when the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped;

impl Future for Pending {
    type Output = Result<Md5, Stopped>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map_err(|_| Stopped)
    }
}

impl Hashers {
    /// Starts the threads for a machine with so many processors.
    ///
    /// # Errors
    /// If the system starts no thread.
    pub fn start(processors: usize) -> io::Result<Self> {
        let threads = (0..processors.div_ceil(PROCESSORS_PER_THREAD).max(1)).map(|number| {
            let (jobs, receiver) = sync_channel(WAITING_MAX);
            let busy = Arc::new(AtomicUsize::new(0));
            let counted = Arc::clone(&busy);
            std::thread::Builder::new().name(format!("md5-{number}")).spawn(move || run(&receiver, &counted))?;
            Ok(Thread { jobs, busy })
        });
        Ok(Self(threads.collect::<io::Result<_>>()?))
    }

    /// Adds the next bytes to a stream. They are kept until they are hashed, also if nobody waits for that any more.
    pub fn update(&self, md5: Md5, bytes: Bytes) -> Pending {
        let (done, pending) = oneshot::channel();
        let job = Job { md5, bytes, done };
        match self.thread() {
            Some(thread) => thread.take(job),
            None => job.hash_alone(),
        }
        Pending(pending)
    }

    /// The first thread with a free lane, so that one is full before the next one begins; else the least busy one.
    fn thread(&self) -> Option<&Thread> {
        let busy = |thread: &&Thread| thread.busy.load(Ordering::Relaxed);
        self.0.iter().find(|thread| busy(thread) < LANES_MAX).or_else(|| self.0.iter().min_by_key(busy))
    }
}

impl Thread {
    fn take(&self, job: Job) {
        self.busy.fetch_add(1, Ordering::Relaxed);
        match self.jobs.try_send(job) {
            Ok(()) => {}
            Err(TrySendError::Full(job) | TrySendError::Disconnected(job)) => {
                self.busy.fetch_sub(1, Ordering::Relaxed);
                job.hash_alone();
            }
        }
    }
}

impl Job {
    /// Takes the bytes that complete a block which the stream has begun.
    fn align(&mut self) {
        let left = self.md5.fill_tail(&self.bytes).len();
        self.bytes.advance(self.bytes.len() - left);
    }

    fn blocks(&self) -> usize {
        self.bytes.len() / BLOCK_BYTES
    }

    /// Takes note of blocks that were compressed. What is less than a block then is the end.
    fn advance(&mut self, blocks: usize) {
        self.md5.compressed(blocks * BLOCK_BYTES);
        self.bytes.advance(blocks * BLOCK_BYTES);
        if self.blocks() == 0 {
            self.align();
        }
    }

    fn hash_alone(mut self) {
        self.md5.update(&self.bytes);
        self.end();
    }

    fn end(self) {
        // Whoever gave up waiting does not need it.
        let _ = self.done.send(self.md5);
    }
}

fn run(jobs: &Receiver<Job>, busy: &AtomicUsize) {
    let level = Level::new();
    let mut lanes: Vec<Job> = Vec::with_capacity(LANES_MAX);
    loop {
        if lanes.is_empty() {
            let Ok(job) = jobs.recv() else { return };
            lanes.push(job);
        }
        lanes.extend(jobs.try_iter().take(LANES_MAX - lanes.len()));
        round(level, &mut lanes);
        for job in lanes.extract_if(.., |job| job.bytes.is_empty()) {
            busy.fetch_sub(1, Ordering::Relaxed);
            job.end();
        }
    }
}

/// Hashes as many blocks of each stream as the one with the fewest has.
fn round(level: Level, lanes: &mut [Job]) {
    lanes.iter_mut().for_each(Job::align);
    let mut with_blocks: Vec<&mut Job> = lanes.iter_mut().filter(|job| job.blocks() > 0).collect();
    let Some(blocks) = with_blocks.iter().map(|job| job.blocks()).min() else { return };
    let blocks = blocks.min(ROUND_BLOCKS_MAX);
    if let [job] = &mut with_blocks[..] {
        compress::one(job.md5.state(), &job.bytes[..blocks * BLOCK_BYTES]);
    } else {
        let mut states: Vec<_> = with_blocks.iter_mut().map(|job| *job.md5.state()).collect();
        let bytes: Vec<&[u8]> = with_blocks.iter().map(|job| &job.bytes[..]).collect();
        compress::many(level, &mut states, &bytes, blocks);
        for (job, state) in with_blocks.iter_mut().zip(states) {
            *job.md5.state() = state;
        }
    }
    for job in with_blocks {
        job.advance(blocks);
    }
}

#[cfg(test)]
mod tests {
    use ::md5::Digest;
    use proptest::prelude::*;

    use super::*;

    fn md5(bytes: &[u8]) -> [u8; 16] {
        ::md5::Md5::digest(bytes).into()
    }

    fn hash_side_by_side(streams: &[Vec<Vec<u8>>], rounds_between: usize) -> Vec<[u8; 16]> {
        let mut hashes: Vec<Md5> = vec![Md5::default(); streams.len()];
        let longest = streams.iter().map(Vec::len).max().unwrap_or_default();
        for number in 0..longest {
            let mut lanes = Vec::new();
            let mut pending = Vec::new();
            for (stream, chunks) in streams.iter().enumerate() {
                let Some(chunk) = chunks.get(number) else { continue };
                let (done, receiver) = oneshot::channel();
                lanes.push(Job { md5: hashes[stream].clone(), bytes: Bytes::from(chunk.clone()), done });
                pending.push((stream, receiver));
                // The earlier ones are in the middle of their bytes when the next one joins.
                (0..rounds_between).for_each(|_| round(Level::new(), &mut lanes));
            }
            while lanes.iter().any(|job| !job.bytes.is_empty()) {
                round(Level::new(), &mut lanes);
            }
            lanes.into_iter().for_each(Job::end);
            for (stream, mut receiver) in pending {
                hashes[stream] = receiver.try_recv().unwrap();
            }
        }
        hashes.into_iter().map(Md5::finish).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn streams_side_by_side_hash_as_each_alone(
            streams in prop::collection::vec(prop::collection::vec(
                prop_oneof![0..130_usize, (0..5_usize, 0..3_usize).prop_map(|(n, d)| n * BLOCK_BYTES + d), 30_000..70_000_usize]
                    .prop_map(|length| (0..length).map(|i| u8::try_from(i * 31 % 251).unwrap()).collect::<Vec<u8>>()),
                0..4), 1..LANES_MAX + 1),
            rounds_between in 0..2_usize, seed: u8,
        ) {
            let mut streams = streams;
            for (number, byte) in streams.iter_mut().flatten().flatten().enumerate() {
                *byte ^= seed.wrapping_mul(u8::try_from(number % 256).unwrap());
            }
            let expected: Vec<_> = streams.iter().map(|chunks| md5(&chunks.concat())).collect();
            prop_assert_eq!(hash_side_by_side(&streams, rounds_between), expected);
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn any_number_of_streams_is_hashed() {
        let hashers = Arc::new(Hashers::start(8).unwrap());
        let tasks: Vec<_> = (0..100_u8)
            .map(|stream| {
                let hashers = Arc::clone(&hashers);
                tokio::spawn(async move {
                    let (mut hash, mut all) = (Md5::default(), Vec::new());
                    for chunk in 0..20_usize {
                        let bytes = vec![stream; chunk * 1_000 + usize::from(stream)];
                        all.extend_from_slice(&bytes);
                        hash = hashers.update(hash, bytes.into()).await.unwrap();
                    }
                    assert_eq!(hash.finish(), md5(&all), "{stream}");
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert!(hashers.0.iter().all(|thread| thread.busy.load(Ordering::Relaxed) == 0));
    }

    #[tokio::test]
    async fn who_finds_no_place_hashes_by_itself_and_nobody_is_needed_to_wait() {
        let (jobs, receiver) = sync_channel(1);
        let thread = Thread { jobs, busy: Arc::default() };
        let hashers = Hashers(vec![thread]);
        let waiting = hashers.update(Md5::default(), Bytes::from_static(b"waits"));
        let mut own = Md5::default();
        own.update(b"at ");
        let own = hashers.update(own, Bytes::from_static(b"once")).await.unwrap();
        assert_eq!((own.finish(), hashers.0[0].busy.load(Ordering::Relaxed)), (md5(b"at once"), 1));
        drop(waiting);
        let busy = Arc::clone(&hashers.0[0].busy);
        let lost = hashers.0[0].jobs.clone();
        drop((hashers, lost));
        run(&receiver, &busy);
        assert_eq!(busy.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn a_thread_that_is_gone_is_an_error() {
        let (done, pending) = oneshot::channel();
        drop(Job { md5: Md5::default(), bytes: Bytes::new(), done });
        assert_eq!(Pending(pending).await.unwrap_err(), Stopped);
    }
}
