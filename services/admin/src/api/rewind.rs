//! What was in a bucket at a place in the log, and having it back.
//!
//! Rights are those of S3: to list versions, to read a version, to write and to delete a key. They are judged by the state
//! of now, for each key.

use domain::row::{BodyRow, BucketRow, ObjectRow};
use domain::{Command, DeleteObject, JudgedBucket, NewBody, Precondition, PutObject, Rejection, View};
use events::bucket::Versioning;
use events::ids::{BucketName, ObjectKey};
use events::object::{Body, Created, Operation as WrittenBy};
use feed::{Left, Rewind, RewoundKey, RewoundPage, Then, is_same};
use jiff::Timestamp;
use ledger::CommitError;
use percent_encoding::percent_decode_str;
use policy::{Action, Context, Key, Request, Resource, Rights, Value, evaluate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::access::{Access, Asker, Caller};
use super::answer::Answer;
use super::asked::Asked;
use super::method::Method;
use super::operation::{Handler, Operation, Parameter};
use super::refusal::Refusal;

/// Keys of a page, at most and by default.
const KEYS_MAX: usize = 1_000;
const KEYS_USUAL: usize = 100;

const fn in_query(name: &'static str, schema: &'static str, about: &'static str) -> Parameter {
    Parameter { name, place: "query", schema, about }
}

const AT: Parameter =
    in_query("at", "string", "The sequence of the last event to count, or a time (RFC 3339): events before it count");
const PREFIX: Parameter = in_query("prefix", "string", "Only keys with this prefix");
const DELIMITER: Parameter = in_query(
    "delimiter",
    "string",
    "The delimiter: keys that contain it after the prefix are grouped into common prefixes",
);
const AFTER: Parameter = in_query("after", "string", "Only keys after this one: `next` of the previous page");
const LIMIT: Parameter =
    in_query("limit", "integer", "The maximum number of keys of a page, 1 to 1000; 100 by default");

/// The objects of a bucket at an earlier point in the log.
#[derive(Debug, Serialize, JsonSchema)]
struct ObjectsThen {
    /// The sequence of the last event that counts.
    at: u64,
    /// Common prefixes of keys, if a delimiter was given.
    prefixes: Vec<String>,
    objects: Vec<ObjectThen>,
    /// The value of `after` for the next page, if there is one.
    next: Option<String>,
}

/// An object of a bucket at an earlier point in the log.
#[derive(Debug, Serialize, JsonSchema)]
struct ObjectThen {
    key: String,
    /// The version id; `null` for the null version.
    version_id: String,
    /// The size in bytes, if it is known.
    size: Option<u64>,
    /// The entity tag, if it is known.
    etag: Option<String>,
    /// The time at which it was stored.
    #[schemars(with = "String")]
    last_modified: Timestamp,
    /// Whether the version still exists and can be read.
    is_readable: bool,
    /// Whether its bytes are still stored. Then the object can be restored, even if its version is gone.
    is_held: bool,
}

/// What to restore.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Restore {
    /// The sequence of the last event to count, or a time (RFC 3339): events before it count.
    at: String,
    /// Only keys with this prefix.
    #[serde(default)]
    prefix: String,
    /// Whether only to report what would be done.
    #[serde(default)]
    dry_run: bool,
    /// Only keys after this one: `next` of the previous response.
    #[serde(default)]
    after: String,
}

/// The keys that were restored, or would be.
#[derive(Debug, Serialize, JsonSchema)]
struct Restored {
    /// The sequence of the last event that counts.
    at: u64,
    /// Whether nothing was done.
    dry_run: bool,
    changes: Vec<Restoration>,
    /// The value of `after` for the next request, if there are more keys.
    next: Option<String>,
}

/// The restoration of a key.
#[derive(Debug, Serialize, JsonSchema)]
struct Restoration {
    key: String,
    /// The version at that point in the log; absent if there was none.
    from_version: Option<String>,
    action: Restoring,
}

/// The way in which a key is restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Restoring {
    /// A new version gets the earlier bytes.
    Restore,
    /// A delete marker hides the object, which did not exist then.
    Hide,
    /// The key stays as it is: the earlier bytes are gone.
    Gone,
    /// The key stays as it is: the bucket keeps no versions, and the present object would be lost.
    WouldDestroy,
    /// The key stays as it is: the caller has no right to change it.
    Denied,
}

pub(super) fn operations() -> Vec<Operation> {
    let list = Handler::Known(Access::Known, |asked, caller| Box::pin(list(asked, caller)));
    let restore = Handler::Known(Access::Known, |asked, caller| Box::pin(restore(asked, caller)));
    vec![
        Operation::new(
            "listObjectsAt",
            Method::Get,
            "/api/v1/buckets/{bucket}/objects",
            list,
            "List the objects that a bucket had at a point in the log. The caller needs the right \
             `s3:ListBucketVersions`",
        )
        .gives::<ObjectsThen>()
        .knows(&[AT, PREFIX, DELIMITER, AFTER, LIMIT]),
        Operation::new(
            "restoreObjects",
            Method::Post,
            "/api/v1/buckets/{bucket}/restore",
            restore,
            "Restore keys to their state at a point in the log, with one new version each. Nothing is destroyed. The \
             caller needs the rights to list versions, and to read the versions and write each key",
        )
        .takes::<Restore>()
        .gives::<Restored>(),
    ]
}

/// The parameters of the query.
#[derive(Debug, Default)]
struct Listing {
    at: String,
    prefix: Vec<u8>,
    delimiter: Vec<u8>,
    after: Vec<u8>,
    limit: Option<usize>,
}

impl Listing {
    fn parse(query: &str) -> Result<Self, Refusal> {
        let mut listing = Self::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value: Vec<u8> = percent_decode_str(&value.replace('+', " ")).collect();
            match name {
                "at" => listing.at = String::from_utf8_lossy(&value).into_owned(),
                "prefix" => listing.prefix = value,
                "delimiter" => listing.delimiter = value,
                "after" => listing.after = value,
                "limit" => {
                    let limit = std::str::from_utf8(&value).ok().and_then(|text| text.parse().ok());
                    let wrong = || Refusal::invalid(format!("`limit` is a number from 1 to {KEYS_MAX}"));
                    listing.limit = Some(limit.filter(|limit| (1..=KEYS_MAX).contains(limit)).ok_or_else(wrong)?);
                }
                other => {
                    let name: String = other.chars().take(40).collect();
                    let known = "at, prefix, delimiter, after, limit";
                    return Err(Refusal::invalid(format!("{name:?} is not known here; there are {known}")));
                }
            }
        }
        Ok(listing)
    }
}

/// A bucket, as somebody may see it.
struct Seen {
    bucket: BucketName,
    row: BucketRow,
}

/// The bucket of the path. Who may not list it does not learn whether there is one.
async fn seen(asked: &Asked, caller: &Caller, prefix: &[u8]) -> Result<Seen, Refusal> {
    let bucket: BucketName = asked.name("bucket")?;
    let row = asked.read().await?.bucket(&bucket)?;
    let Some(row) = row else { return Err(Refusal::not_found("there is no such bucket")) };
    let seen = Seen { bucket, row };
    let resource = Resource::Bucket(&seen.bucket);
    if seen.may(asked, caller, Action::ListBucketVersions, resource, prefix)? {
        return Ok(seen);
    }
    Err(Refusal::forbidden(format!("{} on the bucket is needed", Action::ListBucketVersions.name())))
}

impl Seen {
    /// Whether the caller may do something in the bucket, by the state of now.
    fn may(
        &self,
        asked: &Asked,
        caller: &Caller,
        action: Action,
        resource: Resource<'_>,
        prefix: &[u8],
    ) -> Result<bool, Refusal> {
        let snapshot = asked.admin.0.ledger.latest();
        let rules = asked.admin.0.bucket_rules.of(&snapshot, &self.bucket, &self.row)?;
        let access = Some(rules.access(&self.row));
        let rights = Rights { policies: caller.policies.as_ref(), bucket: access, object: None };
        let context = Looked { asker: Asker::new(&asked.admin, &asked.parts, asked.now), prefix };
        let request =
            Request { caller: caller.as_policies_see(), action, resource, time: asked.now, context: &context };
        Ok(evaluate(&rights, &request).is_allowed())
    }

    fn may_on_key(&self, asked: &Asked, caller: &Caller, action: Action, key: &ObjectKey) -> Result<bool, Refusal> {
        self.may(asked, caller, action, Resource::Object(&self.bucket, key), b"")
    }
}

/// A request as the conditions of policies see it.
struct Looked<'a> {
    asker: Asker<'a>,
    prefix: &'a [u8],
}

impl Context for Looked<'_> {
    fn get(&self, key: &Key) -> Value<'_> {
        match key {
            Key::Query("prefix") => Value::Text(String::from_utf8_lossy(self.prefix)),
            other => self.asker.get(other),
        }
    }
}

/// The place that a text names: a sequence, or a time.
async fn place(asked: &Asked, row: &BucketRow, text: &str) -> Result<u64, Refusal> {
    let at = if let Ok(sequence) = text.parse::<u64>() {
        sequence
    } else {
        let wrong = |_| Refusal::invalid("`at` is a sequence or a time such as 2026-11-22T13:00:00Z");
        asked.admin.0.feed.last_before(text.parse::<Timestamp>().map_err(wrong)?).await?
    };
    if at < row.id.0 {
        let message = format!("the bucket of this name was created by event {}, after {at}", row.id.0);
        return Err(Refusal::not_found(message));
    }
    Ok(at)
}

async fn list(asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let Listing { at, prefix, delimiter, after, limit } = Listing::parse(asked.parts.uri.query().unwrap_or_default())?;
    let seen = seen(&asked, &caller, &prefix).await?;
    let at = place(&asked, &seen.row, &at).await?;
    let limit = limit.unwrap_or(KEYS_USUAL);
    let (bucket, only_changed) = (seen.bucket.clone(), false);
    let wanted = Rewind { bucket, at, prefix: prefix.clone(), after, limit, only_changed };
    let page = asked.admin.0.feed.rewind(&wanted, seen.row.id).await?;
    let (mut prefixes, mut objects) = (Vec::new(), Vec::new());
    for RewoundKey { key, then, .. } in page.keys {
        let Some(then) = then else { continue };
        match common(key.as_bytes(), &prefix, &delimiter) {
            Some(common) => {
                let common = text_of(common);
                if prefixes.last() != Some(&common) {
                    prefixes.push(common);
                }
            }
            None => objects.push(shown(&key, &then)),
        }
    }
    let next = page.next.as_deref().map(text_of);
    Answer::of(&ObjectsThen { at, prefixes, objects, next })
}

/// The beginning of a key up to the first delimiter behind the prefix.
fn common<'a>(key: &'a [u8], prefix: &[u8], delimiter: &[u8]) -> Option<&'a [u8]> {
    let rest = key.get(prefix.len()..).filter(|_| !delimiter.is_empty())?;
    let at = rest.windows(delimiter.len()).position(|window| window == delimiter)?;
    key.get(..prefix.len() + at + delimiter.len())
}

fn text_of(key: &[u8]) -> String {
    String::from_utf8_lossy(key).into_owned()
}

fn version_text(then: &Then) -> String {
    if then.null { "null".into() } else { then.version.to_string() }
}

fn shown(key: &ObjectKey, then: &Then) -> ObjectThen {
    ObjectThen {
        key: text_of(key.as_bytes()),
        version_id: version_text(then),
        size: then.size,
        etag: then.etag.map(|etag| etag.to_string()),
        last_modified: then.modified,
        is_readable: matches!(then.left, Left::Kept(_)),
        is_held: !matches!(then.left, Left::Nothing),
    }
}

async fn restore(mut asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let Restore { at, prefix, dry_run, after } = asked.json().await?;
    let seen = seen(&asked, &caller, prefix.as_bytes()).await?;
    let at = place(&asked, &seen.row, &at).await?;
    let (prefix, after) = (prefix.into_bytes(), after.into_bytes());
    let wanted = Rewind { bucket: seen.bucket.clone(), at, prefix, after, limit: KEYS_MAX, only_changed: true };
    let RewoundPage { keys, next, snapshot } = asked.admin.0.feed.rewind(&wanted, seen.row.id).await?;
    drop(snapshot);
    let mut changes = Vec::new();
    for found in keys {
        let Some(mut action) = due(&seen.row, &found) else { continue };
        if !may_restore(&seen, &asked, &caller, &found.key, action)? {
            action = Restoring::Denied;
        }
        if !dry_run
            && let Some(command) = command(&seen.bucket, &found, action)
            && !commit(&asked, &caller, &seen, command).await?
        {
            // Versioning was suspended meanwhile, or somebody wrote where no versions are kept.
            action = Restoring::WouldDestroy;
        }
        let from_version = found.then.as_ref().map(version_text);
        changes.push(Restoration { key: text_of(found.key.as_bytes()), from_version, action });
    }
    let next = next.as_deref().map(text_of);
    Answer::of(&Restored { at, dry_run, changes, next })
}

/// What is to be done with a key; `None` if it has what it had.
fn due(row: &BucketRow, found: &RewoundKey) -> Option<Restoring> {
    let is_there = found.now.as_ref().is_some_and(|now| now.object.is_some());
    let keeps_versions = row.versioning == Versioning::Enabled;
    match &found.then {
        Some(then) if found.now.as_ref().is_some_and(|now| is_same(now, then)) => None,
        Some(Then { left: Left::Nothing, .. }) => Some(Restoring::Gone),
        Some(_) if keeps_versions || found.now.is_none() => Some(Restoring::Restore),
        None if !is_there => None,
        None if keeps_versions => Some(Restoring::Hide),
        Some(_) | None => Some(Restoring::WouldDestroy),
    }
}

fn may_restore(
    seen: &Seen,
    asked: &Asked,
    caller: &Caller,
    key: &ObjectKey,
    action: Restoring,
) -> Result<bool, Refusal> {
    let needed: &[Action] = match action {
        Restoring::Restore => &[Action::GetObjectVersion, Action::PutObject],
        Restoring::Hide => &[Action::DeleteObject],
        Restoring::Gone | Restoring::WouldDestroy | Restoring::Denied => &[],
    };
    for action in needed {
        if !seen.may_on_key(asked, caller, *action, key)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The command that does it.
fn command(bucket: &BucketName, found: &RewoundKey, action: Restoring) -> Option<Command> {
    match (action, found.then.as_ref().map(|then| &then.left)) {
        (Restoring::Restore, Some(Left::Kept(row))) => {
            let object = row.object.clone()?;
            Some(Command::PutObject(Box::new(of_kept(bucket.clone(), found.key.clone(), object))))
        }
        (Restoring::Restore, Some(Left::Held(created))) => {
            Some(Command::PutObject(Box::new(of_held(Created::clone(created)))))
        }
        (Restoring::Hide, _) => Some(DeleteObject::new(bucket.clone(), found.key.clone(), None).into()),
        _ => None,
    }
}

/// A new version with everything that a kept one has, but its lock.
fn of_kept(bucket: BucketName, key: ObjectKey, object: ObjectRow) -> PutObject {
    let body = match object.body {
        BodyRow::Empty => NewBody::Empty,
        BodyRow::Content(content) => NewBody::Known(content),
        BodyRow::Parts(upload) => NewBody::Parts(upload),
    };
    let ObjectRow { size, etag, checksum, encryption, attributes, owner, acl, .. } = object;
    let (lock, precondition) = (events::lock::Lock::default(), Precondition::default());
    let operation = WrittenBy::CopyObject;
    PutObject {
        bucket,
        key,
        size,
        etag,
        body,
        checksum,
        encryption,
        attributes,
        owner,
        acl,
        lock,
        operation,
        precondition,
    }
}

/// The same of one that is gone, as its event has it.
fn of_held(created: Created) -> PutObject {
    let body = match created.body {
        Body::Empty => NewBody::Empty,
        Body::Stored { content, .. } | Body::Known { content } => NewBody::Known(content),
        Body::Parts { upload_id, .. } => NewBody::Parts(upload_id),
    };
    let Created { bucket, key, size, etag, checksum, attributes, owner, acl, .. } = created;
    let (lock, precondition) = (events::lock::Lock::default(), Precondition::default());
    let (encryption, operation) = (None, WrittenBy::CopyObject);
    PutObject {
        bucket,
        key,
        size,
        etag,
        body,
        checksum,
        encryption,
        attributes,
        owner,
        acl,
        lock,
        operation,
        precondition,
    }
}

/// Commits a change of a key, if the right to it still stands then, and if it destroys nothing, whatever happened to the
/// bucket and the key meanwhile. Returns whether it was done.
async fn commit(asked: &Asked, caller: &Caller, seen: &Seen, command: Command) -> Result<bool, Refusal> {
    let bucket = JudgedBucket { name: seen.bucket.clone(), id: seen.row.id, access: seen.row.access };
    let confirmed = caller.confirmed_in(bucket);
    let command = Command::Sparing(Box::new(command));
    match asked.admin.0.ledger.commit(&confirmed, command, asked.origin(&caller.name)).await {
        Err(CommitError::Rejected(Rejection::WouldEndAVersion)) => Ok(false),
        committed => Ok(committed.map(|_| true)?),
    }
}
