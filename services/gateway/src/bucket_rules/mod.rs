//! What buckets say of others than their owners: parsed, and remembered until it changes.
//!
//! # Layout
//! - `access`: who may use a bucket; `cors`: which pages of other origins may

mod access;
mod cors;

pub(crate) use access::{BucketRules, RulesCache};
pub(crate) use cors::CorsCache;
