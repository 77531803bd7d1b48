//! Authorisation: policy documents, ACLs, and the one function that decides.
//!
//! Input: JSON policies as their authors wrote them, and for each request the caller, the action, and what is known of
//! the bucket and the object. Output: validated [`Document`]s, and a [`Decision`] with its reason. [`evaluate`] holds
//! the rules.
//!
//! This crate has no I/O and no clock, knows nothing of keys and passwords, and answers no client.
//!
//! # Layout
//! - [`Document`]: identity policies and bucket policies, parsed once
//! - [`Action`]: all actions of S3 and of the admin API
//! - [`Context`], [`Key`]: the values that conditions use
//! - [`evaluate`]: a [`Request`] and the [`Rights`] that apply to it, to a [`Decision`]
//! - [`UserArn`], [`Spelling`]: how bucket policies name users
//! - [`acl`], [`public`]: what ACLs grant, and which buckets are public
//! - [`cover`]: whether a user has everything that a policy grants
//! - [`managed`]: the built-in policies

pub mod acl;
mod action;
mod condition;
mod context;
pub mod cover;
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
