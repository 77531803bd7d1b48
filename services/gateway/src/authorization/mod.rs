//! What whoever asks may do.
//!
//! # Layout
//! - `rights`: what each operation needs; `authorize`: whether it is granted; `conditions`: what policies may ask of a request
//! - `granted`: requests that were granted, and what they commit

mod authorize;
mod conditions;
mod granted;
mod rights;

pub(crate) use granted::{Authorized, Granted, Uncommitted};
