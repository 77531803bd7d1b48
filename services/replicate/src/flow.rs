//! A place in the log from which some destinations of one region are served: what is read there, and what is under way.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::task::{Context, Poll};

use domain::View;
use events::Fact;
use events::replication::ReplicatedVersion;
use feed::{Batch, Entry, FeedError, Reader};
use jiff::Timestamp;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::failure::Failure;
use crate::resync::{Found, Resync};
use crate::route::{Route, RouteId};
use crate::select::select;
use crate::window::{Change, Window};

/// A route as it is served.
#[derive(Debug, Clone)]
pub(crate) struct Following {
    pub(crate) route: Route,
    /// Entries up to this one are passed over: all that they ask for is done.
    pub(crate) from: u64,
    /// Versions that are there, and the log does not say so.
    pub(crate) completed: Vec<ReplicatedVersion>,
    /// Versions that were refused for good, and the log does not say so.
    pub(crate) failed: Vec<(ReplicatedVersion, String)>,
    /// The place that the log has.
    pub(crate) said: u64,
    /// How often in a row the bucket there took nothing, and why.
    pub(crate) failures: u32,
    pub(crate) why: Option<String>,
    /// The time of the first change that waits while the route is left alone, and the changes and bytes that were read then.
    pub(crate) oldest: Option<Timestamp>,
    pub(crate) left: (u64, u64),
    /// The comparison that is under way.
    pub(crate) resync: Option<Resync>,
}

impl Following {
    pub(crate) fn new(route: Route) -> Self {
        let from = route.up_to;
        let (completed, failed) = (Vec::new(), Vec::new());
        let resync = route.resync.clone().map(Resync::new);
        Self { route, from, completed, failed, said: from, failures: 0, why: None, oldest: None, left: (0, 0), resync }
    }

    /// Takes over the route as the state has it now.
    pub(crate) fn update(&mut self, route: Route) {
        let asked = route.resync.as_ref().map(|row| row.asked);
        if self.resync.as_ref().map(|resync| resync.asked) != asked {
            self.resync = route.resync.clone().map(Resync::new);
        }
        self.route = route;
    }

    /// Whether the log is to be told something of it at once.
    pub(crate) fn is_to_say(&self) -> bool {
        self.resync.as_ref().is_some_and(Resync::is_to_say)
    }
}

/// What ended.
pub(crate) enum Done {
    Read { reader: Box<Reader>, batch: Result<Batch, FeedError> },
    Sent { number: u64, result: Result<(), Failure> },
    Compared { route: RouteId, asked: u64, result: Result<Found, Failure> },
}

/// A place in the log, and what follows from it.
pub(crate) struct Flow {
    pub(crate) routes: BTreeMap<RouteId, Following>,
    pub(crate) window: Window,
    /// All entries up to this one are in the window, or are not wanted.
    pub(crate) read_to: u64,
    reader: Option<Box<Reader>>,
    unread: VecDeque<Arc<Entry>>,
    /// The last entry of the batch.
    until: u64,
    pub(crate) jobs: JoinSet<Done>,
    /// No reading before, because it failed.
    pub(crate) read_not_before: Option<Instant>,
}

impl Flow {
    pub(crate) fn new(reader: Reader) -> Self {
        let read_to = reader.position();
        Self {
            routes: BTreeMap::new(),
            window: Window::default(),
            read_to,
            reader: Some(Box::new(reader)),
            unread: VecDeque::new(),
            until: read_to,
            jobs: JoinSet::new(),
            read_not_before: None,
        }
    }

    /// Looks at what was read, as far as the window has room for it.
    pub(crate) fn fill<V: View>(&mut self, view: &V) -> Result<(), V::Error> {
        while self.window.has_room() {
            let Some(entry) = self.unread.front() else {
                self.read_to = self.until;
                return Ok(());
            };
            if self.awaits_rules(entry) {
                self.read_to = entry.sequence.saturating_sub(1);
                return Ok(());
            }
            if let Some(bucket) = entry.event.fact.bucket() {
                for (id, following) in &self.routes {
                    if following.route.name != *bucket || entry.sequence <= following.from {
                        continue;
                    }
                    let (sequence, at) = (entry.sequence, entry.event.time);
                    for wanted in select(view, &following.route, entry)? {
                        self.window.push(Change { route: id.clone(), wanted, sequence, at });
                    }
                }
            }
            self.read_to = entry.sequence;
            self.unread.pop_front();
        }
        Ok(())
    }

    /// Whether an entry changed the rules of a route that still has those from before it. What is behind it is judged by the
    /// new ones, which come with the next look at the state.
    fn awaits_rules(&self, entry: &Entry) -> bool {
        let Fact::BucketReplicationChanged(changed) = &entry.event.fact else { return false };
        let is_old = |route: &Route| {
            route.name == changed.bucket && route.since < entry.sequence && route.bucket.0 < entry.sequence
        };
        self.routes.values().any(|following| is_old(&following.route))
    }

    /// Reads on, if there is room.
    pub(crate) fn read(&mut self, now: Instant) {
        let may = self.unread.is_empty() && self.window.has_room() && self.read_not_before.is_none_or(|at| at <= now);
        if !may {
            return;
        }
        if let Some(mut reader) = self.reader.take() {
            self.jobs.spawn(async move {
                let batch = reader.next().await;
                Done::Read { reader, batch }
            });
        }
    }

    /// Takes over what was read. Returns why nothing was.
    pub(crate) fn took(&mut self, reader: Box<Reader>, batch: Result<Batch, FeedError>) -> Option<FeedError> {
        self.reader = Some(reader);
        match batch {
            Ok(batch) => {
                self.until = batch.until;
                self.unread = batch.entries.into();
                None
            }
            Err(error) => Some(error),
        }
    }

    /// Up to where a route has everything.
    pub(crate) fn position(&self, route: &RouteId) -> u64 {
        self.window.first_of(route).map_or(self.read_to, |change| change.sequence.saturating_sub(1))
    }

    /// The time of the first change of a route that is not there, as far as it is known.
    pub(crate) fn oldest(&self, route: &RouteId) -> Option<Timestamp> {
        let unread = || self.unread.front().map(|entry| entry.event.time);
        self.window.first_of(route).map(|change| change.at).or_else(unread)
    }

    /// Whether nothing is under way and nothing was read that is not done.
    pub(crate) fn is_done(&self) -> bool {
        let is_compared = self.routes.values().all(|following| following.resync.is_none());
        self.window.is_empty() && self.unread.is_empty() && is_compared
    }

    /// The number of changes that were read and are not there.
    pub(crate) fn left(&self) -> u64 {
        self.window.len() + self.unread.len() as u64
    }

    /// Takes a route out, to be served from where it is.
    pub(crate) fn detach(&mut self, id: &RouteId) -> Option<Following> {
        let (position, oldest, left) = (self.position(id), self.oldest(id), self.window.left_of(id));
        let mut following = self.routes.remove(id)?;
        following.from = position.max(following.from);
        (following.oldest, following.left) = (oldest.or(following.oldest), left);
        if let Some(resync) = &mut following.resync {
            resync.again(None);
        }
        self.window.drop_route(id);
        Some(following)
    }

    /// Takes what ended, if something did.
    pub(crate) fn poll_done(&mut self, context: &mut Context<'_>, ended: &mut Vec<Done>) -> Poll<()> {
        let mut polled = Poll::Pending;
        while let Poll::Ready(Some(joined)) = self.jobs.poll_join_next(context) {
            polled = Poll::Ready(());
            // One that panicked has logged that; its change stays under way, and its flow is made anew with the lease.
            ended.extend(joined.ok());
        }
        polled
    }
}
