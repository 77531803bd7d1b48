//! Events of the log, telemetry and log lines over one WebSocket, as they come.
//!
//! Every message is one JSON text, both ways. A client sends what `ask` reads, and gets CloudEvents. It says who it is by
//! its first message, so that no token is in an address, and may do so again before the token expires.
//!
//! # Layout
//! - `origin`: whose page asks; `ask`: what clients say; `said`: what they are told
//! - `socket`: a connection from its first message to its last; `conversation`: what happens in between
//! - `subscription`: what one of them asked for; `pace`: how many events a second they want to see
//!
//! Source: RFC 6455; the protocol binding of `CloudEvents` 1.0.2 for `WebSockets`.

mod ask;
mod conversation;
mod origin;
mod pace;
mod said;
mod socket;
mod subscription;

use axum::extract::{FromRequestParts, WebSocketUpgrade};
use listener::Follower;

use super::answer::Answer;
use super::asked::Asked;
use super::method::Method;
use super::operation::{Handler, Operation};
use super::refusal::Refusal;

/// Where it is.
const PATH: &str = "/api/v1/ws";

/// The subprotocol that a client has to offer.
const PROTOCOL: &str = "cloudevents.json";

/// Bytes of a message of a client. A token and a filter have room.
const MESSAGE_BYTES_MAX: usize = 16 << 10;

/// Bytes that are read from a connection at once.
const READ_BYTES_MAX: usize = 4 << 10;

/// Bytes that are gathered before they are written to a connection. It holds as many at most, and one message.
const WRITE_BYTES_MAX: usize = 16 << 10;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new(
            "openSocket",
            Method::Get,
            PATH,
            Handler::Open(|asked| Box::pin(open(asked))),
            "Open a WebSocket with the subprotocol `cloudevents.json`. The client's first message authenticates it. \
             The client then subscribes to events of the log, telemetry or log lines; each message is a CloudEvent as \
             JSON. See docs/events",
        )
        .switches(),
    ]
}

async fn open(asked: Asked) -> Result<Answer, Refusal> {
    let Asked { admin, mut parts, .. } = asked;
    if !origin::is_own(&parts.headers) {
        return Err(Refusal::forbidden("a page of another origin may not open this WebSocket"));
    }
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &()).await;
    let upgrade = upgrade.map_err(|rejection| Refusal::upgrade_required(rejection.body_text()))?;
    let upgrade = upgrade.protocols([PROTOCOL]);
    if upgrade.selected_protocol().is_none() {
        return Err(Refusal::invalid("offer the subprotocol `cloudevents.json`"));
    }
    let follower = parts.extensions.get::<Follower>().cloned();
    let response = upgrade
        .read_buffer_size(READ_BYTES_MAX)
        .write_buffer_size(WRITE_BYTES_MAX)
        .max_message_size(MESSAGE_BYTES_MAX)
        .max_frame_size(MESSAGE_BYTES_MAX)
        .on_upgrade(move |socket| socket::serve(socket, admin, parts, follower));
    let headers = response.headers().iter().map(|(name, value)| (name.clone(), value.clone()));
    Ok(Answer::switching(headers.collect()))
}
