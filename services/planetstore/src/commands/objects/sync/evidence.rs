//! Whether an object and a file are the same: by the MD5 that its entity tag is, by the checksum that its store has, or by
//! the MD5 of its parts.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crc_fast::{CrcAlgorithm, Digest as Crc};
use http::Method;
use md5::{Digest, Md5};

use super::ends::Bucket;
use super::entry::{State, is_md5};
use super::layout::{Layout, combined, first_part};

/// Bytes that are read of a file at a time.
const READ_BYTES: usize = 1 << 20;

/// Whether both are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Evidence {
    Same,
    Different,
    /// The store tells nothing that could be compared with bytes.
    None,
}

impl Evidence {
    fn same_if(same: bool) -> Self {
        if same { Self::Same } else { Self::Different }
    }
}

/// What is computed of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Sums {
    md5: String,
    /// CRC64NVME, as S3 writes it.
    crc: String,
    /// The entity tag of an upload in parts of these sizes.
    parts: Option<String>,
}

/// Compares a file with an object of the same size.
pub(super) async fn compare(bucket: &Bucket, key: &str, state: &State, file: &Path) -> anyhow::Result<Evidence> {
    if state.parts().is_none() {
        let sums = sums(file.to_owned(), None).await?;
        // Beside the MD5 of its bytes it may be that of a key and whatnot.
        return if sums.md5 == state.etag { Ok(Evidence::Same) } else { by_checksum(bucket, key, state, &sums).await };
    }
    if let Some(count) = state.parts().filter(|count| Layout::own(state.size).sizes.len() as u64 == *count) {
        let sums = sums(file.to_owned(), Some(Layout::own(state.size).sizes)).await?;
        if sums.parts.as_ref() == Some(&state.etag) {
            return Ok(Evidence::Same);
        }
        tracing::debug!(key, count, "its parts are not those that this program would choose");
    }
    let head = first_part(bucket, key, state).await?;
    let layout = Layout::of(bucket, key, state, state.parts().unwrap_or(1), &head).await?;
    let is_theirs = layout.is_theirs;
    let sums = sums(file.to_owned(), Some(layout.sizes)).await?;
    if is_theirs && sums.parts.as_ref() == Some(&state.etag) {
        return Ok(Evidence::Same);
    }
    match by_checksum(bucket, key, state, &sums).await? {
        Evidence::None if is_theirs => Ok(Evidence::Different),
        evidence => Ok(evidence),
    }
}

async fn by_checksum(bucket: &Bucket, key: &str, state: &State, sums: &Sums) -> anyhow::Result<Evidence> {
    let call = bucket.call(Method::HEAD, key).query_if("versionId", state.version.as_deref());
    let answer = bucket.client.send(&call.header("x-amz-checksum-mode", "ENABLED")?).await?;
    if let Some(crc) = answer.header("x-amz-checksum-crc64nvme").filter(|crc| !crc.contains('-')) {
        return Ok(Evidence::same_if(crc == sums.crc));
    }
    let is_sealed = answer.headers().keys().any(|name| {
        let name = name.as_str();
        name == "x-amz-server-side-encryption-aws-kms-key-id"
            || name.starts_with("x-amz-server-side-encryption-customer")
    });
    Ok(if is_md5(&state.etag) && !is_sealed { Evidence::Different } else { Evidence::None })
}

async fn sums(file: PathBuf, parts: Option<Vec<u64>>) -> anyhow::Result<Sums> {
    tokio::task::spawn_blocking(move || {
        let opened = File::open(&file).with_context(|| format!("cannot read {}", file.display()))?;
        read_sums(opened, parts.as_deref()).with_context(|| format!("cannot read {}", file.display()))
    })
    .await?
}

fn read_sums(mut file: impl Read, parts: Option<&[u64]>) -> std::io::Result<Sums> {
    let (mut md5, mut crc, mut part) = (Md5::new(), Crc::new(CrcAlgorithm::Crc64Nvme), Md5::new());
    let (mut digests, mut sizes) = (Vec::new(), parts.unwrap_or_default().iter().copied());
    let mut left = sizes.next();
    let mut buffer = vec![0; READ_BYTES];
    loop {
        // A part ends where it ends, not where a buffer does.
        let most = left.map_or(READ_BYTES, |left| usize::try_from(left).unwrap_or(READ_BYTES).clamp(1, READ_BYTES));
        let count = file.read(&mut buffer[..most])?;
        let bytes = &buffer[..count];
        if parts.is_none() {
            md5.update(bytes);
        }
        crc.update(bytes);
        if let Some(size) = left {
            part.update(bytes);
            let rest = size.saturating_sub(count as u64);
            let is_over = rest == 0 || count == 0;
            left = if is_over { sizes.next() } else { Some(rest) };
            if is_over {
                digests.push(part.finalize_reset().into());
            }
        }
        if count == 0 {
            break;
        }
    }
    let crc = STANDARD.encode(crc.finalize().to_be_bytes());
    Ok(Sums { md5: hex::encode(md5.finalize()), crc, parts: parts.map(|_| combined(&digests)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_once_for_all_sums() {
        let bytes: Vec<u8> = (0..=250).cycle().take(3 * READ_BYTES + 7).collect();
        let whole = read_sums(&bytes[..], None).unwrap();
        assert_eq!((whole.md5.clone(), whole.parts), (hex::encode(Md5::digest(&bytes)), None));
        let sizes = [READ_BYTES as u64 + 3, 2 * READ_BYTES as u64 + 4];
        let parts = read_sums(&bytes[..], Some(&sizes)).unwrap();
        let (first, second) = bytes.split_at(READ_BYTES + 3);
        let digests = [Md5::digest(first).into(), Md5::digest(second).into()];
        assert_eq!((parts.parts.unwrap(), parts.crc), (combined(&digests), whole.crc));
        // CRC64NVME of "123456789", from the catalogue of parametrised CRC algorithms.
        let known = read_sums(&b"123456789"[..], None).unwrap();
        assert_eq!(known.crc, STANDARD.encode(0xae8b_1486_0a79_9888_u64.to_be_bytes()));
        assert_eq!(read_sums(&b""[..], Some(&[0])).unwrap().parts, Some(combined(&[Md5::digest("").into()])));
    }
}
