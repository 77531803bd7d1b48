//! The parts of an object. An entity tag tells how many there were, and it stays the same only if all have the same sizes.

use anyhow::Context;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use http::Method;
use md5::{Digest, Md5};

use super::ends::Bucket;
use super::entry::State;
use crate::s3_client::{Answer, RefusedByS3};

/// Bytes of a part of an object whose parts are chosen here, unless there would be too many of them.
pub(super) const PART_BYTES: u64 = 16 << 20;

/// Parts of an object whose parts are chosen here, at most: a bit less than S3 allows.
const PARTS_MAX: u64 = 9_000;

/// The smallest part but the last, in bytes.
///
/// Source: "Amazon S3 multipart upload limits", Amazon S3 User Guide.
const PART_BYTES_MIN: u64 = 5 << 20;

/// Parts whose sizes are asked for at once.
const SIZES_AT_ONCE: usize = 8;

/// Sizes of parts that clients use, in MiB, for stores that do not tell.
const USUAL_MIB: [u64; 18] = [5, 6, 8, 10, 12, 15, 16, 20, 24, 32, 50, 64, 100, 128, 200, 256, 512, 1024];

/// The sizes of the parts of an object, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) sizes: Vec<u64>,
    /// They are those of the source, so that the entity tag has to be the same.
    pub(super) is_theirs: bool,
}

impl Layout {
    /// Parts that are chosen here.
    pub(super) fn own(size: u64) -> Self {
        Self { sizes: equal(size, PART_BYTES.max(size.div_ceil(PARTS_MAX))), is_theirs: false }
    }

    /// The parts of an object, or ones of its own if they cannot be found out. `head` is the answer about its first part.
    pub(super) async fn of(from: &Bucket, key: &str, state: &State, count: u64, head: &Answer) -> anyhow::Result<Self> {
        let first = head.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(state.size);
        let found = if head.header("x-amz-mp-parts-count").is_none() {
            usual(state.size, count)
        } else if fits(state.size, first, count) {
            Some(equal(state.size, first))
        } else {
            told(from, key, state, count).await?
        };
        let usable = found.filter(|sizes| {
            let (_, all_but_last) = sizes.split_last().unwrap_or((&0, &[]));
            all_but_last.iter().all(|size| *size >= PART_BYTES_MIN) && sizes.iter().sum::<u64>() == state.size
        });
        Ok(usable.map_or_else(|| Self::own(state.size), |sizes| Self { sizes, is_theirs: true }))
    }

    /// The parts: the number of each, where it begins, and its size.
    pub(super) fn parts(&self) -> impl Iterator<Item = (u64, u64, u64)> + '_ {
        let mut begin = 0;
        (1..).zip(&self.sizes).map(move |(number, size)| {
            let part = (number, begin, *size);
            begin += size;
            part
        })
    }
}

/// An answer about the first part of an object, or about all of it if the store knows no parts.
pub(super) async fn first_part(from: &Bucket, key: &str, state: &State) -> anyhow::Result<Answer> {
    let head = || {
        let head = from.call(Method::HEAD, key).query_if("versionId", state.version.as_deref());
        head.header("x-amz-checksum-mode", "ENABLED")
    };
    match from.client.send(&head()?.query("partNumber", "1")).await {
        Err(error) if error.downcast_ref::<RefusedByS3>().is_some_and(|refused| refused.status.as_u16() != 404) => {
            from.client.send(&head()?).await
        }
        answered => answered,
    }
}

/// The size of each part, as the store tells it; `None` if it does not.
async fn told(from: &Bucket, key: &str, state: &State, count: u64) -> anyhow::Result<Option<Vec<u64>>> {
    let size = |number: u64| async move {
        let call = from.call(Method::HEAD, key).query_if("versionId", state.version.as_deref());
        let answer = from.client.send(&call.query("partNumber", &number.to_string())).await?;
        let length = answer.header("content-length").and_then(|length| length.parse::<u64>().ok());
        length.context("the store does not report the length of a part")
    };
    let sizes: Result<Vec<_>, _> = stream::iter(1..=count).map(size).buffered(SIZES_AT_ONCE).try_collect().await;
    match sizes {
        Err(error) if !error.is::<RefusedByS3>() => Err(error),
        sizes => Ok(sizes.ok()),
    }
}

/// The sizes that clients usually choose and that make so many parts, if it is one size.
fn usual(size: u64, count: u64) -> Option<Vec<u64>> {
    if count == 1 {
        return Some(vec![size]);
    }
    let mut fitting = USUAL_MIB.iter().map(|mib| mib << 20).filter(|part| fits(size, *part, count));
    let part = fitting.next()?;
    fitting.next().is_none().then(|| equal(size, part))
}

fn fits(size: u64, part: u64, count: u64) -> bool {
    part > 0 && size.div_ceil(part).max(1) == count
}

fn equal(size: u64, part: u64) -> Vec<u64> {
    let whole = usize::try_from(size / part).unwrap_or(usize::MAX);
    let rest = size % part;
    let mut sizes = vec![part; whole];
    if rest > 0 || sizes.is_empty() {
        sizes.push(rest);
    }
    sizes
}

/// The entity tag of an object of parts with these digests.
pub(super) fn combined(digests: &[[u8; 16]]) -> String {
    let mut md5 = Md5::new();
    for digest in digests {
        md5.update(digest);
    }
    format!("{}-{}", hex::encode(md5.finalize()), digests.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_equal_but_the_last() {
        assert_eq!(equal(10, 4), [4, 4, 2]);
        assert_eq!((equal(8, 4), equal(0, 4)), (vec![4, 4], vec![0]));
        let layout = Layout { sizes: vec![4, 4, 2], is_theirs: true };
        assert_eq!(layout.parts().collect::<Vec<_>>(), [(1, 0, 4), (2, 4, 4), (3, 8, 2)]);
        assert!(fits(10, 4, 3) && fits(8, 4, 2) && !fits(8, 4, 3) && !fits(8, 0, 1));
        // 20,000 parts of 16 MiB would be too many.
        assert!(Layout::own(20_000 * PART_BYTES).sizes.len() <= 9_000);
    }

    #[test]
    fn a_usual_size_is_taken_only_if_no_other_makes_as_many_parts() {
        let mib = 1 << 20;
        assert_eq!(usual(16 * mib, 2), None, "parts of 8, 10, 12 and 15 MiB would do");
        assert_eq!(usual(80 * mib, 16), Some(vec![5 * mib; 16]));
        assert_eq!(usual(7, 1), Some(vec![7]));
    }

    #[test]
    fn the_entity_tag_of_parts_is_that_of_their_digests() {
        // Source: printf a | md5sum | cut -c-32 | xxd -r -p | md5sum
        let digest: [u8; 16] = Md5::digest("a").into();
        let expected = format!("{}-1", hex::encode(Md5::digest(digest)));
        assert_eq!(combined(&[digest]), expected);
    }
}
