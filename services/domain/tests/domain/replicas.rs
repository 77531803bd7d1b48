//! Regions that replicate one bucket to each other. Whatever is done in each, however changes are delayed, duplicated and
//! reordered between keys, and whatever the clocks say: in the end all of them have the same.

use std::collections::{BTreeMap, VecDeque};

use domain::row::{BucketId, ReplicationRow, VersionRow};
use domain::{
    Command, Context, DeleteObject, NewBody, Outcome, PutObject, Rejection, Replica, ReplicaChange, ReplicaVersion,
    SetLegalHold, SetRetention, Setting, VersionName,
};
use events::bucket::Versioning;
use events::ids::{ETag, Md5Digest, ObjectKey, RegionName, VersionId};
use events::lock::{LegalHold, Retention, RetentionMode};
use events::object::Operation;
use events::replication::{Configuration, Destination, Origin, Rule};
use events::tags::Tags;
use events::{Event, Fact};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use testkit::commands::{bucket, content, create_bucket, create_locking_bucket, put_object, staged};
use uuid::Uuid;

use crate::fold::{Fold, upgrade};
use crate::given::key;
use crate::invariants::{references_are_counted, tables_agree};

const KEYS: [&str; 2] = ["a", "b"];

/// When the clocks of all regions begin, in seconds since 1970.
const BEGIN: i64 = 1_800_000_000;

/// The steps of a history. Regions, keys and versions are numbers, of which as many count as there are.
#[derive(Debug, Clone)]
enum Step {
    Put(usize, usize),
    Delete(usize, usize),
    Remove(usize, usize, usize),
    Tag(usize, usize, usize, u8),
    Retain(usize, usize, usize, Option<(bool, u8)>),
    Hold(usize, usize, usize, bool),
    /// The next change of a key goes from one region to another.
    Deliver(usize, usize, usize),
    /// A change arrives once more.
    Again(usize),
    /// Time passes in a region, in milliseconds.
    Pass(usize, u32),
}

/// A change that a region sent, and to which.
type Message = (usize, Replica);

struct Region {
    name: RegionName,
    fold: Fold,
    now: Timestamp,
}

struct World {
    regions: Vec<Region>,
    /// For each region, each other one and each key, the events of the first that the second has to hear of.
    waiting: BTreeMap<(usize, usize, ObjectKey), VecDeque<Event>>,
    sent: Vec<Message>,
    /// How many ids and contents there were.
    made: u64,
}

fn configuration() -> Configuration {
    let rule = Rule {
        id: "all".into(),
        priority: Some(1),
        enabled: true,
        prefix: String::new(),
        tags: Tags::new(),
        delete_markers: true,
        existing_objects: None,
        replica_modifications: None,
        removals: None,
        destination: Destination { bucket: bucket(), region: None },
        storage_class: None,
    };
    Configuration { role: String::new(), rules: vec![rule] }
}

fn tags(n: u8) -> Tags {
    (0..n).map(|n| (format!("tag-{n}"), "x".into())).collect()
}

impl Region {
    fn id(&self) -> BucketId {
        self.fold.model.buckets[&bucket()].id
    }

    /// All versions of a key, from the oldest.
    fn versions(&self, key: &ObjectKey) -> Vec<&VersionRow> {
        let (model, id) = (&self.fold.model, self.id());
        let older = model.versions.iter().filter(|((of, name, _), _)| *of == id && name == key).map(|(_, row)| row);
        older.chain(model.current.get(&(id, key.clone()))).collect()
    }

    fn version(&self, key: &ObjectKey, version: VersionId) -> Option<&VersionRow> {
        self.versions(key).into_iter().find(|row| row.version == version)
    }

    fn nth(&self, key: &ObjectKey, n: usize) -> Option<&VersionRow> {
        let versions = self.versions(key);
        versions.get(n.checked_rem(versions.len())?).copied()
    }

    /// All that is to be the same everywhere.
    fn shown(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for key in KEYS.map(key) {
            let current = self.fold.model.current.get(&(self.id(), key.clone())).map(|row| row.version);
            lines.push(format!("{key:?} {current:?}"));
            for row in self.versions(&key) {
                let VersionRow { version, null, modified, object, .. } = row;
                let object = object.as_ref().map(|object| (object.etag, object.size, &object.attributes, object.lock));
                lines.push(format!("{version} {null} {modified} {object:?}"));
            }
        }
        lines
    }
}

impl World {
    /// Regions with a bucket that locks its versions, or has null versions from before it kept versions.
    fn new(skews: &[u32], is_locked: bool) -> Self {
        let begin = Timestamp::from_second(BEGIN).unwrap();
        let region = |(place, skew): (usize, &u32)| Region {
            name: format!("region-{place}").parse().unwrap(),
            fold: Fold::new(),
            now: begin + SignedDuration::from_millis((*skew).into()),
        };
        let regions = skews.iter().enumerate().map(region).collect();
        let mut world = Self { regions, waiting: BTreeMap::new(), sent: Vec::new(), made: 0 };
        for place in 0..skews.len() {
            let created = if is_locked { create_locking_bucket(bucket()) } else { create_bucket(bucket()) };
            world.command(place, &upgrade()).unwrap();
            world.command(place, &created).unwrap();
            if !is_locked {
                world.put(place, place);
                world
                    .command(place, &Command::SetVersioning { bucket: bucket(), versioning: Versioning::Enabled })
                    .unwrap();
            }
            let setting = Setting::Replication(Some(configuration()));
            world.command(place, &Command::SetBucketSetting { bucket: bucket(), setting }).unwrap();
        }
        world
    }

    fn context(&mut self, region: usize) -> Context {
        self.made += 1;
        let now = self.regions[region].now;
        let time = u128::try_from(now.as_millisecond()).unwrap();
        // No two are alike, and which of two is the greater does not follow from which was first.
        let random = u128::from(self.made.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        Context { now, fresh: Uuid::from_u128(time << 80 | 7 << 76 | (random & 0xfff) << 64 | random) }
    }

    /// Executes a command in a region, and has the others hear of what it did.
    fn command(&mut self, region: usize, command: &Command) -> Result<Outcome, Rejection> {
        let context = self.context(region);
        let before = self.regions[region].fold.events.len();
        let answer = self.regions[region].fold.command(command, context)?;
        for event in &self.regions[region].fold.events[before..] {
            let (Some(key), None) = (event.fact.key(), event.fact.replica()) else { continue };
            for other in (0..self.regions.len()).filter(|other| *other != region) {
                self.waiting.entry((region, other, key.clone())).or_default().push_back(event.clone());
            }
        }
        Ok(answer)
    }

    fn body(&mut self) -> NewBody {
        self.made += 1;
        staged(content(u32::try_from(self.made).unwrap(), self.made.into()))
    }

    fn put(&mut self, region: usize, at: usize) {
        let body = self.body();
        let put = put_object(bucket(), key(KEYS[at % KEYS.len()]), self.made, body);
        let etag = ETag { md5: Md5Digest(u128::from(self.made).to_be_bytes()), parts: None };
        self.command(region, &Command::PutObject(Box::new(PutObject { etag, ..put }))).unwrap();
    }

    /// The change that a region sends for an event: of a version as it is now. Of one that is gone, nothing.
    fn message(&mut self, from: usize, event: &Event) -> Option<Replica> {
        let (region, key) = (&self.regions[from], event.fact.key()?.clone());
        let (version_id, null_version) = match &event.fact {
            Fact::ObjectCreated(fact) => (fact.version_id, fact.null_version),
            Fact::DeleteMarkerCreated(fact) => (fact.version_id, fact.null_version),
            Fact::ObjectDeleted(fact) => (fact.version_id, fact.null_version),
            Fact::ObjectTagsChanged(fact) => (fact.version_id, fact.null_version),
            Fact::ObjectRetentionChanged(fact) => (fact.version_id, fact.null_version),
            Fact::ObjectLegalHoldChanged(fact) => (fact.version_id, fact.null_version),
            other => panic!("{other:?} is no part of these histories"),
        };
        let replica = |at, change| Replica {
            origin: Origin { region: region.name.clone(), sequence: event.sequence },
            bucket: bucket(),
            key: key.clone(),
            version_id,
            null_version,
            at,
            bypass_governance: true,
            change,
        };
        if matches!(event.fact, Fact::ObjectDeleted(_)) {
            return Some(replica(event.time, ReplicaChange::Removal));
        }
        let row = region.version(&key, version_id)?;
        let Some(object) = &row.object else { return Some(replica(row.modified, ReplicaChange::DeleteMarker)) };
        let changes = object.changes;
        Some(match event.fact {
            Fact::ObjectTagsChanged(_) => {
                replica(changes.tags.unwrap(), ReplicaChange::Tags(object.attributes.tags.clone()))
            }
            Fact::ObjectRetentionChanged(_) => {
                replica(event.time, ReplicaChange::Retention(changes.retention.unwrap()))
            }
            Fact::ObjectLegalHoldChanged(_) => {
                replica(changes.legal_hold.unwrap(), ReplicaChange::LegalHold(object.lock.legal_hold.unwrap()))
            }
            _ => {
                let row = row.clone();
                return Some(self.whole(from, &key, &row));
            }
        })
    }

    /// The change that creates a version as a region has it now.
    fn whole(&mut self, from: usize, key: &ObjectKey, row: &VersionRow) -> Replica {
        let region = match &row.replication {
            Some(ReplicationRow::Replica { region }) => region.clone(),
            _ => self.regions[from].name.clone(),
        };
        let change = match &row.object {
            None => ReplicaChange::DeleteMarker,
            Some(object) => ReplicaChange::Version(Box::new(ReplicaVersion {
                parts: Vec::new(),
                size: object.size,
                etag: object.etag,
                body: self.body(),
                checksum: object.checksum.clone(),
                attributes: object.attributes.clone(),
                lock: object.lock,
                changes: object.changes.changes(),
                encryption: None,
                operation: Operation::PutObject,
            })),
        };
        Replica {
            origin: Origin { region, sequence: row.sequence },
            bucket: bucket(),
            key: key.clone(),
            version_id: row.version,
            null_version: row.null,
            at: row.modified,
            bypass_governance: true,
            change,
        }
    }

    fn replicate(&mut self, to: usize, replica: Replica) -> Result<(), Rejection> {
        let answer = self.command(to, &replica.clone().into());
        if answer.is_ok() {
            self.sent.push((to, replica));
        }
        answer.map(drop)
    }

    /// Delivers the next change of a key, and returns whether it was taken. What has to wait stays.
    fn deliver(&mut self, from: usize, to: usize, key: &ObjectKey) -> bool {
        let place = (from, to, key.clone());
        let Some(event) = self.waiting.get(&place).and_then(VecDeque::front).cloned() else { return true };
        if let Some(replica) = self.message(from, &event) {
            let mut answer = self.replicate(to, replica.clone());
            // Whoever changed a version has it: it is sent, and then the change.
            if answer == Err(Rejection::NoSuchVersion) {
                let row = self.regions[from].version(key, replica.version_id).unwrap().clone();
                let whole = self.whole(from, key, &row);
                self.replicate(to, whole).unwrap();
                answer = self.replicate(to, replica);
            }
            match answer {
                Ok(()) => {}
                Err(Rejection::ReplicaWeakens) => return false,
                Err(other) => panic!("{other:?} for {:?}", event.fact),
            }
        }
        self.waiting.get_mut(&place).unwrap().pop_front();
        true
    }

    fn take(&mut self, step: &Step) {
        let count = self.regions.len();
        let at = |n: usize| key(KEYS[n % KEYS.len()]);
        match *step {
            Step::Put(region, n) => self.put(region % count, n),
            Step::Delete(region, n) => {
                self.command(region % count, &DeleteObject::new(bucket(), at(n), None).into()).unwrap();
            }
            Step::Remove(region, n, version) => {
                let Some(row) = self.regions[region % count].nth(&at(n), version) else { return };
                let name = if row.null { VersionName::Null } else { VersionName::Id(row.version) };
                self.command(region % count, &DeleteObject::new(bucket(), at(n), Some(name)).into()).unwrap();
            }
            Step::Tag(region, n, version, new) => {
                let Some(version) = self.object(region % count, &at(n), version) else { return };
                let command = Command::SetObjectTags { bucket: bucket(), key: at(n), version, tags: tags(new) };
                self.command(region % count, &command).unwrap();
            }
            Step::Retain(region, n, version, wanted) => {
                let Some(version) = self.object(region % count, &at(n), version) else { return };
                let retention = wanted.map(|(is_strict, hours)| Retention {
                    mode: if is_strict { RetentionMode::Compliance } else { RetentionMode::Governance },
                    until: Timestamp::from_second(BEGIN + 3600 * (1 + i64::from(hours))).unwrap(),
                });
                let bypass_governance = true;
                let set = SetRetention { bucket: bucket(), key: at(n), version, retention, bypass_governance };
                // What is locked stays as it is, and what is past is refused.
                let _refused = self.command(region % count, &set.into());
            }
            Step::Hold(region, n, version, is_on) => {
                let Some(version) = self.object(region % count, &at(n), version) else { return };
                let legal_hold = if is_on { LegalHold::On } else { LegalHold::Off };
                let set = SetLegalHold { bucket: bucket(), key: at(n), version, legal_hold };
                self.command(region % count, &set.into()).unwrap();
            }
            Step::Deliver(from, to, n) => {
                if from % count != to % count {
                    self.deliver(from % count, to % count, &at(n));
                }
            }
            Step::Again(n) => self.again(n),
            Step::Pass(region, milliseconds) => {
                self.regions[region % count].now += SignedDuration::from_millis(milliseconds.into());
            }
        }
    }

    fn object(&self, region: usize, key: &ObjectKey, n: usize) -> Option<VersionId> {
        self.regions[region].nth(key, n).filter(|row| row.object.is_some()).map(|row| row.version)
    }

    /// Delivers once more what was taken before: nothing happens.
    fn again(&mut self, n: usize) {
        let Some(n) = n.checked_rem(self.sent.len()) else { return };
        let (to, replica) = self.sent[n].clone();
        let before = self.regions[to].fold.events.len();
        self.command(to, &replica.clone().into()).unwrap();
        assert_eq!(self.regions[to].fold.events.len(), before, "{replica:?} was made twice");
    }

    /// Delivers everything.
    fn settle(&mut self) {
        let places: Vec<_> = self.waiting.keys().cloned().collect();
        for round in 0.. {
            for (from, to, key) in &places {
                while !self.waiting[&(*from, *to, key.clone())].is_empty() && self.deliver(*from, *to, key) {}
            }
            if self.waiting.values().all(VecDeque::is_empty) {
                return;
            }
            assert!(round < 2, "something is refused for ever");
            // No retention lasts as long.
            self.regions.iter_mut().for_each(|region| region.now += SignedDuration::from_hours(100));
        }
    }
}

fn history(is_locked: bool) -> impl Strategy<Value = Vec<Step>> {
    let n = || 0..6_usize;
    let retention = prop::option::of((any::<bool>(), 0..4_u8));
    let of_bucket = if is_locked {
        prop_oneof![
            3 => (n(), n(), n(), retention).prop_map(|(region, at, n, to)| Step::Retain(region, at, n, to)),
            1 => (n(), n(), n(), any::<bool>()).prop_map(|(region, at, n, on)| Step::Hold(region, at, n, on)),
            1 => (n(), 0..4_000_000_u32).prop_map(|(region, passed)| Step::Pass(region, passed)),
        ]
        .boxed()
    } else {
        (n(), n(), n()).prop_map(|(region, at, n)| Step::Remove(region, at, n)).boxed()
    };
    let step = prop_oneof![
        2 => (n(), n()).prop_map(|(region, at)| Step::Put(region, at)),
        1 => (n(), n()).prop_map(|(region, at)| Step::Delete(region, at)),
        2 => (n(), n(), n(), 0..3_u8).prop_map(|(region, at, n, to)| Step::Tag(region, at, n, to)),
        3 => of_bucket,
        8 => (n(), n(), n()).prop_map(|(from, to, at)| Step::Deliver(from, to, at)),
        2 => any::<usize>().prop_map(Step::Again),
        1 => (n(), 0..3_u32).prop_map(|(region, passed)| Step::Pass(region, passed)),
    ];
    prop::collection::vec(step, 1..60)
}

/// Clocks of two or three regions, seconds apart at most.
fn skews() -> impl Strategy<Value = Vec<u32>> {
    prop::collection::vec(prop_oneof![Just(0), 0..3_u32, 0..5_000_u32], 2..=3)
}

fn converges(skews: &[u32], is_locked: bool, steps: &[Step]) -> Result<(), TestCaseError> {
    let mut world = World::new(skews, is_locked);
    for step in steps {
        world.take(step);
    }
    world.settle();
    let first = world.regions[0].shown();
    for region in &world.regions[1..] {
        prop_assert_eq!(&region.shown(), &first, "{} differs", region.name);
    }
    // However late a change comes once more, nothing happens.
    (0..world.sent.len()).rev().for_each(|n| world.again(n));
    for region in &world.regions {
        prop_assert_eq!(&region.shown(), &first, "{} differs after duplicates", region.name);
        check(region).map_err(TestCaseError::fail)?;
    }
    Ok(())
}

/// That each region's own tables agree.
fn check(region: &Region) -> Result<(), String> {
    let model = &region.fold.model;
    references_are_counted(model)?;
    tables_agree(model)?;
    let objects = model.current.values().chain(model.versions.values()).filter_map(|row| row.object.as_ref());
    let (count, bytes) = objects.fold((0, 0), |(count, bytes), object| (count + 1, bytes + object.size));
    let usage = model.usage.get(&region.id()).copied().unwrap_or_default();
    let is = (usage.objects, usage.bytes, usage.current);
    let should = (count, bytes, model.current.len() as u64);
    if is == should { Ok(()) } else { Err(format!("the usage is {is:?} but should be {should:?}")) }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn regions_come_to_the_same_versions(skews in skews(), steps in history(false)) {
        converges(&skews, false, &steps)?;
    }

    #[test]
    fn regions_come_to_the_same_locks(skews in skews(), steps in history(true)) {
        converges(&skews, true, &steps)?;
    }
}
