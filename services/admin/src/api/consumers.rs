//! Durable consumers: programs outside of the store that read its events over NATS.

use ::consumers::{Consumers, Credentials, Filter, Login, Progress};
use domain::row::ConsumerRow;
use domain::{AddConsumer, RemoveConsumer, View};
use events::consumer::{Added, Removed};
use events::ids::{BucketName, ConsumerName, DurableName};
use feed::types_named;
use jiff::Timestamp;
use policy::{Action, Decision};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::access::{Asker, Caller};
use super::answer::Answer;
use super::asked::Asked;
use super::refusal::Refusal;
use super::shape::secret;

/// The path parameter that names a consumer.
const CONSUMER: &str = "consumer";

/// What the right to all events is about, as policies call it.
const REGION: &str = "region";

/// All durable consumers.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ConsumerList {
    pub(super) consumers: Vec<Consumer>,
}

/// A durable consumer, and how far its reader is.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Consumer {
    pub(super) name: ConsumerName,
    pub(super) filter: ConsumerFilter,
    /// Its name in JetStream, and that of its NATS user.
    pub(super) durable: DurableName,
    /// The sequence of the first event that it may get.
    pub(super) start: u64,
    /// The sequence up to which all its events are acknowledged.
    pub(super) position: u64,
    /// The number of its events that are not acknowledged yet.
    pub(super) lag: u64,
    /// The number of unacknowledged events that were delivered. At 10,000 the consumer gets no more.
    pub(super) unacked: u64,
    /// The number of unacknowledged events that were delivered more than once.
    pub(super) redelivered: u64,
    /// Events acknowledged per second in the last minute; absent before it was measured.
    pub(super) rate: Option<f64>,
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub(super) created: Timestamp,
    /// Who added it.
    pub(super) owner: String,
}

/// The events that a consumer gets. An absent field is no restriction.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ConsumerFilter {
    /// Only events about this bucket and its objects.
    #[serde(default)]
    pub(super) bucket: Option<BucketName>,
    /// Only events of these types, separated by commas: `io.planetstore.object.created.v1`, `object.created` or
    /// `object`.
    #[serde(default, rename = "type")]
    pub(super) types: Option<String>,
}

/// A consumer to add.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewConsumer {
    pub(super) name: ConsumerName,
    #[serde(default)]
    pub(super) filter: ConsumerFilter,
    /// The first event that it gets: `start` of the log, `now`, a sequence, or a time (RFC 3339). `now` by default.
    #[serde(default)]
    pub(super) from: Option<String>,
}

/// A consumer that was added, with what a program needs to read its events.
#[derive(Serialize, JsonSchema)]
pub(super) struct AddedConsumer {
    pub(super) consumer: Consumer,
    pub(super) credentials: ConsumerCredentials,
    /// A Python program that reads the consumer's events.
    pub(super) snippet: String,
}

/// A login at the NATS server. The password is not returned again.
#[derive(Serialize, JsonSchema)]
pub(super) struct ConsumerCredentials {
    /// The address of the NATS server.
    pub(super) url: String,
    pub(super) user: String,
    #[schemars(schema_with = "secret")]
    pub(super) password: String,
    /// The prefix that a client must use for its reply subjects; it receives replies on no others.
    pub(super) inbox: String,
    /// The prefix of the subjects of JetStream's API for this user, which clients call the API prefix.
    pub(super) api_prefix: String,
    /// The subject to which a client sends requests for the consumer's next events.
    pub(super) subject: String,
    pub(super) stream: String,
    pub(super) durable: String,
}

/// Where a consumer begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    Start,
    Now,
    Sequence(u64),
    Time(Timestamp),
}

pub(super) async fn list(asked: Asked, _: Caller) -> Result<Answer, Refusal> {
    let consumers = consumers(&asked)?;
    let mut list = ConsumerList { consumers: Vec::new() };
    for (name, row) in asked.read().await?.consumers()? {
        list.consumers.push(shown(consumers, name, &row).await?);
    }
    Answer::of(&list)
}

pub(super) async fn add(mut asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let NewConsumer { name, filter, from } = asked.json().await?;
    let types = event_types(filter.types.as_deref())?;
    let filter = Filter { bucket: filter.bucket, types };
    filter.check().map_err(|error| Refusal::invalid(error.to_string()))?;
    let from = from.as_deref().map_or(Ok(From::Now), parse)?;
    check_may_read(&asked, &caller)?;
    let server = consumers(&asked)?;
    server.check().await.map_err(|error| {
        tracing::warn!(%error, "the NATS server makes no durable consumers");
        Refusal::unavailable(
            "the NATS server does not let this gateway make durable consumers, or does not answer: nats/README.md says \
             what they need",
        )
    })?;
    let start = start(&asked, from).await?;
    let login = Login::new(&asked.admin.random()?).map_err(|error| {
        tracing::error!(%error, "a login cannot be made");
        Refusal::internal()
    })?;
    let durable = DurableName::new(&name, u64::from_be_bytes(asked.admin.random()?));
    let (bucket, types) = (filter.bucket, filter.types);
    let added = Added { consumer: name.clone(), durable: durable.clone(), bucket, types, start, login: login.key };
    let committed = asked.commit(&caller, AddConsumer(added).into()).await?;
    let row = asked.read().await?.consumer(&name)?.filter(|row| row.durable == durable);
    let row = row.ok_or_else(|| Refusal::conflict("the consumer was removed again meanwhile"))?;
    let consumers = consumers(&asked)?;
    if let Err(error) = consumers.ensure(&row).await {
        // The consumer is on the log, and its password is shown only now.
        tracing::warn!(%error, "a durable consumer is made later");
    }
    let credentials = consumers.credentials(&durable, login.password);
    let snippet = credentials.snippet();
    // It was read by nobody yet.
    let consumer = document(name, &row, consumers.progress(&row).await.unwrap_or_default());
    let added = AddedConsumer { consumer, credentials: credentials_shown(&credentials), snippet };
    Answer::created(&added, committed.sequence)
}

pub(super) async fn remove(asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let name: ConsumerName = asked.name(CONSUMER)?;
    let row = asked.read().await?.consumer(&name)?;
    let row = row.ok_or_else(|| Refusal::not_found("there is no such consumer"))?;
    let committed = asked.commit(&caller, RemoveConsumer(Removed { consumer: name }).into()).await?;
    if let Err(error) = consumers(&asked)?.remove(&row.durable).await {
        tracing::warn!(%error, "a durable consumer is deleted later");
        return Err(Refusal::unavailable(
            "the consumer is removed and nobody logs in as it any more, but the NATS server does not answer: readers \
             that are connected read on until it does",
        ));
    }
    Ok(Answer::done(committed.sequence))
}

fn consumers(asked: &Asked) -> Result<&Consumers, Refusal> {
    let consumers = asked.admin.0.consumers.as_ref();
    consumers.ok_or_else(|| Refusal::unavailable("this process has no NATS server for consumers"))
}

/// A consumer gets every event that its filter names, whatever the rights to its keys are. So whoever adds one must be
/// allowed to read all events.
fn check_may_read(asked: &Asked, caller: &Caller) -> Result<(), Refusal> {
    let asker = Asker::new(&asked.admin, &asked.parts, asked.now);
    match caller.decide(Action::ReadEvents, REGION, &asker) {
        Decision::Allowed(_) => Ok(()),
        Decision::Denied(denial) => Err(Refusal::no_right(Action::ReadEvents, REGION, &denial)),
    }
}

fn event_types(names: Option<&str>) -> Result<Vec<String>, Refusal> {
    let mut types = Vec::new();
    for name in names.unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let named = types_named(name);
        if named.is_empty() {
            let name: String = name.chars().take(80).collect();
            return Err(Refusal::invalid(format!("there is no event of the type {name:?}: see /schemas/")));
        }
        types.extend(named.into_iter().map(str::to_owned));
    }
    types.sort_unstable();
    types.dedup();
    Ok(types)
}

fn parse(text: &str) -> Result<From, Refusal> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let wrong = || {
        let text: String = text.chars().take(80).collect();
        let wanted = "`from` is `start`, `now`, the sequence of an event, or a time such as 2026-11-22T13:00:00Z";
        Refusal::invalid(format!("{wanted}; {text:?} is not"))
    };
    match text {
        "start" => Ok(From::Start),
        "now" => Ok(From::Now),
        _ if is_number => text.parse().map(From::Sequence).map_err(|_| wrong()),
        _ => text.parse().map(From::Time).map_err(|_| wrong()),
    }
}

/// The sequence of the first event. Before the event from which on secrets are kept apart there is nothing for readers
/// outside of the store: those events held secrets.
async fn start(asked: &Asked, from: From) -> Result<u64, Refusal> {
    let feed = &asked.admin.0.feed;
    let start = match from {
        From::Start => 1,
        From::Now => feed.last().await? + 1,
        From::Sequence(sequence) => feed.begin(sequence.saturating_sub(1), None).await?.next,
        From::Time(time) => {
            let begun = feed.begin(0, Some(time)).await?;
            // The search ends a little before the time. The first event from it on is the beginning.
            let page = feed.page(begun, 1, |_| Ok::<_, Refusal>(true)).await?;
            page.entries.first().map_or(page.last + 1, |entry| entry.sequence)
        }
    };
    Ok(start.max(asked.read().await?.totals()?.apart_since))
}

async fn shown(consumers: &Consumers, name: ConsumerName, row: &ConsumerRow) -> Result<Consumer, Refusal> {
    let progress = consumers.progress(row).await.map_err(|error| {
        tracing::warn!(%error, "the state of a consumer cannot be read");
        Refusal::unavailable("the NATS server does not say how far the consumers are: try again")
    })?;
    Ok(document(name, row, progress))
}

fn document(name: ConsumerName, row: &ConsumerRow, progress: Progress) -> Consumer {
    let types = (!row.types.is_empty()).then(|| row.types.join(","));
    Consumer {
        name,
        filter: ConsumerFilter { bucket: row.bucket.clone(), types },
        durable: row.durable.clone(),
        start: row.start,
        position: progress.position,
        lag: progress.lag,
        unacked: progress.unacked,
        redelivered: progress.redelivered,
        rate: progress.rate,
        created: row.created,
        owner: row.owner.clone(),
    }
}

fn credentials_shown(credentials: &Credentials) -> ConsumerCredentials {
    let Credentials { url, user, password, inbox, api_prefix, stream, durable } = credentials;
    ConsumerCredentials {
        url: url.clone(),
        user: user.clone(),
        password: password.expose().to_owned(),
        inbox: inbox.clone(),
        subject: format!("{api_prefix}.CONSUMER.MSG.NEXT.{stream}.{durable}"),
        api_prefix: (*api_prefix).to_owned(),
        stream: stream.clone(),
        durable: durable.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_is_a_word_a_sequence_or_a_time() {
        assert_eq!((parse("start"), parse("now")), (Ok(From::Start), Ok(From::Now)));
        assert_eq!(parse("00000000000000000017"), Ok(From::Sequence(17)));
        assert_eq!(parse("1970-01-01T00:00:00Z"), Ok(From::Time(Timestamp::UNIX_EPOCH)));
        for wrong in ["", "-1", "+1", "1.5", "yesterday", "2026-11-22", "18446744073709551616", &"9".repeat(1_025)] {
            let refusal = parse(wrong).unwrap_err();
            assert!(refusal.message.len() < 300 && refusal.message.contains("`from` is"), "{wrong}: {refusal:?}");
        }
    }

    #[test]
    fn types_are_named_as_elsewhere() {
        assert_eq!(event_types(None), Ok(Vec::new()));
        assert_eq!(
            event_types(Some("object.created, object.created.v1")).unwrap(),
            ["io.planetstore.object.created.v1"]
        );
        assert!(event_types(Some("node")).unwrap().len() > 5);
        assert!(event_types(Some("object.creatd")).unwrap_err().message.contains("object.creatd"));
    }
}
