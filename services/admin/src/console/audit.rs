//! An audit of all shards, line by line as it goes on.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::{Command, NoteHealth, Rejection};
use events::Origin;
use events::ids::{AuthType, Principal};
use futures_util::{StreamExt, TryStreamExt, stream};
use inventory::{Audit, Auditor, Progress, WalkError};
use ledger::{CommitError, Ledger};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shards::AnyTransport;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::{sleep, timeout};

use super::routes::refuse;
use super::{ConsoleState, GatewayView};

/// Where an audit is made.
pub const AUDIT_SHARDS_PATH: &str = "/api/v1/audit/shards";

/// The form of the answer: a JSON document a line.
pub(super) const LINES_TYPE: &str = "application/x-ndjson";

/// Lines that may wait for a slow client. Then the audit waits.
const LINES_WAITING_MAX: usize = 16;

/// How often a line is sent while the audit waits for nodes: whoever listens knows that it goes on.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(5);

/// How often the state may be not up to date in a row before the audit is given up.
const TRIES_MAX: u32 = 30;

/// The pause after that.
const TRY_PAUSE: Duration = Duration::from_secs(1);

/// Facts about contents that are asked for at a time.
const FACTS_AT_ONCE_MAX: usize = 64;

/// Whom the log names as the cause of what an audit finds.
const PRINCIPAL: &str = "audit";

/// How an audit is made.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct AuditQuery {
    /// Whether the nodes read every bit.
    #[serde(default)]
    deep: bool,
}

/// A line of the answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditLine {
    /// How far it is.
    Progress(Progress),
    /// What was counted. It is the last line.
    Audit(Box<Audit>),
    /// Why it was not finished. It is the last line.
    Failed(String),
}

/// The same as it is described: one of these is there.
#[derive(JsonSchema)]
#[schemars(rename = "AuditLine")]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) struct DescribedLine {
    /// How far it is.
    progress: Option<DescribedProgress>,
    /// What was counted. It is the last line.
    audit: Option<DescribedAudit>,
    /// Why it was not finished. It is the last line.
    failed: Option<String>,
}

/// How far a count of shards is.
#[derive(JsonSchema)]
#[schemars(rename = "AuditProgress")]
#[expect(dead_code, reason = "only its schema is used")]
struct DescribedProgress {
    /// Contents that were counted.
    contents: u64,
    /// Contents that there are, as far as was known when they were counted last.
    of: u64,
}

/// What was counted: the members that pages show. `of_six`, `of_three`, `nodes` and `examples` are there as well.
#[derive(JsonSchema)]
#[schemars(rename = "ShardAudit")]
#[expect(dead_code, reason = "only its schema is used")]
struct DescribedAudit {
    /// Whether the nodes read every bit.
    deep: bool,
    /// The log's sequence up to which the contents are all named.
    sequence: u64,
    /// How many contents the log names.
    contents: u64,
    /// Contents that lack a shard.
    short: u64,
    /// Contents that would not survive the loss of a node.
    endangered: u64,
    /// Contents that cannot be read now.
    unreadable: u64,
    /// Contents with two shards on a node although another one that answers and serves has none.
    crowded: u64,
    /// How long it took, in seconds.
    seconds: f64,
}

/// Begins an audit. One is made at a time. What it finds is recorded, so that repair begins at once.
pub(super) async fn audit(State(state): State<Arc<ConsoleState>>, Query(query): Query<AuditQuery>) -> Response {
    let gateway = match state.gateway() {
        Ok(gateway) => gateway,
        Err((status, why)) => return refuse(status, why),
    };
    let Ok(permit) = Arc::clone(&state.audits).try_acquire_owned() else {
        return refuse(StatusCode::CONFLICT, "an audit is under way: wait for its end");
    };
    let GatewayView { store, ledger, sources, .. } = gateway;
    let auditor = match Auditor::start(store.clone(), ledger.clone(), sources.clone(), query.deep) {
        Ok(auditor) => auditor,
        Err(error) => return refuse(StatusCode::SERVICE_UNAVAILABLE, &format!("the state cannot be read: {error}")),
    };
    tracing::info!(deep = query.deep, "counting all shards on the nodes");
    let (lines, waiting) = mpsc::channel(LINES_WAITING_MAX);
    tokio::spawn(run(auditor, ledger.clone(), lines, permit));
    let mut response = Body::from_stream(body(waiting)).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(LINES_TYPE));
    response
}

/// The lines, and the last progress again while there are none.
fn body(lines: mpsc::Receiver<AuditLine>) -> impl stream::Stream<Item = Result<String, Infallible>> {
    let begin = AuditLine::Progress(Progress { contents: 0, of: 0 });
    let lines = stream::unfold((lines, begin), |(mut lines, last)| async move {
        let line = match timeout(PROGRESS_INTERVAL, lines.recv()).await {
            Ok(line) => line?,
            Err(_) => last,
        };
        Some((line.clone(), (lines, line)))
    });
    lines.map(|line| {
        let line = serde_json::to_string(&line).unwrap_or_else(|error| {
            tracing::error!(%error, "a line of an audit cannot be written");
            String::new()
        });
        Ok(line + "\n")
    })
}

/// Counts, until the end or until nobody listens any more.
async fn run(
    mut auditor: Auditor<AnyTransport>,
    ledger: Ledger,
    lines: mpsc::Sender<AuditLine>,
    permit: OwnedSemaphorePermit,
) {
    let mut tries = 0;
    let last = loop {
        let step = tokio::select! {
            step = auditor.next() => step,
            () = lines.closed() => return,
        };
        match step {
            Ok(Some((progress, news))) => {
                tries = 0;
                record(&ledger, news).await;
                if lines.send(AuditLine::Progress(progress)).await.is_err() {
                    return;
                }
            }
            Ok(None) => break AuditLine::Audit(Box::new(auditor.finish())),
            Err(WalkError::NotUpToDate(_)) if tries < TRIES_MAX => {
                tries += 1;
                sleep(TRY_PAUSE).await;
            }
            Err(error) => break AuditLine::Failed(error.to_string()),
        }
    };
    if let AuditLine::Audit(audit) = &last {
        tracing::info!(contents = audit.contents, short = audit.short, owed = audit.owed(), "counted all shards");
    }
    drop(permit);
    // Nobody may listen any more.
    let _sent = lines.send(last).await;
}

/// Has the log say what is news to it. What it does not take is found by the scan of repair.
async fn record(ledger: &Ledger, news: Vec<NoteHealth>) {
    let principal = Principal { kind: AuthType::System, id: PRINCIPAL.into() };
    let origin = Origin { principal, request_id: String::new(), traceparent: None, address: None };
    let record = |note| {
        let origin = origin.clone();
        async move {
            match ledger.commit(Command::NoteHealth(Box::new(note)), origin).await {
                Ok(_) | Err(CommitError::Rejected(Rejection::ContentGone)) => Ok(()),
                Err(error) => Err(error),
            }
        }
    };
    // Each waits for others that are appended with it.
    let recorded = stream::iter(news).map(Ok).try_for_each_concurrent(FACTS_AT_ONCE_MAX, record).await;
    if let Err(error) = recorded {
        tracing::warn!(%error, "the findings of an audit were not recorded");
    }
}
