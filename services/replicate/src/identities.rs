//! Users, keys, groups and policies on their way to another region of the same operator (ADR 57).
//!
//! First all that there are, then what the log says was changed since, one request after another, in the order of the log.
//! Each request says what is under some names now, so that it may be sent again at any time.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use domain::row::{LinkRow, Named};
use domain::{Identities, LinkCommand, Shared as Name, shared_of, to_share};
use events::identity::{Change, Sent};
use events::ids::{AccessKeyId, RegionName, Sealed, UserId};
use feed::{Batch, FeedError, Reader, Start};
use identity::{Sealers, Secret, UnsealError, key_context, password_context};
use ledger::{Snapshot, StateError};
use serde::{Serialize, Serializer};
use tokio::task::JoinSet;
use tokio::time::Instant;
use worker::{PAUSE_MAX, Trouble, back_off};

use crate::client::Client;
use crate::failure::Failure;
use crate::held::{Held, Refused};
use crate::link::Shared;
use crate::meters;

/// Names of one request. What they belong to is sent with them.
const NAMES_AT_ONCE: usize = 16;

/// Users, groups and policies that are read at once, of those that there were before the link.
const MADE_AT_ONCE: usize = 64;

/// After so many attempts a change that is refused is left out. They take half a minute.
const ATTEMPTS_MAX: u32 = 6;

/// After so many events the log says where the other region is, if nothing was to be sent.
const QUIET_EVENTS: u64 = 100_000;

/// What ended.
enum Done {
    Read { reader: Box<Reader>, batch: Result<Batch, FeedError> },
    Sent(Result<(), Failure>),
}

/// What is on its way.
#[derive(Clone, Copy)]
enum Sending {
    /// So many names, the first of the queue.
    Queue(usize),
    /// What was refused, by its place.
    Held(usize),
}

/// What waits because it failed.
#[derive(Default)]
struct Pause {
    /// How often in a row.
    failures: u32,
    until: Option<Instant>,
    why: Option<String>,
}

impl Pause {
    fn is_over(&self, now: Instant) -> bool {
        self.until.is_none_or(|until| until <= now)
    }
}

/// Where the names come from.
enum Stage {
    /// Those that there are, after this one.
    Existing(Option<Named>),
    /// The log. The reader is away while it waits.
    Log(Option<Box<Reader>>),
}

/// The lane by which one region gets users, keys, groups and policies.
pub(crate) struct Lane {
    /// The region that the lane leads to.
    name: RegionName,
    /// The event that added the link.
    pub(crate) id: u64,
    client: Arc<Client>,
    shared: Shared,
    stage: Stage,
    /// What is to be sent next.
    queue: VecDeque<Name>,
    /// What was refused.
    held: Held,
    /// How many of these are sent one by one, because some of them is refused.
    apart: usize,
    /// All up to this place is in the queue, or sent.
    read_to: u64,
    /// What the log has; `None` before those that there were are sent.
    said: Option<u64>,
    /// Whether something was sent of which the log does not know.
    has_sent: bool,
    jobs: JoinSet<Done>,
    ended: Vec<Done>,
    /// Whether a job ended without saying how.
    is_broken: bool,
    /// What is on its way. There is one request at a time.
    sending: Option<Sending>,
    sent: Pause,
    read: Pause,
}

impl Lane {
    pub(crate) fn new((name, row): (RegionName, &LinkRow), client: Client, shared: Shared, last: u64) -> Self {
        let stage = match row.identities_sent {
            Some(sent) => Stage::Log(Some(Box::new(shared.feed.follow(Start { next: sent + 1, since: None, last })))),
            None => Stage::Existing(None),
        };
        Self {
            name,
            id: row.id,
            client: Arc::new(client),
            shared,
            stage,
            queue: VecDeque::new(),
            held: Held::default(),
            apart: 0,
            read_to: row.identities_sent.unwrap_or(row.id),
            said: row.identities_sent,
            has_sent: false,
            jobs: JoinSet::new(),
            ended: Vec::new(),
            is_broken: false,
            sending: None,
            sent: Pause::default(),
            read: Pause::default(),
        }
    }

    /// Takes over what ended, and begins what may begin.
    pub(crate) fn advance(&mut self, snapshot: &Snapshot, now: Instant) -> Result<(), Trouble> {
        if self.is_broken {
            self.begin_anew(snapshot, now)?;
        }
        for done in std::mem::take(&mut self.ended) {
            match done {
                Done::Read { reader, batch } => self.took(reader, batch, now),
                Done::Sent(result) => self.took_answer(result, now),
            }
        }
        if self.sending.is_some() || !self.sent.is_over(now) {
            return Ok(());
        }
        while let Some(place) = self.held.due(now) {
            let name: Vec<Name> = self.held.name(place).into_iter().cloned().collect();
            let Some(changes) = self.opened(snapshot, &name, now)? else {
                return Ok(());
            };
            if !changes.is_empty() {
                self.send(changes, Sending::Held(place));
                return Ok(());
            }
            // What it belongs to is gone.
            self.held.take(place);
        }
        loop {
            if self.queue.is_empty() && !self.refill(snapshot, now)? {
                return Ok(());
            }
            let names = if self.apart > 0 { 1 } else { NAMES_AT_ONCE.min(self.queue.len()) };
            let next: Vec<Name> = self.queue.iter().take(names).cloned().collect();
            let Some(changes) = self.opened(snapshot, &next, now)? else {
                return Ok(());
            };
            if !changes.is_empty() {
                self.send(changes, Sending::Queue(names));
                return Ok(());
            }
            self.pass(names);
        }
    }

    /// A job panicked, which has logged that. What it had is read and sent once more.
    fn begin_anew(&mut self, snapshot: &Snapshot, now: Instant) -> Result<(), Trouble> {
        self.jobs = JoinSet::new();
        self.ended.clear();
        self.is_broken = false;
        if let Stage::Log(reader) = &mut self.stage {
            let start = Start { next: self.read_to + 1, since: None, last: snapshot.cursor()?.sequence };
            *reader = Some(Box::new(self.shared.feed.follow(start)));
        }
        let why = "a task of this process panicked".to_owned();
        match self.sending.take() {
            Some(_) => self.sent = self.paused(&self.sent, why, None, now),
            None => self.read = self.paused(&self.read, why, None, now),
        }
        Ok(())
    }

    /// Finds what is to be sent next. Returns whether there may be something now.
    fn refill(&mut self, snapshot: &Snapshot, now: Instant) -> Result<bool, Trouble> {
        match &mut self.stage {
            Stage::Existing(after) => {
                let page = snapshot.list_made(after.as_ref(), MADE_AT_ONCE)?;
                let Some((last, _)) = page.last() else {
                    let start = Start { next: self.id + 1, since: None, last: snapshot.cursor()?.sequence };
                    self.stage = Stage::Log(Some(Box::new(self.shared.feed.follow(start))));
                    self.has_sent = true;
                    return Ok(true);
                };
                *after = Some(last.clone());
                for (name, _) in &page {
                    let mut known = BTreeSet::from([Name::from(name.clone())]);
                    known.extend(snapshot.written_of(name)?.into_iter().map(Name::from));
                    self.queue.extend(known);
                }
                Ok(true)
            }
            Stage::Log(reader) => {
                if self.read.is_over(now)
                    && let Some(mut reader) = reader.take()
                {
                    self.jobs.spawn(async move {
                        let batch = reader.next().await;
                        Done::Read { reader, batch }
                    });
                }
                Ok(false)
            }
        }
    }

    /// Takes over what was read of the log.
    fn took(&mut self, reader: Box<Reader>, batch: Result<Batch, FeedError>, now: Instant) {
        self.stage = Stage::Log(Some(reader));
        match batch {
            Ok(batch) => {
                self.read = Pause::default();
                self.read_to = batch.until;
                let mut known = BTreeSet::new();
                for name in batch.entries.iter().filter_map(|entry| to_share(&entry.event.fact)) {
                    // What is sent is what is there now, so once is enough.
                    if known.insert(name.clone()) {
                        self.queue.push_back(name);
                    }
                }
            }
            Err(error) => {
                self.read = self.paused(&self.read, format!("the log cannot be read: {error}"), None, now);
            }
        }
    }

    /// The changes of some names; `None` if this process cannot open their secrets, for which all waits.
    fn opened(
        &mut self,
        snapshot: &Snapshot,
        names: &[Name],
        now: Instant,
    ) -> Result<Option<Vec<Change<InClear>>>, StateError> {
        let changes = self.changes(snapshot, names)?.into_iter();
        let sealers = &self.shared.source.sealers;
        match changes.filter_map(|change| opened(sealers, change).transpose()).collect() {
            Ok(changes) => Ok(Some(changes)),
            Err(error) => {
                self.sent = self.paused(&self.sent, format!("a secret cannot be opened: {error}"), None, now);
                Ok(None)
            }
        }
    }

    /// What is under some names now, after all that they belong to.
    fn changes(&self, snapshot: &Snapshot, names: &[Name]) -> Result<Vec<Change<Sealed>>, StateError> {
        let (mut changes, mut known) = (Vec::new(), BTreeSet::new());
        for name in names {
            let own = shared_of(&**snapshot, name, &self.shared.region)?;
            if own.is_empty() {
                continue;
            }
            for owner in name.owners() {
                if known.insert(owner.clone()) {
                    changes.extend(shared_of(&**snapshot, &owner, &self.shared.region)?);
                }
            }
            if known.insert(name.clone()) {
                changes.extend(own);
            }
        }
        Ok(changes)
    }

    fn send(&mut self, changes: Vec<Change<InClear>>, sending: Sending) {
        self.sending = Some(sending);
        let (client, now) = (Arc::clone(&self.client), (self.shared.now)());
        self.jobs.spawn(async move {
            let sent = Sent { form: Sent::<InClear>::FORM, changes };
            Done::Sent(match serde_json::to_vec(&sent) {
                Ok(body) => client.send_identities(Bytes::from(body), now).await,
                Err(error) => Err(Failure::Refused(format!("it has no JSON form: {error}"))),
            })
        });
    }

    fn took_answer(&mut self, result: Result<(), Failure>, now: Instant) {
        let Some(sending) = self.sending.take() else { return };
        let (why, after) = match result {
            Ok(()) => {
                self.sent = Pause::default();
                self.arrived(sending);
                return;
            }
            Err(Failure::Region { why, after }) => (why, after),
            Err(Failure::Refused(why)) => return self.refused(sending, why, now),
            Err(other) => (other.to_string(), None),
        };
        self.sent = self.paused(&self.sent, why, after, now);
    }

    fn arrived(&mut self, sending: Sending) {
        self.has_sent = true;
        match sending {
            Sending::Queue(names) => {
                meters::identities_sent(&self.name, names);
                self.pass(names);
            }
            Sending::Held(place) => {
                meters::identities_sent(&self.name, 1);
                self.held.take(place);
            }
        }
    }

    /// Of several names each is sent by itself, to find the one. That one is held, and the others go on.
    fn refused(&mut self, sending: Sending, why: String, now: Instant) {
        let (name, times) = match sending {
            Sending::Queue(names) if names > 1 => {
                (self.apart, self.sent) = (names, Pause::default());
                return;
            }
            Sending::Queue(_) if !self.held.has_room() => {
                self.sent = self.paused(&self.sent, why, None, now);
                return;
            }
            Sending::Queue(names) => {
                let Some(name) = self.queue.front().cloned() else { return };
                self.pass(names);
                (name, 1)
            }
            Sending::Held(place) => {
                let Some(before) = self.held.take(place) else { return };
                (before.name, before.times + 1)
            }
        };
        self.sent = Pause::default();
        if times >= ATTEMPTS_MAX {
            tracing::warn!(region = %self.name, ?name, %why, "another region refuses a change, which is left out");
            meters::identity_refused(&self.name);
            return;
        }
        let not_before = now + back_off(times, None, PAUSE_MAX, self.random());
        self.held.push(Refused { name, times, why, not_before });
    }

    /// The first names are done.
    fn pass(&mut self, names: usize) {
        self.queue.drain(..names.min(self.queue.len()));
        self.apart = self.apart.saturating_sub(names);
    }

    fn random(&self) -> u16 {
        let mut bytes = [0; 2];
        // Without randomness the pauses are not spread, and that is all.
        if (self.shared.random)(&mut bytes) { u16::from_le_bytes(bytes) } else { 0 }
    }

    /// The pause after one more failure.
    fn paused(&self, before: &Pause, why: String, after: Option<Duration>, now: Instant) -> Pause {
        let failures = before.failures + 1;
        let until = now + back_off(failures, after, PAUSE_MAX, self.random());
        Pause { failures, until: Some(until), why: Some(why) }
    }

    /// Why something is not sent at present.
    pub(crate) fn why(&self) -> Option<String> {
        self.sent.why.clone().or_else(|| self.read.why.clone()).or_else(|| self.held.why())
    }

    /// What the log is to be told, and up to which place it then is.
    pub(crate) fn to_say(&self) -> Option<(LinkCommand, u64)> {
        let is_there = self.has_all();
        let is_quiet = !self.has_sent && self.read_to < self.said.unwrap_or_default() + QUIET_EVENTS;
        if !is_there || is_quiet || self.said.is_some_and(|said| said >= self.read_to) {
            return None;
        }
        let note = LinkCommand::NoteIdentities { link: self.name.clone(), added: self.id, up_to: self.read_to };
        Some((note, self.read_to))
    }

    /// Records that the log has the place `up_to`. What was sent after it is recorded the next time.
    pub(crate) fn was_said(&mut self, up_to: u64) {
        self.has_sent &= self.read_to > up_to;
        self.said = Some(up_to);
    }

    /// Whether something was sent of which the log does not know.
    pub(crate) fn has_news(&self) -> bool {
        self.has_sent && self.has_all()
    }

    /// Whether all that was read is there, or left out for good.
    fn has_all(&self) -> bool {
        self.queue.is_empty() && self.held.is_empty() && matches!(self.stage, Stage::Log(_))
    }

    /// Whether nothing is left to send.
    pub(crate) fn is_done(&self) -> bool {
        !self.has_sent && self.has_all()
    }

    /// The number of names that were read and are not sent.
    pub(crate) fn left(&self) -> u64 {
        (self.queue.len() + self.held.len()) as u64
    }

    /// When something that waits may begin.
    pub(crate) fn next_due(&self, now: Instant) -> Option<Instant> {
        if self.sending.is_some() {
            return None;
        }
        let of_pause = |pause: &Pause| pause.until.filter(|until| *until > now);
        // What is refused waits for the region, too.
        of_pause(&self.sent).or_else(|| self.held.next_due().into_iter().chain(of_pause(&self.read)).min())
    }

    /// Waits until something ended.
    pub(crate) fn poll_done(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let mut polled = Poll::Pending;
        while let Poll::Ready(Some(joined)) = self.jobs.poll_join_next(context) {
            polled = Poll::Ready(());
            match joined {
                Ok(done) => self.ended.push(done),
                Err(_panicked) => self.is_broken = true,
            }
        }
        polled
    }
}

/// A secret as the other region gets it, which seals it with its own master key.
struct InClear(Secret);

impl Serialize for InClear {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose())
    }
}

/// A change with its secrets opened. A damaged one is of no use to anybody, and holds up nothing: a user goes without such a
/// password, and such a key does not go.
///
/// # Errors
/// [`UnsealError::OtherKey`]: this process lacks a master key.
fn opened(sealers: &Sealers, mut change: Change<Sealed>) -> Result<Option<Change<InClear>>, UnsealError> {
    let password = |id: &UserId, sealed: &Sealed| sealers.unseal(sealed.as_str(), &password_context(id.as_str()));
    let key = |key: &AccessKeyId, sealed: &Sealed| sealers.unseal(sealed.as_str(), &key_context(key.as_str()));
    if let Change::User(user) = &mut change
        && let Some(sealed) = &user.password
        && password(&user.id, sealed) == Err(UnsealError::Damaged)
    {
        tracing::error!(user = %user.user, "the password of a user is damaged, and goes to no other region");
        user.password = None;
    }
    let opened = change.with_secrets(
        |id, sealed| password(id, &sealed).map(InClear),
        |id, sealed| {
            key(id, &sealed).map(InClear).inspect_err(|error| tracing::error!(key = %id, %error, "cannot be sent"))
        },
    );
    match opened {
        Err(UnsealError::Damaged) => Ok(None),
        other => other.map(Some),
    }
}
