//! x
pub mod ids;
