//! One search over everything that has a name. It finds what the caller could list, and nothing else.

use std::sync::Arc;

use domain::row::BucketRow;
use events::ids::{BucketName, NodeId, UserName};
use ledger::{Entry, Page, Snapshot, StateError};
use percent_encoding::percent_decode_str;
use policy::Action;
use schemars::JsonSchema;
use serde::Serialize;

use super::access::{Access, Asker, Caller};
use super::answer::Answer;
use super::asked::Asked;
use super::listing::Lister;
use super::method::Method;
use super::operation::{Handler, Operation, Parameter};
use super::refusal::Refusal;

/// Hits of each kind unless fewer are asked for, and the most that there are.
const HITS: usize = 10;
const HITS_MAX: usize = 50;

/// The longest text that is searched for, in bytes: a bucket with the longest key.
const TEXT_BYTES_MAX: usize = 1_100;

/// Buckets and users that are looked at, in the order of their names.
const LOOKED_AT_MAX: usize = 10_000;

/// How many are read at once.
const ROWS_AT_ONCE: usize = 500;

/// Buckets in which objects are looked for, unless the text names one.
const BUCKETS_SEARCHED_MAX: usize = 100;

const QUERY: Parameter = Parameter {
    name: "q",
    place: "query",
    schema: "string",
    about: "A part of the name of a bucket, a user or a node; a prefix of a key; or `bucket/` and a prefix of a key",
};
const LIMIT: Parameter = Parameter {
    name: "limit",
    place: "query",
    schema: "integer",
    about: "The maximum number of hits of each kind, 1 to 50; 10 by default",
};

/// What was found.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct Found {
    buckets: Vec<BucketName>,
    objects: Vec<FoundObject>,
    users: Vec<UserName>,
    nodes: Vec<NodeId>,
    /// Whether there may be more.
    is_partial: bool,
}

/// An object that was found by the beginning of its key.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct FoundObject {
    bucket: BucketName,
    key: String,
}

/// What is asked for.
struct Wanted {
    text: String,
    limit: usize,
}

pub(super) fn operations() -> Vec<Operation> {
    let search = Handler::Known(Access::Everyone(Action::AdminSearch), |asked, caller| Box::pin(search(asked, caller)));
    vec![
        Operation::new(
            "search",
            Method::Get,
            "/api/v1/search",
            search,
            "Find buckets, objects, users and nodes by name, among those that the caller may list",
        )
        .gives::<Found>()
        .knows(&[QUERY, LIMIT]),
    ]
}

async fn search(asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let wanted = wanted(asked.parts.uri.query().unwrap_or_default())?;
    if wanted.text.is_empty() {
        return Answer::of(&Found::default());
    }
    let snapshot = asked.read().await?;
    let found =
        tokio::task::spawn_blocking(move || Searching { asked: &asked, caller: &caller, snapshot }.find(&wanted));
    Answer::of(&found.await.map_err(|error| {
        tracing::error!(%error, "a search failed");
        Refusal::internal()
    })??)
}

fn wanted(query: &str) -> Result<Wanted, Refusal> {
    let mut wanted = Wanted { text: String::new(), limit: HITS };
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = value.replace('+', " ");
        let value = percent_decode_str(&value).decode_utf8();
        let value = value.map_err(|_| Refusal::invalid("the query is not UTF-8"))?;
        match name {
            "q" if value.len() > TEXT_BYTES_MAX => {
                return Err(Refusal::invalid(format!("`q` has at most {TEXT_BYTES_MAX} bytes")));
            }
            "q" => wanted.text = value.into_owned(),
            "limit" => {
                let limit = value.parse().ok().filter(|limit| (1..=HITS_MAX).contains(limit));
                let wrong = || Refusal::invalid(format!("`limit` is a number from 1 to {HITS_MAX}"));
                wanted.limit = limit.ok_or_else(wrong)?;
            }
            _ => return Err(Refusal::invalid("there are `q` and `limit`")),
        }
    }
    Ok(wanted)
}

/// A search in one state.
struct Searching<'a> {
    asked: &'a Asked,
    caller: &'a Caller,
    snapshot: Arc<Snapshot>,
}

impl Searching<'_> {
    fn find(&self, wanted: &Wanted) -> Result<Found, Refusal> {
        let mut found = Found::default();
        let name = wanted.text.to_lowercase();
        self.in_buckets(wanted, &name, &mut found)?;
        if self.may(Action::AdminListUsers, "user/*") {
            self.users(wanted, &name, &mut found)?;
        }
        if self.may(Action::AdminListNodes, "node/*") {
            let nodes = self.snapshot.list_nodes()?.into_iter().map(|(node, _)| node);
            found.nodes = nodes.filter(|node| node.as_str().contains(&name)).take(wanted.limit).collect();
        }
        Ok(found)
    }

    fn in_buckets(&self, wanted: &Wanted, name: &str, found: &mut Found) -> Result<(), Refusal> {
        let named = wanted.text.split_once('/');
        let sees_all = self.may(Action::AdminListBuckets, "bucket/*");
        let (mut after, mut looked_at, mut searched) = (None, 0, 0);
        loop {
            let page = self.snapshot.list_buckets(after.as_ref(), ROWS_AT_ONCE)?;
            looked_at += page.len();
            for (bucket, row) in &page {
                if bucket.as_str().contains(name)
                    && found.buckets.len() < wanted.limit
                    && (sees_all || self.may_list(bucket, row, "")?)
                {
                    found.buckets.push(bucket.clone());
                }
                let prefix = match named {
                    Some((first, rest)) if first == bucket.as_str() => rest,
                    _ => wanted.text.as_str(),
                };
                let is_named = named.is_some_and(|(first, _)| first == bucket.as_str());
                let has_room = found.objects.len() < wanted.limit;
                if has_room && (is_named || searched < BUCKETS_SEARCHED_MAX) && self.may_list(bucket, row, prefix)? {
                    searched += 1;
                    self.objects(wanted, (bucket, row), prefix, found)?;
                }
            }
            if page.len() < ROWS_AT_ONCE {
                break;
            }
            if looked_at >= LOOKED_AT_MAX {
                found.is_partial = true;
                break;
            }
            after = page.last().map(|(name, _)| name.clone());
        }
        found.is_partial |= searched >= BUCKETS_SEARCHED_MAX || found.objects.len() >= wanted.limit;
        Ok(())
    }

    /// Keys are bytes; those that are no text cannot be typed in.
    fn objects(
        &self,
        wanted: &Wanted,
        (bucket, row): (&BucketName, &BucketRow),
        prefix: &str,
        found: &mut Found,
    ) -> Result<(), Refusal> {
        let max = wanted.limit - found.objects.len();
        let page = Page { prefix: prefix.as_bytes(), delimiter: b"", after: b"", max };
        for entry in self.snapshot.list_objects(row.id, &page)?.entries {
            if let Entry::Key(key, _) = entry
                && let Ok(key) = String::from_utf8(key.into_vec())
            {
                found.objects.push(FoundObject { bucket: bucket.clone(), key });
            }
        }
        Ok(())
    }

    fn users(&self, wanted: &Wanted, name: &str, found: &mut Found) -> Result<(), Refusal> {
        let (mut after, mut looked_at) = (None, 0);
        loop {
            let page = self.snapshot.list_users(after.as_ref(), ROWS_AT_ONCE)?;
            looked_at += page.len();
            for (user, row) in &page {
                let is_meant =
                    user.as_str().to_lowercase().contains(name) || row.display_name.to_lowercase().contains(name);
                if is_meant && found.users.len() < wanted.limit {
                    found.users.push(user.clone());
                }
            }
            if page.len() < ROWS_AT_ONCE || found.users.len() >= wanted.limit {
                return Ok(());
            }
            if looked_at >= LOOKED_AT_MAX {
                found.is_partial = true;
                return Ok(());
            }
            after = page.last().map(|(name, _)| name.clone());
        }
    }

    fn may(&self, action: Action, target: &str) -> bool {
        let asker = Asker::new(&self.asked.admin, &self.asked.parts, self.asked.now);
        self.caller.decide(action, target, &asker).is_allowed()
    }

    /// Whether the caller may list what begins with a prefix.
    fn may_list(&self, bucket: &BucketName, row: &BucketRow, prefix: &str) -> Result<bool, StateError> {
        let Self { asked, caller, ref snapshot } = *self;
        let lister = Lister { admin: &asked.admin, parts: &asked.parts, now: asked.now, caller, snapshot };
        lister.may_list(bucket, row, Some(prefix))
    }
}
