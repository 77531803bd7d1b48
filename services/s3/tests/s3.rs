//! Tests of the wire protocol's API, as a gateway uses it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "cases/access.rs"]
mod access;
#[path = "cases/bodies.rs"]
mod bodies;
#[path = "cases/chunked.rs"]
mod chunked;
#[path = "cases/conditions.rs"]
mod conditions;
#[path = "cases/documentation.rs"]
mod documentation;
#[path = "cases/documents.rs"]
mod documents;
#[path = "cases/errors.rs"]
mod errors;
#[path = "cases/listings.rs"]
mod listings;
#[path = "cases/locks.rs"]
mod locks;
#[path = "cases/requests.rs"]
mod requests;
#[path = "cases/routing.rs"]
mod routing;
#[path = "cases/signatures.rs"]
mod signatures;
#[path = "cases/support.rs"]
mod support;
#[path = "cases/vectors.rs"]
mod vectors;
