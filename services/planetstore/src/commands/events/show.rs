//! Events on a terminal.

use serde_json::Value;

use crate::table::visible;
use crate::units::ByteSize;

/// Colours of a terminal, for what comes, goes, and changes.
const GREEN: &str = "\u{1b}[32m";
const RED: &str = "\u{1b}[31m";
const CYAN: &str = "\u{1b}[36m";
const DIM: &str = "\u{1b}[2m";
const PLAIN: &str = "\u{1b}[0m";

/// An event on one line: sequence, time, type, what it is about, how large that is, and who did it.
pub(super) fn pretty(event: &Value, has_color: bool) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::events::EventOutput;
    use crate::commands::printer::Printer;

    const CREATED: &str = r#"{"sequence":"00000000000000001138","time":"2026-11-22T13:03:37.123456789Z",
        "type":"io.planetstore.object.created.v1","source":"planetstore://eu-1/buckets/photos","subject":"a/b.jpg",
        "authtype":"api_key","authid":"KEY","data":{"bucket":"photos","key":"a/b.jpg","size":2048}}"#;

    #[test]
    fn an_event_is_a_line_for_people() {
        let mut printer = Printer::new(Vec::new(), EventOutput::Pretty, pretty, false);
        printer.print(CREATED).unwrap();
        printer.end().unwrap();
        assert_eq!(
            printer.into_text(),
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
}
