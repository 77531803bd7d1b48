//! Regions that replicate to this one: how much of each is here, going on without one that was lost, and having it back
//! (ADR 60).
//!
//! # Layout
//! - here: the operations, and what is known of a region
//! - `back`: the rules by which what is written here goes back; `level`: whether two regions owe each other nothing

mod back;
mod level;

use std::collections::BTreeMap;

use domain::row::{BoundBucketRow, BoundRow};
use domain::{Command, Setting, View};
use events::ids::{BucketName, RegionName};
use events::replication::Configuration;
use jiff::Timestamp;
use ledger::Snapshot;
use policy::Action;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::access::{Access, Caller};
use super::answer::Answer;
use super::asked::Asked;
use super::method::Method;
use super::operation::{Handler, Operation, known};
use super::refusal::Refusal;
use back::{Back, Region, back};

/// The path parameter that names a region.
const REGION: &str = "region";

const REGIONS: &str = "/api/v1/regions";
const PROMOTE: &str = "/api/v1/regions/{region}/promote";
const FAILBACK: &str = "/api/v1/regions/{region}/failback";

/// Buckets that are read at once.
const BUCKETS_READ: usize = 1_000;

/// All regions that replicate to this one, or that a link leads to.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Regions {
    regions: Vec<OtherRegion>,
}

/// Another region.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct OtherRegion {
    name: RegionName,
    /// The URL of the link that leads there; absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// How much of it is here; absent if it never said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    bound: Option<RegionBound>,
    /// The buckets that it sends here.
    buckets: Vec<FromRegion>,
}

/// How much of a region is here, as it said itself.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct RegionBound {
    /// All that the region acknowledged before this time, by its own clock, and that its rules send here, is here: of each
    /// bucket for which `buckets` says nothing else.
    #[schemars(with = "String", extend("format" = "date-time"))]
    before: Timestamp,
    /// The sequence in that region's log up to which it is.
    up_to: u64,
    /// When it said so, by the clock of this region.
    #[schemars(with = "String", extend("format" = "date-time"))]
    said: Timestamp,
}

/// A bucket that another region sends here.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct FromRegion {
    /// The bucket of this region.
    bucket: BucketName,
    /// The bucket of the other region.
    source: BucketName,
    /// All that the other region acknowledged before this time and that its rules send to this bucket is here; absent if
    /// that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    before: Option<Timestamp>,
    /// Whether the other region was still comparing the buckets, so that versions from before its rule may be missing.
    copies: bool,
    /// Whether this region refused versions, which are missing.
    refused: bool,
    /// Whether the bucket is not there, or was made anew, so that what was sent before is not in it.
    is_other: bool,
    /// Whether what is written into it goes back.
    back: Back,
}

/// How to promote.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Promote {
    /// Only say what would be done.
    #[serde(default)]
    dry_run: bool,
}

/// What a promotion did, or would do.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Promotion {
    /// The region that is lost, as it is known now.
    region: OtherRegion,
    /// The buckets that got a rule by which what is written here goes back, or would get one.
    added: Vec<BucketName>,
    /// Whether a link to the region is needed for that, and missing.
    needs_link: bool,
}

/// How to go back.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Failback {
    /// Everything that was written here before this time has to be there. It is the time of the request if it is absent, so
    /// whoever asks again gives `since` of the first answer.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    since: Option<Timestamp>,
    /// Keep the rules that the promotion added.
    #[serde(default)]
    keep_rules: bool,
}

/// Whether the regions owe each other nothing.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct FailedBack {
    /// What was written here before this time is there, or is waited for.
    #[schemars(with = "String", extend("format" = "date-time"))]
    since: Timestamp,
    /// Whether everything is done: neither region owes the other anything, and the rules of the promotion are removed.
    is_done: bool,
    /// What is waited for, in sentences.
    waits_for: Vec<String>,
    /// What will not come by waiting, and holds up nothing, in sentences.
    missing: Vec<String>,
    /// The buckets whose rule of the promotion was removed.
    removed: Vec<BucketName>,
}

pub(super) fn operations() -> Vec<Operation> {
    use Method::{Get, Post};
    let new = Operation::new;
    vec![
        new(
            "listRegions",
            Get,
            REGIONS,
            known!(AdminListRegions, list),
            "List the regions that replicate to this one, and how much of each is here",
        )
        .gives::<Regions>(),
        new(
            "promoteRegion",
            Post,
            PROMOTE,
            known!(AdminPromoteRegion, promote),
            "Go on without a region that is lost: say how much of it is here, and have what is written into its buckets go \
             back to it once it returns",
        )
        .takes::<Promote>()
        .gives::<Promotion>(),
        new(
            "failbackRegion",
            Post,
            FAILBACK,
            known!(AdminFailbackRegion, failback),
            "Remove the rules that a promotion added, once neither region owes the other anything; until then, say what is \
             waited for",
        )
        .takes::<Failback>()
        .gives::<FailedBack>(),
    ]
}

async fn list(asked: Asked, _: Caller) -> Result<Answer, Refusal> {
    let snapshot = asked.read().await?;
    let mut names: Vec<RegionName> = snapshot.bounds()?.into_iter().map(|(name, ..)| name).collect();
    names.extend(snapshot.links()?.into_iter().map(|(name, _)| name));
    names.sort();
    names.dedup();
    let regions = names.into_iter().map(|name| other(&snapshot, name)).collect::<Result<_, _>>()?;
    Answer::of(&Regions { regions })
}

/// What is known of a region. Where several users of it said something of a bucket, what was said last counts.
fn other(snapshot: &Snapshot, name: RegionName) -> Result<OtherRegion, Refusal> {
    let links = snapshot.links()?;
    let region = Region { name: &name, is_only: links.len() == 1 };
    let url = links.iter().find(|(link, _)| *link == name).map(|(_, row)| row.url.clone());
    let mut rows: Vec<BoundRow> =
        snapshot.bounds()?.into_iter().filter(|(of, ..)| *of == name).map(|(.., row)| row).collect();
    rows.sort_by_key(|row| row.sequence);
    let last = rows.last();
    let bound = last.map(|row| RegionBound { before: row.before, up_to: row.up_to, said: row.said });
    let mut buckets: BTreeMap<(BucketName, BucketName), FromRegion> = BTreeMap::new();
    for row in &rows {
        for bucket in &row.buckets {
            let pair = (bucket.bucket.clone(), bucket.source.clone());
            buckets.insert(pair, from_region(snapshot, region, row, bucket)?);
        }
    }
    let buckets = buckets.into_values().collect();
    Ok(OtherRegion { name, url, bound, buckets })
}

fn from_region(
    snapshot: &Snapshot,
    region: Region<'_>,
    row: &BoundRow,
    bucket: &BoundBucketRow,
) -> Result<FromRegion, Refusal> {
    let here = snapshot.bucket(&bucket.bucket)?;
    let is_other = here.as_ref().map(|here| here.id) != bucket.id || here.is_none();
    let rules = configuration(snapshot, &bucket.bucket)?.map(|configuration| configuration.rules).unwrap_or_default();
    Ok(FromRegion {
        bucket: bucket.bucket.clone(),
        source: bucket.source.clone(),
        before: row.before_of(bucket).filter(|_| !is_other),
        copies: bucket.copies,
        refused: bucket.refused,
        is_other,
        back: back(&rules, region, &bucket.source),
    })
}

/// The replication configuration of a bucket.
fn configuration(snapshot: &Snapshot, bucket: &BucketName) -> Result<Option<Configuration>, Refusal> {
    let Some(row) = snapshot.bucket(bucket)? else { return Ok(None) };
    Ok(snapshot.bucket_settings(row.id)?.replication.map(|row| row.configuration))
}

/// The region that a request names, if anything is known of it.
fn named(asked: &Asked, snapshot: &Snapshot) -> Result<OtherRegion, Refusal> {
    let name: RegionName = asked.name(REGION)?;
    if name == asked.admin.0.region {
        return Err(Refusal::invalid("this is the region that is asked: name the other one"));
    }
    let region = other(snapshot, name)?;
    if region.url.is_none() && region.bound.is_none() {
        return Err(Refusal::not_found("no region of this name has sent anything here, and no link leads to one"));
    }
    Ok(region)
}

async fn promote(mut asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let Promote { dry_run } = asked.json().await?;
    let snapshot = asked.read().await?;
    let region = named(&asked, &snapshot)?;
    let has_no_way = |bucket: &&FromRegion| bucket.back == Back::None;
    let is_there = |bucket: &FromRegion| snapshot.bucket(&bucket.bucket).map(|row| row.is_some());
    let mut wanted = Vec::new();
    for bucket in region.buckets.iter().filter(has_no_way) {
        if is_there(bucket)? {
            wanted.push((bucket.bucket.clone(), bucket.source.clone()));
        }
    }
    let needs_link = region.url.is_none() && !wanted.is_empty();
    let mut added: Vec<BucketName> = wanted.iter().map(|(bucket, _)| bucket.clone()).collect();
    added.dedup();
    if dry_run || needs_link {
        return Answer::of(&Promotion { region, added, needs_link });
    }
    let mut sequence = None;
    for (bucket, source) in wanted {
        let latest = asked.read().await?;
        let with = back::promoted(configuration(&latest, &bucket)?, &region.name, &source);
        let command = Command::SetBucketSetting { bucket, setting: Setting::Replication(Some(with)) };
        sequence = Some(asked.commit(&caller, command).await?.sequence);
    }
    let region = other(&*asked.read().await?, region.name)?;
    let promotion = Promotion { region, added, needs_link };
    match sequence {
        Some(sequence) => Answer::changed(&promotion, sequence),
        None => Answer::of(&promotion),
    }
}

async fn failback(mut asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let Failback { since, keep_rules } = asked.json().await?;
    let since = since.unwrap_or(asked.now);
    let snapshot = asked.read().await?;
    let region = named(&asked, &snapshot)?;
    let is_only = snapshot.links()?.len() == 1;
    let of = Region { name: &region.name, is_only };
    let sent = sent_there(&snapshot, of)?;
    let reports = (asked.admin.0.workers.0)();
    let owed = level::owed(&snapshot, of, &sent, &reports, (since, asked.now))?;
    let mut answer = FailedBack {
        since,
        is_done: owed.waits_for.is_empty(),
        waits_for: owed.waits_for,
        missing: owed.missing,
        removed: Vec::new(),
    };
    if !answer.is_done || keep_rules {
        return Answer::of(&answer);
    }
    let mut sequence = None;
    for (bucket, configuration) in sent {
        if !back::is_promoted(&configuration.rules, of) {
            continue;
        }
        let setting = Setting::Replication(back::without(configuration, of));
        let command = Command::SetBucketSetting { bucket: bucket.clone(), setting };
        sequence = Some(asked.commit(&caller, command).await?.sequence);
        answer.removed.push(bucket);
    }
    match sequence {
        Some(sequence) => Answer::changed(&answer, sequence),
        None => Answer::of(&answer),
    }
}

/// The buckets of which rules send something to a region.
fn sent_there(snapshot: &Snapshot, region: Region<'_>) -> Result<Vec<(BucketName, Configuration)>, Refusal> {
    let (mut found, mut after): (Vec<_>, Option<BucketName>) = (Vec::new(), None);
    loop {
        let buckets = snapshot.list_buckets(after.as_ref(), BUCKETS_READ)?;
        let Some((last, _)) = buckets.last() else { return Ok(found) };
        after = Some(last.clone());
        for (name, bucket) in buckets.into_iter().filter(|(_, bucket)| bucket.settings != 0) {
            let Some(row) = snapshot.bucket_settings(bucket.id)?.replication else { continue };
            if row.configuration.rules.iter().any(|rule| rule.enabled && region.has(&rule.destination)) {
                found.push((name, row.configuration));
            }
        }
    }
}
