//! Whether two regions owe each other nothing.

use domain::View;
use domain::row::{BoundRow, BucketReplicationRow};
use events::ids::BucketName;
use events::replication::{Configuration, Destination};
use jiff::{SignedDuration, Timestamp};
use ledger::Snapshot;
use worker::{Lag, Report};

use super::super::refusal::Refusal;
use super::super::replication::WORKER;
use super::back::{Region, is_promoted};

/// A region that said nothing for so long is not taken to be back. It says something at least every minute.
const SILENCE_MAX: SignedDuration = SignedDuration::from_mins(3);

/// What one of two regions owes the other, in sentences.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Owed {
    /// What arrives sooner or later, or needs somebody who does something about it.
    pub(super) waits_for: Vec<String>,
    /// What does not come, and is nothing that the end of a promotion makes worse.
    pub(super) missing: Vec<String>,
}

/// What the region owes this one, and this one the region: all that was written here before `since`.
pub(super) fn owed(
    snapshot: &Snapshot,
    region: Region<'_>,
    sent: &[(BucketName, Configuration)],
    reports: &[Report],
    (since, now): (Timestamp, Timestamp),
) -> Result<Owed, Refusal> {
    let mut owed = Owed::default();
    let mut promoted = None;
    let lags = || reports.iter().filter(|report| report.worker.as_str() == WORKER).flat_map(|report| &report.lags);
    for (bucket, configuration) in sent {
        let Some(row) = snapshot.bucket(bucket)? else { continue };
        let Some(row) = snapshot.bucket_settings(row.id)?.replication else { continue };
        if is_promoted(&configuration.rules, region) {
            promoted = promoted.max(Some(row.since));
        }
        let mut known: Vec<&Destination> = Vec::new();
        for rule in configuration.rules.iter().filter(|rule| rule.enabled && region.has(&rule.destination)) {
            if known.contains(&&rule.destination) {
                continue;
            }
            known.push(&rule.destination);
            let lag = lags().find(|lag| lag.bucket == *bucket && lag.destination == rule.destination);
            owed.waits_for.extend(owed_there((bucket, region), &row, &rule.destination, (lag, since)));
        }
    }
    let rows = snapshot.bounds()?.into_iter().filter(|(name, ..)| name == region.name).map(|(.., row)| row);
    if let Some(row) = rows.max_by_key(|row| row.sequence) {
        owed_here(region, &row, (promoted, since, now), &mut owed);
    }
    Ok(owed)
}

/// Why a destination there may lack something of a bucket of this region.
fn owed_there(
    (bucket, region): (&BucketName, Region<'_>),
    row: &BucketReplicationRow,
    destination: &Destination,
    (lag, since): (Option<&Lag>, Timestamp),
) -> Option<String> {
    let to = format!("{bucket} to {}/{}", region.name, destination.bucket);
    let Some(lag) = lag else { return Some(format!("{to}: no process replicates it at present")) };
    if let Some(why) = &lag.why {
        return Some(format!("{to}: {why}"));
    }
    if lag.is_resyncing || row.resyncs.iter().any(|(known, _)| known == destination) {
        return Some(format!("{to}: the buckets are being compared"));
    }
    if lag.changes > 0 {
        return Some(format!("{to}: {} changes are not there yet", lag.changes));
    }
    if lag.before.is_none_or(|before| before < since) {
        return Some(format!("{to}: it is not known yet that everything is there"));
    }
    row.refused.iter().any(|(known, _)| known == destination).then(|| {
        format!("{to}: versions were refused there; compare the buckets once that is put right, with `admin replication resync`")
    })
}

/// Why this region may lack something of the other one. What that region said before the promotion, it said before it was
/// lost.
fn owed_here(
    region: Region<'_>,
    row: &BoundRow,
    (promoted, since, now): (Option<u64>, Timestamp, Timestamp),
    owed: &mut Owed,
) {
    let name = region.name;
    let is_back = promoted.map_or(row.said >= since, |promoted| row.sequence > promoted);
    if !is_back || now.duration_since(row.said) > SILENCE_MAX {
        owed.waits_for.push(format!("{name} has not said yet that it has sent everything"));
        return;
    }
    for bucket in &row.buckets {
        let from = format!("{name}/{} to {}", bucket.source, bucket.bucket);
        if bucket.waits {
            owed.waits_for.push(format!("{from}: {name} has not sent everything yet"));
        } else if bucket.copies {
            owed.waits_for.push(format!("{from}: the buckets are being compared"));
        } else if bucket.refused {
            owed.missing.push(format!("{from}: versions were refused here: `replication.failed` in {name} says which"));
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::row::BoundBucketRow;
    use events::ids::RegionName;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn to() -> Destination {
        Destination { bucket: "there".parse().unwrap(), region: Some("east".parse().unwrap()) }
    }

    fn lag(before: Option<i64>) -> Lag {
        Lag {
            bucket: "here".parse().unwrap(),
            destination: to(),
            up_to: 7,
            changes: 0,
            bytes: 0,
            seconds: 0.0,
            is_resyncing: false,
            before: before.map(at),
            why: None,
        }
    }

    fn row() -> BucketReplicationRow {
        let configuration = Configuration { role: String::new(), rules: Vec::new() };
        let (progress, resyncs, refused) = (Vec::new(), Vec::new(), Vec::new());
        BucketReplicationRow { configuration, since: 5, progress, resyncs, refused }
    }

    #[test]
    fn a_bucket_is_owed_until_all_that_was_written_before_the_question_is_there() {
        let (name, bucket): (RegionName, BucketName) = ("east".parse().unwrap(), "here".parse().unwrap());
        let region = Region { name: &name, is_only: false };
        let owed = |row: &BucketReplicationRow, lag: Option<&Lag>| {
            owed_there((&bucket, region), row, &to(), (lag, at(100))).unwrap_or_default()
        };
        assert!(owed(&row(), None).contains("no process replicates"));
        for before in [None, Some(99)] {
            assert!(owed(&row(), Some(&lag(before))).contains("not known yet"), "{before:?}");
        }
        assert_eq!(owed(&row(), Some(&lag(Some(100)))), "");
        assert!(owed(&row(), Some(&Lag { changes: 3, ..lag(Some(100)) })).contains("3 changes"));
        assert!(owed(&row(), Some(&Lag { why: Some("it is down".into()), ..lag(Some(100)) })).contains("it is down"));
        let refused = BucketReplicationRow { refused: vec![(to(), 6)], ..row() };
        assert!(owed(&refused, Some(&lag(Some(100)))).contains("refused there"));
        let resync = domain::row::ResyncRow { asked: 6, up_to: None, only_pending: false };
        let compared = BucketReplicationRow { resyncs: vec![(to(), resync)], ..row() };
        assert!(owed(&compared, Some(&lag(Some(100)))).contains("being compared"));
    }

    #[test]
    fn a_region_is_back_once_it_said_something_since_it_was_given_up() {
        let name: RegionName = "east".parse().unwrap();
        let region = Region { name: &name, is_only: false };
        let bound =
            |sequence, said, buckets| BoundRow { sequence, said: at(said), before: at(said), up_to: 1, buckets };
        let owed = |row: &BoundRow, promoted| {
            let mut owed = Owed::default();
            owed_here(region, row, (promoted, at(100), at(120)), &mut owed);
            (owed.waits_for.len(), owed.missing.len())
        };
        assert_eq!(owed(&bound(9, 90, Vec::new()), Some(9)), (1, 0), "it was said before the promotion");
        assert_eq!(owed(&bound(10, 90, Vec::new()), Some(9)), (0, 0));
        assert_eq!(owed(&bound(10, 90, Vec::new()), None), (1, 0), "it was said before the question");
        assert_eq!(owed(&bound(10, 100, Vec::new()), None), (0, 0));
        assert_eq!(owed(&bound(10, -100, Vec::new()), Some(9)), (1, 0), "it was said too long ago");
        let bucket = BoundBucketRow {
            bucket: "here".parse().unwrap(),
            id: None,
            source: "there".parse().unwrap(),
            waits: false,
            before: None,
            copies: false,
            refused: false,
        };
        let with = |bucket| bound(10, 100, vec![bucket]);
        assert_eq!(owed(&with(BoundBucketRow { waits: true, ..bucket.clone() }), None), (1, 0));
        assert_eq!(owed(&with(BoundBucketRow { copies: true, ..bucket.clone() }), None), (1, 0));
        assert_eq!(owed(&with(BoundBucketRow { refused: true, ..bucket }), None), (0, 1));
    }
}
