//! Every fact of Planetstore, its envelope, its subject and the validated names inside it.
//!
//! Input: facts as values. Output: the bytes and the subject that the log stores, and back. This crate decides nothing,
//! stores nothing and reads no clock: ids and times are arguments.
//!
//! # Layout
//! - [`ids`]: validated names and ids
//! - [`bucket`], [`checkpoint`], [`object`], [`content`], [`upload`], [`quota`], [`user`], [`key`], [`group`], [`policy`],
//!   [`session`], [`kms_key`], [`node`], [`consumer`], [`region`], [`lease`], [`worker`], [`secret`], [`target`], [`link`],
//!   [`replication`]: the facts, a file per noun; [`access`], [`encryption`]: types that several of them share
//! - [`replica`]: what one region sends to another
//! - [`Fact`]: the table of all facts; [`SECRET_NOUNS`]: those that hold secrets
//! - [`Author`]: who writes them
//! - [`Event`]: a fact in its CloudEvents envelope
//! - [`subject()`]: its subject on the log
//! - [`schema`]: the same table as JSON Schemas and an AsyncAPI document

pub mod access;
mod apart;
mod author;
pub mod bucket;
pub mod checkpoint;
pub mod consumer;
pub mod content;
pub mod cors;
pub mod encryption;
mod envelope;
mod fact;
pub mod group;
pub mod identity;
pub mod ids;
pub mod key;
pub mod kms_key;
pub mod lease;
pub mod lifecycle;
pub mod link;
pub mod lock;
pub mod node;
pub mod notification;
pub mod object;
pub mod policy;
pub mod quota;
pub mod region;
pub mod replica;
pub mod replication;
pub mod schema;
pub mod secret;
pub mod session;
mod subject;
pub mod tags;
pub mod target;
pub mod upload;
pub mod user;
mod withheld;
pub mod worker;

pub use apart::SECRET_NOUNS;
pub use author::Author;
pub use envelope::{CHAIN_START, CONTENT_TYPE, Event, Origin, chain_hash, quarantine_hash};
pub use fact::{Collection, DecodeError, Fact, FactKind, Scope};
pub use subject::{SUBJECT_NOUNS, SUBJECT_ROOT, subject, subject_token};
