//! What the events of the log say: known to the program, without a store.

use anyhow::bail;
use events::Fact;
use events::schema::{documents, event_schema};
use feed::types_named;
use serde_json::json;

use super::arguments::{SchemaArgs, TypesArgs};
use crate::commands::admin::show;

pub(super) fn types(arguments: &TypesArgs) -> anyhow::Result<()> {
    let rows: Vec<_> = Fact::KINDS
        .iter()
        .map(|kind| {
            let says = event_schema(kind)["description"].as_str().unwrap_or_default().replace('\n', " ");
            json!({ "type": kind.event_type, "level": kind.level, "says": says })
        })
        .collect();
    show::list(
        arguments.output,
        &rows,
        [
            ("TYPE", |row| show::text(&row["type"])),
            ("LEVEL", |row| show::text(&row["level"])),
            ("SAYS", |row| show::text(&row["says"])),
        ],
    )
}

pub(super) fn schema(arguments: &SchemaArgs) -> anyhow::Result<()> {
    print!("{}", text_of(&arguments.event_type)?);
    Ok(())
}

fn text_of(name: &str) -> anyhow::Result<String> {
    let found = types_named(name);
    let [event_type] = found[..] else {
        match found.len() {
            0 => bail!("there is no type {name:?}: `planetstore events types` lists them"),
            _ => bail!("{name:?} names {} types: {}", found.len(), found.join(", ")),
        }
    };
    let file =
        Fact::KINDS.iter().find(|kind| kind.event_type == event_type).map(|kind| format!("{}.json", kind.name()));
    let document = documents().into_iter().find(|document| Some(&document.file_name) == file.as_ref());
    match document {
        Some(document) => Ok(document.text),
        None => bail!("there is no schema of {event_type}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_its_schema_and_what_names_several_is_told() {
        for kind in Fact::KINDS {
            let schema: serde_json::Value = serde_json::from_str(&text_of(kind.event_type).unwrap()).unwrap();
            assert_eq!(schema["title"], kind.name());
        }
        assert_eq!(text_of("object.created").unwrap(), text_of("io.planetstore.object.created.v1").unwrap());
        assert!(text_of("quota").unwrap_err().to_string().contains("2 types: io.planetstore.quota.changed.v1"));
        assert!(text_of("nothing").unwrap_err().to_string().contains("events types"));
    }
}
