//! One body from a store to another one: through memory if it is short, else as it comes.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use md5::{Digest, Md5};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::s3_client::{Answer, Call, S3Client};

/// Bytes of a body that is kept in memory while it is sent; longer ones are passed on as they come.
pub(super) const BODY_BYTES_MAX: u64 = 16 << 20;

/// Memory for bodies, in MiB.
const ROOM_MIB: usize = 128;

/// Memory for bodies.
pub(super) struct Room(Semaphore);

impl Room {
    pub(super) fn new() -> Self {
        Self(Semaphore::new(ROOM_MIB))
    }

    /// Room for a body of so many bytes, or for the part of it that is in memory.
    pub(super) async fn take(&self, bytes: u64) -> anyhow::Result<SemaphorePermit<'_>> {
        let mib = bytes.min(BODY_BYTES_MAX).div_ceil(1 << 20).max(1);
        Ok(self.0.acquire_many(u32::try_from(mib)?).await?)
    }
}

/// The digest of bytes.
pub(super) fn md5(bytes: &[u8]) -> [u8; 16] {
    Md5::digest(bytes).into()
}

/// Reads a body of so many bytes.
pub(super) async fn read(mut answer: Answer, length: u64) -> anyhow::Result<Bytes> {
    let mut body = BytesMut::new();
    while let Some(chunk) = answer.chunk().await? {
        body.extend_from_slice(&chunk);
        ensure!(body.len() as u64 <= length, "the store sent more bytes than it announced");
    }
    ensure!(body.len() as u64 == length, "the store sent {} bytes of {length}", body.len());
    Ok(body.freeze())
}

/// Passes a body on, and returns its digest with the answer.
pub(super) async fn pass_on(
    client: &S3Client,
    call: &Call,
    from: Answer,
    length: u64,
) -> anyhow::Result<(Answer, [u8; 16])> {
    let digest = Arc::new(Mutex::new(Md5::new()));
    let seen = Arc::clone(&digest);
    let body = from.into_body().map_frame(move |frame| {
        if let Some(bytes) = frame.data_ref() {
            seen.lock().unwrap_or_else(PoisonError::into_inner).update(bytes);
        }
        frame
    });
    let body = body.map_err(|error| anyhow::Error::new(error).context("the object ended early")).boxed_unsync();
    let answer = client.send_stream(call, length, body).await?;
    let digest = digest.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Ok((answer, digest.finalize().into()))
}

/// Has a store compare what arrives with a digest.
pub(super) fn with_md5(call: Call, digest: [u8; 16]) -> anyhow::Result<Call> {
    call.header("content-md5", &STANDARD.encode(digest))
}

/// Compares the entity tag that a store gave with the digest of what was sent, unless its tags are not of the bytes.
pub(super) fn check(answer: &Answer, digest: [u8; 16], is_opaque: bool) -> anyhow::Result<String> {
    let etag = answer.header("etag").context("the store's answer has no ETag")?.trim_matches('"').to_owned();
    let expected = hex::encode(digest);
    ensure!(
        is_opaque || etag == expected,
        "the store has stored other bytes than were sent: its ETag is {etag} and not {expected}"
    );
    Ok(etag)
}

/// An entity tag as the digest that it is.
pub(super) fn digest_of(etag: &str) -> Option<[u8; 16]> {
    hex::decode(etag.trim_matches('"')).ok()?.try_into().ok()
}
