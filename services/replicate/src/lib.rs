//! Sends versions of buckets to other regions, and users, keys, groups and policies to those of the same operator.
//!
//! Input: the ledger of this process, which has judged every entry of the log, and the links and replication rules in its
//! state. Output: requests to the S3 addresses of other regions, and facts that say what arrived and how far each
//! destination has come. A change is sent at least once: after a crash, what was sent in the last few seconds is sent again,
//! with the same ids, which changes nothing there. Of one key the changes are sent in the order of the log.
//!
//! This crate writes nothing to the log but how replication goes, and never sends on what came from another region.
//!
//! # Layout
//! - [`Replicator`]: the worker; `link`: all that goes to one region; `flow`: a place in the log from which destinations
//!   are served; `window`: changes that were read ahead; `route`: a bucket and a destination
//! - `identities`: users, keys, groups and policies, for a region of the same operator; `held`: those that it refused
//! - `resync`: comparing a bucket with a destination
//! - `select`: which changes a destination gets; `sent`: a change as it is sent; `source`: the bytes of versions
//! - `client`: requests; `failure`: what went wrong
//! - `note`: what the log is told; `meters`: metrics

mod client;
mod failure;
mod flow;
mod held;
mod identities;
mod link;
mod meters;
mod note;
mod replicator;
mod resync;
mod route;
mod select;
mod sent;
mod source;
mod window;

pub use replicator::{Options, Replicator};
