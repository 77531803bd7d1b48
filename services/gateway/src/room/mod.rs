//! Memory for request bodies, which clients may send arbitrarily slowly.
//!
//! A body takes memory for the bytes that have arrived, never for those it has only announced. When the memory is
//! taken, further bytes go to a file: slow bodies fill it, and no request waits for them. A body is read back once it
//! is whole, into memory that no client can hold.
//!
//! # Layout
//! - `gather`: the bytes of one body, in memory and in the file
//! - `pool`: the memory that bodies share; `portions`: the part of it that one caller may hold
//! - `spill`: the file

mod gather;
mod pool;
mod portions;
mod spill;

pub(crate) use gather::Gather;
pub(crate) use pool::{Memory, Pool, Room, Sizes};
pub(crate) use portions::Portions;
pub(crate) use spill::Spill;
