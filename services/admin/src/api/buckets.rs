//! Buckets: whose they are, what they hold and may hold.

use std::sync::Arc;

use domain::row::BucketRow;
use domain::{Command, Identities, View};
use events::ids::BucketName;
use events::quota::Quota;
use ledger::{Snapshot, StateError};
use policy::Action;

use super::access::{Asker, Caller};
use super::answer::Answer;
use super::asked::Asked;
use super::listing::Lister;
use super::refusal::Refusal;
use super::shape::{Bucket, Buckets, Usage};

/// The path parameter that names a bucket.
const BUCKET: &str = "bucket";

/// Buckets that are looked at for a page of somebody who may not see all of them. A page may have fewer than its limit.
const LOOKED_AT_MAX: usize = 5_000;

/// Buckets that are read at once.
const ROWS_AT_ONCE: usize = 500;

pub(super) async fn list(asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let page = asked.page::<BucketName>()?;
    let snapshot = asked.read().await?;
    let asker = Asker::new(&asked.admin, &asked.parts, asked.now);
    let (rows, next) = if caller.decide(Action::AdminListBuckets, EVERY_BUCKET, &asker).is_allowed() {
        let mut rows = snapshot.list_buckets(page.after.as_ref(), page.limit + 1)?;
        let next = page.cut(&mut rows);
        (rows, next)
    } else {
        let (after, limit) = (page.after, page.limit);
        let state = Arc::clone(&snapshot);
        let found = tokio::task::spawn_blocking(move || visible(&asked, &caller, &state, after, limit));
        found.await.map_err(|error| {
            tracing::error!(%error, "a list of buckets went wrong");
            Refusal::internal()
        })??
    };
    let buckets = rows.into_iter().map(|(name, row)| shape(&snapshot, name, row)).collect::<Result<_, _>>()?;
    Answer::of(&Buckets { buckets, next })
}

/// What the right to list buckets is about.
const EVERY_BUCKET: &str = "bucket/*";

type Found = (Vec<(BucketName, BucketRow)>, Option<BucketName>);

/// The buckets of which somebody may list everything, and where the next page begins.
fn visible(
    asked: &Asked,
    caller: &Caller,
    snapshot: &Snapshot,
    mut after: Option<BucketName>,
    limit: usize,
) -> Result<Found, StateError> {
    let (mut found, mut looked_at) = (Vec::new(), 0);
    loop {
        let rows = snapshot.list_buckets(after.as_ref(), ROWS_AT_ONCE)?;
        let is_last = rows.len() < ROWS_AT_ONCE;
        for (name, row) in rows {
            if found.len() == limit || looked_at == LOOKED_AT_MAX {
                return Ok((found, after));
            }
            looked_at += 1;
            after = Some(name.clone());
            if may_list(asked, caller, snapshot, &name, &row)? {
                found.push((name, row));
            }
        }
        if is_last {
            return Ok((found, None));
        }
    }
}

/// Whether somebody may list all of a bucket: then its figures are no secret to them.
fn may_list(
    asked: &Asked,
    caller: &Caller,
    snapshot: &Snapshot,
    name: &BucketName,
    row: &BucketRow,
) -> Result<bool, StateError> {
    let lister = Lister { admin: &asked.admin, parts: &asked.parts, now: asked.now, caller, snapshot };
    lister.may_list(name, row, None)
}

/// The bucket that the path names, if the caller may see it: by a right of administration, or by the right to list all of
/// it. Whoever may not does not learn whether it is there.
pub(super) async fn visible_bucket(
    asked: &Asked,
    caller: &Caller,
    action: Action,
) -> Result<(Arc<Snapshot>, BucketName, BucketRow), Refusal> {
    let name: BucketName = asked.name(BUCKET)?;
    let snapshot = asked.read().await?;
    let missing = || Refusal::not_found("there is no such bucket, or you may not list it");
    let row = snapshot.bucket(&name)?.ok_or_else(missing)?;
    let asker = Asker::new(&asked.admin, &asked.parts, asked.now);
    let target = format!("bucket/{name}");
    if caller.decide(action, &target, &asker).is_allowed() || may_list(asked, caller, &snapshot, &name, &row)? {
        return Ok((snapshot, name, row));
    }
    Err(missing())
}

pub(super) async fn get(asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let (snapshot, name, row) = visible_bucket(&asked, &caller, Action::AdminGetBucket).await?;
    Answer::of(&shape(&snapshot, name, row)?)
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
