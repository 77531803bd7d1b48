//! Sends events to targets outside of the store: webhooks and NATS subjects.
//!
//! Input: the ledger of this process, which has judged every entry of the log, and the targets and notification rules
//! in its state. Output: requests, and facts with the progress of each target. An event is sent at least once: after a
//! crash, the events of the last few seconds are sent again, with the same ids. Events about one key are sent in the
//! order of the log. The log keeps everything, so a target that is down misses nothing, and it does not affect the
//! others: each target has its own position and one page of events in memory.
//!
//! This crate writes only the positions of targets to the log, follows no redirects, and connects to no internal
//! address unless the operator allows it.
//!
//! # Layout
//! - [`Notifier`]: the worker; `following`: one target as it is followed; `job`: a piece of work for one target
//! - `select`: which events a target gets; `s3_name`: what S3 calls them
//! - `message`, `records`: the forms of an event; `signature`: who sent it
//! - `deliver`: a page of events in lanes; `failure`: what went wrong
//! - `endpoint`: where events go; `webhook`: by HTTP; `subject`: by NATS; `dns`, `inside`: which addresses
//! - `meters`: metrics

mod deliver;
mod dns;
mod endpoint;
mod failure;
mod following;
mod inside;
mod job;
mod message;
mod meters;
mod notifier;
mod records;
mod s3_name;
mod select;
mod signature;
mod subject;
mod webhook;

pub use dns::{Resolve, SystemResolver};
pub use notifier::{Notifier, Options};
