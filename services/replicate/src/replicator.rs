use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use domain::row::LinkRow;
use domain::{Address, NoteReplicated, Rejection, View, parse_address};
use events::Fact;
use events::ids::{BucketName, RegionName};
use events::lease::Lease;
use events::replication::Destination;
use events::target::Kind;
use feed::{Feed, Reader, Start};
use futures_util::future::join_all;
use identity::{Sealers, link_context};
use ledger::{CommitError, Ledger, Snapshot, Sources};
use rustls::ClientConfig;
use shards::ShardStore;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};
use worker::{Failpoint, Handle, Lag, Profile, Step, Trouble, Worker};

use crate::client::Client;
use crate::flow::Done;
use crate::identities::Lane;
use crate::link::{Link, Shared};
use crate::meters;
use crate::note::{compared, noted};
use crate::route::Route;
use crate::source::Source;

/// How often the log says what arrived, at most, while there is more to send.
const SAY_INTERVAL: Duration = Duration::from_secs(5);

/// How soon the log says what arrived, if all that was read has.
const SAY_SOON: Duration = Duration::from_millis(500);

/// How much sooner that is.
const SAY_EARLIER: Duration = SAY_INTERVAL.saturating_sub(SAY_SOON);

/// After so many events the log says where a destination is that nothing was sent to, so that a process that begins anew
/// reads no more than these.
const QUIET_EVENTS: u64 = 100_000;

/// What is said to the log at once.
const NOTES_AT_ONCE: usize = 64;

/// How often rules and links are looked at, even if nothing says that they changed.
const LOOK_INTERVAL: Duration = Duration::from_mins(1);

/// How often metrics say how far behind destinations are.
const MEASURE_INTERVAL: Duration = Duration::from_secs(1);

/// What is wrong that is said at once.
const WRONG_SHOWN_MAX: usize = 3;

/// How long a step waits for something to end.
const STEP_TIME_MAX: Duration = Duration::from_secs(5);

/// Buckets that are read at once.
const BUCKETS_AT_ONCE: usize = 1_000;

/// How versions are sent.
#[derive(Clone)]
pub struct Options {
    /// The region.
    pub region: RegionName,
    /// How other regions are trusted over TLS.
    pub tls: Arc<ClientConfig>,
    /// What opens the keys of links and of objects.
    pub keys: Arc<Sealers>,
    /// Where the bytes are.
    pub store: ShardStore,
    /// The source of time.
    pub sources: Sources,
    /// Fills a buffer with randomness, or returns that there is none.
    pub random: fn(&mut [u8]) -> bool,
}

/// Follows the log, and sends what rules of buckets replicate.
pub struct Replicator {
    ledger: Ledger,
    shared: Shared,
    tls: Arc<ClientConfig>,
    keys: Arc<Sealers>,
    links: BTreeMap<RegionName, Link>,
    /// By which regions of the same operator get users, keys, groups and policies.
    lanes: BTreeMap<RegionName, Lane>,
    /// What goes by no link.
    unlinked: Vec<Route>,
    ended: Vec<(RegionName, usize, Done)>,
    progress: watch::Receiver<ledger::Progress>,
    /// Sees changes of rules and links.
    watch: Reader,
    /// What the log is to be told. A step that is dropped leaves it to the next one.
    notes: VecDeque<NoteReplicated>,
    is_outdated: bool,
    next_look: Instant,
    next_say: Instant,
    next_measure: Instant,
}

impl Replicator {
    /// A worker that begins where the log says that destinations are. It must be made within a tokio runtime.
    pub fn new(options: Options, ledger: Ledger) -> Self {
        meters::describe();
        let Options { region, tls, keys, store, sources, random } = options;
        let feed = Feed::start(ledger.clone(), region.clone());
        let (progress, now) = (ledger.progress(), Instant::now());
        let last = progress.borrow().cursor.sequence;
        let watch = feed.follow(Start { next: last + 1, since: None, last });
        let source = Source { ledger: ledger.clone(), store, sealers: Arc::clone(&keys) };
        let clock = sources.now.clone();
        Self {
            shared: Shared { region, source, feed, now: Arc::new(move || clock()), random },
            ledger,
            tls,
            keys,
            links: BTreeMap::new(),
            lanes: BTreeMap::new(),
            unlinked: Vec::new(),
            ended: Vec::new(),
            progress,
            watch,
            notes: VecDeque::new(),
            is_outdated: true,
            next_look: now,
            next_say: now,
            next_measure: now,
        }
    }

    /// Serves the destinations that there are, by the links that there are.
    fn look(&mut self, snapshot: &Snapshot, now: Instant) -> Result<(), Trouble> {
        let rows: BTreeMap<RegionName, LinkRow> = snapshot.links()?.into_iter().collect();
        let (links, ended) = (&mut self.links, &mut self.ended);
        links.retain(|name, link| rows.get(name).is_some_and(|row| row.id == link.id));
        // What a link that is gone has ended is of no use to another one of the same name.
        ended.retain(|(name, ..)| links.contains_key(name));
        let mut routes = routes(snapshot)?;
        let last = snapshot.cursor()?.sequence;
        self.lanes.retain(|name, lane| rows.get(name).is_some_and(|row| row.id == lane.id));
        for (name, row) in rows.iter().filter(|(_, row)| row.shares_identities) {
            if !self.lanes.contains_key(name) {
                let lane = Lane::new((name.clone(), row), self.client(name, row)?, self.shared.clone(), last);
                self.lanes.insert(name.clone(), lane);
            }
        }
        for (name, row) in &rows {
            let is_only = rows.len() == 1;
            let own = routes.extract_if(.., |route| match &route.destination.region {
                Some(region) => region == name,
                None => is_only,
            });
            let own: Vec<_> = own.collect();
            if !self.links.contains_key(name) {
                if own.is_empty() {
                    continue;
                }
                let client = self.client(name, row)?;
                self.links.insert(name.clone(), Link::new(row.id, client, self.shared.clone()));
            }
            if let Some(link) = self.links.get_mut(name) {
                link.serve(own, last, now);
            }
        }
        self.unlinked = routes;
        self.is_outdated = false;
        self.next_look = now + LOOK_INTERVAL;
        Ok(())
    }

    fn client(&self, name: &RegionName, row: &LinkRow) -> Result<Client, Trouble> {
        let halted = |why: String| Trouble::Halted(format!("the link to {name}: {why}"));
        let address = parse_address(Kind::Webhook, &row.url).map_err(|error| halted(error.to_string()))?;
        let Address::Webhook(url) = address else { return Err(halted("its address is no URL".into())) };
        let secret = self.keys.unseal(row.secret.as_str(), &link_context(name.as_str()));
        let secret = secret.map_err(|error| halted(format!("its key cannot be opened: {error}")))?;
        Ok(Client::new(url, name.to_string(), (row.access_key.clone(), secret), Arc::clone(&self.tls).into()))
    }

    /// Takes over what ended, and begins what may begin. Returns the number of changes that arrived.
    fn advance(&mut self, snapshot: &Snapshot, now: Instant) -> Result<u64, Trouble> {
        let mut of_links: BTreeMap<RegionName, Vec<(usize, Done)>> = BTreeMap::new();
        for (link, place, done) in std::mem::take(&mut self.ended) {
            of_links.entry(link).or_default().push((place, done));
        }
        let mut arrived = 0;
        for (name, link) in &mut self.links {
            arrived += link.advance(snapshot, of_links.remove(name).unwrap_or_default(), now)?;
        }
        for lane in self.lanes.values_mut() {
            lane.advance(snapshot, now)?;
        }
        Ok(arrived)
    }

    /// Says what arrived, if it is time to.
    async fn say(&mut self, handle: &Handle, now: Instant) -> Result<(), Trouble> {
        let is_due = now >= self.say_due();
        let (last, clock) = (self.last(), (self.shared.now)());
        let notes = &mut self.notes;
        for link in self.links.values_mut() {
            notes.extend(link.followings().filter_map(|following| compared(following, is_due)));
            if !is_due {
                continue;
            }
            for (following, position, _) in link.routes(last, clock) {
                let is_quiet = following.completed.is_empty() && following.failed.is_empty();
                if is_quiet && position < following.said + QUIET_EVENTS {
                    continue;
                }
                let (bucket, destination) = (following.route.name.clone(), following.route.destination.clone());
                let completed = std::mem::take(&mut following.completed);
                let failed = std::mem::take(&mut following.failed);
                let position = position.max(following.said);
                notes.extend(noted((&bucket, &destination), &completed, failed, (following.said, position)));
                following.said = position;
            }
        }
        if is_due {
            self.say_of_lanes(handle).await?;
        }
        if self.notes.is_empty() {
            return Ok(());
        }
        handle.reached(Failpoint::ReplicateSent).await;
        while !self.notes.is_empty() {
            // Those of one bucket keep their order: they are committed in the order in which they are asked for.
            let now: Vec<NoteReplicated> = self.notes.iter().take(NOTES_AT_ONCE).cloned().collect();
            let count = now.len();
            for committed in join_all(now.into_iter().map(|note| handle.commit(note))).await {
                match committed {
                    // The bucket is not replicated there any more.
                    Ok(_) | Err(CommitError::Rejected(Rejection::NoSuchBucket | Rejection::NoSuchDestination)) => {}
                    Err(error) => {
                        // What was not said is found again from where the log says that destinations are.
                        self.lost();
                        return Err(error.into());
                    }
                }
            }
            self.notes.drain(..count);
        }
        if is_due {
            self.next_say = Instant::now() + SAY_INTERVAL;
        }
        handle.reached(Failpoint::ReplicateNoted).await;
        Ok(())
    }

    /// Says how far regions have users, keys, groups and policies.
    async fn say_of_lanes(&mut self, handle: &Handle) -> Result<(), Trouble> {
        let said = |(name, lane): (&RegionName, &Lane)| lane.to_say().map(|(note, up_to)| (name.clone(), note, up_to));
        let notes: Vec<_> = self.lanes.iter().filter_map(said).collect();
        if notes.is_empty() {
            return Ok(());
        }
        self.next_say = Instant::now() + SAY_INTERVAL;
        handle.reached(Failpoint::ReplicateSent).await;
        for (name, note, up_to) in notes {
            match handle.commit(note).await {
                // The link may be gone.
                Ok(_) | Err(CommitError::Rejected(Rejection::Link(_))) => {
                    if let Some(lane) = self.lanes.get_mut(&name) {
                        lane.was_said(up_to);
                    }
                }
                Err(error) => {
                    self.lost();
                    return Err(error.into());
                }
            }
        }
        Ok(())
    }

    /// Says how far behind destinations are, and what is wrong.
    fn measure(&mut self, handle: &Handle, now: Instant) {
        if now < self.next_measure {
            return;
        }
        self.next_measure = now + MEASURE_INTERVAL;
        let (last, clock) = (self.last(), (self.shared.now)());
        let (mut lags, mut left, mut wrong) = (Vec::new(), 0, Vec::new());
        for (name, link) in &mut self.links {
            wrong.extend(link.why.as_ref().map(|why| format!("{name}: {why}")));
            left += link.left();
            let of_region = link.why.clone();
            for (following, up_to, lag) in link.routes(last, clock) {
                meters::lag(&following.route, lag);
                lags.push(Lag {
                    bucket: following.route.name.clone(),
                    destination: following.route.destination.clone(),
                    up_to,
                    changes: lag.changes,
                    bytes: lag.bytes,
                    seconds: lag.seconds,
                    is_resyncing: following.resync.is_some(),
                    why: following.why.clone().or_else(|| of_region.clone()),
                });
                let bucket = &following.route.destination.bucket;
                wrong.extend(following.why.as_ref().map(|why| format!("{name}/{bucket}: {why}")));
            }
        }
        for (name, lane) in &self.lanes {
            left += lane.left();
            wrong.extend(lane.why().map(|why| format!("{name}, users and what belongs to them: {why}")));
        }
        for route in &self.unlinked {
            let why = "no link leads to its region, or several do and the rule names none";
            wrong.push(format!("{}: {why}", route.name));
            let (bucket, destination) = (route.name.clone(), route.destination.clone());
            let (changes, bytes, seconds, is_resyncing) = (0, 0, 0.0, false);
            lags.push(Lag {
                bucket,
                destination,
                up_to: route.up_to,
                changes,
                bytes,
                seconds,
                is_resyncing,
                why: Some(why.into()),
            });
        }
        handle.left(Some(left));
        let served = format!("{} destinations in {} regions", lags.len(), self.links.len());
        handle.lags(lags);
        let shown = wrong.into_iter().take(WRONG_SHOWN_MAX);
        handle.say(&std::iter::once(served).chain(shown).collect::<Vec<_>>().join("; "));
    }

    /// The time at which this process next records in the log what has arrived.
    fn say_due(&self) -> Instant {
        if self.is_busy() { self.next_say } else { self.next_say.checked_sub(SAY_EARLIER).unwrap_or(self.next_say) }
    }

    fn last(&self) -> u64 {
        self.progress.borrow().cursor.sequence
    }

    /// Waits until something ended, rules or links changed, or it is time for something. It may be dropped.
    async fn wait(&mut self) {
        let now = Instant::now();
        let of_lanes = self.lanes.values().filter_map(|lane| lane.next_due(now));
        let due = self.links.values().filter_map(|link| link.next_due(now)).chain(of_lanes).min();
        let (mut has_news, mut has_urgent_news) = (self.lanes.values().any(Lane::has_news), false);
        for link in self.links.values_mut() {
            for following in link.followings() {
                has_news |= !following.completed.is_empty() || !following.failed.is_empty();
                has_urgent_news |= following.is_to_say();
            }
        }
        let news = has_news.then_some(self.say_due()).into_iter().chain(has_urgent_news.then_some(now));
        let due = due.into_iter().chain(news).chain([self.next_look]).min();
        let (links, lanes, ended) = (&mut self.links, &mut self.lanes, &mut self.ended);
        let finished = poll_fn(|context| {
            let mut polled = Poll::Pending;
            for lane in lanes.values_mut() {
                if lane.poll_done(context).is_ready() {
                    polled = Poll::Ready(());
                }
            }
            for (name, link) in links.iter_mut() {
                let mut of_link = Vec::new();
                if link.poll_done(context, &mut of_link).is_ready() {
                    polled = Poll::Ready(());
                    ended.extend(of_link.into_iter().map(|(place, done)| (name.clone(), place, done)));
                }
            }
            polled
        });
        let watch = &mut self.watch;
        let is_outdated = tokio::select! {
            () = finished => false,
            is_outdated = changed(watch) => is_outdated,
            () = sleep_until(due.unwrap_or(self.next_look)) => false,
        };
        self.is_outdated |= is_outdated;
    }

    /// Whether changes are under way.
    fn is_busy(&self) -> bool {
        !self.links.values().all(Link::is_done) || !self.lanes.values().all(Lane::is_done)
    }
}

/// Waits until rules or links changed. Whether they did is returned, or that it is not known.
async fn changed(watch: &mut Reader) -> bool {
    loop {
        let Ok(batch) = watch.next().await else {
            // The ledger has ended, which the next step says.
            return std::future::pending().await;
        };
        let is_about_us = |fact: &Fact| {
            matches!(
                fact,
                Fact::LinkAdded(_)
                    | Fact::LinkRemoved(_)
                    | Fact::BucketReplicationChanged(_)
                    | Fact::ReplicationResyncAsked(_)
                    | Fact::BucketCreated(_)
                    | Fact::BucketDeleted(_)
            )
        };
        if batch.entries.iter().any(|entry| is_about_us(&entry.event.fact)) {
            return true;
        }
    }
}

/// The destinations of all buckets.
fn routes(snapshot: &Snapshot) -> Result<Vec<Route>, Trouble> {
    let (mut routes, mut after): (Vec<Route>, Option<BucketName>) = (Vec::new(), None);
    loop {
        let buckets = snapshot.list_buckets(after.as_ref(), BUCKETS_AT_ONCE)?;
        let Some((last, _)) = buckets.last() else { return Ok(routes) };
        after = Some(last.clone());
        for (name, bucket) in buckets.into_iter().filter(|(_, bucket)| bucket.settings != 0) {
            let Some(row) = snapshot.bucket_settings(bucket.id)?.replication else { continue };
            let configuration = Arc::new(row.configuration);
            let mut known: Vec<&Destination> = Vec::new();
            for rule in configuration.rules.iter().filter(|rule| rule.enabled) {
                if known.contains(&&rule.destination) {
                    continue;
                }
                known.push(&rule.destination);
                let progress = row.progress.iter().find(|(known, _)| *known == rule.destination);
                let resync = row.resyncs.iter().find(|(known, _)| *known == rule.destination);
                routes.push(Route {
                    bucket: bucket.id,
                    name: name.clone(),
                    destination: rule.destination.clone(),
                    configuration: Arc::clone(&configuration),
                    since: row.since,
                    up_to: progress.map_or(row.since, |(_, up_to)| *up_to),
                    resync: resync.map(|(_, resync)| resync.clone()),
                });
            }
        }
    }
}

impl Worker for Replicator {
    fn profile(&self) -> Profile {
        Profile {
            name: "replicate",
            about: "Sends versions of buckets with replication rules to other regions.",
            unit: "changes",
            lease: Some(Lease::Replicate),
            rate: None,
        }
    }

    async fn step(&mut self, handle: &Handle) -> Result<Step, Trouble> {
        let snapshot = worker::latest(&self.ledger)?;
        let now = Instant::now();
        if self.is_outdated || now >= self.next_look {
            self.look(&snapshot, now)?;
        }
        handle.done(self.advance(&snapshot, now)?);
        self.say(handle, now).await?;
        self.measure(handle, now);
        if !self.is_busy() {
            return Ok(Step::Idle(STEP_TIME_MAX));
        }
        let _ended = timeout(STEP_TIME_MAX, self.wait()).await;
        Ok(Step::More)
    }

    /// Another process sends from where the log says that destinations are.
    fn lost(&mut self) {
        self.links.clear();
        self.lanes.clear();
        self.ended.clear();
        self.notes.clear();
        self.is_outdated = true;
    }

    async fn wake(&mut self) {
        self.wait().await;
    }
}
