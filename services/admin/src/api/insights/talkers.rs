//! The users who read and write most.

use std::collections::BTreeMap;

use ::telemetry::Reading;
use domain::row::{Writer, WriterRow, WritersRow};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

/// The name of all who sign nothing.
const ANONYMOUS: &str = "anonymous";

/// A user who reads or writes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Talker {
    /// The name of the user; the access key, if it belonged to no user; `anonymous` for all unsigned requests.
    user: String,
    /// Requests that read objects of this bucket. Reads are not events: each process counts them while it runs, for the
    /// 64 users of a bucket who read most. `null` for all other users.
    reads: Option<u64>,
    /// Events about objects of this bucket.
    writes: u64,
    /// Bytes of request bodies.
    bytes_in: u64,
    /// Bytes of the response bodies of these reads.
    bytes_out: Option<u64>,
    /// The time from which reads are counted.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    reads_since: Option<Timestamp>,
    /// The time from which writes are counted; for a user who only reads, the time from which reads are counted.
    #[schemars(with = "String", extend("format" = "date-time"))]
    since: Timestamp,
}

/// Whoever reads or writes, those who write most first. `root_key` is the access key of root, who has no row.
pub(super) fn talkers(writers: WritersRow, readings: Vec<(String, Reading)>, root_key: &str) -> Vec<Talker> {
    let mut talkers: BTreeMap<String, Talker> = BTreeMap::new();
    let talker = |user: &str, since| Talker { user: user.into(), writes: 0, bytes_in: 0, since, ..Talker::default() };
    for row in writers.0 {
        let user = name(&row, root_key);
        let one = talkers.entry(user.clone()).or_insert_with(|| talker(&user, row.since));
        one.writes += row.writes();
        one.bytes_in += row.bytes;
        one.since = one.since.min(row.since);
    }
    for (user, Reading { requests, bytes, since }) in readings {
        let one = talkers.entry(user.clone()).or_insert_with(|| talker(&user, since));
        (one.reads, one.bytes_out, one.reads_since) = (Some(requests), Some(bytes), Some(since));
    }
    let mut talkers: Vec<_> = talkers.into_values().collect();
    talkers.sort_by_key(|talker| std::cmp::Reverse((talker.writes, talker.reads)));
    talkers
}

fn name(row: &WriterRow, root_key: &str) -> String {
    match &row.writer {
        Writer::User(user) => user.to_string(),
        Writer::Key(key) if key == root_key => events::ids::UserName::ROOT.to_owned(),
        Writer::Key(key) => key.clone(),
        Writer::Anonymous => ANONYMOUS.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_person_is_one_talker_whether_they_read_or_write_and_by_which_key() {
        let time = |second| Timestamp::from_second(second).unwrap();
        let row = |writer, rank, second| WriterRow { writer, rank, taken: 1, bytes: 5, since: time(second) };
        let writers = WritersRow(vec![
            row(Writer::Key("ROOTKEY".into()), 3, 20),
            row(Writer::User("ada".parse().unwrap()), 4, 30),
            row(Writer::User("root".parse().unwrap()), 6, 10),
        ]);
        let reading = |requests, second| Reading { requests, bytes: 10 * requests, since: time(second) };
        let readings = vec![("ada".into(), reading(9, 50)), ("anonymous".into(), reading(2, 60))];
        let found = talkers(writers, readings, "ROOTKEY");
        let shown: Vec<_> = found.iter().map(|one| (one.user.as_str(), one.writes, one.reads, one.bytes_in)).collect();
        assert_eq!(shown, [("root", 7, None, 10), ("ada", 3, Some(9), 5), ("anonymous", 0, Some(2), 0)]);
        assert_eq!((found[1].bytes_out, found[1].reads_since, found[1].since), (Some(90), Some(time(50)), time(30)));
        assert_eq!((found[2].reads_since, found[2].since), (Some(time(60)), time(60)));
        assert_eq!(found[0].since, time(10));
    }
}
