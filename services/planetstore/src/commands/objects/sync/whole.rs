//! A version from one store to another.

use anyhow::{bail, ensure};
use http::Method;

use super::ends::Bucket;
use super::engine::Shared;
use super::entry::{State, is_md5};
use super::layout::{Layout, first_part};
use super::part::{BODY_BYTES_MAX, check, digest_of, md5, pass_on, read, with_md5};
use super::parts::{NotItsEtag, Origin, Transfer};
use super::traits::{Traits, tags};
use crate::sources::sources;

/// The longest object that is sent whole, in bytes.
///
/// Source: "`PutObject`", Amazon S3 API Reference.
const WHOLE_BYTES_MAX: u64 = 5 << 30;

/// Sends a version, or makes a delete marker.
pub(super) async fn send(
    shared: &Shared,
    (from, to): (&Bucket, &Bucket),
    key: &str,
    state: &State,
) -> anyhow::Result<()> {
    if state.is_deleted {
        to.client.send_once(&to.call(Method::DELETE, key)).await?;
        return Ok(());
    }
    match state.parts() {
        Some(count) => in_parts(shared, (from, to), key, state, Some(count)).await,
        None => whole(shared, (from, to), key, state).await,
    }
}

async fn whole(shared: &Shared, (from, to): (&Bucket, &Bucket), key: &str, state: &State) -> anyhow::Result<()> {
    let room = shared.room.take(state.size).await?;
    let get = from.call(Method::GET, key).query_if("versionId", state.version.as_deref());
    let answer = from.client.send(&get.header("x-amz-checksum-mode", "ENABLED")?).await?;
    let traits = Traits::read(&answer, !shared.options.without_locks, (sources().now)());
    let is_marked = traits.is_opaque || to.is_opaque;
    let size = answer.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(state.size);
    if size > BODY_BYTES_MAX && (is_marked || size > WHOLE_BYTES_MAX) {
        drop((answer, room));
        return in_parts(shared, (from, to), key, state, None).await;
    }
    let tags = tags(from, key, state, Some(answer.header("x-amz-tagging-count").unwrap_or("0"))).await?;
    let put = traits.give_checksum(traits.give(to.call(Method::PUT, key), tags.as_deref(), is_marked)?);
    let etag = traits.etag;
    let expected = digest_of(&etag).filter(|_| !traits.is_opaque && is_md5(&etag));
    if size <= BODY_BYTES_MAX {
        let body = read(answer, size).await?;
        let digest = md5(&body);
        ensure!(
            expected.is_none_or(|expected| expected == digest),
            "the bytes that were read do not match their ETag {etag}"
        );
        let answer = to.client.send_once(&with_md5(put.body(body), digest)?).await?;
        check(&answer, digest, to.is_opaque)?;
    } else {
        let Some(expected) = expected else { bail!("the store returned an ETag that is not a hash of bytes: {etag}") };
        let put = with_md5(put, expected)?;
        let (answer, digest) = Box::pin(pass_on(&to.client, &put, answer, size)).await?;
        check(&answer, digest, to.is_opaque)?;
    }
    shared.progress.add(size);
    Ok(())
}

/// `count` is how many parts its entity tag says that it has.
async fn in_parts(
    shared: &Shared,
    (from, to): (&Bucket, &Bucket),
    key: &str,
    state: &State,
    count: Option<u64>,
) -> anyhow::Result<()> {
    // Of its first part alone, some stores tell less.
    let head = from.call(Method::HEAD, key).query_if("versionId", state.version.as_deref());
    let head = from.client.send(&head.header("x-amz-checksum-mode", "ENABLED")?).await?;
    let traits = Traits::read(&head, !shared.options.without_locks, (sources().now)());
    let layout = match count.filter(|_| !traits.is_opaque && !to.is_opaque) {
        Some(count) => Layout::of(from, key, state, count, &first_part(from, key, state).await?).await?,
        None => Layout::own(state.size),
    };
    let tags = tags(from, key, state, head.header("x-amz-tagging-count")).await?;
    let transfer = |layout: Layout| {
        let is_marked = !layout.is_theirs;
        let begin = to.call(Method::POST, key).query("uploads", "");
        Ok::<_, anyhow::Error>(Transfer {
            shared,
            key,
            origin: Origin::Object { from, state },
            to,
            begin: traits.give(begin, tags.as_deref(), is_marked)?,
            identity: format!("{} {} {}", state.version.as_deref().unwrap_or_default(), state.etag, state.size),
            etag: layout.is_theirs.then_some(state.etag.as_str()),
            layout,
        })
    };
    let is_wrong = |done: &anyhow::Result<()>, went_on: bool| {
        let wrong = done.as_ref().err().and_then(|error| error.downcast_ref::<NotItsEtag>());
        wrong.is_some_and(|wrong| wrong.went_on == went_on)
    };
    let mut done = Box::pin(transfer(layout.clone())?.run(|| Ok(()))).await;
    if is_wrong(&done, true) {
        // What an earlier run sent of it is no good.
        done = Box::pin(transfer(layout)?.run(|| Ok(()))).await;
    }
    if is_wrong(&done, false) {
        // Its parts had other sizes than it seemed.
        done = Box::pin(transfer(Layout::own(state.size))?.run(|| Ok(()))).await;
    }
    done
}
