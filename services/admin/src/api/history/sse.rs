//! The form of Server-Sent Events.
//!
//! Events of the log have no name, so that `onmessage` of a browser gets them, and their sequence as id. What the stream
//! says of itself has a name and no id.
//!
//! Source: <https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream>

use std::io::Write as _;

use serde::Serialize;
use serde_json::json;

use crate::api::refusal::Refusal;

/// Milliseconds after which a client comes back.
const RETRY_MS: u64 = 2_000;

/// Bytes around the JSON of an event, at most: `id: `, a sequence, `data: ` and the line breaks.
pub(in crate::api) const FRAME_BYTES: usize = 36;

/// The beginning of a stream, with its position: a client that is lost before the first event comes back to it.
pub(in crate::api) fn begin(sequence: u64) -> Vec<u8> {
    format!("retry: {RETRY_MS}\nid: {sequence}\n\n").into_bytes()
}

/// The beginning of a stream without positions.
pub(in crate::api) fn retry() -> Vec<u8> {
    format!("retry: {RETRY_MS}\n\n").into_bytes()
}

/// A document without a position.
pub(in crate::api) fn data(document: &impl Serialize, out: &mut Vec<u8>) -> Result<(), Refusal> {
    let json = serde_json::to_string(document).map_err(|error| {
        tracing::error!(%error, "a message to a follower cannot be written");
        Refusal::internal()
    })?;
    out.extend_from_slice(format!("data: {json}\n\n").as_bytes());
    Ok(())
}

/// A comment, against silence.
pub(in crate::api) fn still_here(out: &mut Vec<u8>) {
    out.extend_from_slice(b": still here\n\n");
}

/// So many were left out, because the client was too slow.
pub(in crate::api) fn missed(count: u64, out: &mut Vec<u8>) {
    named("missed", &json!({ "count": count }), out);
}

/// An event of the log.
pub(in crate::api) fn event(sequence: u64, json: &[u8], out: &mut Vec<u8>) {
    // Writing to memory cannot fail.
    let _written = write!(out, "id: {sequence}\ndata: ");
    let begin = out.len();
    out.extend_from_slice(json);
    // Between the tokens of JSON a line break is a blank, and within them there is none.
    for byte in &mut out[begin..] {
        *byte = if matches!(*byte, b'\n' | b'\r') { b' ' } else { *byte };
    }
    out.extend_from_slice(b"\n\n");
}

/// The position of the stream: nothing happened up to there that the client gets. It dispatches no event, and a client
/// that comes back begins there.
pub(in crate::api) fn position(sequence: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("id: {sequence}\n\n").as_bytes());
}

/// The client was too slow for the newest events in memory: what comes is read from the log.
pub(in crate::api) fn behind(entries: u64, out: &mut Vec<u8>) {
    named("behind", &json!({ "behind": entries }), out);
}

/// The stream ends, and why.
pub(in crate::api) fn end(code: &str, message: &str, out: &mut Vec<u8>) {
    named("end", &json!({ "code": code, "message": message }), out);
}

fn named(name: &str, data: &serde_json::Value, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("event: {name}\ndata: {data}\n\n").as_bytes());
}
