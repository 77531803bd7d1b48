//! The disk layer: blocking code that knows nothing of NATS.

mod damage;
mod error;
mod files;
mod folder;
mod handles;
mod health;
mod housekeeper;
mod limits;
mod list;
mod meters;
mod queue;
mod recent;
mod scrub;
mod segments;
mod store;
#[cfg(test)]
mod tests;
mod writer;

pub use damage::{Damage, Finding};
pub use error::DiskError;
pub use folder::{DataFolder, FolderError};
pub use limits::{RESERVE_BYTES, SCRUB_BYTES_PER_SECOND_MAX, SCRUB_PERIOD, SEGMENT_BYTES};
pub use scrub::ScrubSettings;
pub use store::{PiecesLocation, Store, StoreOptions, Totals};
