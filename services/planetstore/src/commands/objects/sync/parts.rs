//! An object in parts, several at once. What was sent before a run was killed is not sent again.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use bytes::Bytes;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use http::Method;

use super::ends::Bucket;
use super::engine::Shared;
use super::entry::State;
use super::layout::{Layout, combined};
use super::part::{BODY_BYTES_MAX, check, digest_of, md5, pass_on, read, with_md5};
use super::unfinished::Begun;
use crate::commands::objects::place::Place;
use crate::commands::objects::transfer::Upload;
use crate::s3_client::{Call, RefusedByS3};

/// Parts of an object that are on their way at once.
const PARTS_AT_ONCE: usize = 4;

/// What was put together would not have the entity tag of the source.
#[derive(Debug)]
pub(super) struct NotItsEtag {
    /// Some of the parts were sent by an earlier run.
    pub(super) went_on: bool,
}

impl std::fmt::Display for NotItsEtag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the parts that were sent are not those that the entity tag of the source was made of")
    }
}

impl std::error::Error for NotItsEtag {}

/// Where the bytes come from.
pub(super) enum Origin<'a> {
    Object { from: &'a Bucket, state: &'a State },
    File(Arc<File>),
}

/// An object that is sent in parts.
pub(super) struct Transfer<'a> {
    pub(super) shared: &'a Shared,
    pub(super) key: &'a str,
    pub(super) origin: Origin<'a>,
    pub(super) to: &'a Bucket,
    pub(super) layout: Layout,
    /// The request that begins the upload, with everything that goes with the bytes.
    pub(super) begin: Call,
    /// What the bytes are, beside their parts: parts of something else are not used.
    pub(super) identity: String,
    /// The entity tag that has to come out, if one has to.
    pub(super) etag: Option<&'a str>,
}

impl Transfer<'_> {
    /// Sends what is missing, and makes the object unless `check` fails, which it may say after all was read.
    pub(super) async fn run(&self, check: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
        let place = self.to.at(self.key);
        let (upload, known) = self.begin(&place).await?;
        let parts = match self.send(&upload, &known).await {
            Ok(parts) => parts,
            Err(error) => {
                if RefusedByS3::has_code(&error, "NoSuchUpload") {
                    self.shared.unfinished.end(self.key)?;
                }
                return Err(error);
            }
        };
        let digests: Option<Vec<_>> = parts.iter().map(|(_, etag)| digest_of(etag)).collect();
        let etag = digests.map(|digests| combined(&digests)).filter(|_| !self.to.is_opaque);
        let checked = check();
        if checked.is_err() || self.etag.is_some() && etag.as_deref() != self.etag {
            self.abort(&upload).await;
            self.shared.unfinished.end(self.key)?;
            return checked.and(Err(NotItsEtag { went_on: !known.is_empty() }.into()));
        }
        let made = upload.complete(parts).await?;
        self.shared.unfinished.end(self.key)?;
        match (etag, made) {
            (Some(etag), Some(made)) if made.trim_matches('"') != etag => {
                bail!("the store combined the parts to other bytes than were sent: its ETag is {made} and not {etag}")
            }
            _ => Ok(()),
        }
    }

    /// The upload of an earlier run, with the parts that it sent, or a new one.
    async fn begin<'p>(&'p self, place: &'p Place) -> anyhow::Result<(Upload<'p>, BTreeMap<u64, (u64, String)>)> {
        let unfinished = &self.shared.unfinished;
        let of = format!("{} {}", self.identity, self.layout.sizes.first().copied().unwrap_or_default());
        if let Some(begun) = unfinished.find(self.key) {
            let upload = Upload { client: &self.to.client, place, id: begun.upload };
            if begun.of == of
                && let Some(parts) = sent(&upload).await?
            {
                return Ok((upload, parts));
            }
            self.abort(&upload).await;
        }
        let upload = Upload::begin(&self.to.client, place, &self.begin).await?;
        unfinished.begin(self.key, Begun { upload: upload.id.clone(), of })?;
        Ok((upload, BTreeMap::new()))
    }

    async fn abort(&self, upload: &Upload<'_>) {
        if let Err(error) = self.to.client.send(&upload.call(Method::DELETE)).await {
            tracing::debug!(%error, upload = upload.id, "an upload cannot be aborted");
        }
    }

    async fn send(
        &self,
        upload: &Upload<'_>,
        known: &BTreeMap<u64, (u64, String)>,
    ) -> anyhow::Result<Vec<(u64, String)>> {
        let one = |(number, begin, size)| async move {
            let known = known.get(&number).filter(|(known, _)| *known == size).map(|(_, etag)| etag.as_str());
            let etag = Box::pin(self.send_part(upload, (number, begin, size), known)).await;
            let etag = etag.with_context(|| format!("part {number}"))?;
            self.shared.progress.add(size);
            Ok::<_, anyhow::Error>((number, etag))
        };
        stream::iter(self.layout.parts()).map(one).buffered(PARTS_AT_ONCE).try_collect().await
    }

    async fn send_part(
        &self,
        upload: &Upload<'_>,
        (number, begin, size): (u64, u64, u64),
        known: Option<&str>,
    ) -> anyhow::Result<String> {
        let call = || upload.call(Method::PUT).query("partNumber", &number.to_string());
        let is_opaque = self.to.is_opaque;
        let _room = self.shared.room.take(size).await?;
        let body = match &self.origin {
            Origin::File(file) => {
                let body = read_at(Arc::clone(file), begin, size).await?;
                if let Some(known) = known.filter(|known| !is_opaque && digest_of(known) == Some(md5(&body))) {
                    return Ok(known.to_owned());
                }
                body
            }
            Origin::Object { from, state } => {
                // Whether it is what it should be is seen before the parts are put together.
                if let Some(known) = known.filter(|_| self.etag.is_some()) {
                    return Ok(known.to_owned());
                }
                let mut get = from.call(Method::GET, self.key).query_if("versionId", state.version.as_deref());
                if size > 0 {
                    get = get.header("range", &format!("bytes={begin}-{}", begin + size - 1))?;
                }
                let answer = from.client.send(&get.header("if-match", &format!("\"{}\"", state.etag))?).await?;
                if size > BODY_BYTES_MAX {
                    let (answer, digest) = Box::pin(pass_on(&self.to.client, &call(), answer, size)).await?;
                    return check(&answer, digest, is_opaque);
                }
                read(answer, size).await?
            }
        };
        let digest = md5(&body);
        let answer = self.to.client.send(&with_md5(call().body(body), digest)?).await?;
        check(&answer, digest, is_opaque)
    }
}

/// Reads a part of a file.
async fn read_at(file: Arc<File>, begin: u64, size: u64) -> anyhow::Result<Bytes> {
    let read = tokio::task::spawn_blocking(move || {
        let mut bytes = vec![0; usize::try_from(size)?];
        file.read_exact_at(&mut bytes, begin).context("the file cannot be read")?;
        Ok::<_, anyhow::Error>(Bytes::from(bytes))
    });
    read.await?
}

/// The parts that a store has of an upload, with their sizes; `None` if it knows no such upload.
async fn sent(upload: &Upload<'_>) -> anyhow::Result<Option<BTreeMap<u64, (u64, String)>>> {
    let mut parts = BTreeMap::new();
    let mut marker: Option<String> = None;
    loop {
        let call = upload.call(Method::GET).query_if("part-number-marker", marker.as_deref());
        let answer = match upload.client.send(&call).await {
            Err(error) if error.is::<RefusedByS3>() => return Ok(None),
            answer => answer?.document("ListPartsResult", &["Part"]).await?,
        };
        for (_, fields) in &answer.records {
            let number = |name: &str| fields.get(name).and_then(|text| text.parse::<u64>().ok());
            if let (Some(part), Some(size), Some(etag)) = (number("PartNumber"), number("Size"), fields.get("ETag")) {
                parts.insert(part, (size, etag.trim_matches('"').to_owned()));
            }
        }
        let next = answer.field("NextPartNumberMarker").filter(|_| answer.field("IsTruncated") == Some("true"));
        let Some(next) = next else { return Ok(Some(parts)) };
        ensure!(marker.as_deref() != Some(next), "the store lists the same parts again");
        marker = Some(next.to_owned());
    }
}
