//! Sends commands to the committer, and sees each of them to its outcome: over lost messages, and over a committer that
//! is killed, stopped or cut off.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use domain::{Command, Rejection, TakeLease, View};
use eventlog::PeerError;
use events::ids::{AuthType, EventId, Principal, ProcessId, RegionName};
use events::lease::Lease;
use events::{Author, Origin};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::time::{Instant, sleep, timeout};

use super::group::{OnItsWay, group};
use super::seal::{Proof, Seals};
use super::wire::{Question, RELEASE, REQUEST_COMMANDS_MAX, Response, Told};
use super::{Committing, NO_ROOM, NotCommitted, Reply, Server, Term, Ticket};
use crate::commit::{Claim, Queued};
use crate::keyring::Keyring;
use crate::snapshot::Snapshot;
use crate::writer::{Progress, Work};
use crate::{CommitError, Committed, Sources};

/// The number of commands that may wait to be sent.
const COMMANDS_WAITING_MAX: usize = 4_096;

/// Requests of single commands that may be under way. Those that come meanwhile are sent together.
const REQUESTS_MAX: usize = 4;

/// Requests that may be under way of commands whose senders have many: nobody's single command waits for them.
const REQUESTS_OF_MANY_MAX: usize = 28;

/// A committer that does not answer for so long is asked whether it is there.
const SILENCE_TIME: Duration = Duration::from_millis(400);

/// If it does not say so within this time, another process takes its place.
const PING_TIME_MAX: Duration = Duration::from_millis(600);

/// The time after which a request whose committer is there is sent again: it, or its answer, was lost.
const RESEND_TIME: Duration = Duration::from_secs(2);

/// The pause before something is tried again.
const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// The time for which the state here may lack a term that the committer has seen.
const OTHER_TERM_TIME_MAX: Duration = Duration::from_millis(500);

/// The pause before a process looks again whether it can be reached by others, and whether its region has a committer.
const LOOK_PAUSE: Duration = Duration::from_secs(2);

/// The principal of what a process commits to become the committer.
const PRINCIPAL: &str = "committer";

/// The way of commands to the committer. Clones share it.
#[derive(Clone)]
pub(crate) struct Delegation {
    queue: mpsc::Sender<Queued>,
    process: ProcessId,
    author: Author,
    sources: Sources,
    /// Whether this process was seen to reach a committer, or itself as one.
    is_on: Arc<AtomicBool>,
}

impl Delegation {
    /// Whether another process commits a command.
    pub(crate) fn takes(&self, progress: &Progress, command: &Command) -> bool {
        let is_elsewhere = progress.committer.is_some_and(|term| term.process != self.process);
        is_elsewhere && !progress.is_short && !command.is_of_this_process() && self.is_on.load(Ordering::Relaxed)
    }

    /// The ticket of a command that is about to be sent.
    pub(crate) fn ticket(&self, progress: &Progress) -> Ticket {
        let id = Some(EventId(self.sources.context().fresh));
        Ticket { id, known: progress.cursor.sequence, by: self.author, term: None, is_sent: false }
    }

    pub(crate) fn process(&self) -> ProcessId {
        self.process
    }

    pub(crate) fn queue(&self) -> &mpsc::Sender<Queued> {
        &self.queue
    }
}

/// Sends what this process does not decide.
pub(crate) struct Sender {
    committing: Committing,
    region: RegionName,
    seals: Arc<Seals>,
    snapshot: Arc<ArcSwap<Snapshot>>,
    work: mpsc::WeakSender<Work>,
    progress: watch::Receiver<Progress>,
    is_on: Arc<AtomicBool>,
    /// The term of whose owner it was told that it has another release.
    told_release: AtomicU64,
}

/// What became of a request.
enum Asked {
    /// The outcomes of its commands, and the sequence of a state on which they were known.
    Outcomes(Vec<Told>, u64),
    /// None of its commands was taken this time.
    Busy,
    /// Nobody has it.
    Nobody,
    /// The request or its answer was lost.
    Lost,
    /// The committer does not say that it is there, or that it gets on.
    Silent,
    /// It does not understand this release.
    OtherRelease,
    /// Another term has begun.
    OtherTerm,
}

/// What is to be done about commands without an outcome.
enum Next {
    /// Send them again.
    Again,
    /// End the term first: the committer does not get on.
    EndTerm,
}

impl Sender {
    /// Starts to send, and returns the way to it.
    pub(crate) fn start(
        committing: Committing,
        (region, keyring, sources): (RegionName, Keyring, Sources),
        snapshot: Arc<ArcSwap<Snapshot>>,
        work: mpsc::WeakSender<Work>,
        progress: watch::Receiver<Progress>,
    ) -> Delegation {
        let (sender, queue) = mpsc::channel(COMMANDS_WAITING_MAX);
        let (is_on, process, author) = (Arc::new(AtomicBool::new(false)), committing.owner.process, keyring.author());
        let delegation = Delegation { queue: sender, process, author, sources, is_on: Arc::clone(&is_on) };
        let seals = Arc::new(Seals::new(keyring, region.clone()));
        let sender =
            Self { committing, region, seals, snapshot, work, progress, is_on, told_release: AtomicU64::new(0) };
        tokio::spawn(Arc::new(sender).run(queue));
        delegation
    }

    /// Whether this process may commit for others.
    fn may_commit(&self) -> bool {
        self.seals.author() == Author::Gateway
    }

    async fn run(self: Arc<Self>, mut queue: mpsc::Receiver<Queued>) {
        let (begun, mut progress) = (Arc::clone(&self), self.progress.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = begun.begin() => {}
                _ = progress.wait_for(|progress| progress.failed.is_some()) => {}
            }
        });
        let (few, many) = (Semaphore::new(REQUESTS_MAX), Semaphore::new(REQUESTS_OF_MANY_MAX));
        let (few, many) = (Arc::new(few), Arc::new(many));
        let mut waiting = Vec::new();
        while queue.recv_many(&mut waiting, REQUEST_COMMANDS_MAX).await > 0 {
            // A caller that gave up knows that nothing happened, because nobody was asked so far.
            let wanted = waiting.drain(..).filter(|queued| queued.claim.take() && !queued.answer.is_closed());
            let (groups, unsendable) = group(wanted.collect());
            self.decide_here(unsendable).await;
            for (is_of_many, group) in groups {
                let slots = if is_of_many { &many } else { &few };
                let Ok(slot) = Arc::clone(slots).acquire_owned().await else { return };
                let sender = Arc::clone(&self);
                tokio::spawn(async move {
                    sender.deliver(group).await;
                    drop(slot);
                });
            }
        }
    }

    /// Makes sure that this process can be reached before it offers to commit, that it can reach others before it sends them
    /// anything, and that the region has a committer.
    async fn begin(&self) {
        if self.may_commit() {
            match self.committing.peers.serve(self.committing.owner.process).await {
                Ok(asked) => {
                    let (seals, snapshot) = (Arc::clone(&self.seals), Arc::clone(&self.snapshot));
                    let server = Server::new(seals, snapshot, self.work.clone(), self.progress.clone());
                    tokio::spawn(server.run(asked));
                }
                Err(error) => {
                    tracing::warn!(%error, "this process commits for itself: others cannot reach it");
                    return;
                }
            }
        }
        let mut is_told = false;
        loop {
            let committer = self.progress.borrow().committer.map(|term| term.process);
            let to = if self.may_commit() { Some(self.committing.owner.process) } else { committer };
            match to {
                Some(to) if matches!(timeout(PING_TIME_MAX, self.ping(to)).await, Ok(Ok(_))) => break,
                Some(_) if self.may_commit() && !is_told => {
                    is_told = true;
                    tracing::warn!("this process commits for itself until its NATS login may use ps.<region>.commit.*");
                }
                _ => {}
            }
            sleep(LOOK_PAUSE).await;
        }
        self.is_on.store(true, Ordering::Relaxed);
        while self.may_commit() && self.progress.borrow().committer.is_none() {
            if self.take(0).await.is_err() {
                // Such as while the region's level is lower.
                sleep(LOOK_PAUSE).await;
            }
        }
    }

    /// Sees commands to their outcomes.
    async fn deliver(&self, mut group: Vec<OnItsWay>) {
        loop {
            // A caller gives up in time.
            group.retain(|on_its_way| !on_its_way.queued.answer.is_closed());
            if group.is_empty() || self.progress.has_changed().is_err() {
                return;
            }
            let Some(term) = self.elsewhere() else {
                return self.decide_here(group.into_iter().map(|on_its_way| on_its_way.queued)).await;
            };
            if !self.committing.peers.is_connected() {
                let why = CommitError::Unavailable("the server is not connected".into());
                group = refuse_unsent(group, 0, &why);
                sleep(RETRY_PAUSE).await;
                continue;
            }
            let is_over = match self.ask(term, &mut group).await {
                Asked::Outcomes(told, at) => match self.settle(&mut group, (told, at), term).await {
                    Next::Again => false,
                    Next::EndTerm => self.end(term).await,
                },
                Asked::OtherTerm => true,
                Asked::Silent => self.end(term).await,
                Asked::Lost => false,
                Asked::Busy => {
                    group = refuse_unsent(group, 1, &CommitError::Busy);
                    false
                }
                // Its release is what it is: it took none of them before.
                Asked::OtherRelease => {
                    self.tell_other_release(term);
                    group.iter_mut().for_each(OnItsWay::did_not_arrive);
                    return self.decide_here(group.into_iter().map(|on_its_way| on_its_way.queued)).await;
                }
                Asked::Nobody => {
                    group.iter_mut().for_each(OnItsWay::did_not_arrive);
                    if self.may_commit() {
                        self.end(term).await
                    } else {
                        let (sent, unsent): (Vec<_>, Vec<_>) =
                            group.into_iter().partition(|on_its_way| on_its_way.sent > 0);
                        self.decide_here(unsent.into_iter().map(|on_its_way| on_its_way.queued)).await;
                        group = sent;
                        false
                    }
                }
            };
            if !is_over {
                sleep(RETRY_PAUSE).await;
            }
        }
    }

    /// The committer, if it is another process.
    fn elsewhere(&self) -> Option<Term> {
        let committer = self.progress.borrow().committer;
        committer.filter(|term| term.process != self.committing.owner.process)
    }

    /// Says once in a term that its owner has another release.
    fn tell_other_release(&self, term: Term) {
        if self.told_release.swap(term.epoch, Ordering::Relaxed) != term.epoch {
            tracing::warn!(
                release = RELEASE,
                "the gateway that commits for all has another release: this process appends by itself meanwhile"
            );
        }
    }

    /// Has the writer of this process decide what nobody else can decide any more.
    async fn decide_here(&self, commands: impl IntoIterator<Item = Queued>) {
        let Some(work) = self.work.upgrade() else { return };
        for mut queued in commands {
            if queued.ticket.is_sent {
                // The caller cannot claim any more that nothing happened.
                queued.claim = Claim::default();
            } else {
                queued.claim.give_back();
            }
            // If the writer is gone, the caller learns why from the ledger.
            let _stopped = work.send(Work::Commit(queued)).await;
        }
    }

    /// Sends commands, and waits for what becomes of them.
    async fn ask(&self, term: Term, group: &mut [OnItsWay]) -> Asked {
        let commands = group.iter().map(|on_its_way| &*on_its_way.raw).collect();
        let question = Question::Commit { release: RELEASE.into(), epoch: term.epoch, commands };
        let (request, proof) = match self.sealed(&question) {
            Ok(sealed) => sealed,
            Err(error) => {
                tracing::warn!(error, "commands cannot be sent now");
                return Asked::Lost;
            }
        };
        for on_its_way in group {
            on_its_way.queued.ticket.is_sent = true;
            on_its_way.sent += 1;
        }
        let mut progress = self.progress.clone();
        let other_term = progress.wait_for(|progress| progress.committer != Some(term));
        tokio::pin!(other_term);
        let begun = Instant::now();
        let mut answer = self.committing.peers.ask(term.process, request);
        loop {
            tokio::select! {
                answered = &mut answer => return match answered {
                    Ok(bytes) => match self.read_answer(proof, &bytes) {
                        Some(Response::Outcomes { told, at }) => Asked::Outcomes(told, at),
                        Some(Response::Busy) => Asked::Busy,
                        Some(Response::OtherRelease) => Asked::OtherRelease,
                        // Whoever answers so is not the committer, which may still do it.
                        Some(Response::Pong { .. }) | None => Asked::Lost,
                    },
                    Err(PeerError::Nobody) => Asked::Nobody,
                    Err(PeerError::Unanswered(_)) => Asked::Lost,
                },
                _ = &mut other_term => return Asked::OtherTerm,
                () = sleep(SILENCE_TIME) => {}
            }
            let works = timeout(PING_TIME_MAX, self.ping(term.process)).await;
            if !matches!(works, Ok(Ok(true))) {
                return Asked::Silent;
            }
            if begun.elapsed() >= RESEND_TIME {
                return Asked::Lost;
            }
        }
    }

    fn sealed(&self, question: &Question<'_>) -> Result<(Bytes, Proof), String> {
        let body = serde_json::to_vec(question).map_err(|error| error.to_string())?;
        let numbers = self.snapshot.load().totals().map_err(|error| error.to_string())?.keys;
        self.seals.request(numbers, &body).map_err(|error| error.to_string())
    }

    fn read_answer(&self, proof: Proof, bytes: &Bytes) -> Option<Response> {
        let numbers = self.snapshot.load().totals().ok()?.keys;
        let body = self.seals.open_answer(numbers, proof, bytes).ok()??;
        serde_json::from_slice(&body).ok()
    }

    /// Asks a process whether it is there, and returns whether it gets on.
    async fn ping(&self, to: ProcessId) -> Result<bool, String> {
        let (request, proof) = self.sealed(&Question::Ping)?;
        let answer = self.committing.peers.ask(to, request).await.map_err(|error| error.to_string())?;
        match self.read_answer(proof, &answer) {
            Some(Response::Pong { works }) => Ok(works),
            _ => Err("it does not prove that it is there".into()),
        }
    }

    /// Answers the commands whose outcome is known, and says what is to become of the others.
    async fn settle(&self, group: &mut Vec<OnItsWay>, (told, at): (Vec<Told>, u64), term: Term) -> Next {
        if told.len() != group.len() {
            return Next::Again;
        }
        let (mut left, mut next, mut known) = (Vec::new(), Next::Again, Vec::new());
        for (mut on_its_way, told) in std::mem::take(group).into_iter().zip(told) {
            let outcome = match told {
                Told::Done { sequence, outcome } => {
                    known.push((on_its_way.queued, Ok(Committed { sequence, outcome })));
                    continue;
                }
                // Whoever decides looks first whether it happened before.
                Told::Rejected(rejection) => {
                    known.push((on_its_way.queued, Err(CommitError::Rejected(rejection).into())));
                    continue;
                }
                // What was sent before may have happened, or may still.
                Told::Unavailable(why) => (on_its_way.sent == 1).then_some(CommitError::Unavailable(why)),
                Told::Busy => (on_its_way.sent == 1).then_some(CommitError::Busy),
                Told::TooOld if on_its_way.sent == 1 => {
                    on_its_way.did_not_arrive();
                    self.decide_here([on_its_way.queued]).await;
                    continue;
                }
                Told::TooOld => Some(CommitError::Unknown),
                Told::NoRoom if !self.may_commit() || self.progress.borrow().is_short => {
                    (on_its_way.sent == 1).then(|| CommitError::Unavailable(NO_ROOM.into()))
                }
                Told::NoRoom | Told::Unknown => {
                    next = Next::EndTerm;
                    None
                }
                Told::OtherTerm => {
                    let mut progress = self.progress.clone();
                    let seen = progress.wait_for(|progress| progress.committer != Some(term));
                    // If it is not seen in time, the committer is asked again.
                    let _late = timeout(OTHER_TERM_TIME_MAX, seen).await;
                    None
                }
            };
            match outcome {
                Some(error) => answer(on_its_way.queued, Err(error.into())),
                None => left.push(on_its_way),
            }
        }
        self.show(known, at).await;
        *group = left;
        next
    }

    /// Answers what was decided, once the state here shows why: what happened, or what stands against it. A caller that is
    /// refused because a bucket exists finds that bucket.
    async fn show(&self, known: Vec<(Queued, Reply)>, at: u64) {
        let sequences = known.iter().map(|(_, reply)| reply.as_ref().map_or(at, |committed| committed.sequence));
        let Some(last) = sequences.max() else { return };
        let mut progress = self.progress.clone();
        // A state that ends before shows it when it is opened again. It was decided.
        let _ = progress.wait_for(|progress| progress.cursor.sequence >= last || progress.failed.is_some()).await;
        for (queued, reply) in known {
            answer(queued, reply);
        }
    }

    /// Ends a term, so that nobody decides any more what was sent in it. Returns whether it is over.
    async fn end(&self, term: Term) -> bool {
        if !self.may_commit() {
            // Gateways do that, when they have something to commit.
            let mut progress = self.progress.clone();
            let over = progress.wait_for(|progress| progress.committer != Some(term));
            return timeout(LOOK_PAUSE, over).await.is_ok();
        }
        match self.take(term.epoch).await {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(%error, "this process cannot commit in place of the one that is silent");
                false
            }
        }
    }

    /// Takes the lease after a term, unless somebody else did, and waits until the state here shows who has it.
    async fn take(&self, after: u64) -> Result<(), CommitError> {
        let (region, owner) = (self.region.clone(), self.committing.owner.clone());
        let command = TakeLease { region, lease: Lease::Committer, owner, after }.into();
        let principal = Principal { kind: AuthType::System, id: PRINCIPAL.into() };
        let origin = Origin { principal, request_id: String::new(), address: None, traceparent: None };
        let (answer, outcome) = oneshot::channel();
        let ticket = Ticket::own(self.seals.author());
        let stopped = || CommitError::Stopped("the ledger has stopped".into());
        let work = self.work.upgrade().ok_or_else(stopped)?;
        let queued = Queued { command, origin, answer, claim: Claim::default(), ticket };
        work.send(Work::Commit(queued)).await.map_err(|_| stopped())?;
        drop(work);
        match outcome.await.map_err(|_| stopped())? {
            Ok(_) | Err(NotCommitted::Error(CommitError::Rejected(Rejection::LeaseLost(_)))) => {
                let mut progress = self.progress.clone();
                let seen = progress.wait_for(|progress| progress.committer.is_some_and(|term| term.epoch > after));
                timeout(OTHER_TERM_TIME_MAX, seen).await.map(drop).map_err(|_| CommitError::Unknown)
            }
            Err(why) => Err(why.into()),
        }
    }
}

/// Refuses what was sent so often at most, of which it is certain that nothing happened, and returns the rest.
fn refuse_unsent(group: Vec<OnItsWay>, sent: u32, error: &CommitError) -> Vec<OnItsWay> {
    let (refused, left): (Vec<_>, Vec<_>) = group.into_iter().partition(|on_its_way| on_its_way.sent <= sent);
    for on_its_way in refused {
        answer(on_its_way.queued, Err(error.clone().into()));
    }
    left
}

fn answer(queued: Queued, reply: Reply) {
    // A caller that gave up has dropped its receiver.
    let _ = queued.answer.send(reply);
}
