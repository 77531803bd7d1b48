//! The gateway: S3 over HTTP from projected state and shards.
//!
//! In come HTTP requests; out go S3 answers. Reads come from snapshots of the ledger and the nodes' shards,
//! writes become commands to the ledger once their bytes are on enough nodes. It holds no state of its own
//! but caches, decides no rule (`domain` does) and parses no wire form (`s3` does).
//!
//! # Layout
//! - `serve`: connections; `service`: one request from head to answer
//! - `request`: a request, parsed and authenticated; `state`: the bucket that it addresses, in a state
//! - `access`: who asks; `bucket_rules`: what buckets say; `authorization`: what may be done, and requests that were granted;
//!   `confirmed`: the right that each commit needs; `admin`: the API about all that
//! - `limits`: how much anybody may ask for
//! - `verb`: a file per operation
//! - `body`, `payload`, `hashes`, `room`, `ingest`: bytes coming in, and the memory they take; `fetch`, `cache`: bytes going
//!   out; `referable`: bytes that stay; `holdings`: bytes that their callers are known to have
//! - `cors`: pages of other origins; `lifecycle`: what rules will do, in headers
//! - `encryption`: keys of objects, and by which keys they are sealed
//! - `failure`: our errors as S3's; `convert`, `reply`: types and answers of the wire
//!
//! Modules depend on one another in one direction: `request` knows nothing of verbs, `gateway` nothing of requests.

mod access;
mod admin;
mod authorization;
mod body;
mod bucket_rules;
mod cache;
mod confirmed;
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
mod verb;

pub use access::Credentials;
pub use admin::{Admin, AdminError, AdminOptions, BasicLogin, BasicLogins, MasterKeyMismatch, admin_routes, openapi};
pub use cache::CacheFigures;
pub use gateway::{Gateway, Options};
pub use limits::{BYTES_PER_SECOND_MIN, RateLimits, TrustedProxies};
pub use serve::{LIMITS, serve};
