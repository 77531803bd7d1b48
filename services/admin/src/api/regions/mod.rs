//! Regions that replicate to this one: how much of each is here, going on without one that was lost, and having it back
//! (ADR 60).
//!
//! # Layout
//! - here: the operations, and what is known of a region
//! - `back`: the rules by which what is written here goes back; `level`: whether two regions owe each other nothing

mod back;
mod level;

use std::collections::BTreeMap;

use domain::row::{BoundBucketRow, BoundRow, BucketReplicationRow, LinkRow};
use domain::{Command, Setting, View};
use events::ids::{BucketName, RegionName, UserName};
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
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct OtherRegion {
    name: RegionName,
    /// The URL of the link that leads there; absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// How much of it is here, as users say. Whoever may replicate to a bucket may say this of it for any region: whom to
    /// believe, an administrator has to know.
    statements: Vec<RegionStatement>,
}

/// How much of a region is here, as a user says.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct RegionStatement {
    /// The user by whose key it was said.
    user: UserName,
    /// All that the region acknowledged before this time, by its own clock, and that its rules send here, was here when it
    /// was said: of each bucket for which `buckets` says nothing else.
    #[schemars(with = "String", extend("format" = "date-time"))]
    before: Timestamp,
    /// The sequence in that region's log up to which it is.
    up_to: u64,
    /// When it was said, by the clock of this region.
    #[schemars(with = "String", extend("format" = "date-time"))]
    said: Timestamp,
    /// The buckets that the region sends here.
    buckets: Vec<FromRegion>,
}

/// A bucket that another region sends here.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct FromRegion {
    /// The bucket of this region.
    bucket: BucketName,
    /// The bucket of the other region.
    source: BucketName,
    /// All that the other region acknowledged before this time and that its rules send to this bucket was here when it was
    /// said; absent if that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    before: Option<Timestamp>,
    /// Whether the other region was still comparing the buckets, or had just begun to look at them, so that versions may be
    /// missing of which the time says nothing.
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
    /// The user who speaks for the region: the one whose key its link to here has. What others say is not believed.
    user: UserName,
    /// Only say what would be done.
    #[serde(default)]
    dry_run: bool,
}

/// What a promotion did, or would do.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Promotion {
    /// The region that is lost.
    name: RegionName,
    /// The URL of the link that leads there; absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// What is known of it.
    statement: RegionStatement,
    /// The buckets that got a rule by which what is written here goes back, or would get one.
    added: Vec<BucketName>,
    /// The buckets that got none although they need one.
    failed: Vec<NotPromoted>,
    /// Whether a link to the region is needed for that, and missing.
    needs_link: bool,
}

/// A bucket that got no rule.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct NotPromoted {
    /// The bucket of this region.
    bucket: BucketName,
    /// The bucket of the other region.
    source: BucketName,
    /// Why, in words.
    why: String,
}

/// How to go back.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Failback {
    /// The user who speaks for the region.
    user: UserName,
    /// Everything that is in this region's log up to this sequence has to be there. It is the end of the log if it is absent,
    /// so whoever asks again gives `since` of the first answer.
    #[serde(default)]
    since: Option<u64>,
    /// Keep the rules that the promotion added.
    #[serde(default)]
    keep_rules: bool,
}

/// Whether the regions owe each other nothing.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct FailedBack {
    /// What is in this region's log up to this sequence is there, or is waited for.
    since: u64,
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
    let links = snapshot.links()?;
    let mut regions: BTreeMap<RegionName, OtherRegion> = BTreeMap::new();
    let with = |name: &RegionName| OtherRegion { name: name.clone(), url: url(&links, name), statements: Vec::new() };
    for (name, _) in &links {
        regions.insert(name.clone(), with(name));
    }
    for (name, user, row) in snapshot.bounds()? {
        let statement = statement(&snapshot, region(&links, &name), user, &row)?;
        regions.entry(name.clone()).or_insert_with(|| with(&name)).statements.push(statement);
    }
    Answer::of(&Regions { regions: regions.into_values().collect() })
}

/// All links, by the regions that they lead to.
type Links = [(RegionName, LinkRow)];

fn url(links: &Links, name: &RegionName) -> Option<String> {
    links.iter().find(|(link, _)| link == name).map(|(_, row)| row.url.clone())
}

fn region<'a>(links: &Links, name: &'a RegionName) -> Region<'a> {
    Region { name, is_only: links.len() == 1 }
}

/// What a user said of a region. What others say of the same one is nothing to this.
fn statement(
    snapshot: &Snapshot,
    region: Region<'_>,
    user: UserName,
    row: &BoundRow,
) -> Result<RegionStatement, Refusal> {
    let buckets = row.buckets.iter().map(|bucket| from_region(snapshot, region, row, bucket));
    let buckets = buckets.collect::<Result<_, _>>()?;
    Ok(RegionStatement { user, before: row.before, up_to: row.up_to, said: row.said, buckets })
}

fn from_region(
    snapshot: &Snapshot,
    region: Region<'_>,
    row: &BoundRow,
    bucket: &BoundBucketRow,
) -> Result<FromRegion, Refusal> {
    let here = snapshot.bucket(&bucket.bucket)?;
    let is_other = here.as_ref().map(|here| here.id) != bucket.id || here.is_none();
    let rules = replication(snapshot, &bucket.bucket)?.map(|row| row.configuration.rules).unwrap_or_default();
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

/// The replication of a bucket.
fn replication(snapshot: &Snapshot, bucket: &BucketName) -> Result<Option<BucketReplicationRow>, Refusal> {
    let Some(row) = snapshot.bucket(bucket)? else { return Ok(None) };
    Ok(snapshot.bucket_settings(row.id)?.replication)
}

/// The region that a request names, if it is another one.
fn named(asked: &Asked) -> Result<RegionName, Refusal> {
    let name: RegionName = asked.name(REGION)?;
    if name == asked.admin.0.region {
        return Err(Refusal::invalid("this is the region that is asked: name the other one"));
    }
    Ok(name)
}

/// What a user said of a region.
fn said(snapshot: &Snapshot, links: &Links, name: &RegionName, user: &UserName) -> Result<RegionStatement, Refusal> {
    let row = snapshot.bound(name, user)?;
    let silent = || {
        Refusal::not_found(format!(
            "{user} has said nothing of {name}: `planetstore region list` shows who speaks for which region"
        ))
    };
    statement(snapshot, region(links, name), user.clone(), &row.ok_or_else(silent)?)
}

async fn promote(mut asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let Promote { user, dry_run } = asked.json().await?;
    let name = named(&asked)?;
    let snapshot = asked.read().await?;
    let links = snapshot.links()?;
    let (url, statement) = (url(&links, &name), said(&snapshot, &links, &name, &user)?);
    let mut wanted = Vec::new();
    for bucket in statement.buckets.iter().filter(|bucket| matches!(bucket.back, Back::None | Back::Changed)) {
        if snapshot.bucket(&bucket.bucket)?.is_some() {
            wanted.push((bucket.bucket.clone(), bucket.source.clone()));
        }
    }
    let needs_link = url.is_none() && !wanted.is_empty();
    let (mut added, mut failed, mut sequence) = (Vec::new(), Vec::new(), None);
    let is_plan = dry_run || needs_link;
    for (bucket, source) in wanted {
        let planned = if is_plan {
            with_rule(&snapshot, region(&links, &name), (&bucket, &source)).map(|_| None)
        } else {
            send_back(&asked, &caller, &name, (&bucket, &source)).await
        };
        match planned {
            Ok(at) => {
                sequence = sequence.max(at);
                if !added.contains(&bucket) {
                    added.push(bucket);
                }
            }
            // It is no reason to leave the others without.
            Err(refusal) => failed.push(NotPromoted { bucket, source, why: refusal.message }),
        }
    }
    let latest = asked.read().await?;
    let statement = if is_plan { statement } else { said(&latest, &latest.links()?, &name, &user)? };
    let promotion = Promotion { name, url, statement, added, failed, needs_link };
    match sequence {
        Some(sequence) => Answer::changed(&promotion, sequence),
        None => Answer::of(&promotion),
    }
}

/// The event that set the rules of a bucket, and the rules with one that sends everything back; `None` if there is one.
fn with_rule(
    snapshot: &Snapshot,
    region: Region<'_>,
    (bucket, source): (&BucketName, &BucketName),
) -> Result<Option<(Option<u64>, Configuration)>, Refusal> {
    let row = replication(snapshot, bucket)?;
    let since = row.as_ref().map(|row| row.since);
    let configuration = row.map(|row| row.configuration);
    let rules = configuration.as_ref().map(|known| known.rules.as_slice()).unwrap_or_default();
    match back(rules, region, source) {
        Back::Rule | Back::Promoted => Ok(None),
        Back::Changed => Err(Refusal::conflict(
            "the rule of an earlier promotion was changed and does not send everything: remove it first",
        )),
        Back::None => Ok(Some((since, back::promoted(configuration, region.name, source)))),
    }
}

/// Adds the rule by which what is written into a bucket goes back, to the rules as they are now. Returns its event.
async fn send_back(
    asked: &Asked,
    caller: &Caller,
    name: &RegionName,
    of: (&BucketName, &BucketName),
) -> Result<Option<u64>, Refusal> {
    let latest = asked.read().await?;
    let Some((since, with)) = with_rule(&latest, region(&latest.links()?, name), of)? else { return Ok(None) };
    let setting = Setting::ReplicationFrom { since, configuration: Some(with) };
    let command = Command::SetBucketSetting { bucket: of.0.clone(), setting };
    Ok(Some(asked.commit(caller, command).await?.sequence))
}

async fn failback(mut asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let Failback { user, since, keep_rules } = asked.json().await?;
    let name = named(&asked)?;
    let snapshot = asked.read().await?;
    let since = match since {
        Some(since) => since,
        None => snapshot.cursor()?.sequence,
    };
    let links = snapshot.links()?;
    let of = region(&links, &name);
    let sent = sent_there(&snapshot, of)?;
    if url(&links, &name).is_none() && snapshot.bound(&name, &user)?.is_none() {
        return Err(Refusal::not_found(
            "this user has said nothing of a region of this name, and no link leads to one",
        ));
    }
    let reports = (asked.admin.0.workers.0)();
    let owed = level::owed(&snapshot, (of, &user), &sent, &reports, (since, asked.now))?;
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
    for (bucket, row) in sent.into_iter().filter(|(_, row)| back::is_promoted(&row.configuration.rules, of)) {
        // Of rules that were changed since then it is not known whether nothing is owed.
        let (since, configuration) = (Some(row.since), back::without(row.configuration, of));
        let setting = Setting::ReplicationFrom { since, configuration };
        match asked.commit(&caller, Command::SetBucketSetting { bucket: bucket.clone(), setting }).await {
            Ok(committed) => {
                sequence = Some(committed.sequence);
                answer.removed.push(bucket);
            }
            Err(refusal) => answer.waits_for.push(format!("{bucket}: its rule was not removed: {}", refusal.message)),
        }
    }
    answer.is_done = answer.waits_for.is_empty();
    match sequence {
        Some(sequence) => Answer::changed(&answer, sequence),
        None => Answer::of(&answer),
    }
}

/// The buckets of which rules send something to a region, or sent it until somebody changed the rule of a promotion.
fn sent_there(snapshot: &Snapshot, region: Region<'_>) -> Result<Vec<(BucketName, BucketReplicationRow)>, Refusal> {
    let (mut found, mut after): (Vec<_>, Option<BucketName>) = (Vec::new(), None);
    loop {
        let buckets = snapshot.list_buckets(after.as_ref(), BUCKETS_READ)?;
        let Some((last, _)) = buckets.last() else { return Ok(found) };
        after = Some(last.clone());
        for (name, bucket) in buckets.into_iter().filter(|(_, bucket)| bucket.settings != 0) {
            let Some(row) = snapshot.bucket_settings(bucket.id)?.replication else { continue };
            let rules = &row.configuration.rules;
            let is_sent = rules.iter().any(|rule| rule.enabled && region.has(&rule.destination));
            if is_sent || back::is_promoted(rules, region) {
                found.push((name, row));
            }
        }
    }
}
