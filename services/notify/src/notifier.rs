use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::{SETTLED_AT_ONCE_MAX, TARGETS_MAX, TargetCommand};
use events::ids::{RegionName, TargetName};
use events::lease::Lease;
use events::target::Progress;
use feed::{Feed, Start};
use futures_util::StreamExt;
use futures_util::future::{AbortHandle, Abortable, BoxFuture};
use futures_util::stream::FuturesUnordered;
use identity::Sealers;
use ledger::{Ledger, Snapshot, Sources};
use rustls::ClientConfig;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};
use worker::{Failpoint, Handle, Profile, Step, Trouble, Worker};

use crate::dns::Resolve;
use crate::endpoint::{Endpoint, Shared};
use crate::following::Following;
use crate::job::{self, Bench, Done};
use crate::meters;
use crate::webhook::Outside;

/// How often the log says how far targets are, at most.
const SAY_INTERVAL: Duration = Duration::from_secs(5);

/// How often the settings of targets are looked at, at most.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);

/// How long a step waits for a job.
const STEP_TIME_MAX: Duration = Duration::from_secs(5);

/// Dead letters that one job sends again.
const REDELIVERED_AT_ONCE_MAX: usize = 16;

/// Dead letters that are looked at to find those that are to be sent again.
const DEAD_LETTERS_LOOKED_AT_MAX: usize = domain::DEAD_LETTERS_MAX as usize;

/// How events are sent.
#[derive(Clone)]
pub struct Options {
    /// The region.
    pub region: RegionName,
    /// Whether targets may be addresses inside, such as those of the host or its network.
    pub allow_internal_targets: bool,
    /// How servers are trusted over TLS.
    pub tls: Arc<ClientConfig>,
    /// The addresses of hosts.
    pub resolver: Arc<dyn Resolve>,
    /// What opens the keys of targets.
    pub keys: Arc<Sealers>,
    /// The connection for targets that are NATS subjects.
    pub nats: Option<async_nats::Client>,
    /// The source of time.
    pub sources: Sources,
    /// Fills a buffer with randomness, or returns that there is none.
    pub random: fn(&mut [u8]) -> bool,
}

/// Follows the log for every target.
pub struct Notifier {
    ledger: Ledger,
    feed: Feed,
    shared: Shared,
    random: fn(&mut [u8]) -> bool,
    progress: watch::Receiver<ledger::Progress>,
    following: BTreeMap<TargetName, Following>,
    jobs: FuturesUnordered<BoxFuture<'static, Option<Finished>>>,
    finished: Vec<Finished>,
    next_look: Instant,
    next_say: Instant,
}

/// What became of a job, for a target as it was when the job began.
struct Finished {
    target: TargetName,
    changed: u64,
    done: Done,
}

impl Notifier {
    /// A worker that begins where the log says that targets are. It must be made within a tokio runtime.
    pub fn new(options: Options, ledger: Ledger) -> Self {
        meters::describe();
        let Options { region, allow_internal_targets, tls, resolver, keys, nats, sources, random } = options;
        let outside = Arc::new(Outside { resolver, tls, allow_inside: allow_internal_targets });
        let feed = Feed::start(ledger.clone(), region.clone());
        let (progress, now) = (ledger.progress(), Instant::now());
        Self {
            feed,
            shared: Shared { region, outside, keys, nats, sources },
            random,
            progress,
            ledger,
            following: BTreeMap::new(),
            jobs: FuturesUnordered::new(),
            finished: Vec::new(),
            next_look: now,
            next_say: now,
        }
    }

    /// Follows the targets that there are and that are enabled, each from where it is.
    fn look(&mut self, snapshot: &Snapshot) -> Result<(), Trouble> {
        let rows: BTreeMap<_, _> = snapshot.list_targets(None, TARGETS_MAX)?.into_iter().collect();
        self.following.retain(|name, known| {
            rows.get(name).is_some_and(|row| row.enabled && row.id == known.row.id && row.changed == known.row.changed)
        });
        let last = self.progress.borrow_and_update().cursor.sequence;
        for (name, row) in rows.into_iter().filter(|(_, row)| row.enabled) {
            meters::lag(&name, last.saturating_sub(row.position));
            if let Some(known) = self.following.get_mut(&name) {
                known.row.dead = row.dead;
                known.row.asked = row.asked;
                known.row.secret = row.secret;
                continue;
            }
            let endpoint = Endpoint::new(&name, &row, &self.shared);
            let reader = self.feed.follow(Start { next: row.position + 1, since: None, last });
            let following = Following::new(name.clone(), row, endpoint, reader, Instant::now());
            self.following.insert(name, following);
        }
        Ok(())
    }

    /// Begins a job for each target that has none and may have one.
    fn begin(&mut self, snapshot: &Snapshot) -> Result<(), Trouble> {
        let now = Instant::now();
        for following in self.following.values_mut() {
            if following.job.is_some() && following.has_asked() {
                // It may wait for events, while dead letters wait for it.
                following.nudge.notify_one();
            }
            if following.job.is_some() || following.not_before > now {
                continue;
            }
            let (name, row) = (following.name.clone(), following.row.clone());
            let bench = Bench {
                target: name.clone(),
                endpoint: Arc::clone(&following.endpoint),
                ledger: self.ledger.clone(),
                feed: self.feed.clone(),
                nudge: Arc::clone(&following.nudge),
                row,
            };
            let job: BoxFuture<'static, Done> = if following.has_asked() {
                let letters = asked(snapshot, &name)?;
                Box::pin(job::dead(bench, letters))
            } else {
                let room = following.room();
                let Some((reader, kept)) = following.take() else { continue };
                Box::pin(job::page(bench, reader, kept, room))
            };
            let (handle, registration) = AbortHandle::new_pair();
            let changed = following.row.changed;
            let job = Abortable::new(job, registration);
            self.jobs.push(Box::pin(async move {
                // One that was ended is of a target that is not followed any more.
                job.await.ok().map(|done| Finished { target: name, changed, done })
            }));
            following.job = Some(handle);
        }
        Ok(())
    }

    /// Takes over what became of jobs. Returns the number of events that targets took.
    fn absorb(&mut self) -> u64 {
        let (now, mut sent) = (Instant::now(), 0);
        for Finished { target, changed, done } in std::mem::take(&mut self.finished) {
            let random = self.random();
            if let Some(following) = self.following.get_mut(&target)
                && following.row.changed == changed
            {
                sent += following.absorb(done, now, random);
            }
        }
        sent
    }

    /// Randomness for pauses. Without any, pauses are the shortest.
    fn random(&self) -> u16 {
        let mut bytes = [0; 2];
        if (self.random)(&mut bytes) { u16::from_le_bytes(bytes) } else { 0 }
    }

    /// Says how far targets are, if it is time to.
    async fn say(&mut self, handle: &Handle) -> Result<(), Trouble> {
        let now = Instant::now();
        if now < self.next_say {
            return Ok(());
        }
        let (mut said, mut settled): (Vec<Progress>, usize) = (Vec::new(), 0);
        for following in self.following.values() {
            if settled + following.settled() > SETTLED_AT_ONCE_MAX {
                continue;
            }
            if let Some(progress) = following.news(now) {
                settled += following.settled();
                said.push(progress);
            }
        }
        if said.is_empty() {
            return Ok(());
        }
        handle.reached(Failpoint::NotifyDelivered).await;
        let command = TargetCommand::Advance { region: self.shared.region.clone(), targets: said.clone() };
        handle.commit(command).await?;
        self.next_say = Instant::now() + SAY_INTERVAL;
        for progress in &said {
            if let Some(following) = self.following.get_mut(&progress.target) {
                following.told(progress, now);
            }
        }
        handle.reached(Failpoint::NotifyAdvanced).await;
        Ok(())
    }

    /// Waits until a job has ended, the state may be another, or it is time for the next job or fact. It may be dropped.
    async fn wait(&mut self) {
        let due = self.following.values().filter(|following| following.job.is_none());
        let due = due.map(|following| following.not_before).min();
        let news = self.following.values().any(|following| following.news(self.next_say).is_some());
        let due = due.into_iter().chain(news.then_some(self.next_say)).min();
        let next_look = self.next_look;
        let changed = async {
            if self.progress.changed().await.is_err() {
                // The ledger has ended, which the next step says.
                return;
            }
            sleep_until(next_look).await;
        };
        let due = async {
            match due {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        let finished = async {
            loop {
                match self.jobs.next().await {
                    Some(Some(finished)) => return finished,
                    Some(None) => {}
                    None => std::future::pending().await,
                }
            }
        };
        let finished = tokio::select! {
            finished = finished => Some(finished),
            () = changed => None,
            () = due => None,
        };
        self.finished.extend(finished);
    }

    /// Whether events are under way: some target is not where the log is, and is not left alone.
    fn is_busy(&self) -> bool {
        let (last, now) = (self.progress.borrow().cursor.sequence, Instant::now());
        self.following.values().any(|following| following.position < last && following.not_before <= now)
    }
}

/// The dead letters of a target that are to be sent again, with how often each was sent.
fn asked(snapshot: &Snapshot, target: &TargetName) -> Result<Vec<(u64, u32)>, Trouble> {
    let letters = snapshot.list_dead_letters(target, 0, DEAD_LETTERS_LOOKED_AT_MAX)?.into_iter();
    let asked = letters.filter(|(_, row)| row.asked).map(|(sequence, row)| (sequence, row.attempts));
    Ok(asked.take(REDELIVERED_AT_ONCE_MAX).collect())
}

impl Worker for Notifier {
    fn profile(&self) -> Profile {
        Profile {
            name: "notify",
            about: "Sends events to webhooks and NATS subjects outside of the store.",
            unit: "events",
            lease: Some(Lease::Notify),
            rate: None,
        }
    }

    async fn step(&mut self, handle: &Handle) -> Result<Step, Trouble> {
        handle.done(self.absorb());
        let snapshot = worker::latest(&self.ledger)?;
        self.look(&snapshot)?;
        self.next_look = Instant::now() + LOOK_INTERVAL;
        self.begin(&snapshot)?;
        self.say(handle).await?;
        if !self.is_busy() {
            return Ok(Step::Idle(STEP_TIME_MAX));
        }
        let _ended = timeout(STEP_TIME_MAX, self.wait()).await;
        Ok(Step::More)
    }

    /// Another process sends from where the log says that targets are.
    fn lost(&mut self) {
        self.following.clear();
        self.jobs.clear();
        self.finished.clear();
    }

    async fn wake(&mut self) {
        self.wait().await;
    }
}
