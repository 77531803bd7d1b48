//! A store that was damaged while nobody looked.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use eventlog::server::Server;
use eventlog::{AppendError, EVENT_BYTES_MAX, Log, ReadError};

use crate::support::{Fixture, message, messages, patiently, server_options};

/// The blocks of the stream, in order, and without the index that would keep the server from reading them.
fn blocks(folder: &Path) -> Vec<PathBuf> {
    let messages = folder.join("store/jetstream/PLANETSTORE/streams/EVENTS_test/msgs");
    // A server that stopped in time wrote one.
    if let Err(error) = fs::remove_file(messages.join("index.db")) {
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    }
    let entries = fs::read_dir(messages).unwrap().map(|entry| entry.unwrap().path());
    let mut blocks: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|e| e == "blk")).collect();
    blocks.sort_by_key(|path| path.file_stem().unwrap().to_str().unwrap().parse::<u32>().unwrap());
    blocks
}

fn flip_a_bit(file: &Path, place: usize) {
    let mut bytes = fs::read(file).unwrap();
    bytes[place] ^= 1;
    fs::write(file, bytes).unwrap();
}

#[tokio::test]
async fn a_lost_tail_is_noticed_by_whoever_knew_it() {
    let fixture = Fixture::start().await;
    fixture.log().await.append(0, &messages(20)).await.unwrap();
    let folder = fixture.stop().await;
    let block = blocks(folder.path()).pop().unwrap();
    flip_a_bit(&block, usize::try_from(fs::metadata(&block).unwrap().len()).unwrap() / 2);

    let server = Server::start(server_options(folder.path())).await.unwrap();
    let fixture = Fixture { server, folder };
    let log = fixture.log().await;
    let last = log.tail().await.unwrap().last_sequence;
    assert!(last < 20, "the server lost its tail: {last}");
    let lost = ReadError::LostTail { expected: 20, last };
    assert_eq!(patiently(log.follow(21).next()).await, Some(Err(lost.clone())));
    assert_eq!(patiently(log.append(20, &messages(1))).await, Err(AppendError::Damaged(lost)));
    fixture.stop().await;
}

#[tokio::test]
async fn a_gap_is_noticed_by_whoever_reads_over_it() {
    let fixture = Fixture::start().await;
    let log = fixture.log().await;
    // More than fits in one block of 8 MiB.
    for last in 0..20 {
        log.append(last, &[message(EVENT_BYTES_MAX)]).await.unwrap();
    }
    let folder = fixture.stop().await;
    let blocks = blocks(folder.path());
    assert!(blocks.len() > 1);
    flip_a_bit(&blocks[0], 3 << 20);

    let server = Server::start(server_options(folder.path())).await.unwrap();
    let fixture = Fixture { server, folder };
    let log = fixture.log().await;
    let tail = log.tail().await.unwrap();
    assert!(!tail.is_dense() && tail.last_sequence == 20, "{tail:?}");
    let Err(ReadError::Gap { expected, found }) = log.read(1, 20, usize::MAX).await else { panic!("no gap") };
    assert!(1 < expected && expected < found && found < 20);

    let mut follow = log.follow(1);
    for _ in 1..expected {
        patiently(follow.next()).await.unwrap().unwrap();
    }
    assert_eq!(patiently(follow.next()).await, Some(Err(ReadError::Gap { expected, found })));
    fixture.stop().await;
}
