//! MD5 of several streams at a time.
//!
//! In come the bytes of uploads, piece by piece, and out come their MD5 digests. The steps of one MD5 depend on each
//! other, so one stream cannot use a wide register; but several streams can share one, a lane for each. Four streams
//! side by side take about as long as one alone.
//!
//! Streams queue their bytes, and a task takes up to [`LANES_MAX`] of them at once ([`Hasher`]). What is queued is bounded
//! ([`QUEUED_BYTES_MAX`] for each stream). This crate never waits for more streams to come: a stream that is alone is
//! hashed alone. MD5 is an entity tag here, and protects nothing.
//!
//! # Layout
//! - `lanes`: the compression function over arrays of lanes, for the widest registers that the processor has
//! - `stream`: the bytes of one stream that are queued, and its state between two passes
//! - `hasher`: which streams are hashed together, and by which task

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod hasher;
mod lanes;
mod stream;

pub use hasher::Hasher;
pub use lanes::LANES_MAX;
pub use stream::{QUEUED_BYTES_MAX, Stream};
