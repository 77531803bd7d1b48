//! What stands in a configuration file.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One line of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) value: Value,
}

/// A value, with everything but switches in the form that a flag has on the command line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Value {
    Switch(bool),
    One(String),
    List(Vec<String>),
}

/// What is wrong with a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) line: usize,
    pub(super) why: String,
}

/// Parses the text of a file.
pub(super) fn parse(text: &str) -> Result<Vec<Entry>, Wrong> {
    let table = DeTable::parse(text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_of(text, span.start));
        Wrong { line, why: error.message().to_owned() }
    })?;
    let entries = table.get_ref().iter().map(|(name, value)| {
        let line = line_of(text, name.span().start);
        let name = name.get_ref().as_ref().to_owned();
        match value_of(value) {
            Ok(value) => Ok(Entry { name, line, value }),
            Err(why) => Err(Wrong { line, why: format!("{name}: {why}") }),
        }
    });
    entries.collect()
}

/// The number of the line with this byte, from 1.
fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

fn value_of(value: &Spanned<DeValue<'_>>) -> Result<Value, String> {
    Ok(match value.get_ref() {
        DeValue::Boolean(on) => Value::Switch(*on),
        DeValue::Array(items) => Value::List(items.iter().map(|item| one(item.get_ref())).collect::<Result<_, _>>()?),
        single => Value::One(one(single)?),
    })
}

/// A string or a number.
fn one(value: &DeValue<'_>) -> Result<String, String> {
    match value {
        DeValue::String(text) => Ok(text.as_ref().to_owned()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map(|number| number.to_string())
            .map_err(|error| format!("{}: {error}", number.as_str())),
        DeValue::Float(number) => Ok(number.as_str().to_owned()),
        DeValue::Table(_) => Err("a file has no tables: it belongs to one process".to_owned()),
        DeValue::Boolean(_) | DeValue::Array(_) | DeValue::Datetime(_) => {
            Err("a list holds strings or numbers, and a time is a string".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_and_values_become_what_a_flag_says() {
        let text =
            "# A node.\nnode = \"node-1\"\nscrub-days = 1_0\n\naudit-addresses = true\nconsole-host = [\"a\", \"b\"]\n";
        let entries = parse(text).unwrap();
        let found: Vec<_> = entries.iter().map(|entry| (entry.name.as_str(), entry.line, &entry.value)).collect();
        let mut wanted = [
            ("node", 2, &Value::One("node-1".to_owned())),
            ("scrub-days", 3, &Value::One("10".to_owned())),
            ("audit-addresses", 5, &Value::Switch(true)),
            ("console-host", 6, &Value::List(vec!["a".to_owned(), "b".to_owned()])),
        ];
        wanted.sort_by_key(|(_, line, _)| *line);
        let mut found = found;
        found.sort_by_key(|(_, line, _)| *line);
        assert_eq!(found, wanted);
    }

    #[test]
    fn what_is_no_option_is_refused_with_its_line() {
        for (text, line) in [
            ("node = \"a\"\nnode = \"b\"\n", 2),
            ("\n\nnode = \n", 3),
            ("[node]\nzone = \"a\"\n", 1),
            ("zone = 2026-01-01\n", 1),
            ("\nconsole-host = [[\"a\"]]\n", 2),
        ] {
            assert_eq!(parse(text).unwrap_err().line, line, "{text:?}");
        }
    }
}
