//! Events on a terminal.

use serde_json::Value;
use serde_json::value::RawValue;

use super::arguments::EventOutput;
use crate::units::ByteSize;

/// Where events are written, one after the other.
pub(super) struct Printer<W> {
    out: W,
    output: EventOutput,
    has_color: bool,
    printed: u64,
}

impl<W: std::io::Write> Printer<W> {
    pub(super) fn new(out: W, output: EventOutput, has_color: bool) -> Self {
        Self { out, output, has_color, printed: 0 }
    }

    /// How many were written.
    pub(super) fn printed(&self) -> u64 {
        self.printed
    }

    /// Writes an event.
    pub(super) fn event(&mut self, event: &RawValue) -> anyhow::Result<()> {
        match self.output {
            EventOutput::Pretty => {
                let line = pretty(&serde_json::from_str(event.get())?, self.has_color);
                writeln!(self.out, "{line}")?;
            }
            EventOutput::Ndjson => writeln!(self.out, "{}", event.get())?,
            EventOutput::Json => {
                let begin = if self.printed == 0 { "[\n" } else { ",\n" };
                write!(self.out, "{begin}{}", event.get())?;
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

/// Colours of a terminal, for what comes, goes, and changes.
const GREEN: &str = "\u{1b}[32m";
const RED: &str = "\u{1b}[31m";
const CYAN: &str = "\u{1b}[36m";
const DIM: &str = "\u{1b}[2m";
const PLAIN: &str = "\u{1b}[0m";

/// An event on one line: sequence, time, type, what it is about, how large that is, and who did it.
fn pretty(event: &Value, has_color: bool) -> String {
    let text = |name: &str| visible(event[name].as_str().unwrap_or_default());
    let sequence = text("sequence");
    let sequence = sequence.trim_start_matches('0');
    let time = text("time");
    // Events have up to nine digits of a second.
    let time = format!("{}Z", time.split(['.', 'Z']).next().unwrap_or_default());
    let event_type = text("type");
    let name = event_type.strip_prefix("io.planetstore.").unwrap_or(&event_type);
    let name = name.rsplit_once('.').map_or(name, |(name, _version)| name);
    let (color, dim, plain) = if has_color { (color_of(name), DIM, PLAIN) } else { ("", "", "") };
    let who = match (text("authtype").as_str(), text("authid")) {
        ("unauthenticated", _) => "anonymous".to_owned(),
        (_, id) if id.is_empty() => "-".to_owned(),
        (_, id) => id,
    };
    let size = event["data"]["size"].as_u64().map(|bytes| format!("  {}", ByteSize(bytes))).unwrap_or_default();
    let about = about(event);
    format!("{dim}{sequence:>9}  {time}{plain}  {color}{name:<26}{plain}  {about}{size}  {dim}{who}{plain}")
}

fn about(event: &Value) -> String {
    let data = |name: &str| event["data"][name].as_str().map(visible);
    let subject = event["subject"].as_str().map(visible);
    match (data("bucket"), subject, data("source_key")) {
        (Some(bucket), Some(key), Some(former)) => format!("{bucket}/{former} -> {key}"),
        (Some(bucket), Some(key), None) => format!("{bucket}/{key}"),
        (Some(bucket), None, _) => bucket,
        (None, ..) => {
            let source = visible(event["source"].as_str().unwrap_or_default());
            source.rsplit_once('/').map_or(source.as_str(), |(_, name)| name).to_owned()
        }
    }
}

fn color_of(name: &str) -> &'static str {
    let verb = name.rsplit_once('.').map_or(name, |(_, verb)| verb);
    let goes = ["deleted", "removed", "revoked", "aborted", "offline", "failing", "full", "delete_marker_created"];
    let comes = ["created", "added", "joined", "online", "recovered", "opened", "attached", "part_stored"];
    match verb {
        verb if goes.contains(&verb) => RED,
        verb if comes.contains(&verb) => GREEN,
        _ => CYAN,
    }
}

/// A text without what would steer a terminal.
fn visible(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREATED: &str = r#"{"sequence":"00000000000000001138","time":"2026-11-22T13:03:37.123456789Z",
        "type":"io.planetstore.object.created.v1","source":"planetstore://eu-1/buckets/photos","subject":"a/b.jpg",
        "authtype":"api_key","authid":"KEY","data":{"bucket":"photos","key":"a/b.jpg","size":2048}}"#;

    fn printed(output: EventOutput, events: &[&str]) -> String {
        let mut printer = Printer::new(Vec::new(), output, false);
        for event in events {
            printer.event(&RawValue::from_string((*event).to_owned()).unwrap()).unwrap();
        }
        printer.end().unwrap();
        String::from_utf8(printer.out).unwrap()
    }

    #[test]
    fn an_event_is_a_line_for_people() {
        assert_eq!(
            printed(EventOutput::Pretty, &[CREATED]),
            "     1138  2026-11-22T13:03:37Z  object.created              photos/a/b.jpg  2.00 KiB  KEY\n"
        );
        let line = |text: &str| pretty(&serde_json::from_str(text).unwrap(), false);
        let node = line(
            r#"{"type":"io.planetstore.node.offline.v1","source":"planetstore://eu-1/nodes/node-1","authtype":"system","authid":"health","data":{}}"#,
        );
        assert!(node.contains("node.offline") && node.ends_with("node-1  health"), "{node}");
        let renamed = line(
            r#"{"type":"io.planetstore.object.renamed.v1","subject":"b","authtype":"unauthenticated","data":{"bucket":"x","source_key":"a"}}"#,
        );
        assert!(renamed.ends_with("x/a -> b  anonymous"), "{renamed}");
        assert!(!line(r#"{"type":"a.b.v1","authid":"\u001b[31m"}"#).contains('\u{1b}'), "nobody steers the terminal");
        assert!(pretty(&serde_json::from_str(CREATED).unwrap(), true).contains(GREEN));
    }

    #[test]
    fn what_is_for_programs_is_json_in_either_form() {
        assert_eq!(printed(EventOutput::Ndjson, &["{}", "{\"a\":1}"]), "{}\n{\"a\":1}\n");
        for events in [&[][..], &["{}"], &["{}", "{\"a\":1}"]] {
            let list: Vec<Value> = serde_json::from_str(&printed(EventOutput::Json, events)).unwrap();
            assert_eq!(list.len(), events.len());
        }
    }
}
