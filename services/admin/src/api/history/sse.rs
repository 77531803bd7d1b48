//! The form of Server-Sent Events.
//!
//! Events of the log have no name, so that `onmessage` of a browser gets them, and their sequence as id. What the stream
//! says of itself has a name and no id.
//!
//! Source: <https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream>

use serde_json::json;

/// Milliseconds after which a client comes back.
const RETRY_MS: u64 = 2_000;

/// The beginning of a stream, with its position: a client that is lost before the first event comes back to it.
pub(super) fn begin(sequence: u64) -> Vec<u8> {
    format!("retry: {RETRY_MS}\nid: {sequence}\n\n").into_bytes()
}

/// An event of the log.
pub(super) fn event(sequence: u64, json: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(format!("id: {sequence}\ndata: ").as_bytes());
    // Between the tokens of JSON a line break is a blank, and within them there is none.
    out.extend(json.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }));
    out.extend_from_slice(b"\n\n");
}

/// The position of the stream: nothing happened up to there that the client gets. It dispatches no event, and a client
/// that comes back begins there.
pub(super) fn position(sequence: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("id: {sequence}\n\n").as_bytes());
}

/// The client was too slow for the newest events in memory: what comes is read from the log.
pub(super) fn behind(entries: u64, out: &mut Vec<u8>) {
    named("behind", &json!({ "behind": entries }), out);
}

/// The stream ends, and why.
pub(super) fn end(code: &str, message: &str, out: &mut Vec<u8>) {
    named("end", &json!({ "code": code, "message": message }), out);
}

fn named(name: &str, data: &serde_json::Value, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("event: {name}\ndata: {data}\n\n").as_bytes());
}
