//! The disk layer: blocking code that knows nothing of NATS.

mod error;
mod files;
mod folder;
mod handles;
mod health;
mod housekeeper;
mod limits;
mod meters;
mod queue;
mod segments;
mod store;
#[cfg(test)]
mod tests;
mod writer;

pub use error::DiskError;
pub use folder::{DataFolder, FolderError};
pub use limits::{RESERVE_BYTES, SEGMENT_BYTES};
pub use store::{PiecesLocation, Store, StoreOptions, Totals};
