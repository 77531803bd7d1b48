//! The worker that writes shards anew.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use domain::View;
use events::Fact;
use events::ids::ContentId;
use events::lease::Lease;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use ledger::{Ledger, Snapshot, StateError};
use shards::{ShardStore, Transport};
use tokio::time::{Instant, sleep};
use worker::{Failpoint, Handle, Profile, Step, Trouble, Urgency, Worker, latest};

use crate::Options;
use crate::backoff::{Backoff, Reason};
use crate::batch::{Committed, Repaired, Rest};
use crate::counted::Counted;
use crate::mend::Mender;
use crate::meters;
use crate::owed::{Margin, Owed};
use crate::pace::{ALIVE_INTERVAL, Paced, Progress};
use crate::pressure::{Pressure, STRIPES_MAX};
use crate::ready::Ready;
use crate::round::{Rounds, Whole};
use crate::standing::{Absences, Nodes};

/// The rate unless another one is set, in bytes of new shards a second. Up to four times as many are read for them.
const BYTES_PER_SECOND: u64 = 64 * 1024 * 1024;

/// The most contents whose shards are written at a time.
pub(crate) const CONTENTS_MAX: usize = STRIPES_MAX;

/// The shortest time between two looks at a state that changes all the time.
const LOOK_PAUSE: Duration = Duration::from_millis(200);

/// The longest time until a look at the state while nothing is owed.
const IDLE_TIME_MAX: Duration = Duration::from_mins(1);

/// The time until a look at the level of a region that has no facts about moved shards yet.
pub(crate) const LEVEL_PAUSE: Duration = Duration::from_secs(30);

/// Brings every content back to all its healthy shards.
pub struct Repair<T: Transport> {
    options: Options,
    mender: Mender<T>,
    pressure: Arc<Pressure>,
    absences: Absences,
    rounds: Rounds,
    backoff: Backoff,
    /// Whether a step was begun and has not ended well: then what it had taken up is owed still.
    is_under_way: bool,
    counted: Counted,
    /// The last event by which an operator asked for work at once.
    asked: Option<u64>,
    said: String,
}

impl<T: Transport> Repair<T> {
    /// A worker that writes through `store`. Must be called within a tokio runtime.
    pub fn new(options: Options, ledger: Ledger, store: ShardStore<T>) -> Self {
        meters::describe();
        let now = Instant::now();
        let counted = Counted::default();
        let mender = Mender { store, ledger, sources: options.sources.clone(), claims: counted.claims.clone() };
        Self {
            options,
            mender,
            pressure: Pressure::new(now),
            absences: Absences::default(),
            rounds: Rounds::new(now),
            backoff: Backoff::default(),
            is_under_way: false,
            counted,
            asked: None,
            said: String::new(),
        }
    }

    /// What it has counted, for whoever moves shards only while nothing is owed.
    pub fn counted(&self) -> Counted {
        self.counted.clone()
    }

    /// Begins anew if an operator asked for that since the last step: nothing is left for later any more.
    fn hear_operators(&mut self, handle: &Handle, snapshot: &Snapshot, now: Instant) -> Result<(), StateError> {
        let asked = snapshot.worker(handle.name())?.asked;
        if self.asked.replace(asked).is_some_and(|before| before != asked) {
            tracing::info!("looking at all owed shards, as an operator requested");
            (self.rounds, self.backoff) = (Rounds::new(now), Backoff::default());
        }
        Ok(())
    }

    fn nodes(&mut self, snapshot: &Snapshot, now: Instant) -> Result<Nodes, StateError> {
        let rows = snapshot.list_nodes()?.into_iter().collect();
        let candidates = self.mender.store.membership().candidates();
        let time = (self.options.sources.now)();
        Ok(Nodes::new(rows, &candidates, &mut self.absences, self.options.repair_after, (time, now)))
    }

    async fn go_on(&mut self, handle: &Handle) -> Result<Step, Trouble> {
        let (now, snapshot) = (Instant::now(), latest(&self.mender.ledger)?);
        if snapshot.totals()?.level < Fact::TAGS_LEVEL {
            handle.say("the region's level has no facts about moved shards yet");
            return Ok(Step::Idle(LEVEL_PAUSE));
        }
        self.hear_operators(handle, &snapshot, now)?;
        let nodes = self.nodes(&snapshot, now)?;
        if !self.rounds.begin(&snapshot, &nodes, &mut self.backoff, now)? {
            self.tell(handle);
            return Ok(Step::Idle(self.idle_time(&nodes, now)));
        }
        let page = self.rounds.page(&snapshot, &nodes, &self.backoff, now)?;
        drop(snapshot);
        if page.owed.is_empty() {
            self.tell(handle);
            // At most half of a core goes into looking.
            let took = now.elapsed();
            return Ok(Step::After(took.max(handle.rest(took, Urgency::CanWait))));
        }
        tracing::debug!(contents = page.owed.len(), of = page.looked_at, "writing owed shards");
        handle.reached(Failpoint::RepairFoundOwed).await;
        let trouble = self.mend_all(page.owed, &nodes, handle).await;
        self.tell(handle);
        trouble.map_or(Ok(Step::More), Err)
    }

    fn idle_time(&self, nodes: &Nodes, now: Instant) -> Duration {
        let gone = nodes.next_gone(&self.absences, self.options.repair_after);
        let next = gone.into_iter().chain([self.rounds.next(&self.backoff)]).min();
        next.map_or(IDLE_TIME_MAX, |next| next.saturating_duration_since(now).min(IDLE_TIME_MAX))
    }

    /// Writes the owed shards of these contents, several at a time, and has them placed as they are ready.
    async fn mend_all(&mut self, owed: Vec<Owed>, nodes: &Nodes, handle: &Handle) -> Option<Trouble> {
        let Self { mender, pressure, rounds, backoff, .. } = self;
        let progress = Progress::new(Instant::now());
        let is_urgent = owed.iter().any(|owed| owed.margin == Margin::None);
        let urgency = if is_urgent { Urgency::Urgent } else { Urgency::CanWait };
        let (mender, pace) = (&*mender, Paced { handle, pressure, urgency, progress: &progress });
        let (mut waiting, mut mending, mut committing) =
            (owed.into_iter(), FuturesUnordered::new(), FuturesUnordered::new());
        let mut ready = Ready::default();
        let mut trouble = None;
        loop {
            while mending.len() < CONTENTS_MAX
                && let Some(next) = waiting.next()
            {
                mending.push(mender.mend(next, &pace));
            }
            if let Some(mended) = ready.take(mending.is_empty()) {
                committing.push(mender.commit(mended, nodes, handle));
            }
            if mending.is_empty() && committing.is_empty() {
                return trouble;
            }
            tokio::select! {
                Some(outcome) = mending.next() => {
                    progress.made();
                    match outcome {
                        Ok(mended) => ready.push(mended),
                        Err((content, reason)) => leave(backoff, content, reason),
                    }
                }
                Some(Committed { repaired, trouble: failed }) = committing.next() => {
                    progress.made();
                    for Repaired { content, margin, causes, bytes, rest } in repaired {
                        match rest {
                            Rest::Nothing => backoff.forget(&content),
                            Rest::Unplaced => leave(backoff, content, Reason::NoRoom),
                            Rest::Refused => leave(backoff, content, Reason::Refused),
                        }
                        rounds.repaired(margin, &causes, bytes, rest == Rest::Nothing);
                        meters::repaired(causes.len(), bytes);
                        handle.done(bytes);
                    }
                    if failed.is_some() {
                        // What is not placed yet is discarded. What is being placed comes to its end.
                        (waiting, trouble) = (Vec::new().into_iter(), failed);
                        mending.clear();
                        ready = Ready::default();
                    }
                }
                () = ready.due() => {}
                () = sleep(ALIVE_INTERVAL) => {
                    if progress.is_recent() {
                        handle.alive();
                    }
                }
            }
        }
    }

    /// Says what is owed.
    fn tell(&mut self, handle: &Handle) {
        if let Some(Whole { owed, at }) = self.rounds.whole {
            self.counted.set(owed == 0, self.backoff.hopeless() as u64, at);
        }
        let Some(tally) = &self.rounds.tally else { return };
        meters::owed(tally, &self.backoff, self.pressure.limit());
        handle.left_as_of(tally.bytes(), self.rounds.tally_at);
        let sentence = tally.sentence(&self.backoff);
        if self.said != sentence {
            handle.say(&sentence);
            self.said = sentence;
        }
    }
}

/// Leaves a content for a while.
fn leave(backoff: &mut Backoff, content: ContentId, reason: Reason) {
    meters::failed(reason.as_str());
    backoff.leave(content, reason, Instant::now());
}

impl<T: Transport> Worker for Repair<T> {
    fn profile(&self) -> Profile {
        Profile {
            name: "repair",
            about: "Writes shards anew that contents lack, or that lie where they should not.",
            unit: "bytes",
            lease: Some(Lease::Repair),
            rate: NonZeroU64::new(BYTES_PER_SECOND),
        }
    }

    async fn step(&mut self, handle: &Handle) -> Result<Step, Trouble> {
        if std::mem::replace(&mut self.is_under_way, true) {
            self.rounds = Rounds::new(Instant::now());
        }
        let step = self.go_on(handle).await?;
        self.is_under_way = false;
        Ok(step)
    }

    async fn wake(&mut self) {
        let mut progress = self.mender.ledger.progress();
        let mut members = self.mender.store.membership().changes();
        loop {
            let changed = tokio::select! {
                changed = progress.changed() => changed.is_ok(),
                changed = members.changed() => changed.is_ok(),
            };
            if !changed {
                // The ledger has stopped: the next step finds that.
                return;
            }
            let (now, snapshot) = (Instant::now(), self.mender.ledger.latest());
            let is_due = self.nodes(&snapshot, now).and_then(|nodes| {
                let is_due = self.rounds.is_due(&snapshot, &nodes, &self.backoff, now)?;
                Ok(is_due)
            });
            // What cannot be read is for the next step to say.
            if is_due.unwrap_or(true) {
                return;
            }
            sleep(LOOK_PAUSE).await;
        }
    }
}
