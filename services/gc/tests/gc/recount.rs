//! A projection that is wrong about references.

use domain::row::{ContentRow, Unreferenced};
use domain::{AskWorker, Command};
use events::ids::ContentId;
use jiff::Timestamp;
use redb::{Database, ReadableTable, TableDefinition};
use testkit::ledgers;

use crate::given::*;

const CONTENTS: TableDefinition<'static, &'static [u8], &'static [u8]> = TableDefinition::new("contents");
const UNREFERENCED: TableDefinition<'static, (u64, &'static [u8]), &'static [u8]> =
    TableDefinition::new("unreferenced");

/// Has the projection say that nothing refers to a content, in every place where it says that.
fn lose_the_references(world: &World, content: ContentId) {
    let mut key = content.sha256.0.to_vec();
    key.extend_from_slice(content.generation.as_uuid().as_bytes());
    let database = Database::open(world.projection()).unwrap();
    let transaction = database.begin_write().unwrap();
    {
        let mut contents = transaction.open_table(CONTENTS).unwrap();
        let bytes = contents.get(key.as_slice()).unwrap().unwrap().value().to_vec();
        let mut row: ContentRow = postcard::from_bytes(&bytes).unwrap();
        assert_eq!(row.references, 1);
        row.references = 0;
        row.unreferenced = Some(Unreferenced { sequence: 1, since: Timestamp::UNIX_EPOCH });
        contents.insert(key.as_slice(), postcard::to_stdvec(&row).unwrap().as_slice()).unwrap();
        let mut unreferenced = transaction.open_table(UNREFERENCED).unwrap();
        unreferenced.insert((1, key.as_slice()), [].as_slice()).unwrap();
    }
    transaction.commit().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reference_that_the_projection_lost_stops_everything_until_it_is_right() {
    let mut world = World::new().await;
    let precious = world.put("precious", 1, LARGE).await;
    world.put("due", 2, LARGE).await;
    world.delete("due").await;
    let abandoned = world.stage(3, LARGE).await;
    world.pass(UPLOAD_TIME_MAX * 2);
    world.ledger.stop().await;
    lose_the_references(&world, id(&precious));
    world.reopen().await;
    let before = world.held();
    let gc = world.run(Settings::default());
    let why = gc.until_stopped().await;
    assert!(why.contains("differ from this process's projection of the log, in 1 of 256 parts"), "{why}");
    // An operator has it look again, which changes nothing.
    let since = gc.report().since;
    world.does(Command::from(AskWorker { region: ledgers::region(), worker: "gc".parse().unwrap() })).await;
    // It is another failure only if a recount began in between: a step that refuses again is the same one.
    until("another recount", || gc.report().since != since).await;
    gc.until_stopped().await;
    assert_eq!(world.held(), before);
    gc.kill().await;
    // The projection is made anew from the log.
    world.ledger.stop().await;
    std::fs::remove_file(world.projection()).unwrap();
    world.reopen().await;
    let gc = world.run(Settings::default());
    world.until_clean(&[]).await;
    assert!(world.is_held(&precious) && !world.is_held(&abandoned));
    gc.kill().await;
}
