//! Damage on disk: noticed, and never hiding what is not damaged.

use proptest::prelude::*;

use super::super::record::{Entry, RECORD_HEADER_BYTES, SEGMENT_HEADER_BYTES, SegmentName, put_size, record_header};
use super::super::scan::scan;
use super::super::segment_path;
use super::world::{World, put, shard};
use shards::piece::Form;
use testkit::disk::MemoryDisk;
use uuid::Uuid;
use vfs::{Folder, Open};

proptest! {
    #[test]
    fn one_flipped_bit_costs_one_shard_at_most(at in 0..3000_usize, restart: bool, hint: bool) {
        let mut world = World::open(MemoryDisk::new()).unwrap();
        let puts: Vec<_> = (0..6).map(|i| put(i, u32::from(i), 400)).collect();
        let changes: Vec<_> = puts.iter().map(|(change, _)| change.clone()).collect();
        prop_assert_eq!(world.commit(&changes), (6, None));
        if hint {
            world = World::open(world.disk.clone()).unwrap();
        }
        world.disk.flip(&segment_path(1), at);
        if restart {
            world = World::open(world.disk.clone()).unwrap();
        }
        let mut lost = 0;
        for (i, (_, bytes)) in (0..6).zip(&puts) {
            match world.reader.verify(shard(i)) {
                Ok(Some(_)) => prop_assert_eq!(world.read(shard(i)), Some(bytes.clone())),
                Ok(None) | Err(_) => lost += 1,
            }
        }
        prop_assert!(lost <= 1, "{} lost", lost);
    }

    #[test]
    fn a_shard_that_looks_like_a_record_is_none(filler in proptest::collection::vec(any::<u8>(), 0..64), hide: bool) {
        let name = SegmentName { folder: Uuid::from_u128(0xf01d), number: 1 };
        let disk = MemoryDisk::new();
        let file = disk.open(&segment_path(1), Open::Create).unwrap();
        let forged = Entry { shard: shard(1), offset: 8, length: None };
        let forged = record_header(SegmentName { folder: Uuid::nil(), ..name }, &forged);
        let mut bytes = vec![0; SEGMENT_HEADER_BYTES as usize];
        bytes.extend_from_slice(&forged);
        bytes.extend_from_slice(&filler);
        if hide {
            // A record of this very segment, moved.
            let moved = Entry { shard: shard(2), offset: SEGMENT_HEADER_BYTES, length: None };
            bytes.resize(bytes.len().next_multiple_of(8), 0);
            bytes.extend_from_slice(&record_header(name, &moved));
        }
        bytes.resize(bytes.len() + RECORD_HEADER_BYTES as usize, 0);
        file.write_at(&mut [std::io::IoSlice::new(&bytes)], 0).unwrap();
        prop_assert_eq!(scan(&*file, name).unwrap().entries, []);
    }
}

#[test]
fn a_damaged_record_is_lost_by_compaction_and_nothing_else() {
    let mut world = World::open(MemoryDisk::new()).unwrap();
    let (keep, bytes) = put(1, 1, 300);
    world.commit(&[keep, put(2, 2, 300).0]);
    world.commit(&(0..20).map(|version| put(3, version, 900).0).collect::<Vec<_>>());
    let second = SEGMENT_HEADER_BYTES + put_size(Form::of(shard(1)), 300) + RECORD_HEADER_BYTES + 20;
    assert!(world.disk.flip(&segment_path(1), second as usize));
    while let Some(compacted) = world.compact(&[]) {
        compacted.0.unwrap();
    }
    for _ in 0..2 {
        assert_eq!(world.read(shard(1)), Some(bytes.clone()));
        assert_eq!(world.read(shard(2)), None, "missing, not wrong");
        world = World::open(world.disk.clone()).unwrap();
    }
}
