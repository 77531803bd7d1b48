//! Random histories of settings of buckets, objects, KMS keys and storage nodes.

use std::num::NonZeroU64;

use domain::model::Model;
use domain::row::{BucketId, ObjectLockRow, ObjectRow};
use domain::{
    AddConsumer, AskWorker, ChangeKey, ChangeMasterKey, ChangeWorker, Command, DeleteObject, IdentityCommand, JoinNode,
    Leased, NewBody, Precondition, ReleaseLease, RemoveConsumer, RenameObject, SetLegalHold, SetRetention, Setting,
    TakeLease,
};
use events::Author;
use events::access::{Acl, Grant, Grantee, ObjectOwnership, Permission, PublicAccessBlock};
use events::bucket::Logging;
use events::checkpoint::{Checkpointed, KeyChanged};
use events::encryption::{DefaultEncryption, DefaultMethod};
use events::ids::{
    BucketName, ConsumerName, DurableName, FolderId, KeyCheck, KmsKeyName, MasterKeyId, NotaryKey, NotarySignature,
    ObjectKey, ProcessId, Sealed, Sha256Digest,
};
use events::lease::{Lease, Owner, Term};
use events::lifecycle::{Filter, Rule, TransitionMinimum};
use events::lock::{DefaultRetention, LegalHold, Period, Retention, RetentionMode};
use events::quota::Quota;
use events::tags::Tags;
use events::{consumer, cors};
use jiff::Timestamp;
use proptest::option;
use proptest::prelude::*;
use testkit::commands::put_object;
use uuid::Uuid;

use crate::random::{links, replication, targets};

/// A bucket without versioning, and one with object lock.
pub(crate) const BUCKETS: [&str; 2] = ["plain", "locking"];
const KEYS: [&str; 3] = ["a", "b", "c"];

/// One change. Buckets and keys are indexes of the lists above.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Policy(usize, Option<u8>),
    Acl(usize, u8),
    PublicAccess(usize, Option<bool>),
    Ownership(usize, Option<ObjectOwnership>),
    Tags(usize, Option<u8>),
    Cors(usize, Option<u8>),
    AddTags(usize, u8),
    RemoveTags(usize, u8),
    Lifecycle(usize, Option<u8>),
    ObjectLock(usize, Option<u32>),
    Encryption(usize, Option<bool>),
    Logging(usize, Option<usize>),
    Quota(usize, Option<u64>, Option<u64>),
    Put(usize, usize, u64),
    Delete(usize, usize),
    ObjectAcl(usize, usize, u8),
    ObjectTags(usize, usize, u8),
    Retention(usize, usize, Option<i64>),
    LegalHold(usize, usize, bool),
    Rename(usize, usize, usize),
    CreateKmsKey(u8),
    ChangeKmsKey(u8, bool),
    /// The node, its folder, and the folder it replaces.
    Join(u8, u8, Option<u8>),
    Upgrade(u32),
    /// The author whose key is rotated, and the key's number.
    ChangeKey(Author, u32),
    /// The number of the master key.
    ChangeMasterKey(u32),
    ResealKmsKey(u8),
    /// Which process, after which term.
    TakeLease(Lease, u8, u64),
    ReleaseLease(Lease, u64),
    /// Of which worker, whether it is paused, and its rate; all that in a term of a lease.
    Worker(u8, Option<bool>, Option<u64>, Option<(Lease, u64)>),
    AskWorker(u8),
    AddConsumer(u8),
    RemoveConsumer(u8),
    AddLink(u8),
    RemoveLink(u8),
    ResealLink(u8),
    NoteIdentities(u8, u64),
    NotaryKey(u8),
    /// By the right key or by another one.
    Checkpoint(bool),
    /// About targets of events.
    Target(targets::Step),
    /// About other regions.
    Replication(replication::Step),
}

pub(crate) fn name(bucket: usize) -> BucketName {
    BUCKETS[bucket].parse().unwrap()
}

pub(crate) fn key(key: usize) -> ObjectKey {
    ObjectKey::from_bytes(KEYS[key].as_bytes()).unwrap()
}

pub(crate) fn kms_key(n: u8) -> KmsKeyName {
    format!("key-{n}").parse().unwrap()
}

fn acl(n: u8) -> Acl {
    let grant = |permission| Grant { grantee: Grantee::Everyone, permission };
    Acl { grants: [Permission::Read, Permission::Write][..usize::from(n)].iter().copied().map(grant).collect() }
}

fn tags(n: u8) -> Tags {
    (0..n).map(|n| (format!("tag-{n}"), "x".into())).collect()
}

fn cors_rule(n: u8) -> cors::Rule {
    cors::Rule {
        id: None,
        allowed_origins: vec![format!("https://{n}.example.com")],
        allowed_methods: vec![cors::Method::Get],
        allowed_headers: vec![],
        expose_headers: vec![],
        max_age_seconds: None,
    }
}

fn lifecycle_rule(n: u8) -> Rule {
    Rule {
        id: format!("rule-{n}"),
        enabled: true,
        filter: Filter::default(),
        expiration: None,
        noncurrent_expiration: None,
        abort_uploads_after_days: Some(1 + u32::from(n)),
    }
}

fn retention(seconds: i64) -> Retention {
    Retention { mode: RetentionMode::Governance, until: Timestamp::from_second(2_000_000_000 + seconds).unwrap() }
}

/// The creation of the buckets, with which every history begins.
pub(crate) fn begin() -> Vec<Command> {
    let create = |bucket| Command::CreateBucket {
        bucket: name(bucket),
        owner: "alice".parse().unwrap(),
        acl: None,
        ownership: Some(ObjectOwnership::ObjectWriter),
        object_lock: bucket == 1,
        location: None,
        tags: if bucket == 0 { tags(1) } else { Tags::new() },
    };
    (0..BUCKETS.len()).map(create).collect()
}

/// The current object of a key.
pub(crate) fn current(model: &Model, bucket: usize, at: usize) -> Option<&ObjectRow> {
    let bucket = id(model, bucket);
    model.current.get(&(bucket, key(at)))?.object.as_ref()
}

pub(crate) fn id(model: &Model, bucket: usize) -> BucketId {
    model.buckets[&name(bucket)].id
}

fn put(bucket: usize, at: usize, size: u64) -> Command {
    Command::PutObject(Box::new(put_object(name(bucket), key(at), size, NewBody::Empty)))
}

fn lifecycle(n: Option<u8>) -> Setting {
    let is_odd = n.is_some_and(|n| n % 2 == 1);
    let minimum = if is_odd { TransitionMinimum::VariesByStorageClass } else { TransitionMinimum::AllStorageClasses };
    Setting::Lifecycle(n.map(|n| vec![lifecycle_rule(n)]), minimum)
}

fn object_lock(days: Option<u32>) -> Setting {
    let of = |days| DefaultRetention { mode: RetentionMode::Governance, period: Period::Days(days) };
    Setting::ObjectLock(ObjectLockRow { default_retention: days.map(of) })
}

fn encryption(of: Option<bool>) -> Setting {
    let by = DefaultMethod::SseS3;
    Setting::Encryption(of.map(|bucket_key| DefaultEncryption { by, bucket_key }))
}

fn logging(target: Option<usize>) -> Setting {
    let of = |target| Logging { target_bucket: name(target), target_prefix: "log/".into(), key_format: None };
    Setting::Logging(target.map(of))
}

/// A secret under the master key in use.
fn sealed(model: &Model) -> Sealed {
    let key = model.totals.keys.master.map_or_else(|| "first".into(), |master| master.key.to_string());
    format!("v1.{key}.x").parse().unwrap()
}

fn change_master_key(number: u32) -> ChangeMasterKey {
    let of = |byte: u32| [u8::try_from(byte).unwrap(); 16];
    let [gateway, lifecycle, maintenance] = [0, 50, 100].map(|author| KeyCheck(of(number + author)));
    let key = MasterKeyId([u8::try_from(number).unwrap(); 8]);
    ChangeMasterKey { region: "eu-1".parse().unwrap(), number, key, gateway, lifecycle, maintenance }
}

fn join(n: u8, with: u8, instead_of: Option<u8>) -> JoinNode {
    let (node, folder) = (format!("node-{n}").parse().unwrap(), |n: u8| FolderId(Uuid::from_u128(n.into())));
    JoinNode { node, folder: folder(with), zone: "z".into(), replaces: instead_of.map(folder) }
}

fn consumer_name(n: u8) -> ConsumerName {
    format!("consumer-{n}").parse().unwrap()
}

fn added(n: u8) -> consumer::Added {
    let login = format!("U{}", "A".repeat(55)).parse().unwrap();
    let (consumer, durable) = (consumer_name(n), DurableName::new(&consumer_name(n), n.into()));
    consumer::Added { consumer, durable, bucket: None, types: Vec::new(), start: 1, login }
}

fn of_lease(step: &Step) -> Command {
    let region = "eu-1".parse().unwrap();
    match *step {
        Step::TakeLease(lease, n, after) => {
            let owner = Owner { process: ProcessId(Uuid::from_u128(n.into())), name: format!("process {n}") };
            TakeLease { region, lease, owner, after }.into()
        }
        Step::ReleaseLease(lease, epoch) => ReleaseLease { region, lease, epoch }.into(),
        Step::Worker(n, paused, rate, term) => {
            let worker = format!("worker-{n}").parse().unwrap();
            let command = ChangeWorker { region, worker, paused, rate: rate.map(NonZeroU64::new) }.into();
            match term {
                Some((lease, epoch)) => Leased { term: Term { lease, epoch }, command: Box::new(command) }.into(),
                None => command,
            }
        }
        Step::AskWorker(n) => AskWorker { region, worker: format!("worker-{n}").parse().unwrap() }.into(),
        Step::AddConsumer(n) => AddConsumer(added(n)).into(),
        Step::RemoveConsumer(n) => RemoveConsumer(consumer::Removed { consumer: consumer_name(n) }).into(),
        _ => unreachable!("{step:?} is not about leases"),
    }
}

fn notary_key(model: &Model, n: u8) -> KeyChanged {
    KeyChanged {
        region: "eu-1".parse().unwrap(),
        key: NotaryKey([n; 32]),
        former: model.notary.key,
        signature: NotarySignature([n; 64]),
        term: None,
    }
}

/// A checkpoint of the next entry.
fn checkpoint(model: &Model, is_right: bool) -> Option<Checkpointed> {
    let next = model.notary.last + 1;
    Some(Checkpointed {
        region: "eu-1".parse().unwrap(),
        first: next,
        last: next,
        count: 1,
        root: Sha256Digest([1; 32]),
        head: Sha256Digest([2; 32]),
        previous: model.notary.hash,
        key: if is_right { model.notary.key? } else { NotaryKey([9; 32]) },
        signature: NotarySignature([3; 64]),
        term: None,
    })
}

fn upgrade(level: u32) -> Command {
    Command::UpgradeRegion { region: "eu-1".parse().unwrap(), level, release: "0.0.1".into() }
}

/// The command of a step in a state; `None` if its object does not exist.
#[expect(clippy::too_many_lines, reason = "an arm for each step")]
pub(crate) fn command(model: &Model, step: &Step) -> Option<Command> {
    let set = |bucket: usize, setting| Command::SetBucketSetting { bucket: name(bucket), setting };
    let found = |bucket, at| Some(model.current.get(&(id(model, bucket), key(at)))?.version);
    if let Step::Target(step) = step {
        return targets::command(model, step, sealed(model));
    }
    if let Step::Replication(step) = step {
        return replication::command(model, step);
    }
    Some(match *step {
        Step::AddLink(n) => links::add(&links::name(n), sealed(model)),
        Step::RemoveLink(n) => links::remove(&links::name(n)),
        Step::ResealLink(n) => {
            let from = model.links.get(&links::name(n).parse().unwrap())?.secret.clone();
            links::reseal(&links::name(n), from, sealed(model))
        }
        Step::NoteIdentities(n, up_to) => {
            links::note(&links::name(n), model.links.get(&links::name(n).parse().unwrap())?.id, up_to)
        }
        Step::Policy(bucket, n) => {
            let policy = n.map(|n| format!("{{\"Id\":\"{n}\"}}"));
            Command::SetBucketPolicy { bucket: name(bucket), policy, is_public: false }
        }
        Step::Acl(bucket, n) => Command::SetBucketAcl { bucket: name(bucket), acl: acl(n) },
        Step::PublicAccess(bucket, block) => {
            let block =
                block.map(|block_public_acls| PublicAccessBlock { block_public_acls, ..PublicAccessBlock::default() });
            Command::SetPublicAccess { bucket: name(bucket), block }
        }
        Step::Ownership(bucket, ownership) => Command::SetOwnership { bucket: name(bucket), ownership },
        Step::Tags(bucket, n) => set(bucket, Setting::Tags(n.map(tags))),
        Step::Cors(bucket, n) => set(bucket, Setting::Cors(n.map(|n| vec![cors_rule(n)]))),
        Step::AddTags(bucket, n) => set(bucket, Setting::AddTags(tags(n))),
        Step::RemoveTags(bucket, n) => set(bucket, Setting::RemoveTags(tags(n).into_keys().collect())),
        Step::Lifecycle(bucket, n) => set(bucket, lifecycle(n)),
        Step::ObjectLock(bucket, days) => set(bucket, object_lock(days)),
        Step::Encryption(bucket, of) => set(bucket, encryption(of)),
        Step::Logging(bucket, target) => set(bucket, logging(target)),
        Step::Quota(bucket, bytes, objects) => {
            Command::SetQuota { bucket: name(bucket), quota: Quota { bytes, objects } }
        }
        Step::Put(bucket, at, size) => put(bucket, at, size),
        Step::Delete(bucket, at) => DeleteObject::new(name(bucket), key(at), None).into(),
        Step::ObjectAcl(bucket, at, n) => {
            Command::SetObjectAcl { bucket: name(bucket), key: key(at), version: found(bucket, at)?, acl: acl(n) }
        }
        Step::ObjectTags(bucket, at, n) => {
            Command::SetObjectTags { bucket: name(bucket), key: key(at), version: found(bucket, at)?, tags: tags(n) }
        }
        Step::Retention(bucket, at, seconds) => SetRetention {
            bucket: name(bucket),
            key: key(at),
            version: found(bucket, at)?,
            retention: seconds.map(retention),
            bypass_governance: true,
        }
        .into(),
        Step::LegalHold(bucket, at, is_on) => {
            let legal_hold = if is_on { LegalHold::On } else { LegalHold::Off };
            SetLegalHold { bucket: name(bucket), key: key(at), version: found(bucket, at)?, legal_hold }.into()
        }
        Step::Rename(bucket, from, to) => RenameObject {
            bucket: name(bucket),
            source: key(from),
            looked_at: current(model, bucket, from).and_then(|object| Some((found(bucket, from)?, object.size))),
            key: key(to),
            precondition: Precondition::default(),
            client_token: None,
        }
        .into(),
        Step::CreateKmsKey(n) => {
            Command::Identity(Box::new(IdentityCommand::CreateKmsKey { name: kms_key(n), sealed: sealed(model) }))
        }
        Step::ResealKmsKey(n) => {
            let from = model.kms_keys.get(&kms_key(n))?.sealed.clone();
            Command::Identity(Box::new(IdentityCommand::ResealKmsKey { name: kms_key(n), from, to: sealed(model) }))
        }
        Step::ChangeKmsKey(n, enabled) => {
            Command::Identity(Box::new(IdentityCommand::ChangeKmsKey { name: kms_key(n), enabled }))
        }
        Step::Upgrade(level) => upgrade(level),
        Step::ChangeKey(author, number) => ChangeKey { region: "eu-1".parse().unwrap(), author, number }.into(),
        Step::ChangeMasterKey(number) => change_master_key(number).into(),
        Step::Join(n, with, instead_of) => join(n, with, instead_of).into(),
        Step::TakeLease(..)
        | Step::ReleaseLease(..)
        | Step::Worker(..)
        | Step::AskWorker(_)
        | Step::AddConsumer(_)
        | Step::RemoveConsumer(_) => of_lease(step),
        Step::NotaryKey(n) => notary_key(model, n).into(),
        Step::Checkpoint(is_right) => checkpoint(model, is_right)?.into(),
        Step::Target(_) | Step::Replication(_) => unreachable!("they are above"),
    })
}

fn of_buckets() -> impl Strategy<Value = Step> {
    let bucket = || 0..BUCKETS.len();
    let maybe = || option::of(0..2_u8);
    let ownership = prop_oneof![
        Just(None),
        Just(Some(ObjectOwnership::BucketOwnerEnforced)),
        Just(Some(ObjectOwnership::BucketOwnerPreferred)),
        Just(Some(ObjectOwnership::ObjectWriter)),
    ];
    prop_oneof![
        1 => (bucket(), maybe()).prop_map(|(bucket, n)| Step::Policy(bucket, n)),
        1 => (bucket(), 0..3_u8).prop_map(|(bucket, n)| Step::Acl(bucket, n)),
        1 => (bucket(), option::of(any::<bool>())).prop_map(|(bucket, block)| Step::PublicAccess(bucket, block)),
        1 => (bucket(), ownership).prop_map(|(bucket, ownership)| Step::Ownership(bucket, ownership)),
        1 => (bucket(), maybe()).prop_map(|(bucket, n)| Step::Tags(bucket, n)),
        1 => (bucket(), maybe()).prop_map(|(bucket, n)| Step::Cors(bucket, n)),
        1 => (bucket(), 0..3_u8).prop_map(|(bucket, n)| Step::AddTags(bucket, n)),
        1 => (bucket(), 0..3_u8).prop_map(|(bucket, n)| Step::RemoveTags(bucket, n)),
        1 => (bucket(), maybe()).prop_map(|(bucket, n)| Step::Lifecycle(bucket, n)),
        1 => (bucket(), option::of(1..3_u32)).prop_map(|(bucket, days)| Step::ObjectLock(bucket, days)),
        1 => (bucket(), option::of(any::<bool>())).prop_map(|(bucket, of)| Step::Encryption(bucket, of)),
        1 => (bucket(), option::of(bucket())).prop_map(|(bucket, target)| Step::Logging(bucket, target)),
        2 => (bucket(), option::of(1..100_u64), option::of(1..4_u64))
            .prop_map(|(bucket, bytes, objects)| Step::Quota(bucket, bytes, objects)),
    ]
}

fn of_objects() -> impl Strategy<Value = Step> {
    let bucket = || 0..BUCKETS.len();
    let at = || 0..KEYS.len();
    prop_oneof![
        4 => (bucket(), at(), 0..60_u64).prop_map(|(bucket, at, size)| Step::Put(bucket, at, size)),
        1 => (bucket(), at()).prop_map(|(bucket, at)| Step::Delete(bucket, at)),
        1 => (bucket(), at(), 0..3_u8).prop_map(|(bucket, at, n)| Step::ObjectAcl(bucket, at, n)),
        1 => (bucket(), at(), 0..3_u8).prop_map(|(bucket, at, n)| Step::ObjectTags(bucket, at, n)),
        1 => (bucket(), at(), option::of(0..3_i64)).prop_map(|(bucket, at, s)| Step::Retention(bucket, at, s)),
        1 => (bucket(), at(), any::<bool>()).prop_map(|(bucket, at, is_on)| Step::LegalHold(bucket, at, is_on)),
        2 => (bucket(), at(), at()).prop_map(|(bucket, from, to)| Step::Rename(bucket, from, to)),
        1 => (0..2_u8).prop_map(Step::CreateKmsKey),
        1 => (0..2_u8, any::<bool>()).prop_map(|(n, enabled)| Step::ChangeKmsKey(n, enabled)),
        1 => (0..2_u8, 0..3_u8, option::of(0..3_u8)).prop_map(|(n, with, of)| Step::Join(n, with, of)),
        1 => (0..=events::Fact::LEVEL).prop_map(Step::Upgrade),
        1 => (prop::sample::select(&Author::ALL[..]), 0..3_u32).prop_map(|(of, number)| Step::ChangeKey(of, number)),
        1 => (0..3_u32).prop_map(Step::ChangeMasterKey),
        1 => (0..2_u8).prop_map(Step::ResealKmsKey),
    ]
}

fn of_leases() -> impl Strategy<Value = Step> {
    let lease = || prop::sample::select(&Lease::ALL[..2]);
    let term = || (lease(), 0..4_u64);
    prop_oneof![
        (lease(), 0..2_u8, 0..3_u64).prop_map(|(lease, n, after)| Step::TakeLease(lease, n, after)),
        term().prop_map(|(lease, epoch)| Step::ReleaseLease(lease, epoch)),
        (0..2_u8, option::of(any::<bool>()), option::of(0..3_u64), option::of(term()))
            .prop_map(|(n, paused, rate, term)| Step::Worker(n, paused, rate, term)),
        (0..2_u8).prop_map(Step::AskWorker),
    ]
}

fn of_readers() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (0..2_u8).prop_map(Step::AddConsumer),
        2 => (0..2_u8).prop_map(Step::RemoveConsumer),
        2 => (0..2_u8).prop_map(Step::AddLink),
        1 => (0..2_u8).prop_map(Step::RemoveLink),
        1 => (0..2_u8).prop_map(Step::ResealLink),
        3 => (0..2_u8, 0..9_u64).prop_map(|(n, up_to)| Step::NoteIdentities(n, up_to)),
        1 => (0..2_u8).prop_map(Step::NotaryKey),
        1 => prop::bool::weighted(0.8).prop_map(Step::Checkpoint),
    ]
}

pub(crate) fn history(steps_max: usize) -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(
        prop_oneof![
            4 => of_buckets(),
            4 => of_objects(),
            2 => of_leases(),
            2 => of_readers(),
            4 => targets::step().prop_map(Step::Target),
            3 => replication::step().prop_map(Step::Replication),
        ],
        1..steps_max,
    )
}
