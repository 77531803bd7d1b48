//! What lifecycle rules end, and when: pure functions of the rules, the versions and uploads, and the length of a day.
//!
//! Source: "Managing the lifecycle of objects" and "Lifecycle configuration elements", Amazon S3 User Guide.

mod day;
mod due;
mod standing;
mod succession;

pub use day::Day;
pub use due::{Due, Standing, Version, upload_end, version_end};
pub use standing::{NEWER_LOOKED_AT_MAX, end_of_version};
pub use succession::Succession;
