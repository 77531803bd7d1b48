//! Rules of buckets for callers other than their owners, parsed, and cached until they change.
//!
//! # Layout
//! - `access`: policies, ACLs and ownership; `cors`: pages of other origins

mod access;
mod cors;

pub(crate) use access::{AccessCache, AccessRules};
pub(crate) use cors::CorsCache;
