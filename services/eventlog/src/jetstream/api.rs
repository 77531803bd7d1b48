use std::time::Duration;

use async_nats::client::RequestErrorKind;
use bytes::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::ReadError;

/// Time a JetStream API request may take.
const API_TIME_MAX: Duration = Duration::from_secs(5);

/// The error codes of nats-server that are handled differently (server/errors.json).
pub(super) mod code {
    pub(crate) const CONSUMER_NOT_FOUND: u64 = 10014;
    pub(crate) const STREAM_NOT_FOUND: u64 = 10059;
    pub(crate) const WRONG_LAST_MESSAGE_ID: u64 = 10070;
    pub(crate) const WRONG_LAST_SEQUENCE: u64 = 10071;
    pub(crate) const STORE_FAILED: u64 = 10077;
    pub(crate) const DUPLICATE_MESSAGE_CONFLICT: u64 = 10158;
    pub(crate) const WRONG_LAST_SEQUENCE_CONSTANT: u64 = 10164;
    pub(crate) const BATCH_CONTAINS_DUPLICATE: u64 = 10201;
}

/// An error as nats-server writes it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Refusal {
    #[serde(default)]
    pub(super) err_code: u64,
    #[serde(default)]
    pub(super) description: String,
}

/// The reason why an API request has no result.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    #[error("{}", .0.description)]
    Refused(Refusal),
    #[error("{0}")]
    Unanswered(String),
}

impl From<ApiError> for ReadError {
    fn from(error: ApiError) -> Self {
        Self::Unavailable { reason: error.to_string() }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Response<T> {
    Refused { error: Refusal },
    Done(T),
}

/// Asks `$JS.API.<what>`.
pub(super) async fn request<T: DeserializeOwned>(
    client: &async_nats::Client,
    what: &str,
    body: Bytes,
) -> Result<T, ApiError> {
    let request = async_nats::Request::new().payload(body).timeout(Some(API_TIME_MAX));
    let reply = client.send_request(format!("$JS.API.{what}"), request).await.map_err(|error| {
        ApiError::Unanswered(match error.kind() {
            RequestErrorKind::NoResponders => "JetStream is not enabled for this account, or has no leader".into(),
            _ => error.to_string(),
        })
    })?;
    match serde_json::from_slice(&reply.payload) {
        Ok(Response::Done(done)) => Ok(done),
        Ok(Response::Refused { error }) => Err(ApiError::Refused(error)),
        Err(error) => Err(ApiError::Unanswered(format!("the server's answer is not understood: {error}"))),
    }
}
