//! Replication to other regions: the links there are, which buckets are sent where, how far each destination is, and comparing one anew.

use std::fmt;
use std::sync::Arc;

use domain::{Resync, View};
use events::ids::{BucketName, RegionName};
use events::replication::Destination;
use policy::Action;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use worker::{Lag, Report};

use super::access::{Access, Caller};
use super::answer::Answer;
use super::asked::Asked;
use super::links;
use super::method::Method;
use super::operation::{Handler, Operation, known};
use super::refusal::Refusal;

const REPLICATION: &str = "/api/v1/replication";
const RESYNC: &str = "/api/v1/replication/resync";

/// Buckets that are looked at for one page.
const BUCKETS_READ: usize = 1_000;

/// The name of the worker that replicates.
const WORKER: &str = "replicate";

/// How the background workers of all processes are doing.
#[derive(Clone)]
pub struct WorkerReports(Arc<dyn Fn() -> Vec<Report> + Send + Sync>);

impl WorkerReports {
    /// What this returns is asked for with every request that needs it.
    pub fn new(reports: impl Fn() -> Vec<Report> + Send + Sync + 'static) -> Self {
        Self(Arc::new(reports))
    }
}

impl fmt::Debug for WorkerReports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WorkerReports")
    }
}

/// Buckets that are replicated, in the order of their names.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Replication {
    /// Whether a process replicates: the role `replicator`, which is a part of `planetstore dev`.
    is_running: bool,
    destinations: Vec<ReplicatedTo>,
    /// The name after which the next page begins; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<BucketName>,
}

/// A bucket and one of its destinations.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ReplicatedTo {
    bucket: BucketName,
    destination: Destination,
    /// The ids of the rules that are in effect and lead there.
    rules: Vec<String>,
    /// The sequence up to which the log says that the destination has everything.
    up_to: u64,
    /// The comparison of the bucket with the destination that is under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    resync: Option<ResyncProgress>,
    /// The replicator's own report of this destination; absent while no process replicates, and beyond the 200
    /// destinations that are farthest behind.
    #[serde(skip_serializing_if = "Option::is_none")]
    lag: Option<Lag>,
}

/// How far a comparison is.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ResyncProgress {
    /// The event that began it.
    asked: u64,
    /// The key that was compared last; absent before the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

/// A bucket to compare with a destination.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WantedResync {
    bucket: BucketName,
    /// The bucket of the other region. It may be left out if the bucket has one destination.
    #[serde(default)]
    to: Option<BucketName>,
    /// The other region, if rules name it.
    #[serde(default)]
    region: Option<RegionName>,
}

pub(super) fn operations() -> Vec<Operation> {
    use Method::{Get, Post};
    let new = Operation::new;
    let mut operations = links::operations();
    operations.extend([
        new(
            "listReplication",
            Get,
            REPLICATION,
            known!(AdminListReplication, list),
            "List which buckets are replicated to where, and how far behind each destination is",
        )
        .paged()
        .gives::<Replication>(),
        new(
            "resyncReplication",
            Post,
            RESYNC,
            known!(AdminResyncReplication, resync),
            "Compare a bucket with a destination from its first key on, and send what is missing there",
        )
        .takes::<WantedResync>(),
    ]);
    operations
}

async fn list(asked: Asked, _: Caller) -> Result<Answer, Refusal> {
    let page = asked.page::<BucketName>()?;
    let snapshot = asked.read().await?;
    let reports = (asked.admin.0.workers.0)();
    let mut reports = reports.into_iter().filter(|report| report.worker.as_str() == WORKER).peekable();
    let is_running = reports.peek().is_some();
    let lags: Vec<Lag> = reports.flat_map(|report| report.lags).collect();
    let (mut destinations, mut after) = (Vec::new(), page.after.clone());
    loop {
        let buckets = snapshot.list_buckets(after.as_ref(), BUCKETS_READ)?;
        let Some((last, _)) = buckets.last() else { break };
        after = Some(last.clone());
        for (name, bucket) in buckets.into_iter().filter(|(_, bucket)| bucket.settings != 0) {
            let Some(row) = snapshot.bucket_settings(bucket.id)?.replication else { continue };
            if destinations.len() >= page.limit {
                let next = destinations.last().map(|last: &ReplicatedTo| last.bucket.clone());
                return Answer::of(&Replication { is_running, destinations, next });
            }
            let mut to: Vec<Destination> = Vec::new();
            for rule in row.configuration.rules.iter().filter(|rule| rule.enabled) {
                if !to.contains(&rule.destination) {
                    to.push(rule.destination.clone());
                }
            }
            for destination in to {
                let leads_there = row.configuration.rules.iter().filter(|rule| rule.destination == destination);
                let rules = leads_there.filter(|rule| rule.enabled).map(|rule| rule.id.clone()).collect();
                let up_to = row.progress.iter().find(|(known, _)| *known == destination);
                let resync = row.resyncs.iter().find(|(known, _)| *known == destination);
                let lag = lags.iter().find(|lag| lag.bucket == name && lag.destination == destination).cloned();
                destinations.push(ReplicatedTo {
                    bucket: name.clone(),
                    rules,
                    up_to: up_to.map_or(row.since, |(_, up_to)| *up_to),
                    resync: resync.map(|(_, row)| ResyncProgress {
                        asked: row.asked,
                        key: row.up_to.as_ref().map(|(key, _)| String::from_utf8_lossy(key.as_bytes()).into_owned()),
                    }),
                    lag,
                    destination,
                });
            }
        }
    }
    Answer::of(&Replication { is_running, destinations, next: None })
}

async fn resync(mut asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let WantedResync { bucket, to, region } = asked.json().await?;
    let snapshot = asked.read().await?;
    let row = snapshot.bucket(&bucket)?.ok_or_else(|| Refusal::not_found("there is no such bucket"))?;
    let replication = snapshot.bucket_settings(row.id)?.replication;
    let rules = replication.map(|row| row.configuration.rules).unwrap_or_default();
    let mut destinations: Vec<Destination> = Vec::new();
    for rule in rules.into_iter().filter(|rule| rule.enabled) {
        let is_wanted = to.as_ref().is_none_or(|to| *to == rule.destination.bucket)
            && (region.is_none() || region == rule.destination.region);
        if is_wanted && !destinations.contains(&rule.destination) {
            destinations.push(rule.destination);
        }
    }
    let destination = match (destinations.pop(), destinations.is_empty()) {
        (Some(destination), true) => destination,
        (Some(_), false) => {
            return Err(Refusal::invalid("the bucket has several such destinations: name one with `to` and `region`"));
        }
        (None, _) => return Err(Refusal::not_found("no rule of the bucket leads to such a destination")),
    };
    let committed = asked.commit(&caller, Resync { bucket, destination }.into()).await?;
    Ok(Answer::done(committed.sequence))
}
