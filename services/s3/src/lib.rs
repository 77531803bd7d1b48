//! The S3 wire protocol without I/O: routing, signatures, bodies, XML, errors.
//!
//! Input: an HTTP request head (method, raw URI, headers), body bytes as they arrive, and the time. Output: the
//! [`Operation`], typed requests, verified signatures, decoded payload slices, response documents and [`Error`]s with
//! their S3 code and HTTP status.
//!
//! This crate has no I/O, no clock and no randomness, and knows only the names of buckets and objects.

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
pub mod notification;
pub mod operation;
pub mod query;
pub mod range;
pub mod replication;
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
