//! A key from a bucket to another one, with all its versions in their order.

use anyhow::Context;
use http::Method;

use super::ends::Bucket;
use super::engine::{Outcome, Shared, again};
use super::entry::{Likeness, State};
use super::keys::states_of;
use super::pairs::Pair;
use super::report::Row;
use super::traits::{MARK, Traits};
use super::whole::send;
use crate::s3_client::RefusedByS3;

/// Sends the versions that the target lacks. If an attempt fails, what it did is seen from what the target has then.
pub(super) async fn bring(
    shared: &Shared,
    (from, to): (&Bucket, &Bucket),
    pair: Pair,
    outcome: &mut Outcome,
) -> anyhow::Result<()> {
    let Pair { key, source, mut target } = pair;
    if source.is_empty() {
        let is_there = target.last().is_some_and(|state| !state.is_deleted);
        return if is_there { remove(shared, to, &key, outcome).await } else { Ok(()) };
    }
    let mut attempt = 1;
    loop {
        let known = known(shared, (from, to), &key, &source, &target).await?;
        if attempt == 1 {
            outcome.same += known as u64;
        }
        let Err(error) = send_all(shared, (from, to), &key, &source[known..], outcome).await else { return Ok(()) };
        again(&key, &mut attempt, error).await?;
        target = states_of(&to.client, &to.at(&key), to.with_versions).await?;
    }
}

/// Removes a key that the source does not have, if that is wanted.
pub(super) async fn remove(shared: &Shared, to: &Bucket, key: &str, outcome: &mut Outcome) -> anyhow::Result<()> {
    if !shared.options.delete {
        return Ok(());
    }
    if !shared.options.dry_run {
        to.client.send(&to.call(Method::DELETE, key)).await.context("it cannot be removed")?;
    }
    outcome.rows.push(Row::removed(key));
    Ok(())
}

async fn send_all(
    shared: &Shared,
    ends: (&Bucket, &Bucket),
    key: &str,
    states: &[State],
    outcome: &mut Outcome,
) -> anyhow::Result<()> {
    for state in states {
        if !shared.options.dry_run {
            shared.progress.expect(state.size);
            let sent = Box::pin(send(shared, ends, key, state)).await;
            match (sent, &state.version) {
                (Err(error), Some(version)) => return Err(error.context(format!("version {version}"))),
                (sent, _) => sent?,
            }
        }
        outcome.rows.push(Row::sent(key, state));
    }
    Ok(())
}

/// How many of the source's versions the target has already: the most of the source's first ones that are the target's
/// last ones.
async fn known(
    shared: &Shared,
    ends: (&Bucket, &Bucket),
    key: &str,
    source: &[State],
    target: &[State],
) -> anyhow::Result<usize> {
    let (from, to) = ends;
    let mut marks: Vec<Option<String>> = vec![None; target.len()];
    'count: for count in (1..=source.len().min(target.len())).rev() {
        let first = target.len() - count;
        let likenesses: Vec<_> = source.iter().zip(&target[first..]).map(|(one, other)| one.like(other)).collect();
        if likenesses.contains(&Likeness::Different) {
            continue;
        }
        for (number, _) in likenesses.iter().enumerate().filter(|(_, likeness)| **likeness == Likeness::Unknown) {
            let at = first + number;
            if marks[at].is_none() {
                marks[at] = Some(mark(to, key, &target[at]).await?);
            }
            if marks[at].as_ref() != Some(&source[number].etag) {
                continue 'count;
            }
        }
        let is_rewritten = !from.with_versions && source[0].modified > target[first].modified;
        if is_rewritten && !has_same_traits(shared, ends, key, (&source[0], &target[first])).await? {
            continue;
        }
        return Ok(count);
    }
    Ok(0)
}

/// The entity tag that a version of the target had at its source, if it was noted, else nothing.
async fn mark(to: &Bucket, key: &str, state: &State) -> anyhow::Result<String> {
    let call = to.call(Method::HEAD, key).query_if("versionId", state.version.as_deref());
    match to.client.send(&call).await {
        Ok(answer) => Ok(answer.header(MARK).unwrap_or_default().to_owned()),
        // It was removed since the list was read.
        Err(error) if error.downcast_ref::<RefusedByS3>().is_some_and(|refused| refused.status.as_u16() == 404) => {
            Ok(String::new())
        }
        Err(error) => Err(error),
    }
}

/// Whether an object that was written again with the same bytes has the same metadata.
async fn has_same_traits(
    shared: &Shared,
    (from, to): (&Bucket, &Bucket),
    key: &str,
    (source, target): (&State, &State),
) -> anyhow::Result<bool> {
    let traits = async |bucket: &Bucket, state: &State| {
        let call = bucket.call(Method::HEAD, key).query_if("versionId", state.version.as_deref());
        let answer = bucket.client.send(&call).await?;
        Ok::<_, anyhow::Error>(Traits::read(&answer, !shared.options.without_locks, (crate::sources::sources().now)()))
    };
    let (source, target) = (traits(from, source).await?, traits(to, target).await?);
    Ok(source.are_those_of(&target))
}
