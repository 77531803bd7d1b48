//! Decides commands by the rules, on exactly the state before the fact.

mod access;
mod append;
mod bucket;
mod checkpoint;
mod consumer;
mod content;
mod delete;
mod health;
mod identity;
mod lease;
mod lifecycle;
mod link;
mod lock;
mod node;
mod object;
mod quota;
mod region;
mod release;
mod rename;
mod replica;
mod setting;
mod tags;
mod target;
mod upload;
mod worker;

use events::Fact;
use events::bucket::Created;
use events::ids::BucketName;
use events::region::Upgraded;

use crate::command::{Command, Context, Judged, Leased, Outcome, Rejection};
use crate::row::BucketRow;
use crate::standing::{Who, standing};
use crate::view::View;

pub use content::{OF_BUCKET_LOOKED_AT_MAX, RECLAIMED_MAX, known_content};
pub(crate) use lifecycle::{ended, given_up};
pub use lock::admit_lock;
pub use quota::{admit, admit_append, admit_part, room};
pub(crate) use release::release;

/// The decision on a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The fact to write; `None` if nothing changes.
    pub fact: Option<Fact>,
    /// Facts that are written with the first one. They may be written later too: the state remembers that they are due.
    pub warnings: Vec<Fact>,
    /// The outcome to return once the fact is written.
    pub outcome: Outcome,
}

impl Decision {
    fn write(fact: Fact, outcome: Outcome) -> Self {
        Self { fact: Some(fact), warnings: Vec::new(), outcome }
    }

    fn nothing(outcome: Outcome) -> Self {
        Self { fact: None, warnings: Vec::new(), outcome }
    }

    fn warn(self, warnings: Vec<Fact>) -> Self {
        Self { warnings, ..self }
    }
}

/// The reason why there is no decision.
#[derive(Debug, PartialEq, Eq)]
pub enum Refused<E> {
    /// The command was refused.
    Rejected(Rejection),
    /// The state could not be read.
    View(E),
}

impl<E> From<Rejection> for Refused<E> {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

/// Whether a version that is there is not any more after a fact about a key.
fn ends_a_version(fact: &Fact) -> bool {
    match fact {
        Fact::ObjectCreated(created) => created.replaces.is_some(),
        Fact::DeleteMarkerCreated(created) => created.replaces.is_some(),
        // The others of a key either end something, or are no answer to a command that is to spare its versions.
        other => other.key().is_some(),
    }
}

/// Decides a command on the state before it. There is no clock, randomness or I/O: `context` supplies the inputs.
#[expect(clippy::too_many_lines, reason = "an arm for each command")]
pub fn decide<V: View>(view: &V, command: &Command, context: Context) -> Result<Decision, Refused<V::Error>> {
    match command {
        Command::Judged { by, command } => {
            check_judged(view, by)?;
            decide(view, command, context)
        }
        Command::Leased(Leased { term, command }) => {
            lease::check(view, *term)?;
            let decision = decide(view, command, context)?;
            Ok(Decision { fact: decision.fact.map(|fact| fact.under(*term)), ..decision })
        }
        Command::Sparing(command) => {
            let decision = decide(view, command, context)?;
            if decision.fact.as_ref().is_some_and(ends_a_version) {
                return Err(Rejection::WouldEndAVersion.into());
            }
            Ok(decision)
        }
        Command::CreateBucket { bucket, owner, acl, ownership, object_lock, location, tags } => {
            let to_be = Created {
                bucket: bucket.clone(),
                owner: owner.clone(),
                acl: acl.clone(),
                ownership: *ownership,
                object_lock: *object_lock,
                location: location.clone(),
                tags: tags.clone(),
            };
            bucket::create(view, to_be)
        }
        Command::DeleteBucket { bucket } => bucket::delete(view, bucket),
        Command::SetVersioning { bucket, versioning } => bucket::set_versioning(view, bucket, *versioning),
        Command::SetBucketPolicy { bucket, policy, is_public } => {
            access::set_policy(view, bucket, policy.as_ref(), *is_public)
        }
        Command::SetBucketAcl { bucket, acl } => access::set_acl(view, bucket, acl),
        Command::SetPublicAccess { bucket, block } => access::set_public_access(view, bucket, *block),
        Command::SetOwnership { bucket, ownership } => access::set_ownership(view, bucket, *ownership),
        Command::SetObjectAcl { bucket, key, version, acl } => access::set_object_acl(view, bucket, key, *version, acl),
        Command::SetObjectTags { bucket, key, version, tags } => tags::set(view, bucket, key, *version, tags),
        Command::SetBucketSetting { bucket, setting } => setting::set(view, bucket, setting),
        Command::SetRetention(set) => lock::set_retention(view, set, context),
        Command::SetLegalHold(set) => lock::set_legal_hold(view, set),
        Command::SetQuota { bucket, quota } => quota::set(view, bucket, *quota),
        Command::UpgradeRegion { region, level, release } => {
            let fact = Upgraded { region: region.clone(), level: *level, release: release.clone() };
            let is_so_already = view.totals().map_err(Refused::View)?.level >= *level;
            Ok(changed(is_so_already, Fact::RegionUpgraded(fact)))
        }
        Command::ChangeKey(change) => region::change_key(view, change),
        Command::ChangeMasterKey(change) => region::change_master_key(view, change),
        Command::TakeLease(take) => lease::take(view, take),
        Command::ReleaseLease(release) => lease::release(view, release),
        Command::ChangeWorker(change) => worker::change(view, change),
        Command::AskWorker(ask) => Ok(worker::ask(ask)),
        Command::AddConsumer(wanted) => consumer::add(view, wanted),
        Command::RemoveConsumer(wanted) => consumer::remove(view, wanted),
        Command::JoinNode(wanted) => node::join(view, wanted),
        Command::Target(command) => target::decide(view, command),
        Command::Link(command) => link::decide(view, command),
        Command::Identity(command) => identity::decide(view, command, context),
        Command::PutObject(put) => object::put(view, put, context),
        Command::AppendObject(append) => append::append(view, append, context),
        Command::DeleteObject(delete) => delete::delete(view, delete, context),
        Command::Expire(expire) => lifecycle::expire(view, expire, context),
        Command::AbortExpired(abort) => lifecycle::abort(view, abort, context),
        Command::RenameObject(rename) => rename::rename(view, rename, context),
        Command::Replicate(replica) => replica::replicate(view, replica, context),
        Command::NoteReplicated(note) => replica::note(view, note),
        Command::Resync(wanted) => replica::resync(view, wanted),
        Command::NoteHealth(note) => health::note(view, note),
        Command::PlaceShards(wanted) => content::place(view, wanted),
        Command::ReclaimContents(wanted) => content::reclaim(view, wanted),
        Command::MoveHorizon(wanted) => region::move_horizon(view, wanted, context),
        Command::Checkpoint(wanted) => checkpoint::checkpoint(view, wanted),
        Command::ChangeNotaryKey(wanted) => checkpoint::change_key(view, wanted),
        Command::ChangeNode(change) => node::change(view, change),
        Command::CreateUpload(create) => upload::create(view, create, context),
        Command::StorePart(store) => upload::store_part(view, store, context),
        Command::CompleteUpload(complete) => upload::complete(view, complete, context),
        Command::AbortUpload { bucket, key, upload } => upload::abort(view, bucket, key, *upload),
        Command::ReleaseParts { max } => release(view, *max),
    }
}

/// Refuses if the state that a right was judged on has changed, because the right may no longer hold.
fn check_judged<V: View>(view: &V, by: &Judged) -> Result<(), Refused<V::Error>> {
    if let Some(bucket) = &by.bucket {
        let row = bucket_row(view, &bucket.name)?;
        if row.id != bucket.id {
            return Err(Rejection::NoSuchBucket.into());
        }
        if row.access != bucket.access {
            return Err(Rejection::JudgedByOther.into());
        }
    }
    let changed = || view.identities_changed().map_err(Refused::View);
    if let Some(seen) = by.identities
        && changed()? != seen
    {
        return Err(Rejection::JudgedByOther.into());
    }
    let Some(caller) = &by.caller else { return Ok(()) };
    // Sessions end without a change of identities.
    let is_looked_at = matches!(caller.who, Who::Session(_));
    if !is_looked_at && changed()? == caller.identities {
        return Ok(());
    }
    match standing(view, &caller.who).map_err(Refused::View)? {
        Some(standing) if standing == *caller.standing => Ok(()),
        _ => Err(Rejection::JudgedByOther.into()),
    }
}

fn bucket_row<V: View>(view: &V, name: &BucketName) -> Result<BucketRow, Refused<V::Error>> {
    view.bucket(name).map_err(Refused::View)?.ok_or(Refused::Rejected(Rejection::NoSuchBucket))
}

fn changed(is_so_already: bool, fact: Fact) -> Decision {
    if is_so_already { Decision::nothing(Outcome::Done) } else { Decision::write(fact, Outcome::Done) }
}
