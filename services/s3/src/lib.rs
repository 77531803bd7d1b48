//! The S3 wire protocol without IO: routing, signatures, bodies, XML, errors.
//!
//! What comes in: an HTTP request head (method, raw URI, headers), body bytes as they arrive, and the
//! time. What goes out: the [`Operation`] asked for, typed requests, verified signatures, decoded
//! payload slices, response documents and [`Error`]s that know their S3 code and HTTP status.
//!
//! What it never does: read or write anything, look at a clock, draw a random number, or know about
//! buckets and objects beyond their names.

pub mod acl;
pub mod address;
pub mod checksum;
pub mod chunked;
pub mod condition;
mod control;
pub mod cors;
pub mod date;
mod encoding;
pub mod error;
pub mod etag;
pub mod form;
pub mod header;
pub mod lifecycle;
pub mod lock;
pub mod operation;
pub mod query;
pub mod range;
pub mod request;
mod route;
pub mod sigv4;
mod sub_resource;
pub mod tags;
pub mod xml;

pub use address::Address;
pub use checksum::Checksum;
pub use control::is_control;
pub use error::{Code, Error};
pub use etag::ETag;
pub use operation::Operation;
pub use query::Query;
pub use request::Head;
pub use route::route;
