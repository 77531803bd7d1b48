//! A link to another region, and all that goes by it.
//!
//! Most routes are served from one place in the log, near its end. One whose bucket takes nothing is left alone, and served
//! later from a place of its own, until it is where the others are: so it holds up nobody.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use events::ids::RegionName;
use events::replication::ReplicatedVersion;
use feed::{Feed, Start};
use ledger::{Snapshot, StateError};
use tokio::time::Instant;
use worker::{PAUSE_MAX, Trouble, back_off};

use crate::client::{Client, Payload};
use crate::failure::Failure;
use crate::flow::{Done, Flow, Following};
use crate::meters;
use crate::resync::{self, Found};
use crate::route::{Route, RouteId};
use crate::select::{Wanted, What, find};
use crate::sent::{self, Unsendable};
use crate::source::Source;
use crate::window::Change;

/// Places in the log that are served beside the usual one.
const CATCHING_UP_MAX: usize = 8;

/// How far behind the others a route may be so that it is served with them from the beginning, in events.
const TOGETHER_EVENTS: u64 = 200_000;

/// Changes of one route that wait for another attempt beside those of others.
const WAITING_MAX: usize = 64;

/// How long a version whose bytes cannot be read waits.
const UNREADABLE_WAIT: Duration = Duration::from_secs(5);

/// From this size on, the other region is asked first whether it has the bytes.
const ASKED_BYTES_MIN: u64 = 1 << 20;

/// What all links share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) region: RegionName,
    pub(crate) source: Source,
    pub(crate) feed: Feed,
    pub(crate) now: Arc<dyn Fn() -> jiff::Timestamp + Send + Sync>,
    pub(crate) random: fn(&mut [u8]) -> bool,
}

/// A route that is left alone.
struct Behind {
    following: Following,
    not_before: Instant,
}

/// A link.
pub(crate) struct Link {
    /// The event that added it.
    pub(crate) id: u64,
    client: Arc<Client>,
    shared: Shared,
    /// The usual place first.
    flows: Vec<Flow>,
    behind: BTreeMap<RouteId, Behind>,
    failures: u32,
    not_before: Option<Instant>,
    /// Why the region takes nothing at present.
    pub(crate) why: Option<String>,
}

impl Link {
    pub(crate) fn new(id: u64, client: Client, shared: Shared) -> Self {
        let (flows, behind) = (Vec::new(), BTreeMap::new());
        Self { id, client: Arc::new(client), shared, flows, behind, failures: 0, not_before: None, why: None }
    }

    /// Serves these routes from now on. `last`: the last entry of the log.
    pub(crate) fn serve(&mut self, routes: Vec<Route>, last: u64, now: Instant) {
        let mut wanted: BTreeMap<RouteId, Route> = routes.into_iter().map(|route| (route.id(), route)).collect();
        for flow in &mut self.flows {
            let gone: Vec<_> = flow.routes.keys().filter(|id| !wanted.contains_key(*id)).cloned().collect();
            for id in gone {
                flow.detach(&id);
            }
            for (id, following) in &mut flow.routes {
                if let Some(route) = wanted.remove(id) {
                    following.update(route);
                }
            }
        }
        self.behind.retain(|id, behind| match wanted.remove(id) {
            Some(route) => {
                behind.following.update(route);
                true
            }
            None => false,
        });
        let newest = wanted.values().map(|route| route.up_to).max().unwrap_or(last);
        if self.flows.is_empty() {
            let near = wanted.values().map(|route| route.up_to).filter(|up_to| *up_to + TOGETHER_EVENTS >= newest);
            let flow = self.flow_from(near.min().unwrap_or(last), last);
            self.flows.push(flow);
        }
        for (id, route) in wanted {
            let following = Following::new(route);
            if following.from >= self.flows[0].read_to {
                self.flows[0].routes.insert(id, following);
            } else {
                self.behind.insert(id, Behind { following, not_before: now });
            }
        }
    }

    fn flow_from(&self, position: u64, last: u64) -> Flow {
        Flow::new(self.shared.feed.follow(Start { next: position + 1, since: None, last }))
    }

    /// Takes over what ended, and begins what may begin. Returns the number of changes that arrived.
    pub(crate) fn advance(
        &mut self,
        snapshot: &Snapshot,
        ended: Vec<(usize, Done)>,
        now: Instant,
    ) -> Result<u64, Trouble> {
        let mut arrived = 0;
        for (place, done) in ended {
            arrived += self.absorb(place, done, now);
        }
        self.join();
        self.catch_up(snapshot.cursor()?.sequence, now);
        let is_paused = self.not_before.is_some_and(|at| at > now);
        for place in 0..self.flows.len() {
            let flow = &mut self.flows[place];
            flow.fill(&**snapshot)?;
            flow.read(now);
            while !is_paused && let Some((number, change)) = flow.window.take(now) {
                let Some(route) = flow.routes.get(&change.route).map(|following| following.route.clone()) else {
                    continue;
                };
                let (shared, client) = (self.shared.clone(), Arc::clone(&self.client));
                flow.jobs.spawn(async move {
                    Done::Sent { number, result: Box::pin(send(&shared, &client, &route, &change)).await }
                });
            }
            if !is_paused && flow.window.has_room() {
                compare(flow, (&self.shared, &self.client), snapshot, now)?;
            }
        }
        Ok(arrived)
    }

    fn absorb(&mut self, place: usize, done: Done, now: Instant) -> u64 {
        let random = self.random();
        let Some(flow) = self.flows.get_mut(place) else { return 0 };
        let (number, result) = match done {
            Done::Read { reader, batch } => {
                if let Some(error) = flow.took(reader, batch) {
                    tracing::warn!(%error, "the log cannot be read for another region");
                    flow.read_not_before = Some(now + back_off(1, None, PAUSE_MAX, random));
                }
                return 0;
            }
            Done::Compared { route, asked, result } => {
                self.compared(place, &route, asked, result, now);
                return 0;
            }
            Done::Sent { number, result } => (number, result),
        };
        match result {
            Ok(()) => {
                (self.failures, self.not_before, self.why) = (0, None, None);
                let Some(change) = flow.window.done(number) else { return 0 };
                arrived(flow, &change);
                return 1;
            }
            Err(
                failure
                @ (Failure::Refused(_) | Failure::Invalid(_) | Failure::VersionWanted(_) | Failure::BytesWanted),
            ) => {
                let why = failure.to_string();
                let given_up = flow.window.refused(number, now, |attempts| back_off(attempts, None, PAUSE_MAX, random));
                match given_up {
                    Some(change) => give_up(flow, &change, why),
                    None => self.limit_waiting(place, number, why, now),
                }
            }
            Err(Failure::Impossible(why)) => {
                if let Some(change) = flow.window.done(number) {
                    give_up(flow, &change, why);
                }
            }
            Err(Failure::Unreadable(why)) => {
                tracing::warn!(%why, "a version cannot be read for another region");
                flow.window.again(number, Some(now + UNREADABLE_WAIT));
                self.limit_waiting(place, number, why, now);
            }
            Err(Failure::Region { why, after }) => {
                flow.window.again(number, None);
                self.leave_alone(why, after, now);
            }
            Err(Failure::Bucket(why)) => {
                let Some(id) = flow.window.route_of(number) else { return 0 };
                self.set_behind(place, id, why, now);
            }
        }
        0
    }

    /// Leaves a route alone of which so many changes wait for another attempt that others would find no room.
    fn limit_waiting(&mut self, place: usize, number: u64, why: String, now: Instant) {
        let Some(window) = self.flows.get(place).map(|flow| &flow.window) else { return };
        let Some(id) = window.route_of(number) else { return };
        if window.routes() > 1 && window.waiting_of(&id) > WAITING_MAX {
            self.set_behind(place, id, why, now);
        }
    }

    /// The region takes nothing at present.
    fn leave_alone(&mut self, why: String, after: Option<Duration>, now: Instant) {
        if self.not_before.is_none_or(|at| at <= now) {
            self.failures += 1;
            self.not_before = Some(now + back_off(self.failures, after, PAUSE_MAX, self.random()));
            self.why = Some(why);
        }
    }

    /// The bucket of a route takes nothing at present.
    fn set_behind(&mut self, place: usize, id: RouteId, why: String, now: Instant) {
        let random = self.random();
        let Some(mut following) = self.flows.get_mut(place).and_then(|flow| flow.detach(&id)) else { return };
        following.failures += 1;
        following.why = Some(why);
        let not_before = now + back_off(following.failures, None, PAUSE_MAX, random);
        self.behind.insert(id, Behind { following, not_before });
    }

    /// Takes over what a comparison found, if that is still wanted.
    fn compared(&mut self, place: usize, id: &RouteId, asked: u64, result: Result<Found, Failure>, now: Instant) {
        let following = self.flows.get_mut(place).and_then(|flow| flow.routes.get_mut(id));
        let Some(following) = following else { return };
        let Some(resync) = following.resync.as_mut().filter(|resync| resync.asked == asked) else { return };
        match result {
            Ok(found) => {
                resync.took(found);
                (self.failures, self.not_before, self.why) = (0, None, None);
            }
            Err(Failure::Region { why, after }) => {
                resync.again(None);
                self.leave_alone(why, after, now);
            }
            Err(Failure::Bucket(why)) => self.set_behind(place, id.clone(), why, now),
            Err(failure) => {
                following.why = Some(format!("it cannot be compared: {failure}"));
                resync.again(Some(now + UNREADABLE_WAIT));
            }
        }
    }

    /// Routes that are where the others are go on with them.
    fn join(&mut self) {
        let mut place = 1;
        while place < self.flows.len() {
            let (flow, usual) = (&self.flows[place], &self.flows[0]);
            let has_caught_up = flow.is_done() && flow.read_to >= usual.read_to;
            if !flow.routes.is_empty() && !has_caught_up {
                place += 1;
                continue;
            }
            let mut flow = self.flows.remove(place);
            let read_to = flow.read_to;
            for (id, mut following) in std::mem::take(&mut flow.routes) {
                following.from = read_to;
                self.flows[0].routes.insert(id, following);
            }
        }
    }

    /// Routes that were left alone are served again when it is time to.
    fn catch_up(&mut self, last: u64, now: Instant) {
        let due: Vec<RouteId> =
            self.behind.iter().filter(|(_, behind)| behind.not_before <= now).map(|(id, _)| id.clone()).collect();
        for id in due {
            if self.flows.len() > CATCHING_UP_MAX {
                return;
            }
            let Some(Behind { following, .. }) = self.behind.remove(&id) else { continue };
            let mut flow = self.flow_from(following.from, last);
            flow.routes.insert(id, following);
            self.flows.push(flow);
        }
    }

    /// Waits until something ended.
    pub(crate) fn poll_done(&mut self, context: &mut Context<'_>, ended: &mut Vec<(usize, Done)>) -> Poll<()> {
        let mut polled = Poll::Pending;
        for (place, flow) in self.flows.iter_mut().enumerate() {
            let mut of_flow = Vec::new();
            if flow.poll_done(context, &mut of_flow).is_ready() {
                polled = Poll::Ready(());
                ended.extend(of_flow.into_iter().map(|done| (place, done)));
            }
        }
        polled
    }

    /// When something that waits may begin.
    pub(crate) fn next_due(&self, now: Instant) -> Option<Instant> {
        let windows = self.flows.iter().filter_map(|flow| flow.window.next_due());
        let reads = self.flows.iter().filter_map(|flow| flow.read_not_before);
        let behind = self.behind.values().map(|behind| behind.not_before);
        let resyncs = self.flows.iter().flat_map(|flow| flow.routes.values());
        let resyncs = resyncs.filter_map(|following| following.resync.as_ref()?.next_due());
        windows.chain(reads).chain(behind).chain(resyncs).chain(self.not_before).filter(|at| *at > now).min()
    }

    /// All routes.
    pub(crate) fn followings(&mut self) -> impl Iterator<Item = &mut Following> {
        let served = self.flows.iter_mut().flat_map(|flow| flow.routes.values_mut());
        served.chain(self.behind.values_mut().map(|behind| &mut behind.following))
    }

    /// All routes, with where they are: what follows, its position, and how far behind it is.
    pub(crate) fn routes(&mut self, last: u64, now: jiff::Timestamp) -> Vec<(&mut Following, u64, meters::Behind)> {
        let seconds = |oldest: Option<jiff::Timestamp>| {
            oldest.map_or(0.0, |oldest| now.duration_since(oldest).as_secs_f64().max(0.0))
        };
        let mut all = Vec::new();
        for flow in &mut self.flows {
            let known: BTreeMap<RouteId, (u64, meters::Behind)> = flow
                .routes
                .iter()
                .map(|(id, following)| {
                    let position = flow.position(id).max(following.from);
                    let (changes, bytes) = flow.window.left_of(id);
                    let events = last.saturating_sub(position);
                    // What a route that was left alone waits for is read again first.
                    let (changes, bytes) = if changes == 0 { following.left } else { (changes, bytes) };
                    let seconds = seconds(flow.oldest(id).or(following.oldest));
                    (id.clone(), (position, meters::Behind { events, changes, bytes, seconds }))
                })
                .collect();
            all.extend(flow.routes.iter_mut().filter_map(|(id, following)| {
                let (position, lag) = known.get(id).copied()?;
                Some((following, position, lag))
            }));
        }
        for behind in self.behind.values_mut() {
            let position = behind.following.from;
            let (events, seconds) = (last.saturating_sub(position), seconds(behind.following.oldest));
            let (changes, bytes) = behind.following.left;
            let lag = meters::Behind { events, changes, bytes, seconds };
            all.push((&mut behind.following, position, lag));
        }
        all
    }

    /// The number of changes that were read and are not there.
    pub(crate) fn left(&self) -> u64 {
        self.flows.iter().map(Flow::left).sum()
    }

    /// Whether all that was read is done.
    pub(crate) fn is_done(&self) -> bool {
        self.flows.iter().all(Flow::is_done)
    }

    /// Randomness for pauses. Without any, pauses are the shortest.
    fn random(&self) -> u16 {
        let mut bytes = [0; 2];
        if (self.shared.random)(&mut bytes) { u16::from_le_bytes(bytes) } else { 0 }
    }
}

/// Compares the next pages of the routes of a flow with their destinations.
fn compare(
    flow: &mut Flow,
    (shared, client): (&Shared, &Arc<Client>),
    snapshot: &Snapshot,
    now: Instant,
) -> Result<(), Trouble> {
    for (id, following) in &mut flow.routes {
        let Some(resync) = &mut following.resync else { continue };
        let Some((after, only_pending)) = resync.begin(now) else { continue };
        let (route, asked) = (id.clone(), resync.asked);
        let page = resync::page(snapshot, &following.route, (after.as_ref(), only_pending))
            .inspect_err(|_| resync.again(None))?;
        let (client, time) = (Arc::clone(client), (shared.now)());
        flow.jobs.spawn(async move {
            let differing = if page.comparison.versions.is_empty() {
                Ok(Vec::new())
            } else {
                client.compare(&route.1.bucket, &page.comparison, time).await
            };
            Done::Compared { route, asked, result: differing.map(|places| page.found(&places)) }
        });
    }
    Ok(())
}

fn version(change: &Change) -> ReplicatedVersion {
    ReplicatedVersion { key: change.wanted.key.clone(), version_id: change.wanted.version }
}

fn arrived(flow: &mut Flow, change: &Change) {
    let Some(following) = flow.routes.get_mut(&change.route) else { return };
    (following.failures, following.why, following.oldest, following.left) = (0, None, None, (0, 0));
    meters::sent(&following.route, change.wanted.size);
    if matches!(change.wanted.what, What::Version | What::DeleteMarker) {
        following.completed.push(version(change));
    }
}

fn give_up(flow: &mut Flow, change: &Change, why: String) {
    let Some(following) = flow.routes.get_mut(&change.route) else { return };
    tracing::warn!(
        bucket = %following.route.name, version = %change.wanted.version, %why,
        "another region refuses a version, which is given up"
    );
    meters::failed(&following.route);
    if change.wanted.what != What::Removal {
        following.failed.push((version(change), why));
    }
}

/// Sends a change, once. If it is a change of a version that is not there, the version is sent as it is now, and then the
/// change: another region may have delivered the version meanwhile, as it was before.
async fn send(shared: &Shared, client: &Client, route: &Route, change: &Change) -> Result<(), Failure> {
    match send_as(shared, client, route, change, &change.wanted).await {
        Err(Failure::VersionWanted(why)) if change.wanted.what != What::Version => {
            if !is_covered(shared, route, &change.wanted)? {
                tracing::debug!(%why, "a change is left out of a version that no rule sends there");
                return Ok(());
            }
            let wanted = Wanted { what: What::Version, ..change.wanted.clone() };
            send_as(shared, client, route, change, &wanted).await?;
            match send_as(shared, client, route, change, &change.wanted).await {
                // It was deleted there for good.
                Err(Failure::VersionWanted(_)) => Ok(()),
                sent => sent,
            }
        }
        sent => sent,
    }
}

/// Whether a rule sends a version to the destination of a route, as the version is now.
fn is_covered(shared: &Shared, route: &Route, wanted: &Wanted) -> Result<bool, Failure> {
    let unread = |error: StateError| Failure::Unreadable(error.to_string());
    let snapshot = shared.source.ledger.latest();
    let named = (&wanted.key, wanted.version, wanted.null);
    let row = find(&**snapshot, route.bucket, named).map_err(unread)?;
    Ok(row.is_some_and(|row| resync::is_covered(route, &wanted.key, &row)))
}

/// Sends what is wanted of a version, once. What is gone by now is as good as sent.
async fn send_as(
    shared: &Shared,
    client: &Client,
    route: &Route,
    change: &Change,
    wanted: &Wanted,
) -> Result<(), Failure> {
    let unread = |error: StateError| Failure::Unreadable(error.to_string());
    let snapshot = shared.source.ledger.latest();
    let named = (&wanted.key, wanted.version, wanted.null);
    let row = find(&**snapshot, route.bucket, named).map_err(unread)?;
    let object = row.as_ref().and_then(|row| row.object.as_ref());
    let rules = object.map(|object| route.configuration.of_object(&wanted.key, &object.attributes.tags));
    let rule = rules.into_iter().flatten().find(|rule| rule.destination == route.destination);
    let at = (change.sequence, change.at, rule);
    let bucket = &route.destination.bucket;
    let written = sent::write(&**snapshot, (&shared.region, bucket), wanted, row.as_ref(), at);
    let written = written.map_err(|error| match error {
        Unsendable::View(error) => unread(error),
        Unsendable::Unwritten(error) => Failure::Refused(error.to_string()),
    })?;
    let Some(written) = written else { return Ok(()) };
    let nothing = || Payload::Whole(bytes::Bytes::new());
    let Some(object) = object.filter(|_| wanted.what == What::Version) else {
        return client.send(&written, nothing(), (shared.now)()).await;
    };
    // The other region may have bytes that it knows by their SHA-256.
    if object.size >= ASKED_BYTES_MIN && sent::body_sha256(object).is_some() {
        match client.send(&written, nothing(), (shared.now)()).await {
            Err(Failure::BytesWanted) => {}
            answered => return answered,
        }
    }
    let payload = shared.source.payload(&snapshot, object).await?;
    client.send(&written, payload, (shared.now)()).await
}
