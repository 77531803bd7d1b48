//! What a bucket holds: by prefix and by age, and who writes most.

use ::telemetry::Reading;
use domain::row::UsageRow;
use ledger::{AgeSum, PrefixSum, Sum};
use policy::Action;
use schemars::JsonSchema;
use serde::Serialize;

use super::scans::Scanned;
use super::talkers::{Talker, talkers};
use super::{dedup_ratio, visible_bucket};
use crate::api::access::Caller;
use crate::api::answer::Answer;
use crate::api::asked::Asked;
use crate::api::refusal::Refusal;

/// The contents of a bucket in figures.
#[derive(Serialize, JsonSchema)]
pub(super) struct Insights {
    /// The sequence of the last event that is counted.
    as_of: u64,
    covers: Covers,
    /// Keys that have a current object.
    objects: u64,
    /// Versions; delete markers do not count.
    versions: u64,
    /// Bytes of all versions, as clients count them.
    bytes: u64,
    /// Bytes of the contents that were uploaded to this bucket and that something refers to, each counted once.
    stored_bytes: u64,
    /// The bytes that clients wrote, those of parts included, for each stored byte; `null` if all of them are contents that
    /// were uploaded to other buckets.
    dedup_ratio: Option<f64>,
    /// The largest prefixes of current objects, the largest first.
    prefixes: Vec<Prefix>,
    /// All smaller prefixes together.
    others: Others,
    /// The current objects by their age.
    ages: Vec<Age>,
    /// The users who read and write most.
    talkers: Vec<Talker>,
}

/// The scope of the figures. The counts of the bucket are exact. Prefixes and ages count current objects.
#[derive(Serialize, JsonSchema)]
struct Covers {
    /// The number of current objects that prefixes and ages count.
    objects: u64,
    /// The bytes of these objects.
    bytes: u64,
    /// Whether all current objects of the bucket are counted.
    is_complete: bool,
    /// The first key that is not counted, if not all are.
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped_at: Option<String>,
    /// The scope as a sentence for people.
    about: String,
}

/// The current objects whose keys begin with a prefix.
#[expect(clippy::struct_field_names, reason = "the words of the API")]
#[derive(Serialize, JsonSchema)]
struct Prefix {
    /// The prefix, with its final `/`. It is empty for keys without a further `/`.
    prefix: String,
    objects: u64,
    bytes: u64,
    /// The largest prefixes below it; absent on the second level.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    prefixes: Vec<Prefix>,
    /// All smaller prefixes below it together.
    #[serde(skip_serializing_if = "Option::is_none")]
    others: Option<Others>,
}

/// Prefixes that are counted together.
#[derive(Serialize, JsonSchema)]
struct Others {
    /// The number of these prefixes.
    prefixes: u64,
    objects: u64,
    bytes: u64,
}

/// The current objects of an age.
#[derive(Serialize, JsonSchema)]
struct Age {
    /// The lower bound of the age in days, inclusive.
    days_min: u32,
    /// The upper bound of the age in days, exclusive; `null` if there is none.
    days_max: Option<u32>,
    objects: u64,
    bytes: u64,
}

pub(super) async fn get(asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let (snapshot, bucket, row) = visible_bucket(&asked, &caller, Action::AdminGetInsights).await?;
    let admin = &asked.admin.0;
    let scanned = admin.scans.of(snapshot, row.id, asked.now).await?;
    let mut readings = admin.telemetry.readers_of(&bucket);
    // Who read an earlier bucket of this name is no reader of this one.
    readings.retain(|(_, reading)| reading.since >= row.created);
    Answer::of(&shape(&scanned, readings, &admin.root.access_key))
}

fn shape(scanned: &Scanned, readings: Vec<(String, Reading)>, root_key: &str) -> Insights {
    let Scanned { as_of, usage, writers, insights, .. } = scanned;
    let UsageRow { objects: versions, bytes, current, stored_bytes, parts_bytes, .. } = *usage;
    let stopped_at = insights.stopped_at.as_ref().map(|key| String::from_utf8_lossy(key).into_owned());
    let about = match &stopped_at {
        None => "prefixes and ages count all current objects".to_owned(),
        Some(_) => {
            format!("prefixes and ages count the first {} of {current} current objects", insights.sum.objects)
        }
    };
    let Sum { objects, bytes: covered } = insights.sum;
    let covers = Covers { objects, bytes: covered, is_complete: stopped_at.is_none(), stopped_at, about };
    Insights {
        as_of: *as_of,
        covers,
        objects: current,
        versions,
        bytes,
        stored_bytes,
        dedup_ratio: dedup_ratio(bytes + parts_bytes, stored_bytes),
        prefixes: insights.prefixes.iter().map(prefix).collect(),
        others: others(insights.others),
        ages: insights.ages.iter().map(age).collect(),
        talkers: talkers(writers.clone(), readings, root_key),
    }
}

fn prefix(of: &PrefixSum) -> Prefix {
    Prefix {
        prefix: String::from_utf8_lossy(&of.prefix).into_owned(),
        objects: of.sum.objects,
        bytes: of.sum.bytes,
        prefixes: of.below.iter().map(prefix).collect(),
        others: (of.others.0 > 0).then(|| others(of.others)),
    }
}

fn others((prefixes, Sum { bytes, objects }): (u64, Sum)) -> Others {
    Others { prefixes, objects, bytes }
}

fn age(of: &AgeSum) -> Age {
    let AgeSum { days_min, days_max, sum: Sum { bytes, objects } } = *of;
    Age { days_min, days_max, objects, bytes }
}
