//! A file to a bucket.

use std::fs::Metadata;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::{Context, ensure};
use bytes::Bytes;
use http::Method;

use super::ends::Bucket;
use super::engine::{Outcome, Shared, again};
use super::entry::State;
use super::evidence::{Evidence, compare};
use super::history::remove;
use super::layout::Layout;
use super::pairs::Pair;
use super::part::{BODY_BYTES_MAX, check, md5, with_md5};
use super::parts::{Origin, Transfer};
use super::report::Row;
use crate::commands::objects::copy::media_type;

/// Sends a file, if the bucket does not have it.
pub(super) async fn bring(
    shared: &Shared,
    (from, to): (&Path, &Bucket),
    pair: Pair,
    outcome: &mut Outcome,
) -> anyhow::Result<()> {
    let Pair { key, source, target } = pair;
    let (Some(source), target) = (source.last(), target.last()) else {
        return if target.is_empty() { Ok(()) } else { remove(shared, to, &key, outcome).await };
    };
    let path = from.join(&key);
    if let Some(target) = target
        && is_there(shared, to, &key, (source, target), &path).await?
    {
        outcome.same += 1;
        return Ok(());
    }
    if shared.options.dry_run {
        outcome.rows.push(Row::sent(&key, source));
        return Ok(());
    }
    shared.progress.expect(source.size);
    let mut attempt = 1;
    let size = loop {
        match Box::pin(send(shared, to, &key, &path)).await {
            Ok(size) => break size,
            Err(error) => again(&key, &mut attempt, error).await?,
        }
    };
    outcome.rows.push(Row::sent(&key, &State { size, ..source.clone() }));
    Ok(())
}

/// Whether the bucket has it already.
async fn is_there(
    shared: &Shared,
    to: &Bucket,
    key: &str,
    (source, target): (&State, &State),
    path: &Path,
) -> anyhow::Result<bool> {
    let is_older = source.modified <= target.modified;
    if source.size != target.size || shared.options.trust_times {
        return Ok(source.size == target.size && is_older);
    }
    Ok(match compare(to, key, target, path).await? {
        Evidence::Same => true,
        Evidence::Different => false,
        Evidence::None => is_older,
    })
}

/// Sends a file as it is now, and returns its size.
async fn send(shared: &Shared, to: &Bucket, key: &str, path: &Path) -> anyhow::Result<u64> {
    let cannot = || format!("cannot read {}", path.display());
    let file = Arc::new(std::fs::File::open(path).with_context(cannot)?);
    let before = seen(&file.metadata().with_context(cannot)?);
    let is_unchanged = || -> anyhow::Result<()> {
        // Both the file that was read and what has its name now: it may have been replaced.
        let now = [file.metadata().with_context(cannot)?, std::fs::metadata(path).with_context(cannot)?];
        ensure!(now.iter().all(|metadata| seen(metadata) == before), "the file was changed while it was read");
        Ok(())
    };
    let (size, media) = (before.0, media_type(path));
    if size > BODY_BYTES_MAX {
        let transfer = Transfer {
            shared,
            key,
            origin: Origin::File(Arc::clone(&file)),
            to,
            layout: Layout::own(size),
            begin: to.call(Method::POST, key).query("uploads", "").header("content-type", media)?,
            identity: format!("{before:?}"),
            etag: None,
        };
        Box::pin(transfer.run(is_unchanged)).await?;
        return Ok(size);
    }
    let _room = shared.room.take(size).await?;
    let body = tokio::fs::read(path).await.with_context(cannot)?;
    is_unchanged()?;
    ensure!(body.len() as u64 == size, "the file was changed while it was read");
    let digest = md5(&body);
    let put = to.call(Method::PUT, key).header("content-type", media)?.body(Bytes::from(body));
    let answer = to.client.send(&with_md5(put, digest)?).await?;
    check(&answer, digest, to.is_opaque)?;
    shared.progress.add(size);
    Ok(size)
}

/// What changes if a file is changed.
fn seen(metadata: &Metadata) -> (u64, Option<SystemTime>) {
    (metadata.len(), metadata.modified().ok())
}
