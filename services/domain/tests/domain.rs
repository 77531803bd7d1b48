//! The rules and the fold, against examples and against an independent specification.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod fold;
mod given;
mod invariants;
mod properties;
mod random;
mod rules;
