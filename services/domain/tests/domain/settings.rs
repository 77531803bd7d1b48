//! Random histories of settings: the last value holds, nothing else changes, and a replay gives the same state.

use domain::model::Model;
use domain::row::NotificationRow;
use domain::{Command, Context, IdentityCommand, LinkCommand, NoteReplicated, ReplicationResult, Setting, project};
use events::ids::{BucketName, ObjectKey};
use jiff::Timestamp;
use proptest::prelude::*;
use uuid::Uuid;

use crate::fold::Fold;
use crate::random::settings::{BUCKETS, Step, begin, command, history, id};
use crate::targets;

fn context(place: usize) -> Context {
    let now = Timestamp::from_second(1_700_000_000 + i64::try_from(place).unwrap()).unwrap();
    Context { now, fresh: Uuid::from_u128((place as u128 + 1) << 64) }
}

/// The state after the buckets of every history were created.
pub(crate) fn begun() -> Fold {
    let mut fold = Fold::new();
    for (place, command) in begin().iter().enumerate() {
        fold.command(command, context(place)).unwrap();
    }
    fold
}

/// Executes a step. Returns its command and whether it succeeded, if the step applied.
pub(crate) fn take(fold: &mut Fold, place: usize, step: &Step) -> Option<(Command, bool)> {
    let command = command(&fold.model, step)?;
    let answer = fold.command(&command, context(BUCKETS.len() + place));
    Some((command, answer.is_ok()))
}

/// Whether the state has the value that an accepted command set.
fn holds(model: &Model, command: &Command) -> bool {
    let id_of = |bucket: &BucketName| model.buckets[bucket].id;
    let access = |bucket| model.bucket_access.get(&id_of(bucket)).cloned().unwrap_or_default();
    let settings = |bucket| model.bucket_settings.get(&id_of(bucket)).cloned().unwrap_or_default();
    let object =
        |bucket, key: &ObjectKey| model.current.get(&(id_of(bucket), key.clone())).and_then(|row| row.object.clone());
    match command {
        Command::SetBucketPolicy { bucket, policy, .. } => access(bucket).policy == *policy,
        Command::SetBucketAcl { bucket, acl } => access(bucket).acl.unwrap_or_default() == *acl,
        Command::SetPublicAccess { bucket, block } => access(bucket).public_access_block == *block,
        Command::SetOwnership { bucket, ownership } => access(bucket).ownership == *ownership,
        Command::SetBucketSetting { bucket, setting } => has_setting(&settings(bucket), setting),
        Command::SetQuota { bucket, quota } => {
            model.usage.get(&id_of(bucket)).copied().unwrap_or_default().quota == *quota
        }
        Command::PutObject(put) => object(&put.bucket, &put.key).is_some_and(|object| object.size == put.size),
        Command::DeleteObject(delete) => object(&delete.bucket, &delete.key).is_none(),
        Command::SetObjectAcl { bucket, key, acl, .. } => {
            object(bucket, key).is_some_and(|object| object.acl.unwrap_or_default() == *acl)
        }
        Command::SetObjectTags { bucket, key, tags, .. } => {
            object(bucket, key).is_some_and(|object| object.attributes.tags == *tags)
        }
        Command::SetRetention(set) => {
            object(&set.bucket, &set.key).is_some_and(|object| object.lock.retention == set.retention)
        }
        Command::SetLegalHold(set) => {
            object(&set.bucket, &set.key).is_some_and(|object| object.lock.legal_hold == Some(set.legal_hold))
        }
        Command::RenameObject(rename) => {
            let size = object(&rename.bucket, &rename.key).map(|object| object.size);
            object(&rename.bucket, &rename.source).is_none() && size == rename.looked_at.map(|(_, size)| size)
        }
        Command::Identity(command) => match command.as_ref() {
            IdentityCommand::CreateKmsKey { name, .. } => model.kms_keys[name].enabled,
            IdentityCommand::ChangeKmsKey { name, enabled } => model.kms_keys[name].enabled == *enabled,
            IdentityCommand::ResealKmsKey { name, to, .. } => model.kms_keys[name].sealed == *to,
            other => panic!("{other:?} is no part of these histories"),
        },
        Command::Target(command) => targets::holds(model, command),
        Command::Link(command) => link_holds(model, command),
        Command::NoteReplicated(note) => has_noted(model, note),
        Command::Resync(wanted) => {
            let row = model.bucket_settings[&model.buckets[&wanted.bucket].id].replication.as_ref();
            row.is_some_and(|row| {
                row.resyncs.iter().any(|(known, row)| *known == wanted.destination && row.up_to.is_none())
            })
        }
        Command::UpgradeRegion { level, .. } => model.totals.level >= *level,
        Command::ChangeKey(change) => model.totals.keys.of(change.author) >= change.number,
        Command::ChangeMasterKey(change) => {
            model.totals.keys.master.map(|master| (master.number, master.key)) == Some((change.number, change.key))
        }
        Command::JoinNode(join) => model.nodes[&join.node].folder == join.folder,
        Command::Leased(leased) => holds(model, &leased.command),
        Command::Sparing(command) => holds(model, command),
        other => lease_holds(model, other),
    }
}

/// Whether the state has what an accepted command about links set.
fn link_holds(model: &Model, command: &LinkCommand) -> bool {
    match command {
        LinkCommand::Add { link, secret, .. } => model.links.get(link).is_some_and(|row| row.secret == *secret),
        LinkCommand::Remove { link } => !model.links.contains_key(link),
        LinkCommand::NoteIdentities { link, up_to, .. } => {
            model.links.get(link).is_some_and(|row| row.identities_sent == Some(*up_to))
        }
        LinkCommand::Reseal { link, to, .. } => model.links.get(link).is_some_and(|row| row.secret == *to),
    }
}

/// Whether the state has what was noted.
fn has_noted(model: &Model, note: &NoteReplicated) -> bool {
    let settings = &model.bucket_settings[&model.buckets[&note.bucket].id];
    let Some(row) = &settings.replication else { return false };
    let known = row.progress.iter().find(|(known, _)| *known == note.destination);
    let resync = row.resyncs.iter().find(|(known, _)| *known == note.destination);
    match &note.result {
        ReplicationResult::Completed { up_to } => known.is_some_and(|(_, known)| known >= up_to),
        ReplicationResult::Failed { .. } => true,
        ReplicationResult::Missing { up_to: None } => resync.is_none(),
        // One that was not asked for is not noted.
        ReplicationResult::Missing { up_to: Some(last) } => {
            resync.is_none_or(|(_, row)| row.up_to == Some((last.key.clone(), last.version_id)))
        }
    }
}

/// Whether the settings of a bucket have the one that an accepted command set.
fn has_setting(settings: &domain::row::BucketSettingsRow, setting: &Setting) -> bool {
    let tags = settings.tags.clone().unwrap_or_default();
    match setting {
        Setting::Tags(tags) => settings.tags == *tags,
        Setting::Cors(rules) => settings.cors == *rules,
        Setting::AddTags(added) => added.iter().all(|(name, value)| tags.get(name) == Some(value)),
        Setting::RemoveTags(names) => names.iter().all(|name| !tags.contains_key(name)),
        Setting::Lifecycle(rules, minimum) => settings.lifecycle == *rules && settings.transition_minimum == *minimum,
        Setting::ObjectLock(lock) => settings.object_lock == Some(*lock),
        Setting::Notifications(rules) => {
            settings.notifications.iter().map(NotificationRow::rule).eq(rules.iter().cloned())
        }
        Setting::Logging(logging) => settings.logging.as_ref().map(domain::row::LoggingRow::logging) == *logging,
        Setting::Replication(to) => settings.replication.as_ref().map(|row| &row.configuration) == to.as_ref(),
        Setting::Encryption(encryption) => settings.encryption == *encryption,
    }
}

/// Whether the state has what an accepted command about leases and workers set.
fn lease_holds(model: &Model, command: &Command) -> bool {
    match command {
        Command::TakeLease(take) => {
            let row = &model.leases[&take.lease];
            row.epoch == take.after + 1 && row.owner.as_ref() == Some(&take.owner)
        }
        Command::ReleaseLease(release) => {
            model.leases.get(&release.lease).is_none_or(|row| row.epoch != release.epoch || row.owner.is_none())
        }
        Command::AddConsumer(add) => model.consumers[&add.0.consumer].durable == add.0.durable,
        Command::RemoveConsumer(remove) => !model.consumers.contains_key(&remove.0.consumer),
        Command::ChangeNotaryKey(change) => model.notary.key == Some(change.key),
        Command::Checkpoint(checkpoint) => model.notary.last == checkpoint.last,
        Command::AskWorker(ask) => model.workers[&ask.worker].asked > 0,
        Command::ChangeWorker(change) => {
            let row = model.workers.get(&change.worker).copied().unwrap_or_default();
            change.paused.is_none_or(|paused| row.paused == paused) && change.rate.is_none_or(|rate| row.rate == rate)
        }
        other => panic!("{other:?} is no part of these histories"),
    }
}

/// The settings of one bucket, and its contents.
fn of_bucket(model: &Model, bucket: usize) -> impl PartialEq + std::fmt::Debug {
    let id = id(model, bucket);
    let current: Vec<_> = model.current.iter().filter(|((of, _), _)| *of == id).map(|(_, row)| row.clone()).collect();
    let row = model.buckets.values().find(|row| row.id == id).cloned();
    (
        row,
        model.bucket_access.get(&id).cloned(),
        model.bucket_settings.get(&id).cloned(),
        model.usage.get(&id).copied(),
        current,
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_said_last_holds(steps in history(60)) {
        let mut fold = begun();
        for (place, step) in steps.iter().enumerate() {
            let (events, was) = (fold.events.len(), fold.model.clone());
            let Some((command, accepted)) = take(&mut fold, place, step) else { continue };
            prop_assert!(!accepted || holds(&fold.model, &command), "{:?} was accepted and does not hold", command);
            let Some(event) = fold.events.get(events) else {
                prop_assert_eq!(&fold.model, &was, "something changed without an event");
                continue;
            };
            prop_assert!(accepted, "an event of a command that was refused");
            for (bucket, name) in BUCKETS.iter().enumerate() {
                if event.fact.bucket().is_none_or(|changed| changed.as_str() != *name) {
                    prop_assert_eq!(of_bucket(&fold.model, bucket), of_bucket(&was, bucket), "{:?}", &command);
                }
            }
        }
        let mut replayed = Model::default();
        for event in &fold.events {
            let changes = project(&replayed, event).unwrap();
            // Rows are complete: applying them again changes nothing.
            changes.iter().chain(&changes).for_each(|change| replayed.apply(change.clone()));
        }
        prop_assert_eq!(&replayed, &fold.model);
    }
}
