use events::ids::{BucketName, Sealed};
use events::link::BoundBucket;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::BucketId;

/// A link to another region, by that region's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkRow {
    /// The event that added it. A later link to the same region has another.
    pub id: u64,
    /// The time at which it was added.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub added: Timestamp,
    /// The URL of the region's S3 address.
    pub url: String,
    /// The access key id by which requests are signed there.
    pub access_key: String,
    /// The sealed secret key that belongs to it.
    pub secret: Sealed,
    /// Whether users, keys, groups and policies are sent there.
    pub shares_identities: bool,
    /// The sequence up to which it has all of them; `None` as long as it does not have those that there were before the
    /// link.
    pub identities_sent: Option<u64>,
}

/// How much of another region has arrived here, as was said of it by the key of a user (ADR 60).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoundRow {
    /// The event that says it.
    pub sequence: u64,
    /// The time of that event.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub said: Timestamp,
    /// All that was acknowledged there before this time, by that region's clock, and that its rules send, has arrived.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub before: Timestamp,
    /// The sequence in that region's log up to which it is.
    pub up_to: u64,
    /// The buckets that this is about.
    pub buckets: Vec<BoundBucketRow>,
}

/// A bucket that another region sends here. The fields are those of [`BoundBucket`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoundBucketRow {
    /// The bucket of this region.
    pub bucket: BucketName,
    /// The bucket of that name when the other region named it first; `None` if there was none. A later one lacks what was
    /// sent before it was made.
    pub id: Option<BucketId>,
    /// The bucket of the other region.
    pub source: BucketName,
    /// Whether it has less than the time of all buckets says.
    pub waits: bool,
    /// The time of this bucket, if it waits and that is known.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::optional")]
    pub before: Option<Timestamp>,
    /// Whether versions from before the rule may be missing.
    pub copies: bool,
    /// Whether versions were refused here.
    pub refused: bool,
}

impl BoundBucketRow {
    /// The same as facts have it.
    pub fn stated(&self) -> BoundBucket {
        let Self { bucket, source, waits, before, copies, refused, .. } = self.clone();
        BoundBucket { bucket, source, waits, before, copies, refused }
    }
}

impl BoundRow {
    /// The buckets as facts have them.
    pub fn stated(&self) -> Vec<BoundBucket> {
        self.buckets.iter().map(BoundBucketRow::stated).collect()
    }

    /// What is known of a bucket.
    pub fn bucket(&self, bucket: &BucketName, source: &BucketName) -> Option<&BoundBucketRow> {
        self.buckets.iter().find(|known| known.bucket == *bucket && known.source == *source)
    }

    /// The time before which all that the rules send to a bucket is here; `None` if that is not known.
    pub fn before_of(&self, bucket: &BoundBucketRow) -> Option<Timestamp> {
        if bucket.waits { bucket.before } else { Some(self.before) }
    }

    /// What a region states of its buckets, with what was known before of those of which it says that it does not know: a
    /// region that was started again has forgotten the time of a bucket that waits. What was sent once stays sent. Nothing
    /// is to be given as known of a clock that was set back since.
    pub fn remembered(before: Option<&Self>, mut stated: Vec<BoundBucket>) -> Vec<BoundBucket> {
        for bucket in stated.iter_mut().filter(|bucket| bucket.waits && bucket.before.is_none()) {
            let row = before.and_then(|row| Some((row, row.bucket(&bucket.bucket, &bucket.source)?)));
            bucket.before = row.and_then(|(row, known)| row.before_of(known));
        }
        stated
    }
}
