//! Memory for request bodies, which clients may send as slowly as they like.
//!
//! A body takes memory for the bytes that have arrived, never for those it has only announced. When the memory is
//! taken, further bytes go to a file: the slow fill it, and nobody waits for them. A body is read back once it is
//! whole, into memory that no client can hold.
//!
//! # Layout
//! - `gather`: the bytes of one body, in memory and beyond
//! - `pool`: the memory that bodies share; `portions`: what one caller may have of such memory
//! - `spill`: the file

mod gather;
mod pool;
mod portions;
mod spill;

pub(crate) use gather::Gather;
pub(crate) use pool::{Memory, Pool, Room, Sizes};
pub(crate) use portions::Portions;
pub(crate) use spill::Spill;
