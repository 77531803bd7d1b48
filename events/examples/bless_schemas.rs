//! Writes the generated files of `schemas/` and `docs/events/`, and the examples that are missing. An existing example is
//! frozen: it is never overwritten.
//!
//! ```sh
//! cargo run -p events --example bless_schemas
//! ```
#![allow(clippy::unwrap_used, reason = "the samples are fixed values")]

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use serde_json::Value;

#[path = "../tests/events/consumer_samples.rs"]
mod consumer_samples;
#[path = "../tests/events/encryption_samples.rs"]
mod encryption_samples;
#[path = "../tests/events/identity_samples.rs"]
mod identity_samples;
#[path = "../tests/events/lease_samples.rs"]
mod lease_samples;
#[path = "../tests/events/link_samples.rs"]
mod link_samples;
#[path = "../tests/events/pages.rs"]
mod pages;
#[path = "../tests/events/placed_samples.rs"]
mod placed_samples;
#[path = "../tests/events/replication_samples.rs"]
mod replication_samples;
#[path = "../tests/events/samples.rs"]
mod samples;
#[path = "../tests/events/secret_samples.rs"]
mod secret_samples;
#[path = "../tests/events/shard_samples.rs"]
mod shard_samples;
#[path = "../tests/events/shared_samples.rs"]
mod shared_samples;
#[path = "../tests/events/target_samples.rs"]
mod target_samples;

fn main() -> io::Result<()> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas"));
    let examples = folder.join("examples");
    fs::create_dir_all(&examples)?;
    for document in events::schema::documents() {
        fs::write(folder.join(document.file_name), document.text)?;
    }
    for sample in samples::samples() {
        let bytes = sample.event.encode(&samples::region())?;
        let mut event: Value = serde_json::from_slice(&bytes)?;
        event.sort_all_objects();
        match fs::File::create_new(examples.join(sample.file_name)) {
            Ok(mut file) => writeln!(file, "{event:#}")?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    write_pages(&examples)
}

/// The pages of reference, of the examples as they are now.
fn write_pages(examples: &Path) -> io::Result<()> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/events"));
    let example = |kind: &events::FactKind| fs::read_to_string(examples.join(format!("{}.json", kind.name()))).unwrap();
    for (name, text) in pages::pages(example) {
        fs::write(folder.join(name), text)?;
    }
    let index = folder.join(pages::INDEX);
    let text = pages::index(&fs::read_to_string(&index)?).unwrap();
    fs::write(index, text)
}
