//! The log's subjects: `ps.<region>.<noun>.<name>.<verb>`, where the name is that of the bucket, the user, the
//! group or the policy that the fact is about.
//!
//! A name may hold dots, which NATS would read as token ends: tokens are percent-encoded. There is no
//! subject per key, because JetStream keeps every subject in memory.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::fact::Fact;
use crate::ids::RegionName;

/// The first token of every subject.
pub const SUBJECT_ROOT: &str = "ps";

/// The nouns of the log. Requests to nodes (`shards`, `control`) and `telemetry` use other tokens: messages published
/// there must never become entries of the log.
pub const SUBJECT_NOUNS: &[&str] = &[
    "audit",
    "bucket",
    "consumer",
    "content",
    "group",
    "key",
    "kms_key",
    "link",
    "node",
    "object",
    "policy",
    "quota",
    "region",
    "replication",
    "secret",
    "session",
    "target",
    "upload",
    "user",
];

const TOKEN_ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_');

/// A name as a token of a subject.
pub fn subject_token(name: &str) -> String {
    utf8_percent_encode(name, TOKEN_ESCAPED).to_string()
}

/// The subject on which a fact is published.
pub fn subject(region: &RegionName, fact: &Fact) -> String {
    let kind = fact.kind();
    let name = subject_token(fact.scope().name);
    format!("{SUBJECT_ROOT}.{region}.{}.{name}.{}", kind.noun, kind.verb)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bucket;

    #[test]
    fn dots_in_a_bucket_do_not_split_its_token() {
        let fact = Fact::BucketDeleted(bucket::Deleted { bucket: "a.b-c".parse().unwrap() });
        assert_eq!(subject(&"eu-1".parse().unwrap(), &fact), "ps.eu-1.bucket.a%2Eb-c.deleted");
    }

    #[test]
    fn requests_and_telemetry_are_never_taken_by_the_log() {
        for token in ["shards", "control", "telemetry"] {
            assert!(!SUBJECT_NOUNS.contains(&token), "{token}");
        }
    }

    #[test]
    fn every_noun_in_use_is_taken_by_the_log() {
        assert!(Fact::KINDS.iter().all(|kind| SUBJECT_NOUNS.contains(&kind.noun)));
    }
}
