//! Whether two regions owe each other nothing.

use domain::View;
use domain::row::{BoundRow, BucketReplicationRow};
use events::ids::{BucketName, UserName};
use events::replication::Destination;
use jiff::{SignedDuration, Timestamp};
use ledger::Snapshot;
use worker::{Lag, Report};

use super::super::refusal::Refusal;
use super::super::replication::WORKER;
use super::back::{Region, changed, is_promoted};

/// A region that said nothing for so long is not taken to be back, nor one that has sent only what is older than that, by its
/// own clock. It says something at least every minute.
const SILENCE_MAX: SignedDuration = SignedDuration::from_mins(3);

/// What one of two regions owes the other, in sentences.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Owed {
    /// What arrives sooner or later, or needs somebody who does something about it.
    pub(super) waits_for: Vec<String>,
    /// What does not come, and is nothing that the end of a promotion makes worse.
    pub(super) missing: Vec<String>,
}

/// What the region owes this one, as a user says for it, and this one the region: all that is in the log here up to `since`.
pub(super) fn owed(
    snapshot: &Snapshot,
    (region, user): (Region<'_>, &UserName),
    sent: &[(BucketName, BucketReplicationRow)],
    reports: &[Report],
    (since, now): (u64, Timestamp),
) -> Result<Owed, Refusal> {
    let mut owed = Owed::default();
    let mut promoted = None;
    let lags: Vec<&Lag> =
        reports.iter().filter(|report| report.worker.as_str() == WORKER).flat_map(|report| &report.lags).collect();
    for (bucket, row) in sent {
        let rules = &row.configuration.rules;
        if is_promoted(rules, region) {
            promoted = promoted.max(Some(row.since));
        }
        for source in changed(rules, region) {
            owed.waits_for.push(format!(
                "{bucket} to {}/{source}: the rule of the promotion was changed and does not send everything: have it do so \
                 again, or remove it",
                region.name
            ));
        }
        let mut known: Vec<&Destination> = Vec::new();
        for rule in rules.iter().filter(|rule| rule.enabled && region.has(&rule.destination)) {
            if !known.contains(&&rule.destination) {
                known.push(&rule.destination);
                owed.waits_for.extend(owed_there((bucket, region), row, &rule.destination, (&lags, since)));
            }
        }
    }
    let row = snapshot.bound(region.name, user)?;
    // What the region said before the promotion, it said before it was lost.
    owed_here((region, user), row.as_ref(), (promoted.unwrap_or(since), now), &mut owed);
    if let Some(row) = row {
        for bucket in row.buckets {
            if snapshot.bucket(&bucket.bucket)?.is_none_or(|here| bucket.id != Some(here.id)) {
                let from = format!("{}/{} to {}", region.name, bucket.source, bucket.bucket);
                owed.missing.push(format!(
                    "{from}: the bucket was deleted or made anew here: what was sent before is not in it"
                ));
            }
        }
    }
    Ok(owed)
}

/// Why a destination there may lack something of a bucket of this region. More than one process may say something of it, of
/// which one is late: all of them have to be content.
fn owed_there(
    (bucket, region): (&BucketName, Region<'_>),
    row: &BucketReplicationRow,
    destination: &Destination,
    (lags, since): (&[&Lag], u64),
) -> Option<String> {
    let to = format!("{bucket} to {}/{}", region.name, destination.bucket);
    let of = |known: &[(Destination, u64)]| known.iter().find(|(known, _)| known == destination).map(|(_, at)| *at);
    let mut lags = lags.iter().filter(|lag| lag.bucket == *bucket && lag.destination == *destination).peekable();
    if lags.peek().is_none() {
        return Some(format!("{to}: no process says how far it is"));
    }
    if row.resyncs.iter().any(|(known, _)| known == destination) {
        return Some(format!("{to}: the buckets are being compared"));
    }
    // What a comparison found is sent behind it, so a report from before that says nothing.
    let wanted = since.max(row.since).max(of(&row.found).unwrap_or_default());
    let is_refused = of(&row.refused).is_some();
    lags.find_map(|lag| {
        if let Some(why) = &lag.why {
            Some(format!("{to}: {why}"))
        } else if lag.copies {
            Some(format!("{to}: the buckets are being compared, or were not looked at yet"))
        } else if lag.changes > 0 {
            Some(format!("{to}: {} changes are not there yet", lag.changes))
        } else if lag.up_to < wanted {
            Some(format!("{to}: it is not known yet that everything is there"))
        } else if lag.refused || is_refused {
            Some(format!(
                "{to}: versions were refused there; compare the buckets once that is put right, with `admin replication resync`"
            ))
        } else {
            None
        }
    })
}

/// Why this region may lack something of the other one.
fn owed_here(
    (region, user): (Region<'_>, &UserName),
    row: Option<&BoundRow>,
    (after, now): (u64, Timestamp),
    owed: &mut Owed,
) {
    let name = region.name;
    let is_recent = |at: Timestamp| now.duration_since(at) <= SILENCE_MAX;
    let Some(row) = row.filter(|row| row.sequence > after && is_recent(row.said)) else {
        owed.waits_for.push(format!("{name} has not said yet, by {user}, that it has sent everything"));
        return;
    };
    if !is_recent(row.before) {
        let before = row.before;
        owed.waits_for.push(format!("{name} has sent everything from before {before} only, by its clock"));
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
    use domain::row::{BoundBucketRow, ResyncRow};
    use events::ids::RegionName;
    use events::replication::Configuration;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn to() -> Destination {
        Destination { bucket: "there".parse().unwrap(), region: Some("east".parse().unwrap()) }
    }

    fn lag(up_to: u64) -> Lag {
        Lag {
            bucket: "here".parse().unwrap(),
            destination: to(),
            up_to,
            changes: 0,
            bytes: 0,
            seconds: 0.0,
            is_resyncing: false,
            copies: false,
            refused: false,
            why: None,
        }
    }

    fn row() -> BucketReplicationRow {
        let configuration = Configuration { role: String::new(), rules: Vec::new() };
        let (progress, resyncs, refused, found) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        BucketReplicationRow { configuration, since: 5, progress, resyncs, refused, found }
    }

    #[test]
    fn a_bucket_is_owed_until_all_that_was_in_the_log_at_the_question_is_there() {
        let (name, bucket): (RegionName, BucketName) = ("east".parse().unwrap(), "here".parse().unwrap());
        let region = Region { name: &name, is_only: false };
        let owed = |row: &BucketReplicationRow, lags: &[&Lag]| {
            owed_there((&bucket, region), row, &to(), (lags, 100)).unwrap_or_default()
        };
        let other = Lag { bucket: "other".parse().unwrap(), ..lag(100) };
        assert!(owed(&row(), &[&other]).contains("no process says"));
        assert!(owed(&row(), &[&lag(99)]).contains("not known yet"));
        assert_eq!(owed(&row(), &[&lag(100)]), "");
        assert!(owed(&row(), &[&lag(100), &lag(99)]).contains("not known yet"), "one of two reports is late");
        assert!(owed(&row(), &[&Lag { changes: 3, ..lag(100) }]).contains("3 changes"));
        assert!(owed(&row(), &[&Lag { why: Some("it is down".into()), ..lag(100) }]).contains("it is down"));
        // The position says nothing of what a comparison is to find, nor of what was given up.
        assert!(owed(&row(), &[&Lag { copies: true, ..lag(100) }]).contains("being compared"));
        assert!(owed(&row(), &[&Lag { refused: true, ..lag(100) }]).contains("refused there"));
        let refused = BucketReplicationRow { refused: vec![(to(), 6)], ..row() };
        assert!(owed(&refused, &[&lag(100)]).contains("refused there"));
        let resync = ResyncRow { asked: 6, up_to: None, only_pending: false };
        let compared = BucketReplicationRow { resyncs: vec![(to(), resync)], ..row() };
        assert!(owed(&compared, &[&lag(100)]).contains("being compared"));
        // A comparison began and ended since the report.
        let found = BucketReplicationRow { found: vec![(to(), 102)], ..row() };
        assert!(owed(&found, &[&lag(101)]).contains("not known yet"));
        assert_eq!(owed(&found, &[&lag(102)]), "");
        let later = BucketReplicationRow { since: 103, ..row() };
        assert!(owed(&later, &[&lag(102)]).contains("not known yet"), "the report is of other rules");
    }

    #[test]
    fn what_an_older_process_does_not_say_is_owed() {
        let mut report = serde_json::to_value(lag(100)).unwrap();
        let members = report.as_object_mut().unwrap();
        assert!(members.remove("copies").is_some() && members.remove("refused").is_some());
        let read: Lag = serde_json::from_value(report).unwrap();
        assert!(read.copies && read.refused);
    }

    #[test]
    fn a_region_is_back_once_it_said_something_recent_since_it_was_given_up() {
        let (name, user): (RegionName, UserName) = ("east".parse().unwrap(), "link".parse().unwrap());
        let region = Region { name: &name, is_only: false };
        let bound = |sequence, (said, before), buckets| BoundRow {
            sequence,
            said: at(said),
            before: at(before),
            up_to: 1,
            buckets,
        };
        let owed = |row: Option<&BoundRow>| {
            let mut owed = Owed::default();
            owed_here((region, &user), row, (9, at(1_000)), &mut owed);
            (owed.waits_for.len(), owed.missing.len())
        };
        assert_eq!(owed(None), (1, 0));
        assert_eq!(owed(Some(&bound(9, (990, 990), Vec::new()))), (1, 0), "it was said before the promotion");
        assert_eq!(owed(Some(&bound(10, (990, 990), Vec::new()))), (0, 0));
        assert_eq!(owed(Some(&bound(10, (810, 990), Vec::new()))), (1, 0), "it was said too long ago");
        assert_eq!(owed(Some(&bound(10, (990, 810), Vec::new()))), (1, 0), "it is about a time too long ago");
        let bucket = BoundBucketRow {
            bucket: "here".parse().unwrap(),
            id: None,
            source: "there".parse().unwrap(),
            waits: false,
            before: None,
            copies: false,
            refused: false,
        };
        let with = |bucket| bound(10, (990, 990), vec![bucket]);
        assert_eq!(owed(Some(&with(BoundBucketRow { waits: true, ..bucket.clone() }))), (1, 0));
        assert_eq!(owed(Some(&with(BoundBucketRow { copies: true, ..bucket.clone() }))), (1, 0));
        assert_eq!(owed(Some(&with(BoundBucketRow { refused: true, ..bucket }))), (0, 1));
    }
}
