//! The mirror of the log that an integration reads, in an account of its own: declared in `nats/streams/facts.json`.

use events::ids::RegionName;
use events::{SECRET_NOUNS, SUBJECT_NOUNS};
use serde::Deserialize;
use serde_json::{Value, json};

use super::api::{self, ApiError, code};
use crate::OpenError;
use crate::connection::{self, ConnectOptions};

const DECLARATION: &str = include_str!("../../../../nats/streams/facts.json");

/// Nouns whose facts held secrets in some release. The log is never written anew, so they still do.
const SECRET_ONCE: &[&str] = &["key", "kms_key", "user"];

/// Nouns that are newer than the mirrors that operators have. A server does not change what a mirror leaves out.
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
    let declared = declaration(region, replicas)?;
    let name = declared["name"].as_str().unwrap_or_default().to_owned();
    let found = match api::request::<Info>(&client, &format!("STREAM.INFO.{name}"), "".into()).await {
        Err(ApiError::Refused(refusal)) if refusal.err_code == code::STREAM_NOT_FOUND => None,
        answer => Some(answer.map_err(unanswered)?.config),
    };
    let subject = match found {
        None => format!("STREAM.CREATE.{name}"),
        Some(found) if found["mirror"] == declared["mirror"] => format!("STREAM.UPDATE.{name}"),
        // No server changes what a mirror is a mirror of.
        Some(found) => {
            let (wanted, found) = (declared["mirror"].to_string(), found["mirror"].to_string());
            return Err(OpenError::Setting { stream: name, setting: "mirror", found, wanted });
        }
    };
    api::request::<Info>(&client, &subject, declared.to_string().into()).await.map_err(unanswered)?;
    Ok(name)
}

/// The nouns whose facts an integration may read.
fn nouns() -> impl Iterator<Item = &'static str> {
    let left_out = |noun: &str| [SECRET_NOUNS, SECRET_ONCE, LATER].iter().any(|nouns| nouns.contains(&noun));
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
            let left_out = ["consumer", "key", "kms_key", "link", "replication", "secret", "session", "user"];
            let is_left_out = left_out.contains(noun);
            assert_eq!(text.contains(&format!("\"ps.eu-1.{noun}.>\"")), !is_left_out, "{noun}");
        }
    }
}
