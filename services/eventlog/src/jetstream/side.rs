//! A stream beside the log, of bounded size and age, for what nothing rests on: declared in `nats/streams/access.json`.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use events::ids::RegionName;
use serde::Deserialize;
use serde_json::{Value, json};

use super::api::{self, ApiError, Refusal, code};
use super::read::unavailable;
use crate::{OpenError, ReadError};

const DECLARATION: &str = include_str!("../../../../nats/streams/access.json");

/// How long an append may take.
const APPEND_TIME_MAX: Duration = Duration::from_secs(5);

/// How long a message may take to be read.
const GET_TIME_MAX: Duration = Duration::from_secs(5);

/// Status of a sequence that is not there any more.
const NOT_FOUND: u16 = 404;

/// How much a stream keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SideLimits {
    /// Servers that keep a copy: 1, or 3 in a cluster.
    pub replicas: u8,
    /// Bytes; the oldest messages make way.
    pub bytes_max: u64,
    /// The age of a message.
    pub age_max: Duration,
}

/// A stream beside the log. Clones share it.
#[derive(Debug, Clone)]
pub struct SideStream {
    client: async_nats::Client,
    stream: Arc<str>,
    subject: Arc<str>,
}

#[derive(Deserialize)]
struct Info {
    config: Value,
    state: State,
}

#[derive(Deserialize)]
struct State {
    first_seq: u64,
    last_seq: u64,
}

/// How the server answers an append.
#[derive(Deserialize)]
#[serde(untagged)]
enum Answer {
    Refused { error: Refusal },
    Done { seq: u64 },
}

impl SideStream {
    /// Makes the stream of refused requests and of reads if it is absent, else has it keep as much as is said now.
    ///
    /// # Errors
    /// [`OpenError::JetStream`] and [`OpenError::Declaration`].
    pub async fn open(client: async_nats::Client, region: &RegionName, limits: SideLimits) -> Result<Self, OpenError> {
        let unanswered =
            |error: ApiError| OpenError::JetStream { address: client.server_info().host, reason: error.to_string() };
        let declared = declaration(region, limits)?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (name, subject) = (text(&declared["name"]), text(&declared["subjects"][0]));
        let verb = match api::request::<Info>(&client, &format!("STREAM.INFO.{name}"), "".into()).await {
            Err(ApiError::Refused(refusal)) if refusal.err_code == code::STREAM_NOT_FOUND => Some("CREATE"),
            answer => {
                let found = answer.map_err(unanswered)?.config;
                let differs = ["max_bytes", "max_age", "num_replicas"].iter().any(|of| found[*of] != declared[*of]);
                differs.then_some("UPDATE")
            }
        };
        if let Some(verb) = verb {
            let body = declared.to_string().into();
            api::request::<Info>(&client, &format!("STREAM.{verb}.{name}"), body).await.map_err(unanswered)?;
        }
        Ok(Self { client, stream: name.into(), subject: subject.into() })
    }

    /// Appends a message, and waits until the server has it.
    ///
    /// # Errors
    /// [`ReadError::Unavailable`]. The message may be there all the same.
    pub async fn append(&self, message: Bytes) -> Result<u64, ReadError> {
        let request = async_nats::Request::new().payload(message).timeout(Some(APPEND_TIME_MAX));
        let reply = self.client.send_request(self.subject.to_string(), request).await.map_err(unavailable)?;
        match serde_json::from_slice(&reply.payload).map_err(unavailable)? {
            Answer::Done { seq } => Ok(seq),
            Answer::Refused { error } => Err(unavailable(error.description)),
        }
    }

    /// The sequences of the first and of the last message. Without any, the first is behind the last.
    ///
    /// # Errors
    /// [`ReadError::Unavailable`].
    pub async fn ends(&self) -> Result<(u64, u64), ReadError> {
        let info: Info = api::request(&self.client, &format!("STREAM.INFO.{}", self.stream), "".into()).await?;
        Ok((info.state.first_seq, info.state.last_seq))
    }

    /// The message of a sequence; `None` if it is not there any more.
    ///
    /// # Errors
    /// [`ReadError::Unavailable`].
    pub async fn get(&self, sequence: u64) -> Result<Option<Bytes>, ReadError> {
        let body = json!({ "seq": sequence }).to_string();
        let request = async_nats::Request::new().payload(body.into()).timeout(Some(GET_TIME_MAX));
        let subject = format!("$JS.API.DIRECT.GET.{}", self.stream);
        let reply = self.client.send_request(subject, request).await.map_err(unavailable)?;
        match reply.status.map(|status| status.as_u16()) {
            None => Ok(Some(reply.payload)),
            Some(NOT_FOUND) => Ok(None),
            Some(status) => Err(unavailable(reply.description.unwrap_or_else(|| status.to_string()))),
        }
    }
}

fn declaration(region: &RegionName, limits: SideLimits) -> Result<Value, OpenError> {
    let text = DECLARATION.replace("{region}", region.as_str());
    let mut declared: Value =
        serde_json::from_str(&text).map_err(|error| OpenError::Declaration { reason: error.to_string() })?;
    declared["num_replicas"] = limits.replicas.into();
    declared["max_bytes"] = limits.bytes_max.into();
    declared["max_age"] = u64::try_from(limits.age_max.as_nanos()).unwrap_or(u64::MAX).into();
    // What is lost with the power is lost: no append of the log waits for a sync of these. The server demands one from
    // several copies.
    if limits.replicas > 1
        && let Some(settings) = declared.as_object_mut()
    {
        settings.remove("persist_mode");
    }
    Ok(declared)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_declared() {
        let of = |replicas| {
            let limits = SideLimits { replicas, bytes_max: 7 << 20, age_max: Duration::from_mins(1) };
            declaration(&"eu-1".parse().unwrap(), limits).unwrap()
        };
        let declared = of(1);
        assert_eq!((&declared["name"], &declared["subjects"]), (&json!("ACCESS_eu-1"), &json!(["access.eu-1"])));
        assert_eq!((&declared["max_bytes"], &declared["max_age"]), (&json!(7 << 20), &json!(60_000_000_000_u64)));
        assert_eq!((&declared["discard"], &declared["persist_mode"]), (&json!("old"), &json!("async")));
        assert!(of(3)["persist_mode"].is_null());
        assert!(!declared.to_string().contains("{region}"));
    }
}
