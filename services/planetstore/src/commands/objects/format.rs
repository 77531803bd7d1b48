//! How results are printed: as a table for people, as one document, or as a document a line while they come.

use std::io::Write;

use anyhow::{Context, bail};
use clap::ValueEnum;
use serde_json::Value;

use crate::table::{self, Output};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Table,
    Json,
    Ndjson,
}

impl Format {
    /// The same of results that come as a whole.
    pub(super) fn of_one_document(self) -> anyhow::Result<Output> {
        match self {
            Self::Table => Ok(Output::Table),
            Self::Json => Ok(Output::Json),
            Self::Ndjson => bail!("this output cannot be streamed: use `table` or `json`"),
        }
    }
}

/// A column: its heading, and its value in a row.
pub(super) type Column = (&'static str, fn(&Value) -> String);

/// Rows of a table, which may be many.
pub(super) struct Rows<const N: usize> {
    format: Format,
    columns: [Column; N],
    /// Those that are not printed yet: for a table all of a page, so that its columns are aligned.
    waiting: Vec<Value>,
    has_head: bool,
    count: usize,
}

impl<const N: usize> Rows<N> {
    pub(super) fn new(format: Format, columns: [Column; N]) -> Self {
        Self { format, columns, waiting: Vec::new(), has_head: false, count: 0 }
    }

    pub(super) fn push(&mut self, row: Value) -> anyhow::Result<()> {
        self.count += 1;
        match self.format {
            Format::Ndjson => print(&format!("{row}\n")),
            Format::Json => print(&format!("{}{row:#}", if self.count == 1 { "[\n" } else { ",\n" })),
            Format::Table => {
                self.waiting.push(row);
                Ok(())
            }
        }
    }

    /// A page is complete: a table shows it.
    pub(super) fn page(&mut self) -> anyhow::Result<()> {
        if self.format != Format::Table || self.waiting.is_empty() {
            return Ok(());
        }
        let cells = |row: &Value| self.columns.map(|(_, cell)| cell(row));
        let rows: Vec<[String; N]> = self.waiting.iter().map(cells).collect();
        let text = table::render(self.columns.map(|(head, _)| head), &rows);
        let text = if self.has_head { text.split_once('\n').map_or("", |(_, rest)| rest) } else { &text };
        print(text)?;
        self.has_head = true;
        self.waiting.clear();
        Ok(())
    }

    pub(super) fn end(mut self) -> anyhow::Result<()> {
        self.page()?;
        match self.format {
            Format::Json if self.count == 0 => print("[]\n"),
            Format::Json => print("\n]\n"),
            Format::Table | Format::Ndjson => Ok(()),
        }
    }
}

/// Prints one document.
pub(super) fn one(format: Format, document: &Value) -> anyhow::Result<()> {
    match (format, document) {
        (Format::Ndjson, _) => print(&format!("{document}\n")),
        (Format::Table, Value::Object(members)) => {
            let pairs: Vec<_> = members.iter().map(|(name, value)| (name.as_str(), text(value))).collect();
            print(&table::pairs(&pairs))
        }
        (Format::Json | Format::Table, _) => print(&format!("{document:#}\n")),
    }
}

/// Says what was done, to people. Programs have the exit code.
pub(super) fn done(format: Format, sentence: &str) -> anyhow::Result<()> {
    if format == Format::Table { print(&format!("{sentence}\n")) } else { Ok(()) }
}

/// A value as people read it.
pub(super) fn text(value: &Value) -> String {
    crate::commands::admin::show::text(value)
}

/// Whoever reads may have read enough: a pipe that is closed is no failure worth a message of its own.
fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).context("cannot write to stdout")
}
