//! MD5 of streams: of one alone, or of several side by side in the lanes of wide registers.
//!
//! Each step of MD5 waits for the one before, so one stream keeps a core busy and most of it idle. The bytes of up to
//! sixteen streams take about as long as those of one.
//!
//! Input: a stream's hash so far, and its next bytes. Output: the hash with them, some time later ([`Hashers`]).
//!
//! This crate never keeps bytes of a stream longer than it takes to hash them, and never trusts MD5: whoever needs a
//! hash that nobody can forge takes another one.
//!
//! # Layout
//! - `compress`: the compression function, for any number of streams; `md5`: the hash of one stream
//! - `hashers`: the threads that put streams side by side

mod compress;
mod hashers;
mod md5;
#[doc(hidden)]
pub mod speed;

pub use hashers::{Hashers, Pending, Stopped};
pub use md5::Md5;
