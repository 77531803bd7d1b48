//! Evidence that the log is as it was signed: checkpoints, proofs of single events, and exports that can be verified
//! elsewhere.

use axum::body::Body;
use bytes::Bytes;
use events::ids::{NotaryKey, NotarySignature, Sha256Digest};
use evidence::Proof;
use feed::{CHECKPOINTS_MAX, FeedError, StoredCheckpoint};
use futures_util::stream;
use jiff::Timestamp;
use policy::Action;
use schemars::JsonSchema;
use serde::Serialize;

use super::access::Access;
use super::answer::Answer;
use super::asked::Asked;
use super::method::Method;
use super::operation::{Handler, Operation, Parameter};
use super::refusal::Refusal;

/// An export: a JSON document on each line.
const LINES: &str = "application/x-ndjson";

const fn in_query(name: &'static str, about: &'static str) -> Parameter {
    Parameter { name, place: "query", schema: "integer", about }
}

const FROM: Parameter = in_query("from", "The sequence of the first event; the first of the log by default");
const TO: Parameter = in_query("to", "The sequence of the last event; the newest by default");
const AFTER: Parameter = in_query("after", "Only checkpoints that cover entries after this sequence");
const LIMIT: Parameter = in_query("limit", "The maximum number of checkpoints of a page, 1 to 100; 100 by default");

/// Signed ranges of the log.
#[derive(Debug, Serialize, JsonSchema)]
struct Signed {
    checkpoints: Vec<Checkpoint>,
    /// The public key (Ed25519) that the notary uses now.
    key: Option<NotaryKey>,
    /// The sequence of the last entry that any checkpoint covers.
    covered: u64,
    /// The value of `after` for the next page, if there is one.
    next: Option<u64>,
}

/// A signed range of the log.
#[derive(Debug, Serialize, JsonSchema)]
struct Checkpoint {
    /// The sequence of its event.
    sequence: u64,
    /// The time at which it was written.
    #[schemars(with = "String")]
    time: Timestamp,
    first: u64,
    last: u64,
    count: u64,
    root: Sha256Digest,
    head: Sha256Digest,
    previous: Sha256Digest,
    key: NotaryKey,
    signature: NotarySignature,
    /// The text that is signed.
    statement: String,
}

impl From<StoredCheckpoint> for Checkpoint {
    fn from(StoredCheckpoint { event, checkpoint }: StoredCheckpoint) -> Self {
        let statement = checkpoint.statement();
        let events::checkpoint::Checkpointed { first, last, count, root, head, previous, key, signature, .. } =
            checkpoint;
        let (sequence, time) = (event.sequence, event.time);
        Self { sequence, time, first, last, count, root, head, previous, key, signature, statement }
    }
}

pub(super) fn operations() -> Vec<Operation> {
    let list = Handler::Known(Access::Right(Action::AdminListCheckpoints), |asked, _| Box::pin(list(asked)));
    let prove = Handler::Known(Access::Right(Action::AdminProveEvent), |asked, _| Box::pin(prove(asked)));
    let export = Handler::Known(Access::Right(Action::AdminExportEvents), |asked, _| Box::pin(export(asked)));
    vec![
        Operation::new(
            "listCheckpoints",
            Method::Get,
            "/api/v1/checkpoints",
            list,
            "List the signed ranges of the log, the oldest first",
        )
        .gives::<Signed>()
        .knows(&[AFTER, LIMIT]),
        Operation::new(
            "proveEvent",
            Method::Get,
            "/api/v1/events/{sequence}/proof",
            prove,
            "Prove that an event is on the log: the path of its hash to the root of a signed checkpoint",
        )
        .gives::<Proof>(),
        Operation::new(
            "exportEvents",
            Method::Get,
            "/api/v1/events/export",
            export,
            "Export a range of the log with the bytes of its events and the checkpoints that cover them. `planetstore \
             events verify` checks the export without the store",
        )
        .gives::<String>()
        .of_media(LINES)
        .knows(&[FROM, TO]),
    ]
}

/// Numbers of the query by their names.
fn numbers<const N: usize>(asked: &Asked, names: [&str; N]) -> Result<[Option<u64>; N], Refusal> {
    let mut found = [None; N];
    let query = asked.parts.uri.query().unwrap_or_default();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let Some(at) = names.iter().position(|known| *known == name) else {
            let name: String = name.chars().take(40).collect();
            return Err(Refusal::invalid(format!("{name:?} is not known here; there are {}", names.join(", "))));
        };
        let number = value.parse().map_err(|_| Refusal::invalid(format!("`{name}` is a sequence or a number")));
        found[at] = Some(number?);
    }
    Ok(found)
}

async fn list(asked: Asked) -> Result<Answer, Refusal> {
    let [after, limit] = numbers(&asked, ["after", "limit"])?;
    let limit = limit.map_or(Ok(CHECKPOINTS_MAX), usize::try_from);
    let limit = limit.ok().filter(|limit| (1..=CHECKPOINTS_MAX).contains(limit));
    let wrong = || Refusal::invalid(format!("`limit` is a number from 1 to {CHECKPOINTS_MAX}"));
    let page = asked.admin.0.feed.checkpoints(after.unwrap_or_default(), limit.ok_or_else(wrong)?).await?;
    let next = page.checkpoints.last().map(|last| last.checkpoint.last).filter(|last| *last < page.covered);
    let checkpoints = page.checkpoints.into_iter().map(Checkpoint::from).collect();
    Answer::of(&Signed { checkpoints, key: page.key, covered: page.covered, next })
}

async fn prove(asked: Asked) -> Result<Answer, Refusal> {
    let text = asked.params.iter().find(|(name, _)| name == "sequence").map_or("", |(_, value)| value.as_str());
    let sequence = text.parse().map_err(|_| Refusal::invalid("the path names an event by its sequence"))?;
    match asked.admin.0.feed.proof(sequence).await? {
        Some(proof) => Answer::of(&proof),
        None => Err(Refusal::not_found("no checkpoint covers this event yet: try again in some seconds")),
    }
}

async fn export(asked: Asked) -> Result<Answer, Refusal> {
    let [from, to] = numbers(&asked, ["from", "to"])?;
    let export = asked.admin.0.feed.export(from.unwrap_or(1), to).await?;
    let lines = stream::unfold(Some(export), |export| async {
        let mut export = export?;
        match export.next().await {
            Ok(lines) => Some((Ok::<_, FeedError>(Bytes::from(lines?)), Some(export))),
            Err(error) => {
                tracing::error!(%error, "an export of events broke off");
                Some((Err(error), None))
            }
        }
    });
    Ok(Answer::with(LINES, Body::from_stream(lines)))
}
