//! Log lines of all processes: the newest, those that come, and errors that survived restarts.
//!
//! # Layout
//! - `flow`: a stream of lines from its first byte to its last

mod flow;

use std::sync::Arc;

use ::telemetry::Level;
use percent_encoding::percent_decode_str;
use policy::Action;
use schemars::JsonSchema;
use serde::de::IntoDeserializer;
use serde::de::value::{Error as ValueError, StrDeserializer};
use serde::{Deserialize, Serialize};

use super::access::{Access, Caller};
use super::answer::Answer;
use super::asked::Asked;
use super::history::{STREAM_TYPE, Viewer, begin_following};
use super::method::Method;
use super::operation::{Handler, Operation, Parameter};
use super::refusal::Refusal;
use crate::telemetry::{LogFilter, LogLine};
use flow::Flow;

/// Lines unless fewer or more are asked for, and the most that there are.
const LINES: usize = 200;
const LINES_MAX: usize = 2_000;

const fn in_query(name: &'static str, schema: &'static str, about: &'static str) -> Parameter {
    Parameter { name, place: "query", schema, about }
}

const LEVEL: Parameter =
    in_query("level", "string", "Only lines of at least this level: `trace`, `debug`, `info`, `warn` or `error`");
const ROLE: Parameter = in_query("role", "string", "Only lines of this role, storage node or part of the program");
const TEXT: Parameter = in_query("text", "string", "Only lines that contain this text, in upper or lower case");
const LIMIT: Parameter =
    in_query("limit", "integer", "The maximum number of lines, 1 to 2000; 200 by default. The newest are returned");

/// Log lines of several processes, the oldest first.
#[derive(Serialize, JsonSchema)]
struct LogLines<'a> {
    lines: Vec<&'a LogLine>,
}

impl LogLines<'_> {
    fn answer(lines: &[Arc<LogLine>]) -> Result<Answer, Refusal> {
        Answer::of(&LogLines { lines: lines.iter().map(|line| &**line).collect() })
    }
}

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::new(
            "getLogs",
            Method::Get,
            "/api/v1/logs",
            Handler::Known(Access::Right(Action::AdminGetLogs), |asked, _| Box::pin(async move { logs(&asked) })),
            "Show the newest log lines of all processes, as far as this gateway received them",
        )
        .gives::<LogLines<'static>>()
        .knows(&[LEVEL, ROLE, TEXT, LIMIT]),
        Operation::new(
            "streamLogs",
            Method::Get,
            "/api/v1/logs/stream",
            Handler::Known(Access::Right(Action::AdminGetLogs), |asked, caller| {
                Box::pin(async move { stream(asked, caller) })
            }),
            "Follow the log lines of all processes as Server-Sent Events, after the newest ones. A client that reads \
             too slowly gets an event `missed` with the number of omitted lines",
        )
        .gives::<String>()
        .of_media(STREAM_TYPE)
        .knows(&[LEVEL, ROLE, TEXT, LIMIT]),
        Operation::new(
            "getErrors",
            Method::Get,
            "/api/v1/errors",
            Handler::Known(Access::Right(Action::AdminGetErrors), |asked, _| Box::pin(async move { errors(&asked) })),
            "Show the newest errors and warnings of all processes, including those from before their last start",
        )
        .gives::<LogLines<'static>>()
        .knows(&[LEVEL, ROLE, TEXT, LIMIT]),
    ]
}

fn logs(asked: &Asked) -> Result<Answer, Refusal> {
    let (filter, limit) = filter(asked.parts.uri.query().unwrap_or_default())?;
    LogLines::answer(&asked.admin.0.telemetry.log_lines(&filter, limit))
}

fn errors(asked: &Asked) -> Result<Answer, Refusal> {
    let (filter, limit) = filter(asked.parts.uri.query().unwrap_or_default())?;
    LogLines::answer(&asked.admin.0.telemetry.errors(&filter, limit))
}

fn stream(asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let (filter, limit) = filter(asked.parts.uri.query().unwrap_or_default())?;
    let seat = asked.admin.0.streams.sit(&caller.name)?;
    let headers = begin_following(&asked)?;
    let lines = asked.admin.0.telemetry.follow_lines(&filter, limit);
    let Asked { admin, parts, now, .. } = asked;
    let body = Flow::new(lines, Viewer::of(admin, parts, caller, now), filter, seat).body();
    Ok(Answer { headers, ..Answer::with(STREAM_TYPE, body) })
}

fn filter(query: &str) -> Result<(LogFilter, usize), Refusal> {
    let (mut filter, mut limit) = (LogFilter::default(), LINES);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = percent_decode_str(value).decode_utf8().map_err(|_| Refusal::invalid("the query is not UTF-8"))?;
        match name {
            // A form sends what nobody filled in.
            "level" | "role" | "text" if value.is_empty() => {}
            "level" => {
                let level: StrDeserializer<'_, ValueError> = (*value).into_deserializer();
                let wrong = |_| Refusal::invalid("`level` is trace, debug, info, warn or error");
                filter.level = Some(Level::deserialize(level).map_err(wrong)?);
            }
            "role" => filter.role = Some(value.into_owned()),
            "text" => filter.text = Some(value.into_owned()),
            "limit" => {
                let number = value.parse().ok().filter(|limit| (1..=LINES_MAX).contains(limit));
                limit = number.ok_or_else(|| Refusal::invalid(format!("`limit` is a number from 1 to {LINES_MAX}")))?;
            }
            _ => return Err(Refusal::invalid("there are `level`, `role`, `text` and `limit`")),
        }
    }
    Ok((filter, limit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_read_or_refused() {
        let asked = filter("level=warn&role=node-1&text=a%20b&limit=7").unwrap();
        let expected = LogFilter { level: Some(Level::Warn), role: Some("node-1".into()), text: Some("a b".into()) };
        assert_eq!(asked, (expected, 7));
        assert_eq!(filter("level=&role=&text=").unwrap(), (LogFilter::default(), LINES));
        for wrong in ["level=loud", "limit=0", "limit=2001", "x=1", "text=%FF"] {
            assert!(filter(wrong).is_err(), "{wrong}");
        }
    }
}
