use http::StatusCode;
use serde::Serialize;

use super::refusal::Refusal;

/// What is answered when something went well.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// A JSON document.
    pub(super) body: Option<Vec<u8>>,
    /// The log's last sequence once a change had happened.
    pub(super) sequence: Option<u64>,
}

impl Answer {
    pub(super) fn of(document: &impl Serialize) -> Result<Self, Refusal> {
        let body = serde_json::to_vec(document).map_err(|error| {
            tracing::error!(%error, "an answer of the admin API cannot be written");
            Refusal::internal()
        })?;
        Ok(Self { status: StatusCode::OK, body: Some(body), sequence: None })
    }

    pub(super) fn created(document: &impl Serialize, sequence: u64) -> Result<Self, Refusal> {
        Ok(Self { status: StatusCode::CREATED, sequence: Some(sequence), ..Self::of(document)? })
    }

    pub(super) fn changed(document: &impl Serialize, sequence: u64) -> Result<Self, Refusal> {
        Ok(Self { sequence: Some(sequence), ..Self::of(document)? })
    }

    /// Done, with nothing to say about it.
    pub(super) fn done(sequence: u64) -> Self {
        Self { status: StatusCode::NO_CONTENT, body: None, sequence: Some(sequence) }
    }
}
