//! Decides what a caller may do.
//!
//! # Layout
//! - `rights`: what each operation needs; `authorize`: whether it is granted; `conditions`: the values that policies
//!   may compare
//! - `granted`: requests whose right was granted, and their commits

mod authorize;
mod conditions;
mod granted;
mod rights;

pub(crate) use granted::{Authorized, Granted, Uncommitted};
