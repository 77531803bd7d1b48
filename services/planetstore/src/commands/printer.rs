//! Events or log lines, written one after the other: for people, or as JSON for programs.

use std::io::Write;

use serde_json::Value;

use super::events::EventOutput;

/// Turns a document into a line for people, with colours or without.
type Pretty = fn(&Value, bool) -> String;

/// Where documents are written.
pub(super) struct Printer<W> {
    out: W,
    output: EventOutput,
    pretty: Pretty,
    has_color: bool,
    printed: u64,
}

impl<W: Write> Printer<W> {
    pub(super) fn new(out: W, output: EventOutput, pretty: Pretty, has_color: bool) -> Self {
        Self { out, output, pretty, has_color, printed: 0 }
    }

    /// How many were written.
    pub(super) fn printed(&self) -> u64 {
        self.printed
    }

    /// Writes a JSON document, as it is where the output is for programs.
    pub(super) fn print(&mut self, document: &str) -> anyhow::Result<()> {
        match self.output {
            EventOutput::Pretty => {
                let line = (self.pretty)(&serde_json::from_str(document)?, self.has_color);
                writeln!(self.out, "{line}")?;
            }
            EventOutput::Ndjson => writeln!(self.out, "{document}")?,
            EventOutput::Json => {
                let begin = if self.printed == 0 { "[\n" } else { ",\n" };
                write!(self.out, "{begin}{document}")?;
            }
        }
        self.printed += 1;
        Ok(())
    }

    /// Hands on what was written.
    pub(super) fn flush(&mut self) -> anyhow::Result<()> {
        Ok(self.out.flush()?)
    }

    /// Writes the end of a list.
    pub(super) fn end(&mut self) -> anyhow::Result<()> {
        if self.output == EventOutput::Json {
            let begin = if self.printed == 0 { "[" } else { "\n" };
            writeln!(self.out, "{begin}]")?;
        }
        self.flush()
    }
}

#[cfg(test)]
impl Printer<Vec<u8>> {
    pub(super) fn into_text(self) -> String {
        String::from_utf8(self.out).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_for_programs_is_json_in_either_form() {
        let printed = |output, documents: &[&str]| {
            let mut printer = Printer::new(Vec::new(), output, |_, _| String::new(), false);
            for document in documents {
                printer.print(document).unwrap();
            }
            printer.end().unwrap();
            printer.into_text()
        };
        assert_eq!(printed(EventOutput::Ndjson, &["{}", "{\"a\":1}"]), "{}\n{\"a\":1}\n");
        for documents in [&[][..], &["{}"], &["{}", "{\"a\":1}"]] {
            let list: Vec<Value> = serde_json::from_str(&printed(EventOutput::Json, documents)).unwrap();
            assert_eq!(list.len(), documents.len());
        }
    }
}
