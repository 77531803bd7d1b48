//! Random work with a power cut, a failed sync or a full disk at any point, against a model.

use std::collections::HashMap;

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;

use super::super::super::DiskError;
use super::super::{Change, segment_path};
use super::world::{Committed, SEGMENT_BYTES, World, put, shard};
use testkit::disk::{Fault, MemoryDisk};
use vfs::Folder;

const SHARDS: u8 = 10;

/// A put of so many bytes, or a discard.
type Wanted = (u8, Option<usize>);

#[derive(Debug, Clone)]
enum Work {
    Commit(Vec<Wanted>),
    /// And others commit meanwhile.
    Compact(Vec<Wanted>),
    WriteHints,
    /// Nothing was written for a while.
    Rest,
    /// Of the process, which may have been killed.
    Restart {
        clean: bool,
    },
    /// The power goes after so many calls that change the disk.
    CutPowerAfter(u64),
    /// The next sync fails; then the process restarts, or the power goes first.
    FailSync {
        power_cut: bool,
    },
    /// The disk has room for so many more segments, until the given number of works later.
    Fill(u64),
    MakeRoom,
    TearWrite,
}

fn work() -> impl Strategy<Value = Work> {
    let change = (0..SHARDS, prop_oneof![2 => (1..900_usize).prop_map(Some), 1 => Just(None)]);
    prop_oneof![
        12 => vec(change.clone(), 1..6).prop_map(Work::Commit),
        5 => vec(change, 0..3).prop_map(Work::Compact),
        3 => Just(Work::WriteHints),
        3 => Just(Work::Rest),
        2 => any::<bool>().prop_map(|clean| Work::Restart { clean }),
        3 => (0..25_u64).prop_map(Work::CutPowerAfter),
        1 => any::<bool>().prop_map(|power_cut| Work::FailSync { power_cut }),
        1 => (0..3_u64).prop_map(Work::Fill),
        1 => Just(Work::MakeRoom),
        1 => Just(Work::TearWrite),
    ]
}

/// What each shard may be: `None` is absent. Certain as long as there is one possibility.
type Model = HashMap<u8, Vec<Option<Bytes>>>;

struct Run {
    world: World,
    model: Model,
    version: u32,
    faulty: bool,
    chance: Vec<u8>,
    chances: usize,
}

impl Run {
    fn new(chance: Vec<u8>) -> Self {
        let model = (0..SHARDS).map(|i| (i, vec![None])).collect();
        let world = World::open(MemoryDisk::new()).unwrap();
        Self { world, model, version: 0, faulty: false, chance, chances: 0 }
    }

    fn step(&mut self, work: &Work) {
        match work {
            Work::Commit(changes) => self.commit(changes),
            Work::Compact(meanwhile) => self.compact(meanwhile),
            Work::WriteHints => self.world.write_hints(),
            Work::Rest => {
                let rested = self.world.rest();
                self.after(rested.err());
            }
            Work::Restart { clean } => self.restart(*clean),
            // Power that is gone does not come back by itself.
            Work::CutPowerAfter(_) if self.faulty => {}
            Work::CutPowerAfter(calls) => {
                self.world.disk.inject(Fault::PowerAfter(*calls));
                self.faulty = true;
            }
            Work::FailSync { power_cut } => self.fail_sync(*power_cut),
            Work::Fill(segments) => {
                let space = self.world.disk.space().unwrap();
                let used = space.total_bytes - space.free_bytes;
                self.world.disk.inject(Fault::Capacity(used + segments * u64::from(SEGMENT_BYTES)));
            }
            Work::TearWrite => self.world.disk.inject(Fault::NextWrite),
            Work::MakeRoom => self.world.disk.inject(Fault::Capacity(u64::MAX)),
        }
    }

    fn commit(&mut self, wanted: &[Wanted]) {
        let (changes, results) = self.prepare(wanted);
        let committed = self.world.commit(&changes);
        self.settle(results, &committed);
        self.after(committed.1);
    }

    fn compact(&mut self, meanwhile: &[Wanted]) {
        let (changes, results) = self.prepare(meanwhile);
        match self.world.compact(&changes) {
            Some((done, meddled)) => {
                if let Some(committed) = meddled {
                    self.settle(results, &committed);
                }
                self.after(done.err());
            }
            None => self.check(),
        }
    }

    fn prepare(&mut self, wanted: &[Wanted]) -> (Vec<Change>, Vec<(u8, Option<Bytes>)>) {
        let prepared = wanted.iter().map(|&(i, length)| {
            self.version += 1;
            match length.map(|length| put(i, self.version, length)) {
                Some((change, bytes)) => (change, (i, Some(bytes))),
                None => (Change::Discard { shard: shard(i) }, (i, None)),
            }
        });
        prepared.unzip()
    }

    /// What was committed is certain; what was refused may show after a crash.
    fn settle(&mut self, results: Vec<(u8, Option<Bytes>)>, (committed, why): &Committed) {
        assert_eq!(*committed == results.len(), why.is_none());
        for (n, (i, result)) in results.into_iter().enumerate() {
            let states = self.model.get_mut(&i).unwrap();
            if n < *committed {
                *states = vec![result];
            } else {
                states.push(result);
            }
        }
    }

    /// A disk that failed is only used again after a restart, or a power cut if that was it.
    fn after(&mut self, why: Option<DiskError>) {
        match why {
            None | Some(DiskError::Full) => self.check(),
            Some(DiskError::Failed(_)) => {
                assert!(self.faulty, "failed without a fault");
                self.check();
                self.power_cut();
            }
            Some(why) => panic!("{why}"),
        }
    }

    fn fail_sync(&mut self, power_cut: bool) {
        self.world.disk.inject(Fault::NextSync);
        let (change, bytes) = put(0, 0, 10);
        let (committed, why) = self.world.commit(&[change]);
        match why {
            // The new segment found no room before anything was synced: the fault is still to come.
            // With a torn write before it, the record may be there all the same, as after any refusal.
            Some(DiskError::Full) => {
                self.faulty = true;
                self.model.get_mut(&0).unwrap().push(Some(bytes));
            }
            Some(DiskError::Failed(_)) => {
                assert_eq!(committed, 0);
                self.model.get_mut(&0).unwrap().push(Some(bytes));
                assert!(matches!(self.world.commit(&[put(1, 0, 10).0]), (0, Some(DiskError::Failed(_)))));
                if power_cut || self.faulty { self.power_cut() } else { self.reopen(self.world.disk.clone()) }
            }
            other => panic!("{other:?}"),
        }
    }

    fn restart(&mut self, clean: bool) {
        let clean = clean && self.world.finish().is_ok();
        self.world.write_hints();
        let before = self.world.reader.catalog.dump();
        match World::open(self.world.disk.clone()) {
            Ok(world) => {
                if clean {
                    assert_eq!(world.reader.catalog.dump(), before, "a start must find what was there");
                }
                self.world = world;
                self.check();
            }
            Err(why) => {
                assert!(self.faulty || why == DiskError::Full, "{why}");
                self.power_cut();
            }
        }
    }

    fn power_cut(&mut self) {
        let (chance, chances) = (&self.chance, &mut self.chances);
        let disk = self.world.disk.after_power_cut(|n| {
            *chances += 1;
            usize::from(chance[*chances % chance.len()]) % n
        });
        self.reopen(disk);
    }

    fn reopen(&mut self, disk: MemoryDisk) {
        disk.inject(Fault::Capacity(u64::MAX));
        // A torn write that was still to come hits the first try.
        self.world = World::open(disk.clone()).or_else(|_| World::open(disk)).unwrap();
        self.faulty = false;
        self.check();
    }

    fn check(&self) {
        for (i, states) in &self.model {
            let found = self.world.read(shard(*i));
            assert!(states.contains(&found), "shard {i} is {found:?}, not one of {states:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn what_was_acknowledged_stays(works in vec(work(), 1..120), chance in vec(any::<u8>(), 1..64)) {
        let mut run = Run::new(chance);
        for work in &works {
            run.step(work);
        }
        run.power_cut();
    }
}

#[test]
fn dead_records_make_room_for_new_ones() {
    let mut world = World::open(MemoryDisk::new()).unwrap();
    for version in 0..2000 {
        let (change, bytes) = put(u8::try_from(version % 7).unwrap(), version, 500);
        assert_eq!(world.commit(&[change]), (1, None));
        world.write_hints();
        while let Some(compacted) = world.compact(&[]) {
            compacted.0.unwrap();
        }
        assert_eq!(world.read(shard(u8::try_from(version % 7).unwrap())), Some(bytes));
    }
    let segments = world.disk.list("segments".as_ref()).unwrap();
    assert!(segments.len() <= 8, "7 shards of 500 bytes lie in {} files", segments.len());
}

#[test]
fn tombstones_go_once_what_they_kill_is_gone() {
    let mut world = World::open(MemoryDisk::new()).unwrap();
    for round in 0..500_u32 {
        let changes: Vec<_> = (0..8).map(|i| put(i, round, 300).0).collect();
        assert_eq!(world.commit(&changes), (8, None));
        let discards: Vec<_> = (0..8).map(|i| Change::Discard { shard: shard(i) }).collect();
        assert_eq!(world.commit(&discards), (8, None));
        while let Some(compacted) = world.compact(&[]) {
            compacted.0.unwrap();
        }
    }
    let segments = world.disk.list("segments".as_ref()).unwrap();
    assert!(segments.len() <= 3, "nothing lies in {} files", segments.len());
}

#[test]
fn a_rest_gives_room_back_and_the_segment_goes_on() {
    let mut world = World::open(MemoryDisk::new()).unwrap();
    let length = |world: &World| world.disk.length(&segment_path(1)).unwrap();
    let (first, bytes) = put(1, 1, 300);
    assert_eq!(world.commit(&[first]), (1, None));
    assert_eq!(length(&world), u64::from(SEGMENT_BYTES));
    world.rest().unwrap();
    let rested = length(&world);
    assert!(rested < 1000, "{rested}");
    let (second, more) = put(2, 1, 300);
    assert_eq!(world.commit(&[second]), (1, None));
    assert_eq!(length(&world), u64::from(SEGMENT_BYTES));
    assert_eq!((world.read(shard(1)), world.read(shard(2))), (Some(bytes), Some(more)));
    assert_eq!(world.disk.list("segments".as_ref()).unwrap().len(), 1);
}

#[test]
fn a_full_disk_takes_tombstones_also_after_a_rest() {
    let mut world = World::open(MemoryDisk::new()).unwrap();
    assert_eq!(world.commit(&[put(1, 1, 300).0, put(2, 1, 300).0]), (2, None));
    world.rest().unwrap();
    let space = world.disk.space().unwrap();
    world.disk.inject(Fault::Capacity(space.total_bytes - space.free_bytes));
    assert_eq!(world.commit(&[put(3, 1, 300).0]), (0, Some(DiskError::Full)));
    assert_eq!(world.commit(&[Change::Discard { shard: shard(1) }]), (1, None));
    assert_eq!(world.read(shard(1)), None);
    world.disk.inject(Fault::Capacity(u64::MAX));
    assert_eq!(world.commit(&[put(3, 1, 300).0]), (1, None));
}

#[test]
fn nothing_is_left_of_what_was_dropped_once_it_rests() {
    for restart in [false, true] {
        let mut world = World::open(MemoryDisk::new()).unwrap();
        for i in 0..40 {
            assert_eq!(world.commit(&[put(i, 1, 700).0]), (1, None));
        }
        let drops: Vec<_> = (0..40).map(|i| Change::Discard { shard: shard(i) }).collect();
        assert_eq!(world.commit(&drops), (40, None));
        if restart {
            world = World::open(world.disk.clone()).unwrap();
        }
        for _ in 0..3 {
            world.rest().unwrap();
            while let Some(compacted) = world.compact(&[]) {
                compacted.0.unwrap();
            }
        }
        let left: u64 = world.disk.list("segments".as_ref()).unwrap().iter().map(|name| name.bytes).sum();
        assert!(left < 2800, "{left} bytes are left of 28,000");
        // Its number is not used again.
        let before = world.disk.list("segments".as_ref()).unwrap();
        let world = World::open(world.disk.clone()).unwrap();
        assert!(!before.is_empty() && world.reader.catalog.totals() == (0, 0));
    }
}
