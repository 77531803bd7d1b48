//! A connection from its first message to its last.

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use http::HeaderValue;
use http::header::AUTHORIZATION;
use http::request::Parts;
use identity::Secret;
use listener::Follower;
use tokio::time::{Duration, timeout};

use super::ask::Ask;
use super::conversation::{Conversation, End};
use super::said::{self, Said};
use crate::api::Admin;
use crate::api::access::identify;
use crate::api::history::{Streams, Viewer};
use crate::api::refusal::Refusal;

/// How long a client may take to say who it is.
const AUTHENTICATE_TIME_MAX: Duration = Duration::from_secs(10);

/// How long the last words may take.
const LAST_WORDS_TIME_MAX: Duration = Duration::from_secs(5);

/// Serves a connection until its client goes, or may not stay.
pub(super) async fn serve(mut socket: WebSocket, admin: Admin, parts: Parts, follower: Option<Follower>) {
    metrics::gauge!("planetstore_websockets").increment(1.0);
    let end = converse(&mut socket, &admin, parts, follower).await;
    if let End::Refused(refusal) = end {
        let ended = async {
            let text = said::of_feed(&admin, None, &Said::Ended(Some(refusal.clone()))).ok()?;
            socket.send(Message::Text(text)).await.ok()?;
            let code = if refusal.status.is_server_error() { close_code::AWAY } else { close_code::POLICY };
            socket.send(Message::Close(Some(CloseFrame { code, reason: refusal.code.into() }))).await.ok()?;
            // The client closes its side, and whatever it still says is not heard.
            while socket.recv().await.is_some_and(|message| message.is_ok()) {}
            Some(())
        };
        // A client that is gone, or does not read, hears nothing.
        let _heard = timeout(LAST_WORDS_TIME_MAX, ended).await;
    }
    metrics::gauge!("planetstore_websockets").decrement(1.0);
}

async fn converse(socket: &mut WebSocket, admin: &Admin, parts: Parts, follower: Option<Follower>) -> End {
    let viewer = match timeout(AUTHENTICATE_TIME_MAX, authenticate(socket, admin, parts)).await {
        Ok(Ok(viewer)) => viewer,
        Ok(Err(end)) => return end,
        Err(_) => return End::Refused(Refusal::unauthenticated()),
    };
    let seat = match admin.0.streams.sit(viewer.name()) {
        Ok(seat) => seat,
        Err(refusal) => return End::Refused(refusal),
    };
    // From here on the connection takes none of the places of requests.
    if follower.is_some_and(|follower| !follower.begin()) {
        return End::Refused(Streams::full());
    }
    Conversation::new(socket, admin.clone(), viewer, seat).run().await
}

/// Hears who the client is. It says nothing else before.
async fn authenticate(socket: &mut WebSocket, admin: &Admin, mut parts: Parts) -> Result<Viewer, End> {
    let text = loop {
        match socket.recv().await {
            Some(Ok(Message::Text(text))) => break text,
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(Message::Binary(_))) => return Err(Refusal::invalid("every message is a text").into()),
            Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(End::Gone),
        }
    };
    let Ask::Authenticate(ask) = Ask::parse(&text)? else { return Err(Refusal::unauthenticated().into()) };
    parts.headers.insert(AUTHORIZATION, bearer(&ask.token)?);
    let now = (admin.0.sources.now)();
    let caller = identify(admin, &parts.headers, now).await?;
    Ok(Viewer::of(admin.clone(), parts, caller, now))
}

/// A token as a request would carry it.
pub(super) fn bearer(token: &Secret) -> Result<HeaderValue, Refusal> {
    let value = HeaderValue::try_from(format!("Bearer {}", token.expose()));
    let mut value = value.map_err(|_| Refusal::unauthenticated())?;
    value.set_sensitive(true);
    Ok(value)
}
