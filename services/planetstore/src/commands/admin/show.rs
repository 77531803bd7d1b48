//! Prints documents of the API as tables or as JSON.

use anyhow::Context;
use serde_json::Value;

use crate::table;
use crate::table::Output;
use crate::units::ByteSize;

/// A column: its heading, and its value in a document.
type Column = (&'static str, fn(&Value) -> String);

/// Prints a list as a table of some members, or as JSON.
pub(crate) fn list<const N: usize>(output: Output, entries: &[Value], columns: [Column; N]) -> anyhow::Result<()> {
    match output {
        Output::Json => json(&Value::from(entries)),
        Output::Table => {
            let rows: Vec<[String; N]> = entries.iter().map(|entry| columns.map(|(_, cell)| cell(entry))).collect();
            print!("{}", table::render(columns.map(|(head, _)| head), &rows));
            Ok(())
        }
    }
}

/// Prints a document, one member per line, or as JSON.
pub(crate) fn one(output: Output, document: &Value) -> anyhow::Result<()> {
    match (output, document) {
        (Output::Json, document) => json(document),
        (Output::Table, Value::Object(members)) => {
            let pairs: Vec<_> = members.iter().map(|(name, value)| (name.as_str(), text(value))).collect();
            print!("{}", table::pairs(&pairs));
            Ok(())
        }
        (Output::Table, other) => {
            println!("{}", text(other));
            Ok(())
        }
    }
}

/// Prints that a command succeeded. Programs use the exit code.
pub(crate) fn done(output: Output, sentence: &str) {
    if output == Output::Table {
        println!("{sentence}");
    }
}

fn json(document: &Value) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string_pretty(document).context("cannot write the answer")?);
    Ok(())
}

/// A value as people read it.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".into(),
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.into(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(values) if values.is_empty() => "-".into(),
        Value::Array(values) => values.iter().map(text).collect::<Vec<_>>().join(", "),
        Value::Object(members) if members.is_empty() => "-".into(),
        Value::Object(members) if members.values().all(|value| !value.is_object() && !value.is_array()) => {
            let pairs = members.iter().map(|(name, value)| format!("{name} {}", text(value)));
            pairs.collect::<Vec<_>>().join(", ")
        }
        Value::Object(_) => value.to_string(),
    }
}

/// A number of bytes as people read it; `-` if there is no number.
pub(crate) fn bytes(value: &Value) -> String {
    value.as_u64().map_or_else(|| "-".into(), |bytes| ByteSize(bytes).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_written_for_people() {
        for (value, expected) in [
            (json!(null), "-"),
            (json!(true), "yes"),
            (json!([]), "-"),
            (json!(["a", "b"]), "a, b"),
            (json!({}), "-"),
            (json!({ "bytes": 5, "objects": null }), "bytes 5, objects -"),
            (json!({ "a": { "b": 1 } }), r#"{"a":{"b":1}}"#),
        ] {
            assert_eq!(text(&value), expected);
        }
        assert_eq!((bytes(&json!(2048)), bytes(&json!(null))), (ByteSize(2048).to_string(), "-".into()));
    }
}
