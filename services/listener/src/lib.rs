//! Connections of an HTTP server: accepted, limited, encrypted, served and closed.
//!
//! Input: a socket, [`Limits`] and a tower service. Output: that service's responses over HTTP/1.1 and, with
//! [`Certificates`], TLS. Each request carries its [`Peer`]. A connection ends if its client takes too long for a
//! handshake or a head, or reads nothing of its response; when the listener stops, requests in flight end first. A
//! client that is refused before it has sent its whole request may continue to send for a while, so that it can read
//! the error.
//!
//! Ambiguous request heads are refused. This crate never looks into requests beyond HTTP, and knows nothing of S3 or of
//! rights.
//!
//! # Layout
//! - `listener`: the loop that accepts, and the life of a connection
//! - `slots`: the limits on connections, and which connections make room for others; `guard`, `patience`: clients that
//!   do not read; `body`: clients that do not send; `linger`: clients that still send after the response
//! - `follower`: connections that follow something, which have slots and a patience of their own
//! - `framing`: ambiguous heads; `strict`: a stream without them
//! - `client`: whose request it is, behind proxies
//! - `admission`: extensions that every request gets on its way to the service
//! - `certificates`: the certificate for TLS, reloaded while serving

mod admission;
mod body;
mod certificates;
mod client;
mod follower;
mod framing;
mod guard;
mod limits;
mod linger;
mod listener;
mod patience;
mod peer;
mod slots;
mod strict;

pub use body::{BodyError, RequestBody};
pub use certificates::{CertificateError, Certificates};
pub use client::{Client, TrustedProxies};
pub use follower::Follower;
pub use framing::{Framing, Refusal};
pub use limits::Limits;
pub use listener::Listener;
pub use patience::Patience;
pub use peer::{Peer, TlsVersion, origin};
