//! The gateway: S3 over HTTP from projected state and shards.
//!
//! In come HTTP requests; out go S3 answers. Reads come from snapshots of the ledger and the nodes' shards,
//! writes become commands to the ledger once their bytes are on enough nodes. It holds no state of its own
//! but caches, decides no rule (`domain` does) and parses no wire form (`s3` does).
//!
//! # Layout
//! - `serve`: connections; `service`: one request from head to answer; `access`: who asks, and what they may; `admin`: the API
//!   about them
//! - `limits`: how much anybody may ask for
//! - `verb`: a file per operation, over `call`, what they all need; `confirmed`: commits, and the right that each needs
//! - `body`, `payload`, `room`, `ingest`: bytes coming in, and the memory they take; `fetch`, `cache`: bytes going out;
//!   `referable`: bytes that stay; `holdings`: bytes that their callers are known to have
//! - `admin`: the admin API, users, keys, groups, policies, quotas
//! - `cors`: pages of other origins
//! - `encryption`: keys of objects, and by which keys they are sealed
//! - `failure`: our errors as S3's; `convert`, `reply`: types and answers of the wire

mod access;
mod admin;
mod body;
mod cache;
mod call;
mod confirmed;
mod convert;
mod cors;
mod encryption;
mod failure;
mod fetch;
mod gateway;
mod holdings;
mod ingest;
mod lifecycle;
mod limits;
mod payload;
mod referable;
mod reply;
mod room;
mod serve;
mod service;
mod verb;

pub use admin::{Admin, AdminError, AdminOptions, BasicLogin, BasicLogins, MasterKeyMismatch, admin_routes, openapi};
pub use cache::CacheFigures;
pub use gateway::{Credentials, Gateway, Options};
pub use limits::{BYTES_PER_SECOND_MIN, RateLimits, TrustedProxies};
pub use serve::{LIMITS, serve};
