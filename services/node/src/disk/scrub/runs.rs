use std::ops::Range;

use uuid::Uuid;

use super::super::segments::{Location, record_bytes};

/// Bytes between two records that are rather read than left out.
const GAP_BYTES_MAX: u64 = 64 * 1024;

/// Bytes that are read at once, at most; a single record has no more.
const RUN_BYTES_MAX: u64 = 1024 * 1024;

/// Records of a segment that lie so close together that they are read at once.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) segment: u32,
    /// Where they lie in the segment, in bytes.
    pub(crate) bytes: Range<u64>,
    pub(crate) records: Vec<(Uuid, Location)>,
}

/// Sorts records by where they lie, and groups them.
pub(crate) fn runs(mut records: Vec<(Uuid, Location)>) -> Vec<Run> {
    records.sort_unstable_by_key(|(_, location)| (location.segment, location.offset));
    let mut runs: Vec<Run> = Vec::new();
    for (shard, location) in records {
        let begin = u64::from(location.offset);
        let end = begin + record_bytes(shard, location) as u64;
        let near = |run: &&mut Run| {
            run.segment == location.segment
                && begin <= run.bytes.end + GAP_BYTES_MAX
                && end <= run.bytes.start + RUN_BYTES_MAX
        };
        match runs.last_mut().filter(near) {
            Some(run) => {
                run.bytes.end = run.bytes.end.max(end);
                run.records.push((shard, location));
            }
            None => {
                runs.push(Run { segment: location.segment, bytes: begin..end, records: vec![(shard, location)] });
            }
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_close_together_is_read_at_once() {
        let record = |i, segment, offset, length| (Uuid::from_u128(i), Location { segment, offset, length });
        let near = [record(1, 1, 64, 1000), record(2, 1, 2000, 1000), record(3, 1, 60_000, 1000)];
        let far = record(4, 1, 200_000, 1000);
        let other = record(5, 2, 64, 1000);
        let runs = runs(vec![other, near[2], far, near[0], near[1]]);
        let grouped: Vec<_> = runs.iter().map(|run| run.records.clone()).collect();
        assert_eq!(grouped, [near.to_vec(), vec![far], vec![other]]);
        assert_eq!(runs[0].bytes, 64..60_000 + 1000 + 48);
    }

    #[test]
    fn no_run_is_too_long() {
        let records = (0..200).map(|i: u32| {
            (Uuid::from_u128(i.into()), Location { segment: 1, offset: 64 + i * 30_000, length: 20_000 })
        });
        let runs = runs(records.collect());
        assert!(runs.len() > 4 && runs.iter().all(|run| run.bytes.end - run.bytes.start <= RUN_BYTES_MAX));
        assert_eq!(runs.iter().map(|run| run.records.len()).sum::<usize>(), 200);
    }
}
