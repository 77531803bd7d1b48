//! Every fact of Planetstore, its envelope, its subject and the validated names inside it.
//!
//! In come facts as values; out go the bytes and the subject that the log keeps, and back.
//! This crate decides nothing, stores nothing and asks no clock: ids and times are arguments.
//!
//! # Layout
//! - [`ids`]: names and identities that cannot be wrong
//! - [`bucket`], [`object`], [`upload`]: the facts, a file per noun
//! - [`Fact`]: the one table of them
//! - [`Event`]: a fact in its CloudEvents envelope
//! - [`subject()`]: where on the log it goes
//! - [`schema`]: the same table as JSON Schemas and an AsyncAPI document

pub mod bucket;
mod envelope;
mod fact;
pub mod ids;
pub mod object;
pub mod schema;
mod subject;
pub mod upload;

pub use envelope::{CHAIN_START, CONTENT_TYPE, Event, Origin, chain_hash};
pub use fact::{About, DecodeError, Fact, FactKind};
pub use subject::{SUBJECT_NOUNS, SUBJECT_ROOT, subject};
