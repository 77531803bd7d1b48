//! The checked-in files of `schemas/`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use events::Fact;
use jsonschema::{Draft, Validator};
use serde_json::Value;

/// The command that writes generated files and missing examples.
pub(crate) const BLESS: &str = "cargo run -p events --example bless_schemas";

/// The folder of schemas, or the folder of examples in it.
pub(crate) fn folder(inner: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../schemas").join(inner)
}

/// The names of the files in a folder, without subfolders.
pub(crate) fn names(inner: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(folder(inner)).unwrap().map(Result::unwrap);
    let files = entries.filter(|entry| entry.file_type().unwrap().is_file());
    files.map(|entry| entry.file_name().into_string().unwrap()).collect()
}

/// A file's text; `None` if there is no such file.
pub(crate) fn text(inner: &str, name: &str) -> Option<String> {
    fs::read_to_string(folder(inner).join(name)).ok()
}

/// Fails with every difference between an event's JSON and the checked-in schema of its type.
pub(crate) fn assert_follows_schema(event: &Value) {
    static VALIDATORS: LazyLock<BTreeMap<&str, Validator>> = LazyLock::new(|| {
        let validator = |schema: &str| {
            let schema = serde_json::from_str(schema).unwrap();
            let options = jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true);
            options.build(&schema).unwrap()
        };
        let schema = |name: &str| text("", &format!("{name}.json")).unwrap_or_else(|| panic!("no schema: {BLESS}"));
        Fact::KINDS.iter().map(|kind| (kind.event_type, validator(&schema(kind.name())))).collect()
    });
    let errors: Vec<_> = VALIDATORS[event["type"].as_str().unwrap()]
        .iter_errors(event)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?} in {event:#}");
}

/// Fails with every difference between an event's JSON and the schema of its type in a folder of earlier ones. Fields that
/// are newer are no difference, as long as a schema does not forbid them.
pub(crate) fn follows_released_schema(inner: &str, event: &Value) {
    let name = event["type"].as_str().unwrap().strip_prefix("io.planetstore.").unwrap();
    let schema = serde_json::from_str(&text(inner, &format!("{name}.json")).unwrap()).unwrap();
    let validator = jsonschema::options().with_draft(Draft::Draft202012).build(&schema).unwrap();
    let errors: Vec<_> =
        validator.iter_errors(event).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?} in {event:#}");
}
