//! The gateway: S3 over HTTP, on projected state and shards.
//!
//! Input: HTTP requests. Output: S3 responses. Reads use snapshots of the ledger and the nodes' shards; writes become
//! commands to the ledger once their bytes are on enough nodes. The gateway has no state except caches, decides no rule
//! (`domain` does) and parses no wire format (`s3` does).
//!
//! # Layout
//! - `serve`: connections; `service`: one request from head to response
//! - `request`: a request, parsed and authenticated; `state`: the bucket it addresses, in one state of the ledger
//! - `access`: authentication; `authorization`: what the caller may do, and requests that were granted; `bucket_rules`:
//!   what buckets say to pages of other origins
//! - `limits`: rate limits; `verb`: a file per operation
//! - `body`, `payload`, `hashes`, `room`, `ingest`: incoming bytes and their memory; `fetch`, `cache`: outgoing bytes;
//!   `referable`: stored bytes that may be referred to; `holdings`: bytes that their callers are known to have
//! - `cors`: requests of web pages from other origins; `lifecycle`: what rules will do, in response headers
//! - `encryption`: the keys of objects, and the keys that seal them
//! - `traffic`: what requests count as, for telemetry; `access_log`: what is recorded of those that leave no event
//! - `failure`: internal errors as S3 errors; `convert`, `reply`: types and responses of the wire
//!
//! Modules depend on one another in one direction: `request` knows nothing of verbs, `gateway` nothing of requests.

mod access;
mod access_log;
mod authorization;
mod body;
mod bucket_rules;
mod cache;
mod convert;
mod cors;
mod encryption;
mod failure;
mod fetch;
mod gateway;
mod hashes;
mod holdings;
mod ingest;
mod lifecycle;
mod limits;
mod payload;
mod referable;
mod reply;
mod request;
mod room;
mod serve;
mod service;
mod state;
mod traffic;
mod verb;

pub use access::OfSession;
pub use cache::CacheFigures;
pub use gateway::{Gateway, Options};
pub use limits::{BYTES_PER_SECOND_MIN, RateLimits};
pub use serve::{LIMITS, serve};
pub use service::{handle, handle_for_session};
