//! One object from here to there. Long ones go in parts, several at once, and what was begun and failed is taken back.

use std::path::Path;

use anyhow::Context;
use bytes::{Bytes, BytesMut};
use futures_util::stream::{FuturesUnordered, StreamExt};
use http::Method;
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};

use super::place::{DRAFT_PREFIX, Place};
use crate::progress::Progress;
use crate::s3_client::{Call, S3Client};

/// Bytes of a part, unless the object would have too many of them. An object of at most one is sent whole.
const PART_BYTES: u64 = 16 << 20;

/// Parts of an object of a known length, at most: a bit less than S3 allows.
const PARTS_MAX: u64 = 9_000;

/// Parts that are on their way at once. Each is in memory.
const PARTS_AT_ONCE: usize = 4;

/// The longest object that is copied within a store by one request, in bytes.
///
/// Source: "`CopyObject`", Amazon S3 API Reference.
const COPIED_BYTES_MAX: u64 = 5 << 30;

/// Random bytes in the name of a file that is not whole yet.
const DRAFT_RANDOM_BYTES: usize = 8;

/// Bytes of a part that is copied within a store.
const COPIED_PART_BYTES: u64 = 1 << 30;

/// Sends everything that can be read to an object.
pub(super) async fn upload(
    client: &S3Client,
    place: &Place,
    mut source: impl AsyncRead + Unpin,
    length: Option<u64>,
    media_type: &str,
    progress: &Progress,
) -> anyhow::Result<()> {
    let part_bytes = PART_BYTES.max(length.unwrap_or_default().div_ceil(PARTS_MAX));
    let first = read_part(&mut source, part_bytes).await?;
    let to_object = |method| Call::to_object(method, &place.bucket, place.key.as_bytes());
    if (first.len() as u64) < part_bytes {
        let bytes = first.len() as u64;
        client.send(&to_object(Method::PUT).header("content-type", media_type)?.body(first)).await?;
        progress.add(bytes);
        return Ok(());
    }
    let begin = to_object(Method::POST).query("uploads", "").header("content-type", media_type)?;
    let upload = Upload::begin(client, place, &begin).await?;
    let sent = upload.send_parts(first, &mut source, part_bytes, progress).await;
    upload.end(sent).await
}

/// Copies an object of a store to another place in it.
pub(super) async fn copy_within(client: &S3Client, from: &Place, to: &Place) -> anyhow::Result<()> {
    let source = format!(
        "{}/{}",
        percent_encode(from.bucket.as_bytes(), NON_ALPHANUMERIC),
        percent_encode(from.key.as_bytes(), NON_ALPHANUMERIC)
    );
    let head = client.send(&Call::to_object(Method::HEAD, &from.bucket, from.key.as_bytes())).await?;
    let size = head.header("content-length").and_then(|length| length.parse::<u64>().ok()).unwrap_or_default();
    let to_object = |method| Call::to_object(method, &to.bucket, to.key.as_bytes());
    if size <= COPIED_BYTES_MAX {
        client.send(&to_object(Method::PUT).header("x-amz-copy-source", &source)?).await?;
        return Ok(());
    }
    let mut begin = to_object(Method::POST).query("uploads", "");
    for (name, value) in head.headers() {
        let is_kept =
            name.as_str().starts_with("x-amz-meta-") || matches!(name.as_str(), "content-type" | "cache-control");
        if is_kept && let Ok(value) = value.to_str() {
            begin = begin.header(name.as_str(), value)?;
        }
    }
    let upload = Upload::begin(client, to, &begin).await?;
    let copied = upload.copy_parts(&source, size).await;
    upload.end(copied).await
}

/// Writes an object to a file. The file has its name only once it is whole.
pub(super) async fn download(
    client: &S3Client,
    place: &Place,
    version: Option<&str>,
    path: &Path,
    progress: &Progress,
) -> anyhow::Result<()> {
    let call = Call::to_object(Method::GET, &place.bucket, place.key.as_bytes()).query_if("versionId", version);
    let mut answer = client.send(&call).await?;
    let cannot = || format!("cannot write {}", path.display());
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        tokio::fs::create_dir_all(folder).await.with_context(cannot)?;
    }
    let mut random = [0; DRAFT_RANDOM_BYTES];
    getrandom::fill(&mut random).context("the system provides no randomness for the name of a draft")?;
    let draft = path.with_file_name(format!("{DRAFT_PREFIX}{}", hex::encode(random)));
    // A file that has this name already is somebody's, and stays as it is.
    let mut file = tokio::fs::File::create_new(&draft).await.with_context(cannot)?;
    let written = async {
        while let Some(chunk) = answer.chunk().await? {
            file.write_all(&chunk).await.with_context(cannot)?;
            progress.add(chunk.len() as u64);
        }
        file.sync_all().await.with_context(cannot)?;
        tokio::fs::rename(&draft, path).await.with_context(cannot)
    };
    let written = written.await;
    if written.is_err() {
        // Whatever is wrong with it was said; there may be none.
        let _removed = tokio::fs::remove_file(&draft).await;
    }
    written
}

/// The next part; shorter than others at the end.
async fn read_part(source: &mut (impl AsyncRead + Unpin), bytes: u64) -> anyhow::Result<Bytes> {
    let mut part = BytesMut::new();
    let mut taken = source.take(bytes);
    while taken.read_buf(&mut part).await.context("cannot read the bytes to send")? > 0 {}
    Ok(part.freeze())
}

/// A multipart upload.
pub(super) struct Upload<'a> {
    pub(super) client: &'a S3Client,
    pub(super) place: &'a Place,
    pub(super) id: String,
}

/// The number of a part and its entity tag.
type Part = (u64, String);

impl<'a> Upload<'a> {
    pub(super) async fn begin(client: &'a S3Client, place: &'a Place, call: &Call) -> anyhow::Result<Self> {
        let answer = client.send(call).await?.document("InitiateMultipartUploadResult", &[]).await?;
        let id = answer.field("UploadId").context("the store's answer has no UploadId")?.to_owned();
        Ok(Self { client, place, id })
    }

    /// A request about it.
    pub(super) fn call(&self, method: Method) -> Call {
        Call::to_object(method, &self.place.bucket, self.place.key.as_bytes()).query("uploadId", &self.id)
    }

    async fn send_parts(
        &self,
        first: Bytes,
        source: &mut (impl AsyncRead + Unpin),
        part_bytes: u64,
        progress: &Progress,
    ) -> anyhow::Result<Vec<Part>> {
        let (mut parts, mut under_way) = (Vec::new(), FuturesUnordered::new());
        let (mut next, mut number) = (Some(first), 0);
        while let Some(part) = next.take() {
            number += 1;
            let is_last = (part.len() as u64) < part_bytes;
            under_way.push(self.send_part(number, part, progress));
            if under_way.len() >= PARTS_AT_ONCE
                && let Some(sent) = under_way.next().await
            {
                parts.push(sent?);
            }
            if !is_last {
                next = Some(read_part(source, part_bytes).await?).filter(|part| !part.is_empty());
            }
        }
        while let Some(sent) = under_way.next().await {
            parts.push(sent?);
        }
        Ok(parts)
    }

    async fn send_part(&self, number: u64, part: Bytes, progress: &Progress) -> anyhow::Result<Part> {
        let bytes = part.len() as u64;
        let call = self.call(Method::PUT).query("partNumber", &number.to_string()).body(part);
        let answer = self.client.send(&call).await?;
        progress.add(bytes);
        let etag = answer.header("etag").context("the store's answer has no ETag")?.to_owned();
        Ok((number, etag))
    }

    async fn copy_parts(&self, source: &str, size: u64) -> anyhow::Result<Vec<Part>> {
        let mut parts = Vec::new();
        for (number, begin) in (1..).zip((0..size).step_by(usize::try_from(COPIED_PART_BYTES)?)) {
            let end = (begin + COPIED_PART_BYTES).min(size) - 1;
            let call = self
                .call(Method::PUT)
                .query("partNumber", &u64::to_string(&number))
                .header("x-amz-copy-source", source)?
                .header("x-amz-copy-source-range", &format!("bytes={begin}-{end}"))?;
            let answer = self.client.send(&call).await?.document("CopyPartResult", &[]).await?;
            parts.push((number, answer.field("ETag").context("the store's answer has no ETag")?.to_owned()));
        }
        Ok(parts)
    }

    /// Makes the parts an object, or takes them back.
    async fn end(&self, parts: anyhow::Result<Vec<Part>>) -> anyhow::Result<()> {
        let completed = match parts {
            Ok(parts) => self.complete(parts).await.map(drop),
            Err(error) => Err(error),
        };
        if let Err(error) = completed {
            if let Err(left) = self.client.send(&self.call(Method::DELETE)).await {
                tracing::warn!(%left, upload = self.id, "the parts of an upload that failed are still there");
            }
            return Err(error);
        }
        Ok(())
    }

    /// Makes the parts an object, and returns its entity tag if the store told it.
    pub(super) async fn complete(&self, mut parts: Vec<Part>) -> anyhow::Result<Option<String>> {
        parts.sort_unstable();
        let parts = parts.iter().map(|(number, etag)| {
            let etag = super::remove::escaped(etag);
            format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>")
        });
        let document = format!("<CompleteMultipartUpload>{}</CompleteMultipartUpload>", parts.collect::<String>());
        let answer = self.client.send(&self.call(Method::POST).body(document)).await?.bytes().await?;
        // A store may begin to answer with success, and fail afterwards.
        if let Ok(error) = s3::xml::ReadAnswer::parse(&answer, "Error", &[]) {
            anyhow::bail!("the parts were not combined: {}", error.field("Message").unwrap_or("no reason was given"));
        }
        let made = s3::xml::ReadAnswer::parse(&answer, "CompleteMultipartUploadResult", &[]).ok();
        Ok(made.and_then(|made| made.field("ETag").map(str::to_owned)))
    }
}
