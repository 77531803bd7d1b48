use std::os::unix::fs::FileExt;

use bytes::Bytes;
use shards::piece::{Form, Piece, UNIT_BYTES};
use shards::protocol::{FileLocation, ListedShard, Record, Reply, Request, ShardPage, ShardReport, ShardState, Status};
use testkit::nats::PlainServer;
use testkit::nodes;
use uuid::Uuid;

use super::fixture::{Node, bucket, bytes, record, shard};

/// A shard of full pieces and a last one of 1000 bytes.
fn pieces(shard: Uuid, count: u32) -> Vec<Piece> {
    let length = |index| if index + 1 == count { 1000 } else { UNIT_BYTES };
    (0..count).map(|index| nodes::piece(shard, index, bytes(u128::from(index), length(index)))).collect()
}

fn seal(shard: Uuid, pieces: &[Piece]) -> Request {
    let bytes = pieces.iter().map(|piece| piece.bytes.len() as u64).sum();
    Request::Seal { shard, bucket: bucket(), pieces: u32::try_from(pieces.len()).unwrap(), bytes }
}

async fn stage(node: &Node, shard: Uuid, piece: &Piece) -> Status {
    node.status(Request::Piece { shard, bucket: bucket(), piece: piece.clone() }).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_are_returned_as_they_were_put_also_after_a_restart() {
    let (server, folder) = (PlainServer::start(), tempfile::tempdir().unwrap());
    let node = Node::start(&server, folder.path()).await;
    let numbered = |i: u8| record(shard(i.into(), i.is_multiple_of(2)), bytes(i.into(), usize::from(i) * 1000));
    let records: Vec<_> = (1..=20).map(numbered).collect();
    let mut damaged = records[3].clone();
    damaged.shard = Uuid::from_u128(99);
    let mut sent = records.clone();
    sent.insert(5, damaged);
    let mut expected = vec![Status::Ok; 21];
    expected[5] = Status::Damaged;
    assert_eq!(node.put(sent).await, expected);
    node.stop().await.unwrap();

    let node = Node::start(&server, folder.path()).await;
    for record in &records {
        assert_eq!(node.read(record.shard, 0, 2).await, Ok(vec![record.piece.clone()]));
        assert_eq!(node.read(record.shard, 1, 1).await, Err(Status::NotFound));
    }
    assert_eq!(node.read(Uuid::from_u128(99), 0, 1).await, Err(Status::NotFound));
    let heartbeat = node.heartbeat().await;
    assert_eq!((heartbeat.shards, heartbeat.stored_bytes), (20, 210_000));
    node.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pieces_become_a_shard_when_sealed() {
    for is_tagged in [false, true] {
        become_a_shard(shard(7, is_tagged)).await;
    }
}

async fn become_a_shard(shard: Uuid) {
    let (server, folder) = (PlainServer::start(), tempfile::tempdir().unwrap());
    let node = Node::start(&server, folder.path()).await;
    let pieces = pieces(shard, 5);
    assert_eq!(stage(&node, shard, &pieces[4]).await, Status::NotFound, "the first begins the shard");
    for index in [0, 4, 3, 1, 1] {
        assert_eq!(stage(&node, shard, &pieces[index]).await, Status::Ok);
    }
    assert_eq!(node.status(seal(shard, &pieces)).await, Status::NotFound, "piece 2 is missing");
    assert_eq!(node.read(shard, 0, 1).await, Err(Status::NotFound), "not sealed yet");
    let mut flipped = pieces[2].clone();
    flipped.bytes = bytes(77, UNIT_BYTES);
    assert_eq!(stage(&node, shard, &flipped).await, Status::Damaged);
    let tag = pieces[2].tag.xor(Some([7; 16]));
    let other_form = Piece::with_tag(shard, 2, tag, pieces[2].bytes.clone());
    assert_eq!(stage(&node, shard, &other_form).await, Status::Damaged, "the shard's id says another form");
    assert_eq!(stage(&node, shard, &pieces[2]).await, Status::Ok);
    assert_eq!(node.status(seal(shard, &pieces[..4])).await, Status::Damaged, "there are more");
    assert_eq!(node.status(seal(shard, &pieces)).await, Status::Ok);
    assert_eq!(node.status(seal(shard, &pieces)).await, Status::Ok, "sealing again is fine");
    assert_eq!(stage(&node, shard, &pieces[2]).await, Status::Ok, "so is a piece again");
    let other = nodes::piece(shard, 2, bytes(78, UNIT_BYTES));
    assert_eq!(stage(&node, shard, &other).await, Status::Malformed, "but no other");
    node.stop().await.unwrap();

    let node = Node::start(&server, folder.path()).await;
    assert_eq!(node.read(shard, 0, 2).await, Ok(pieces[..2].to_vec()));
    assert_eq!(node.read(shard, 3, 2).await, Ok(pieces[3..].to_vec()));
    assert_eq!(node.read(shard, 4, 2).await, Ok(pieces[4..].to_vec()));
    assert_eq!(node.read(shard, 5, 1).await, Err(Status::NotFound));
    let inspect = Request::Inspect { shard, bucket: bucket(), verify: true };
    assert_eq!(node.ask(&inspect).await, Reply::Found { pieces: 5, bytes: 4 * UNIT_BYTES as u64 + 1000 });
    assert_eq!(node.heartbeat().await.shards, 1);
    node.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_not_sealed_is_gone_after_a_restart() {
    let (server, folder) = (PlainServer::start(), tempfile::tempdir().unwrap());
    let node = Node::start(&server, folder.path()).await;
    let shard = Uuid::from_u128(8);
    let pieces = pieces(shard, 2);
    assert_eq!(stage(&node, shard, &pieces[0]).await, Status::Ok);
    node.stop().await.unwrap();
    let node = Node::start(&server, folder.path()).await;
    assert_eq!(std::fs::read_dir(folder.path().join("buckets/photos")).unwrap().count(), 0);
    assert_eq!(stage(&node, shard, &pieces[1]).await, Status::NotFound, "its writer learns it at once");
    assert_eq!(node.status(seal(shard, &pieces)).await, Status::NotFound);
    node.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn discarded_shards_are_gone_also_after_a_restart() {
    let (server, folder) = (PlainServer::start(), tempfile::tempdir().unwrap());
    let node = Node::start(&server, folder.path()).await;
    let (file, staged) = (Uuid::from_u128(1), Uuid::from_u128(2));
    for piece in &pieces(file, 2) {
        assert_eq!(stage(&node, file, piece).await, Status::Ok);
    }
    assert_eq!(node.status(seal(file, &pieces(file, 2))).await, Status::Ok);
    assert_eq!(stage(&node, staged, &pieces(staged, 2)[0]).await, Status::Ok);
    let records: Vec<_> = (3..6).map(|i| Record::new(Uuid::from_u128(i), bytes(i, 5000))).collect();
    assert_eq!(node.put(records.clone()).await, [Status::Ok; 3]);
    let gone = [file, staged, records[0].shard, records[1].shard, Uuid::from_u128(1000)];
    let discard = Request::Discard { bucket: bucket(), shards: gone.to_vec() };
    assert_eq!(node.ask(&discard).await, Reply::Statuses(vec![Status::Ok; 5]));
    for shard in gone {
        assert_eq!(node.read(shard, 0, 1).await, Err(Status::NotFound));
    }
    node.stop().await.unwrap();
    let node = Node::start(&server, folder.path()).await;
    for shard in gone {
        assert_eq!(node.read(shard, 0, 1).await, Err(Status::NotFound));
    }
    assert_eq!(node.read(records[2].shard, 0, 1).await, Ok(vec![records[2].piece.clone()]));
    assert_eq!(node.heartbeat().await.shards, 1);
    node.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_on_the_same_host_is_told_the_place() {
    for is_tagged in [false, true] {
        is_told_the_place(is_tagged).await;
    }
}

async fn is_told_the_place(is_tagged: bool) {
    let (server, folder) = (PlainServer::start(), tempfile::tempdir().unwrap());
    let node = Node::start(&server, folder.path()).await;
    let host = Some(node.heartbeat().await.boot_id);
    let [file, large, small] = [1, 2, 3].map(|number| shard(number, is_tagged));
    let file_pieces = pieces(file, 3);
    for piece in &file_pieces {
        stage(&node, file, piece).await;
    }
    assert_eq!(node.status(seal(file, &file_pieces)).await, Status::Ok);
    let records = [record(large, bytes(2, 100_000)), record(small, bytes(3, 4096))];
    assert_eq!(node.put(records.to_vec()).await, [Status::Ok; 2]);

    let read = |shard, first| Request::Read { shard, bucket: bucket(), first, count: 1, host };
    let form = Form::of(file);
    let Reply::Location(place) = node.ask(&read(file, 2)).await else { panic!("no place") };
    assert_eq!((place.pieces, place.last_bytes, place.stride as usize), (3, 1000, form.stride_bytes()));
    assert_eq!(read_place(&place, form, 2, 1000), file_pieces[2]);
    assert_eq!(read_place(&place, form, 1, UNIT_BYTES), file_pieces[1]);
    let Reply::Location(place) = node.ask(&read(large, 0)).await else { panic!("no place") };
    assert_eq!(read_place(&place, form, 0, 100_000), records[0].piece);
    assert_eq!(node.ask(&read(small, 0)).await, Reply::Pieces(vec![records[1].piece.clone()]));
    assert_eq!(node.ask(&read(file, 3)).await, Reply::Status(Status::NotFound));
    assert_eq!(node.ask(&read(Uuid::from_u128(9), 0)).await, Reply::Status(Status::NotFound));
    let elsewhere = Request::Read { shard: file, bucket: bucket(), first: 0, count: 1, host: Some(Uuid::nil()) };
    assert_eq!(node.ask(&elsewhere).await, Reply::Pieces(vec![file_pieces[0].clone()]));
    node.stop().await.unwrap();
}

fn read_place(place: &FileLocation, form: Form, index: u32, length: usize) -> Piece {
    let file = std::fs::File::open(&place.path).unwrap();
    let mut wire = vec![0; form.header_bytes() + length];
    file.read_exact_at(&mut wire, place.offset + u64::from(index) * u64::from(place.stride)).unwrap();
    Piece::take(&mut Bytes::from(wire)).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_lies_on_the_disk_is_listed() {
    let (server, folder) = (PlainServer::start(), tempfile::tempdir().unwrap());
    let node = Node::start(&server, folder.path()).await;
    let [small, file, gone, staged] = [1, 2, 3, 4].map(|number| shard(number, true));
    assert_eq!(node.put(vec![record(small, bytes(1, 4096))]).await, [Status::Ok]);
    for shard in [file, gone, staged] {
        for piece in &pieces(shard, 2) {
            assert_eq!(stage(&node, shard, piece).await, Status::Ok);
        }
    }
    for shard in [file, gone] {
        assert_eq!(node.status(seal(shard, &pieces(shard, 2))).await, Status::Ok);
    }
    std::fs::remove_file(folder.path().join(format!("buckets/photos/{gone}"))).unwrap();
    let length = UNIT_BYTES as u64 + 1000;
    let listed = |shard, bytes, state| ListedShard { shard, bucket: (bytes > 4096).then(bucket), bytes, state };
    let all = [
        listed(small, 4096, ShardState::Intact),
        listed(file, length, ShardState::Intact),
        listed(staged, length, ShardState::Staged),
    ];
    let page = |shards: &[ListedShard], next| Reply::Shards(ShardPage { shards: shards.to_vec(), next });
    let list = |after, max, verify| Request::List { after, max, verify };
    assert_eq!(node.ask(&list(Uuid::nil(), 100, true)).await, page(&all, None));
    assert_eq!(node.ask(&list(Uuid::nil(), 2, false)).await, page(&all[..2], Some(file)));
    assert_eq!(node.ask(&list(file, 2, false)).await, page(&all[2..], None));
    assert_eq!(node.ask(&list(staged, 2, false)).await, page(&[], None));

    let named = [small, file, gone, staged].map(|shard| (bucket(), shard));
    let report = |status, bytes| ShardReport { status, bytes };
    let missing = report(Status::NotFound, 0);
    let reports = vec![report(Status::Ok, 4096), report(Status::Ok, length), missing, missing];
    assert_eq!(node.ask(&Request::InspectMany { shards: named.to_vec() }).await, Reply::Reports(reports));
    node.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_a_request_is_malformed() {
    let (server, folder) = (PlainServer::start(), tempfile::tempdir().unwrap());
    let node = Node::start(&server, folder.path()).await;
    let subject = shards::protocol::shards_subject(&node.config.region, &node.config.node);
    let answer = node.client.request(subject, "hello".into()).await.unwrap();
    assert_eq!(Reply::decode(answer.payload), Ok(Reply::Status(Status::Malformed)));
    node.stop().await.unwrap();
}
