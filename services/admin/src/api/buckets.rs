//! Buckets: whose they are, what they hold and may hold.

use domain::row::BucketRow;
use domain::{Command, Identities, View};
use events::ids::BucketName;
use events::quota::Quota;
use ledger::Snapshot;

use super::access::Caller;
use super::answer::Answer;
use super::asked::Asked;
use super::refusal::Refusal;
use super::shape::{Bucket, Buckets, Usage};

/// The path parameter that names a bucket.
const BUCKET: &str = "bucket";

pub(super) async fn list(asked: Asked, _: Caller) -> Result<Answer, Refusal> {
    let page = asked.page::<BucketName>()?;
    let snapshot = asked.read().await?;
    let mut rows = snapshot.list_buckets(page.after.as_ref(), page.limit + 1)?;
    let next = page.cut(&mut rows);
    let buckets = rows.into_iter().map(|(name, row)| shape(&snapshot, name, row)).collect::<Result<_, _>>()?;
    Answer::of(&Buckets { buckets, next })
}

pub(super) async fn get(asked: Asked, _: Caller) -> Result<Answer, Refusal> {
    let name = asked.name(BUCKET)?;
    Answer::of(&find(&*asked.read().await?, name)?)
}

pub(super) async fn quota(asked: Asked, _: Caller) -> Result<Answer, Refusal> {
    let name = asked.name(BUCKET)?;
    Answer::of(&find(&*asked.read().await?, name)?.quota)
}

pub(super) async fn set_quota(mut asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let bucket: BucketName = asked.name(BUCKET)?;
    let quota: Quota = asked.json().await?;
    let committed = asked.commit(&caller, Command::SetQuota { bucket, quota }).await?;
    Answer::changed(&quota, committed.sequence)
}

pub(super) async fn clear_quota(asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let command = Command::SetQuota { bucket: asked.name(BUCKET)?, quota: Quota::default() };
    Ok(Answer::done(asked.commit(&caller, command).await?.sequence))
}

fn find(snapshot: &Snapshot, name: BucketName) -> Result<Bucket, Refusal> {
    let row = snapshot.bucket(&name)?.ok_or_else(|| Refusal::not_found("there is no such bucket"))?;
    shape(snapshot, name, row)
}

fn shape(snapshot: &Snapshot, name: BucketName, row: BucketRow) -> Result<Bucket, Refusal> {
    let usage = snapshot.usage(row.id)?;
    let owner_name = if row.owner == events::ids::UserId::root() {
        Some(events::ids::UserName::root())
    } else {
        snapshot.user_by_id(&row.owner)?
    };
    Ok(Bucket {
        name,
        owner: row.owner,
        owner_name,
        created: row.created,
        usage: Usage { objects: usage.objects, bytes: usage.bytes },
        quota: usage.quota,
    })
}
