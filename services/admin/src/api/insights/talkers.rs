//! Who reads and writes most.

use std::collections::BTreeMap;

use domain::row::{Writer, WriterRow, WritersRow};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

/// The name of all who sign nothing.
const ANONYMOUS: &str = "anonymous";

/// Somebody who reads or writes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Talker {
    /// The name of the user; that of an access key, if no user had it; `anonymous` for all who sign nothing.
    user: String,
    /// Requests that read. They are no events, so the log does not know of them; `null` where nobody counts them.
    reads: Option<u64>,
    /// Events about objects of this bucket.
    writes: u64,
    /// Bytes of bodies that were sent.
    bytes_in: u64,
    /// Bytes of bodies that were read; `null` where nobody counts them.
    bytes_out: Option<u64>,
    /// The time from which it is counted.
    #[schemars(with = "String", extend("format" = "date-time"))]
    since: Timestamp,
}

/// Who read of a bucket, how often, how many bytes, and since when it is counted. Reads are no facts: who counts requests
/// may say it.
pub(super) type Reading = (String, u64, u64, Timestamp);

/// Whoever reads or writes, those who write most first. `root_key` is the access key of root, who has no row.
pub(super) fn talkers(writers: WritersRow, readings: Vec<Reading>, root_key: &str) -> Vec<Talker> {
    let mut talkers: BTreeMap<String, Talker> = BTreeMap::new();
    let talker =
        |user: &str, since| Talker { user: user.into(), reads: None, writes: 0, bytes_in: 0, bytes_out: None, since };
    for row in writers.0 {
        let user = name(&row, root_key);
        let one = talkers.entry(user.clone()).or_insert_with(|| talker(&user, row.since));
        one.writes += row.writes();
        one.bytes_in += row.bytes;
        one.since = one.since.min(row.since);
    }
    for (user, reads, bytes_out, since) in readings {
        let one = talkers.entry(user.clone()).or_insert_with(|| talker(&user, since));
        one.reads = Some(reads);
        one.bytes_out = Some(bytes_out);
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
        let readings = vec![("ada".into(), 9, 90, time(50))];
        let found = talkers(writers, readings, "ROOTKEY");
        let shown: Vec<_> = found.iter().map(|one| (one.user.as_str(), one.writes, one.reads, one.bytes_in)).collect();
        assert_eq!(shown, [("root", 7, None, 10), ("ada", 3, Some(9), 5)]);
        assert_eq!(found[0].since, time(10));
    }
}
