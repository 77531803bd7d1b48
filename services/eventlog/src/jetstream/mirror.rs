//! The mirror of the log that an integration reads, in an account of its own: declared in `nats/streams/facts.json`.

use events::ids::RegionName;
use events::{SECRET_NOUNS, SUBJECT_NOUNS, SUBJECT_ROOT};
use serde::Deserialize;
use serde_json::{Value, json};

use super::api::{self, ApiError, code};
use crate::OpenError;
use crate::connection::{self, ConnectOptions};

const DECLARATION: &str = include_str!("../../../../nats/streams/facts.json");

/// Nouns whose facts held secrets in some release. The log is never written anew, so they still do.
const SECRET_ONCE: &[&str] = &["key", "kms_key", "user"];

/// Nouns that the mirrors of earlier releases leave out. A server does not change what a mirror leaves out, so those stay
/// as they are until their operator deletes them.
const LATER: &[&str] = &["consumer", "link", "replication"];

/// The server's description of a stream.
#[derive(Deserialize)]
struct Info {
    config: Value,
}

/// Makes the mirror if it is absent, else has it keep what is declared now. Returns its name. A mirror that holds more
/// nouns than are declared keeps their facts: an operator has to delete it, so that it is made anew.
///
/// # Errors
/// See [`OpenError`].
pub async fn ensure_facts(connect: &ConnectOptions, region: &RegionName, replicas: usize) -> Result<String, OpenError> {
    let (client, ..) = connection::connect(connect).await?;
    let unanswered =
        |error: ApiError| OpenError::JetStream { address: connect.address.clone(), reason: error.to_string() };
    let mut declared = declaration(region, replicas)?;
    let name = declared["name"].as_str().unwrap_or_default().to_owned();
    let found = match api::request::<Info>(&client, &format!("STREAM.INFO.{name}"), "".into()).await {
        Err(ApiError::Refused(refusal)) if refusal.err_code == code::STREAM_NOT_FOUND => None,
        answer => Some(answer.map_err(unanswered)?.config),
    };
    let subject = match found {
        None => format!("STREAM.CREATE.{name}"),
        Some(found) if found["mirror"] == declared["mirror"] => format!("STREAM.UPDATE.{name}"),
        Some(found) if is_of_an_earlier_release(&found["mirror"], &declared["mirror"], region) => {
            tracing::info!(stream = name, left_out = ?LATER, "a mirror of an earlier release leaves out some events: delete \
                 it and have it made anew to get them");
            declared["mirror"] = found["mirror"].clone();
            format!("STREAM.UPDATE.{name}")
        }
        // No server changes what a mirror is a mirror of.
        Some(found) => {
            let (wanted, found) = (declared["mirror"].to_string(), found["mirror"].to_string());
            return Err(OpenError::Setting { stream: name, setting: "mirror", found, wanted });
        }
    };
    api::request::<Info>(&client, &subject, declared.to_string().into()).await.map_err(unanswered)?;
    Ok(name)
}

/// Whether a mirror differs from the declared one in nothing but the nouns that earlier releases left out.
fn is_of_an_earlier_release(found: &Value, declared: &Value, region: &RegionName) -> bool {
    let is_later = |transform: &Value| {
        let source = transform["src"].as_str().unwrap_or_default();
        LATER.iter().any(|noun| source == format!("{SUBJECT_ROOT}.{region}.{noun}.>"))
    };
    let mut earlier = declared.clone();
    if let Some(transforms) = earlier["subject_transforms"].as_array_mut() {
        transforms.retain(|transform| !is_later(transform));
    }
    *found == earlier
}

/// The nouns whose facts an integration may read.
fn nouns() -> impl Iterator<Item = &'static str> {
    let left_out = |noun: &str| [SECRET_NOUNS, SECRET_ONCE].iter().any(|nouns| nouns.contains(&noun));
    SUBJECT_NOUNS.iter().copied().filter(move |noun| !left_out(noun))
}

fn declaration(region: &RegionName, replicas: usize) -> Result<Value, OpenError> {
    let text = DECLARATION.replace("{region}", region.as_str());
    let mut declared: Value =
        serde_json::from_str(&text).map_err(|error| OpenError::Declaration { reason: error.to_string() })?;
    declared["num_replicas"] = replicas.into();
    // Facts that a mirror loses with the power are mirrored again, so each need not be synced by itself, which takes
    // nine times as long. The server demands a sync of each from several copies.
    if replicas > 1
        && let Some(settings) = declared.as_object_mut()
    {
        settings.remove("persist_mode");
    }
    let filters = nouns().map(|noun| {
        let subject = declared["mirror"]["subject_transforms"][0]["src"].as_str().unwrap_or_default();
        let subject = subject.replace("{noun}", noun);
        json!({ "src": subject, "dest": subject })
    });
    declared["mirror"]["subject_transforms"] = filters.collect();
    Ok(declared)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mirror_has_every_noun_without_secrets_and_no_other() {
        let declared = declaration(&"eu-1".parse().unwrap(), 3).unwrap();
        assert_eq!((&declared["name"], &declared["num_replicas"]), (&json!("FACTS_eu-1"), &json!(3)));
        assert_eq!(declared["mirror"]["name"], "EVENTS_eu-1");
        let text = declared.to_string();
        assert!(!text.contains("{region}") && !text.contains("{noun}"), "{text}");
        for noun in SUBJECT_NOUNS {
            let left_out = ["key", "kms_key", "secret", "session", "user"];
            let is_left_out = left_out.contains(noun);
            assert_eq!(text.contains(&format!("\"ps.eu-1.{noun}.>\"")), !is_left_out, "{noun}");
        }
    }

    #[test]
    fn a_mirror_of_an_earlier_release_stays_and_another_is_refused() {
        let region: RegionName = "eu-1".parse().unwrap();
        let declared = declaration(&region, 1).unwrap()["mirror"].clone();
        let without = |nouns: &[&str]| {
            let mut mirror = declared.clone();
            let sources: Vec<String> = nouns.iter().map(|noun| format!("ps.eu-1.{noun}.>")).collect();
            let is_kept = |it: &Value| !sources.iter().any(|source| it["src"] == *source);
            mirror["subject_transforms"].as_array_mut().unwrap().retain(is_kept);
            mirror
        };
        assert!(is_of_an_earlier_release(&without(LATER), &declared, &region));
        for other in [without(&["object"]), without(&["consumer", "link"]), without(&["consumer", "link", "object"])] {
            assert!(!is_of_an_earlier_release(&other, &declared, &region), "{other}");
        }
    }
}
