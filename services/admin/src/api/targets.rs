//! Targets, to which events are sent: what an operator declares, how far each is, and what each refused.

use domain::row::{DeadLetterRow, TargetRow};
use domain::{DEAD_LETTERS_MAX, TargetCommand, View, parse_address};
use events::Fact;
use events::ids::{BucketName, TargetName};
use events::target::{Filter, Format, Kind, Settings};
use feed::types_named;
use identity::{NONCE_BYTES, Secret, WEBHOOK_KEY_BYTES, fresh_webhook_key, is_webhook_key, target_context};
use jiff::Timestamp;
use ledger::Snapshot;
use policy::Action;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::access::{Access, Asker, Caller};
use super::answer::Answer;
use super::asked::Asked;
use super::method::Method;
use super::operation::{Handler, Operation, known};
use super::refusal::Refusal;
use super::shape::{given, secret};

/// The path parameter that names a target.
const TARGET: &str = "target";

const TARGETS: &str = "/api/v1/targets";
const ONE: &str = "/api/v1/targets/{target}";
const DEAD: &str = "/api/v1/targets/{target}/dead";

/// What comes before the name of a target in its ARN, by which buckets name it.
const ARN: &str = "arn:planetstore:target:::";

/// What the right to all events is about, as policies call it.
const ALL_EVENTS: &str = "region";

/// Types and buckets of a filter, at most.
const FILTER_ENTRIES_MAX: usize = 100;

/// The events that a target receives by itself.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WantedFilter {
    /// Types of events: `io.planetstore.object.created.v1`, `object.created` or `object`. All types if there are none.
    #[serde(default)]
    types: Vec<String>,
    /// The buckets that the events are about. All events if there are none.
    #[serde(default)]
    buckets: Vec<BucketName>,
}

/// A target to create.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewTarget {
    name: TargetName,
    kind: Kind,
    /// The URL of a webhook.
    #[serde(default)]
    url: Option<String>,
    /// The NATS subject, which begins with `notify.`.
    #[serde(default)]
    subject: Option<String>,
    /// The form in which it receives events; by default CloudEvents in structured mode.
    #[serde(default)]
    format: Option<Format>,
    /// The events that it receives by itself. If it is absent, the target receives only what the notification
    /// configurations of buckets send to it.
    #[serde(default)]
    filter: Option<WantedFilter>,
    /// Whether events are sent; `true` by default.
    #[serde(default)]
    enabled: Option<bool>,
    /// The sequence in the log after which its events begin: by default the newest, 0 for all events.
    #[serde(default)]
    after: Option<u64>,
    /// The key with which requests are signed: `whsec_` and 24 to 64 bytes in Base64. By default, the store generates
    /// one.
    #[serde(default)]
    #[schemars(schema_with = "secret")]
    secret: Option<Secret>,
}

/// Changes of a target. Absent fields are not changed.
#[expect(clippy::option_option, reason = "JSON tells `null` from absence")]
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TargetChange {
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    subject: Option<String>,
    #[serde(default)]
    format: Option<Format>,
    /// The events that it receives by itself; `null` for none.
    #[serde(default, deserialize_with = "given")]
    #[schemars(with = "Option<WantedFilter>")]
    filter: Option<Option<WantedFilter>>,
    #[serde(default)]
    enabled: Option<bool>,
    /// The sequence in the log after which its events continue: an earlier one sends events again, a later one skips
    /// events.
    #[serde(default)]
    after: Option<u64>,
    /// Whether to generate a new key with which requests are signed.
    #[serde(default)]
    rotate_secret: bool,
}

/// A target.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Target {
    name: TargetName,
    /// The ARN by which notification configurations of buckets refer to the target.
    arn: String,
    kind: Kind,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    format: Format,
    filter: Option<Filter>,
    enabled: bool,
    #[schemars(with = "String", extend("format" = "date-time"))]
    created: Timestamp,
    /// The sequence in the log up to which the target has received or refused all its events. The figure may be a few
    /// seconds old.
    position: u64,
    /// The number of entries of the log after that position. Most of them may not be for this target.
    lag: u64,
    /// The reason why the target receives nothing at present.
    last_error: Option<String>,
    /// The number of events that the target refused.
    dead: u32,
    /// The key with which requests are signed, only in the response to the request that created it.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

/// A page of targets.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Targets {
    targets: Vec<Target>,
    /// The value of `after` for the next page; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<TargetName>,
}

/// An event that a target refused again and again.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct DeadLetter {
    sequence: u64,
    #[schemars(with = "String", extend("format" = "date-time"))]
    time: Timestamp,
    error: String,
    attempts: u32,
    /// Whether it waits to be sent again.
    redelivering: bool,
}

/// All dead letters of a target.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct DeadLetters {
    dead: Vec<DeadLetter>,
}

/// Dead letters.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Sequences {
    /// The sequences of the events; all dead letters of the target if there are none.
    #[serde(default)]
    sequences: Vec<u64>,
}

/// The result of a request to test a target.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct TestAsked {
    /// The sequence of the event that tests the target. The target has received it once the target's position reaches
    /// this sequence.
    sequence: u64,
}

pub(super) fn operations() -> Vec<Operation> {
    use Method::{Delete, Get, Patch, Post};
    let new = Operation::new;
    vec![
        new("listTargets", Get, TARGETS, known!(AdminListTargets, list), "List the targets that events are sent to")
            .gives::<Targets>()
            .paged(),
        new(
            "createTarget",
            Post,
            TARGETS,
            known!(AdminCreateTarget, create),
            "Create a target that events are sent to",
        )
        .takes::<NewTarget>()
        .makes::<Target>(),
        new("getTarget", Get, ONE, known!(AdminGetTarget, get), "Show a target").gives::<Target>(),
        new(
            "changeTarget",
            Patch,
            ONE,
            known!(AdminChangeTarget, change),
            "Change a target, or the position at which its events continue",
        )
        .takes::<TargetChange>()
        .gives::<Target>(),
        new(
            "deleteTarget",
            Delete,
            ONE,
            known!(AdminDeleteTarget, delete),
            "Delete a target. Events that it has not received are not sent any more",
        ),
        new("listDeadLetters", Get, DEAD, known!(AdminListDeadLetters, dead), "List the events that a target refused")
            .gives::<DeadLetters>(),
        new(
            "discardDeadLetters",
            Delete,
            DEAD,
            known!(AdminDiscardDeadLetters, discard),
            "Discard all dead letters of a target",
        ),
        new(
            "redeliver",
            Post,
            "/api/v1/targets/{target}/redeliver",
            known!(AdminRedeliver, redeliver),
            "Send events that a target refused to it again",
        )
        .takes::<Sequences>()
        .gives::<Target>()
        .without_proof(),
        new(
            "testTarget",
            Post,
            "/api/v1/targets/{target}/test",
            known!(AdminTestTarget, test),
            "Send a test event to a target",
        )
        .gives::<TestAsked>()
        .without_proof(),
    ]
}

async fn list(asked: Asked, _: Caller) -> Result<Answer, Refusal> {
    let page = asked.page::<TargetName>()?;
    let snapshot = asked.read().await?;
    let mut rows = snapshot.list_targets(page.after.as_ref(), page.limit + 1)?;
    let next = page.cut(&mut rows);
    let last = snapshot.cursor()?.sequence;
    let targets = rows.into_iter().map(|(name, row)| shape(name, row, last)).collect();
    Answer::of(&Targets { targets, next })
}

async fn get(asked: Asked, _: Caller) -> Result<Answer, Refusal> {
    let name = asked.name(TARGET)?;
    Answer::of(&find(&*asked.read().await?, name)?)
}

async fn create(mut asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let wanted: NewTarget = asked.json().await?;
    check_reads_all(&asked, &caller)?;
    let NewTarget { name, kind, url, subject, format, filter, enabled, after, secret } = wanted;
    let settings = Settings {
        kind,
        address: address(kind, url, subject)?.ok_or_else(|| missing(kind))?,
        format: format.unwrap_or(Format::CloudeventsStructured),
        filter: filter.map(wanted_filter).transpose()?,
        enabled: enabled.unwrap_or(true),
    };
    check(&settings)?;
    let secret = match (kind, secret) {
        (Kind::Nats, Some(_)) => return Err(Refusal::invalid("events on NATS are not signed, so there is no key")),
        (Kind::Nats, None) => None,
        (Kind::Webhook, Some(key)) if is_webhook_key(&key) => Some(key),
        (Kind::Webhook, Some(_)) => {
            return Err(Refusal::invalid("a key is `whsec_` and Base64 of 24 to 64 bytes"));
        }
        (Kind::Webhook, None) => Some(fresh_key(&asked)?),
    };
    let sealed = secret.as_ref().map(|key| seal(&asked, &name, key)).transpose()?;
    let last = asked.read().await?.cursor()?.sequence;
    let after = within(after.unwrap_or(last), last)?;
    let command = TargetCommand::Create { target: name.clone(), settings, secret: sealed, after };
    let committed = asked.commit(&caller, command.into()).await?;
    let target = find(&*asked.read().await?, name)?;
    let secret = secret.map(|key| key.expose().to_owned());
    Answer::created(&Target { secret, ..target }, committed.sequence)
}

async fn change(mut asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let name: TargetName = asked.name(TARGET)?;
    let wanted: TargetChange = asked.json().await?;
    check_reads_all(&asked, &caller)?;
    let snapshot = asked.read().await?;
    let row = snapshot.target(&name)?.ok_or_else(none)?;
    let TargetChange { url, subject, format, filter, enabled, after, rotate_secret } = wanted;
    let before = row.settings();
    let settings = Settings {
        kind: row.kind,
        address: address(row.kind, url, subject)?.unwrap_or(before.address),
        format: format.unwrap_or(before.format),
        filter: match filter {
            Some(filter) => filter.map(wanted_filter).transpose()?,
            None => before.filter,
        },
        enabled: enabled.unwrap_or(before.enabled),
    };
    check(&settings)?;
    if rotate_secret && row.kind == Kind::Nats {
        return Err(Refusal::invalid("events on NATS are not signed, so there is no key"));
    }
    let secret = if rotate_secret { Some(fresh_key(&asked)?) } else { None };
    let sealed = secret.as_ref().map(|key| seal(&asked, &name, key)).transpose()?;
    let last = snapshot.cursor()?.sequence;
    let after = after.map(|after| within(after, last)).transpose()?;
    let command = TargetCommand::Change { target: name.clone(), settings, secret: sealed, after };
    let committed = asked.commit(&caller, command.into()).await?;
    let target = find(&*asked.read().await?, name)?;
    let secret = secret.map(|key| key.expose().to_owned());
    Answer::changed(&Target { secret, ..target }, committed.sequence)
}

async fn delete(asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let target = asked.name(TARGET)?;
    let committed = asked.commit(&caller, TargetCommand::Delete { target }.into()).await?;
    Ok(Answer::done(committed.sequence))
}

async fn dead(asked: Asked, _: Caller) -> Result<Answer, Refusal> {
    let name: TargetName = asked.name(TARGET)?;
    let snapshot = asked.read().await?;
    snapshot.target(&name)?.ok_or_else(none)?;
    let rows = snapshot.list_dead_letters(&name, 0, DEAD_LETTERS_MAX as usize)?;
    let letter = |(sequence, row): (u64, DeadLetterRow)| {
        let DeadLetterRow { time, error, attempts, asked } = row;
        DeadLetter { sequence, time, error, attempts, redelivering: asked }
    };
    Answer::of(&DeadLetters { dead: rows.into_iter().map(letter).collect() })
}

async fn discard(asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let command = TargetCommand::DiscardDead { target: asked.name(TARGET)?, sequences: Vec::new() };
    let committed = asked.commit(&caller, command.into()).await?;
    Ok(Answer::done(committed.sequence))
}

async fn redeliver(mut asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let name: TargetName = asked.name(TARGET)?;
    let Sequences { sequences } = asked.json().await?;
    if sequences.len() > DEAD_LETTERS_MAX as usize {
        return Err(Refusal::invalid(format!("a target has at most {DEAD_LETTERS_MAX} dead letters")));
    }
    let command = TargetCommand::AskRedelivery { target: name.clone(), sequences };
    let committed = asked.commit(&caller, command.into()).await?;
    Answer::changed(&find(&*asked.read().await?, name)?, committed.sequence)
}

async fn test(asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let command = TargetCommand::AskTest { target: asked.name(TARGET)? };
    let committed = asked.commit(&caller, command.into()).await?;
    Answer::changed(&TestAsked { sequence: committed.sequence }, committed.sequence)
}

/// Whoever decides where events go can read them there: so they may read all of them anyway.
fn check_reads_all(asked: &Asked, caller: &Caller) -> Result<(), Refusal> {
    let asker = Asker::new(&asked.admin, &asked.parts, asked.now);
    match caller.decide(Action::ReadEvents, ALL_EVENTS, &asker) {
        decision if decision.is_allowed() => Ok(()),
        _ => Err(Refusal::forbidden(format!(
            "who decides where events go needs {} on arn:aws:admin:::{ALL_EVENTS}, too",
            Action::ReadEvents
        ))),
    }
}

fn address(kind: Kind, url: Option<String>, subject: Option<String>) -> Result<Option<String>, Refusal> {
    match (kind, url, subject) {
        (Kind::Webhook, url, None) => Ok(url),
        (Kind::Nats, None, subject) => Ok(subject),
        (Kind::Webhook, _, Some(_)) => Err(Refusal::invalid("a webhook has a `url`, and no `subject`")),
        (Kind::Nats, Some(_), _) => Err(Refusal::invalid("a NATS target has a `subject`, and no `url`")),
    }
}

fn missing(kind: Kind) -> Refusal {
    Refusal::invalid(match kind {
        Kind::Webhook => "a webhook needs a `url`",
        Kind::Nats => "a NATS target needs a `subject`",
    })
}

fn wanted_filter(wanted: WantedFilter) -> Result<Filter, Refusal> {
    let WantedFilter { types, mut buckets } = wanted;
    if types.len() > FILTER_ENTRIES_MAX || buckets.len() > FILTER_ENTRIES_MAX {
        return Err(Refusal::invalid(format!("a filter has at most {FILTER_ENTRIES_MAX} types and as many buckets")));
    }
    let mut named = Vec::new();
    for text in &types {
        let found = types_named(text);
        if found.is_empty() {
            let shown: String = text.chars().take(60).collect();
            return Err(Refusal::invalid(format!("there is no event of the type {shown:?}: see /schemas/")));
        }
        named.extend(found.into_iter().map(str::to_owned));
    }
    named.sort_unstable();
    named.dedup();
    buckets.sort_unstable();
    buckets.dedup();
    Ok(Filter { types: named, buckets })
}

/// The settings fit together.
fn check(settings: &Settings) -> Result<(), Refusal> {
    parse_address(settings.kind, &settings.address).map_err(|error| Refusal::invalid(error.to_string()))?;
    let types = settings.filter.iter().flat_map(|filter| &filter.types);
    let kind = |name: &String| Fact::KINDS.iter().find(|kind| kind.event_type == name);
    let unnamed = types.filter_map(kind).find(|kind| kind.noun != "object");
    match unnamed {
        Some(kind) if settings.format == Format::AwsRecords => Err(Refusal::invalid(format!(
            "S3 has no name for {}: a target in the format aws-records receives events about objects only",
            kind.name()
        ))),
        _ => Ok(()),
    }
}

fn within(after: u64, last: u64) -> Result<u64, Refusal> {
    if after > last {
        return Err(Refusal::beyond_the_log(format!("the log ends at {last}, before {after}")));
    }
    Ok(after)
}

fn fresh_key(asked: &Asked) -> Result<Secret, Refusal> {
    Ok(fresh_webhook_key(asked.admin.random::<WEBHOOK_KEY_BYTES>()?))
}

fn seal(asked: &Asked, target: &TargetName, key: &Secret) -> Result<events::ids::Sealed, Refusal> {
    let nonce = asked.admin.random::<NONCE_BYTES>()?;
    let sealed = asked.admin.sealer()?.seal(key.expose(), &target_context(target.as_str()), nonce);
    sealed.ok().and_then(|sealed| sealed.parse().ok()).ok_or_else(|| {
        tracing::error!("the key of a target cannot be sealed");
        Refusal::internal()
    })
}

fn none() -> Refusal {
    Refusal::not_found("there is no such target")
}

fn find(snapshot: &Snapshot, name: TargetName) -> Result<Target, Refusal> {
    let row = snapshot.target(&name)?.ok_or_else(none)?;
    Ok(shape(name, row, snapshot.cursor()?.sequence))
}

fn shape(name: TargetName, row: TargetRow, last: u64) -> Target {
    let TargetRow { created, kind, address, format, filter, enabled, position, error, dead, .. } = row;
    let (url, subject) = match kind {
        Kind::Webhook => (Some(address), None),
        Kind::Nats => (None, Some(address)),
    };
    Target {
        arn: format!("{ARN}{name}"),
        name,
        kind,
        url,
        subject,
        format,
        filter,
        enabled,
        created,
        position,
        lag: last.saturating_sub(position),
        last_error: error,
        dead,
        secret: None,
    }
}
