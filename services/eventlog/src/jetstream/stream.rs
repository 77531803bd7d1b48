//! The stream: declared in `nats/streams/events.json`, created or verified, and asked for its ends.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::Value;

use super::StreamOptions;
use super::api::{self, ApiError, code};
use super::leader::{CONFIRMATION_PAUSE, Cluster, Leader};
use crate::{OpenError, ReadError, Tail};

/// The time in which a leader that may not lead any more is asked again.
const DOUBT_TIME_MAX: Duration = Duration::from_secs(3);

const DECLARATION: &str = include_str!("../../../../nats/streams/events.json");

#[derive(Deserialize)]
struct Info {
    config: Value,
}

#[derive(Deserialize)]
struct InfoState {
    state: State,
    #[serde(default)]
    cluster: Cluster,
}

#[derive(Deserialize)]
struct State {
    messages: u64,
    bytes: u64,
    first_seq: u64,
    last_seq: u64,
    #[serde(default)]
    num_deleted: u64,
}

/// Creates the stream if it is absent, else compares every setting that is declared. Returns its name.
pub(super) async fn ensure(
    client: &async_nats::Client,
    address: &str,
    options: &StreamOptions,
) -> Result<String, OpenError> {
    let unanswered = |error: ApiError| OpenError::JetStream { address: address.into(), reason: error.to_string() };
    let declared = declaration(options)?;
    let name = declared["name"].as_str().unwrap_or_default().to_owned();
    let found = match api::request::<Info>(client, &format!("STREAM.INFO.{name}"), "".into()).await {
        Err(ApiError::Refused(refusal)) if refusal.err_code == code::STREAM_NOT_FOUND => {
            // Two processes that create it at once with the same settings both succeed.
            api::request::<Info>(client, &format!("STREAM.CREATE.{name}"), declared.to_string().into())
                .await
                .map_err(unanswered)?
        }
        answer => answer.map_err(unanswered)?,
    };
    match difference(&declared, &found.config) {
        None => Ok(name),
        Some(Difference { setting: "subjects", .. }) if only_adds_subjects(&declared, &found.config) => {
            let updated = api::request::<Info>(client, &format!("STREAM.UPDATE.{name}"), declared.to_string().into())
                .await
                .map_err(unanswered)?;
            match difference(&declared, &updated.config) {
                None => Ok(name),
                Some(left) => Err(left.into_error(name)),
            }
        }
        Some(difference) => Err(difference.into_error(name)),
    }
}

/// Asks the leader of the stream where it ends. Any copy would answer a direct get.
///
/// # Errors
/// [`ReadError::Unavailable`] also when the leader may be none any more.
pub(super) async fn tail(client: &async_nats::Client, stream: &str, leader: &Leader) -> Result<Tail, ReadError> {
    let begun = Instant::now();
    loop {
        let asked = Instant::now();
        let InfoState { state, cluster } = api::request(client, &format!("STREAM.INFO.{stream}"), "".into()).await?;
        let Some(doubt) = leader.doubt(&cluster, asked, Instant::now()) else {
            let State { messages, bytes, first_seq, last_seq, num_deleted } = state;
            let first_sequence = first_seq.max(1);
            let (last_sequence, events, deleted) = (last_seq, messages, num_deleted);
            return Ok(Tail { first_sequence, last_sequence, events, deleted, bytes });
        };
        if begun.elapsed() >= DOUBT_TIME_MAX {
            return Err(ReadError::Unavailable { reason: doubt.into() });
        }
        tokio::time::sleep(CONFIRMATION_PAUSE).await;
    }
}

fn declaration(options: &StreamOptions) -> Result<Value, OpenError> {
    let unusable = |reason: String| OpenError::Declaration { reason };
    if options.nouns.is_empty() {
        return Err(unusable("there is no noun to listen to".into()));
    }
    let mut declared: Value = serde_json::from_str(DECLARATION).map_err(|error| unusable(error.to_string()))?;
    let fill = |text: &str| text.replace("{region}", options.region.as_str());
    let settings = declared.as_object_mut().ok_or_else(|| unusable("it is not an object".into()))?;
    for (setting, value) in settings {
        match value {
            Value::String(text) if text == "{replicas}" => *value = options.replicas.into(),
            Value::String(text) => *text = fill(text),
            Value::Array(subjects) if setting == "subjects" => {
                let patterns: Vec<String> = subjects.iter().filter_map(Value::as_str).map(fill).collect();
                *subjects =
                    patterns.iter().flat_map(|p| options.nouns.iter().map(|n| p.replace("{noun}", n).into())).collect();
            }
            _ => {}
        }
    }
    Ok(declared)
}

struct Difference {
    setting: &'static str,
    wanted: String,
    found: String,
}

impl Difference {
    fn into_error(self, stream: String) -> OpenError {
        OpenError::Setting { stream, setting: self.setting, found: self.found, wanted: self.wanted }
    }
}

/// The settings on which the log's promises rest.
const SETTINGS: [&str; 18] = [
    "storage",
    "retention",
    "num_replicas",
    "discard",
    "deny_delete",
    "deny_purge",
    "allow_rollup_hdrs",
    "allow_atomic",
    "allow_direct",
    "max_msgs",
    "max_bytes",
    "max_age",
    "max_msgs_per_subject",
    "max_msg_size",
    "max_consumers",
    "no_ack",
    "sealed",
    "duplicate_window",
];

fn difference(declared: &Value, found: &Value) -> Option<Difference> {
    let differs = |setting: &'static str, wanted: &Value, found: &Value| {
        Some(Difference { setting, wanted: wanted.to_string(), found: found.to_string() })
    };
    for setting in SETTINGS {
        let (wanted, has) = (&declared[setting], &found[setting]);
        // A server leaves out settings that are false.
        if wanted != has && !(has.is_null() && *wanted == Value::Bool(false)) {
            return differs(setting, wanted, has);
        }
    }
    // A newer release may have added nouns, which do no harm to this one.
    if subjects(declared).is_subset(&subjects(found)) {
        None
    } else {
        differs("subjects", &declared["subjects"], &found["subjects"])
    }
}

fn subjects(config: &Value) -> BTreeSet<&str> {
    config["subjects"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

fn only_adds_subjects(declared: &Value, found: &Value) -> bool {
    subjects(declared).is_superset(&subjects(found))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(nouns: &'static [&'static str]) -> StreamOptions {
        StreamOptions { region: "eu-1".parse().unwrap(), replicas: 3, nouns }
    }

    #[test]
    fn the_declaration_is_filled_in_and_says_everything_that_is_compared() {
        let declared = declaration(&options(&["object", "bucket"])).unwrap();
        assert_eq!(declared["name"], "EVENTS_eu-1");
        assert_eq!(declared["num_replicas"], 3);
        assert_eq!(subjects(&declared), ["ps.eu-1.bucket.>", "ps.eu-1.object.>"].into());
        assert_eq!(declared.to_string().matches('{').count(), 1, "no placeholder is left");
        for setting in SETTINGS {
            assert!(!declared[setting].is_null(), "{setting} is declared");
        }
        assert!(declaration(&options(&[])).is_err());
    }

    #[test]
    fn a_setting_that_differs_is_named() {
        let declared = declaration(&options(&["object"])).unwrap();
        let with = |setting: &str, value: Value| {
            let mut found = declared.clone();
            found[setting] = value;
            difference(&declared, &found).map(|d| d.setting)
        };
        assert_eq!(with("sealed", Value::Null), None);
        assert_eq!(with("description", "another".into()), None);
        assert_eq!(with("deny_purge", false.into()), Some("deny_purge"));
        assert_eq!(with("deny_purge", Value::Null), Some("deny_purge"));
        assert_eq!(with("max_age", 1.into()), Some("max_age"));
        assert_eq!(with("subjects", Vec::<String>::new().into()), Some("subjects"));
    }

    #[test]
    fn only_more_subjects_may_be_added() {
        let (one, two) =
            (declaration(&options(&["object"])).unwrap(), declaration(&options(&["object", "user"])).unwrap());
        assert!(only_adds_subjects(&two, &one));
        assert!(!only_adds_subjects(&one, &two));
    }
}
