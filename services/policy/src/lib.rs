//! Who may do what: policy documents, ACLs, and the one function that decides.
//!
//! What comes in: JSON policies as their authors wrote them, and for each request who asks, for what, and what is
//! known of the bucket and the object. What goes out: [`Document`]s that cannot be wrong, and a [`Decision`] that
//! says why. [`evaluate`] holds the rules.
//!
//! What it never does: read or write anything, look at a clock, know of keys and passwords, or answer a client.
//!
//! # Layout
//! - [`Document`]: identity policies and bucket policies, parsed once
//! - [`Action`]: everything S3 has rights for
//! - [`Context`], [`Key`]: what conditions ask of a request
//! - [`evaluate`]: a [`Request`] and the [`Rights`] that bear on it, to a [`Decision`]
//! - [`UserArn`], [`Spelling`]: how bucket policies name users
//! - [`acl`], [`public`]: what ACLs grant, and what public means
//! - [`managed`]: the policies that every store has

pub mod acl;
mod action;
mod condition;
mod context;
mod decision;
mod document;
mod evaluate;
mod json;
mod malformed;
pub mod managed;
mod pattern;
mod principal;
pub mod public;
mod request;
mod resource;
mod search;
mod statement;
mod user_arn;
mod variable;

pub use action::{Action, Kind};
pub use condition::COMPARED_BYTES_MAX;
pub use context::{Context, Key, NoContext, Value};
pub use decision::{Decision, Denial, Grantor, Origin, StatementName};
pub use document::{BUCKET_POLICY_BYTES_MAX, Document, DocumentKind, IDENTITY_POLICY_BYTES_MAX};
pub use evaluate::evaluate;
pub use malformed::Malformed;
pub use request::{Attached, BucketAccess, Caller, ObjectAccess, Request, Resource, Rights};
pub use statement::STATEMENTS_MAX;
pub use user_arn::{Spelling, UserArn};
