//! Connections of an HTTP server: accepted, limited, encrypted, served and let go.
//!
//! In come a socket, [`Limits`] and a tower service; out go that service's answers, over HTTP/1.1 and, with
//! [`Certificates`], TLS. Each request carries its [`Peer`]. A connection ends when its client takes too long for
//! a handshake or a head, or takes nothing of its answer; when the listener stops, requests under way end first. A client that is
//! refused before it has sent its whole request can send on for a while, so that it gets to read why.
//!
//! It refuses what other programs could read in another way. It never looks into requests beyond what makes them HTTP,
//! and knows nothing of S3 or of who may ask for what.
//!
//! # Layout
//! - `listener`: the loop that accepts, and the life of a connection
//! - `places`: how many connections there may be, and which make room for others; `guard`: who takes nothing of its answer, and `patience`: for how long; `body`: who sends
//!   nothing of its request; `linger`: who still sends when all is said
//! - `framing`: which heads could be read in two ways; `strict`: a stream without them
//! - `admission`: what every request gets on its way to the service
//! - `certificates`: what TLS shows, replaced while it serves

mod admission;
mod body;
mod certificates;
mod framing;
mod guard;
mod limits;
mod linger;
mod listener;
mod patience;
mod peer;
mod places;
mod strict;

pub use body::{BodyError, RequestBody};
pub use certificates::{CertificateError, Certificates};
pub use framing::{Framing, Refusal};
pub use limits::Limits;
pub use listener::Listener;
pub use patience::Patience;
pub use peer::{Peer, TlsVersion, origin};
