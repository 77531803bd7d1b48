//! Requests, latencies and active users, now and over the last day.

use axum::body::Body;
use jiff::{SignedDuration, Timestamp};
use percent_encoding::percent_decode_str;

use super::access::Access;
use super::answer::{Answer, JSON};
use super::asked::Asked;
use super::method::Method;
use super::operation::{Handler, Operation, Parameter};
use super::refusal::Refusal;
use crate::telemetry::{KEPT_TIME, POINT_SECONDS, Tick, joined};
use ::telemetry::ACTIVE_TIME;
use policy::Action;
use schemars::JsonSchema;
use serde::Serialize;

/// The longest time of a point, in seconds.
const STEP_SECONDS_MAX: u64 = 3_600;

/// What is shown unless more is asked for.
const SHOWN_TIME: SignedDuration = SignedDuration::from_hours(1);

const SINCE: Parameter = Parameter {
    name: "since",
    place: "query",
    schema: "string",
    about: "Only points after this time (RFC 3339): by default the last hour, at most the last day",
};
const STEP: Parameter = Parameter {
    name: "step",
    place: "query",
    schema: "integer",
    about: "The seconds that each point covers: a multiple of 10, at most 3600; 10 by default. A longer point adds up \
            counts, and has the highest of its latencies, and all else as it was at its end",
};

/// A series of telemetry points.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only described: points are kept as they are sent")]
struct Telemetry {
    /// The number of seconds that each point covers, except the last.
    step_seconds: u64,
    /// The time after which the points begin.
    #[schemars(with = "String", extend("format" = "date-time"))]
    from: Timestamp,
    /// The oldest first.
    points: Vec<Tick>,
}

/// The users with recent requests.
#[derive(Serialize, JsonSchema)]
struct ActiveUsers {
    /// Since when.
    #[schemars(with = "String", extend("format" = "date-time"))]
    since: Timestamp,
    /// The users, the one with the latest request first.
    users: Vec<ActiveUser>,
}

/// A user with recent requests, by one access key.
#[derive(Serialize, JsonSchema)]
struct ActiveUser {
    /// The user.
    user: String,
    /// The access key.
    key: Option<String>,
    /// The time of the last request.
    #[schemars(with = "String", extend("format" = "date-time"))]
    last_seen: Timestamp,
    /// Requests since then.
    requests: u64,
}

pub(super) fn operations() -> Vec<Operation> {
    let known = |access, handler| Handler::Known(access, handler);
    vec![
        Operation::new(
            "getTelemetry",
            Method::Get,
            "/api/v1/telemetry",
            known(Access::Right(Action::AdminGetTelemetry), |asked, _| Box::pin(async move { get(&asked).await })),
            "Show requests, latencies, nodes and sizes over the last day, in points of ten seconds. The last point is \
             the newest second. There are no points for times without telemetry",
        )
        .gives::<Telemetry>()
        .knows(&[SINCE, STEP]),
        Operation::new(
            "listActiveUsers",
            Method::Get,
            "/api/v1/active-users",
            known(Access::Right(Action::AdminListActiveUsers), |asked, _| Box::pin(async move { active(&asked) })),
            "List users and access keys with an S3 request in the last five minutes",
        )
        .gives::<ActiveUsers>(),
    ]
}

/// Since when points are asked for, and how many seconds each is to cover.
fn wanted(query: &str, now: Timestamp) -> Result<(Timestamp, u64), Refusal> {
    let (mut since, mut step) = (now - SHOWN_TIME, POINT_SECONDS);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = percent_decode_str(value).decode_utf8().map_err(|_| Refusal::invalid("the query is not UTF-8"))?;
        match name {
            "since" => {
                let wrong = |_| Refusal::invalid("`since` is a time such as 2026-11-22T13:00:00Z");
                since = value.parse().map_err(wrong)?;
            }
            "step" => {
                let is_possible = |step: &u64| {
                    step.is_multiple_of(POINT_SECONDS) && (POINT_SECONDS..=STEP_SECONDS_MAX).contains(step)
                };
                step = value.parse().ok().filter(is_possible).ok_or_else(|| {
                    Refusal::invalid(format!("`step` is a multiple of {POINT_SECONDS}, at most {STEP_SECONDS_MAX}"))
                })?;
            }
            _ => return Err(Refusal::invalid("there are `since` and `step`")),
        }
    }
    Ok((since.max(now - KEPT_TIME), step))
}

async fn get(asked: &Asked) -> Result<Answer, Refusal> {
    let (since, step) = wanted(asked.parts.uri.query().unwrap_or_default(), asked.now)?;
    let telemetry = &asked.admin.0.telemetry;
    let unwritten = |error: &dyn std::fmt::Display| {
        tracing::error!(%error, "telemetry cannot be written");
        Refusal::internal()
    };
    // Points are kept as they are sent.
    let mut points = telemetry.points(since);
    if step > POINT_SECONDS {
        let joined = tokio::task::spawn_blocking(move || joined(&points, step)).await;
        points = joined.map_err(|error| unwritten(&error))?.map_err(|error| unwritten(&error))?;
    }
    if let Some(tick) = &*telemetry.ticks().borrow() {
        points.push(serde_json::to_string(&**tick).map_err(|error| unwritten(&error))?.into());
    }
    let mut body = format!("{{\"step_seconds\":{step},\"from\":\"{since}\",\"points\":[");
    for (number, point) in points.iter().enumerate() {
        if number > 0 {
            body.push(',');
        }
        body.push_str(point);
    }
    body.push_str("]}");
    Ok(Answer::with(JSON, Body::from(body)))
}

fn active(asked: &Asked) -> Result<Answer, Refusal> {
    let users = asked.admin.0.telemetry.active_users(asked.now).into_iter().map(|active| ActiveUser {
        user: active.user.to_string(),
        key: active.key,
        last_seen: active.last_seen,
        requests: active.requests,
    });
    Answer::of(&ActiveUsers { since: asked.now - ACTIVE_TIME, users: users.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_a_day_is_shown() {
        let now: Timestamp = "2026-11-22T13:00:00Z".parse().unwrap();
        assert_eq!(wanted("", now).unwrap(), (now - SHOWN_TIME, 10));
        let minute = wanted("since=2026-11-22T12%3A59:00Z&step=10", now).unwrap();
        assert_eq!(minute, (now - SignedDuration::from_mins(1), 10));
        assert_eq!(wanted("since=1970-01-01T00:00:00Z&step=300", now).unwrap(), (now - KEPT_TIME, 300));
        for wrong in ["since=2h", "step=1", "step=0", "step=15", "step=3610", "step=", "x=1"] {
            assert!(wanted(wrong, now).is_err(), "{wrong}");
        }
    }
}
