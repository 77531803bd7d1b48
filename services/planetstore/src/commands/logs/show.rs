//! Log lines on a terminal.

use serde_json::Value;

use crate::table::visible;

/// Colours of a terminal, by how much a line matters.
const RED: &str = "\u{1b}[31m";
const YELLOW: &str = "\u{1b}[33m";
const GREEN: &str = "\u{1b}[32m";
const DIM: &str = "\u{1b}[2m";
const PLAIN: &str = "\u{1b}[0m";

/// A line: time, level, role, what it says, and where.
pub(super) fn pretty(line: &Value, has_color: bool) -> String {
    let text = |name: &str| visible(line[name].as_str().unwrap_or_default());
    let time = text("time");
    // Lines have up to nine digits of a second, and three tell what came first.
    let (second, fraction) = time.trim_end_matches('Z').split_once('.').unwrap_or((&time, "000"));
    let time = format!("{}.{:0<3}Z", second.trim_end_matches('Z'), fraction.chars().take(3).collect::<String>());
    let level = text("level").to_uppercase();
    let color = match level.as_str() {
        "ERROR" => RED,
        "WARN" => YELLOW,
        "INFO" => GREEN,
        _ => DIM,
    };
    let (color, dim, plain) = if has_color { (color, DIM, PLAIN) } else { ("", "", "") };
    let fields = line["fields"].as_object().into_iter().flatten();
    let fields: Vec<_> = fields.map(|(name, value)| format!(" {}={}", visible(name), field(value))).collect();
    let fields = fields.concat();
    let (role, target, message) = (text("role"), text("target"), text("message"));
    format!(
        "{dim}{time}{plain}  {color}{level:<5}{plain}  {role:<9}  {dim}{target}{plain}  {message}{dim}{fields}{plain}"
    )
}

fn field(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), visible)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"time":"2026-11-22T13:03:37.12Z","level":"warn","role":"node-3","target":"node::disk",
        "message":"a disk is slow","fields":{"took_ms":900,"path":"/d"}}"#;

    #[test]
    fn a_line_is_one_line_that_steers_no_terminal() {
        let line = |text: &str| pretty(&serde_json::from_str(text).unwrap(), false);
        assert_eq!(
            line(LINE),
            "2026-11-22T13:03:37.120Z  WARN   node-3     node::disk  a disk is slow path=/d took_ms=900"
        );
        assert!(line(r#"{"time":"2026-11-22T13:03:37Z"}"#).starts_with("2026-11-22T13:03:37.000Z  "));
        let forged = line(r#"{"message":"a\n\u001b[31mb","fields":{"\u001b":"\r"}}"#);
        assert!(!forged.contains(['\n', '\r', '\u{1b}']), "{forged}");
        assert!(pretty(&serde_json::from_str(LINE).unwrap(), true).contains(YELLOW));
    }
}
