use axum::body::Body;
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;

use super::refusal::Refusal;

/// The media type of documents.
pub(super) const JSON: &str = "application/json";

/// What is answered when something went well.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// A JSON document, unless the type says otherwise.
    pub(super) body: Option<Body>,
    /// The media type of the body.
    pub(super) media: &'static str,
    /// The log's last sequence once a change had happened, or when events were read.
    pub(super) sequence: Option<u64>,
    /// Further headers.
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
}

impl Answer {
    pub(super) fn of(document: &impl Serialize) -> Result<Self, Refusal> {
        let body = serde_json::to_vec(document).map_err(|error| {
            tracing::error!(%error, "an answer of the admin API cannot be written");
            Refusal::internal()
        })?;
        Ok(Self::with(JSON, Body::from(body)))
    }

    /// A body of some type.
    pub(super) fn with(media: &'static str, body: Body) -> Self {
        Self { status: StatusCode::OK, body: Some(body), media, sequence: None, headers: Vec::new() }
    }

    pub(super) fn created(document: &impl Serialize, sequence: u64) -> Result<Self, Refusal> {
        Ok(Self { status: StatusCode::CREATED, sequence: Some(sequence), ..Self::of(document)? })
    }

    pub(super) fn changed(document: &impl Serialize, sequence: u64) -> Result<Self, Refusal> {
        Ok(Self { sequence: Some(sequence), ..Self::of(document)? })
    }

    /// The connection speaks another protocol from here on.
    pub(super) fn switching(headers: Vec<(HeaderName, HeaderValue)>) -> Self {
        Self { status: StatusCode::SWITCHING_PROTOCOLS, body: None, media: JSON, sequence: None, headers }
    }

    /// Done, with nothing to say about it.
    pub(super) fn done(sequence: u64) -> Self {
        let (status, sequence) = (StatusCode::NO_CONTENT, Some(sequence));
        Self { status, body: None, media: JSON, sequence, headers: Vec::new() }
    }
}
