//! One lease, as this process takes it, keeps it and loses it.

use std::convert::Infallible;
use std::future::pending;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::row::LeaseRow;
use domain::{Rejection, ReleaseLease, TakeLease};
use events::ids::RegionName;
use events::lease::{Lease, Owner, Term};
use ledger::CommitError;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use crate::patience::Patience;
use crate::run::changed;
use crate::status::Status;
use crate::ticks::{Silence, Ticks};
use crate::{Message, Store, Telemetry};

/// An owner counts as gone after so many ticks without a renewal.
const SILENT_TICKS: u32 = 10;

/// How long the log may take to show where it ends before an owner does not count as following it.
const CATCH_UP_TIME_MAX: Duration = Duration::from_secs(1);

/// How long nobody asks again for a lease that the region's level does not have yet.
const LEVEL_PAUSE: Duration = Duration::from_secs(30);

/// How long the release of a lease may take when the process stops. The others wait for some seconds without it.
const RELEASE_TIME_MAX: Duration = Duration::from_secs(2);

/// The time between two ticks of a challenger. The owner says twice as rarely that it is there, so the loss of a few such
/// messages does no harm.
const fn tick(lease: Lease) -> Duration {
    match lease {
        // Two seconds of silence. A node that ends together with the process that would say so is to be known as offline
        // five seconds after its last sign.
        Lease::Nodes => Duration::from_millis(200),
        // Five seconds. No worker needs the committer's lease: its ledger takes it.
        Lease::Repair
        | Lease::Gc
        | Lease::Dedup
        | Lease::Notify
        | Lease::Notary
        | Lease::Replicate
        | Lease::Committer => Duration::from_millis(500),
    }
}

/// How a lease stands in this process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Hold {
    /// It is owned.
    Owned(Term),
    /// It is not, and why.
    Waiting(String),
}

/// What was heard of a lease.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Signs {
    /// How many renewals.
    pub(crate) renewals: u64,
    /// How many probes of this process.
    pub(crate) probes: u64,
}

/// The workers of this process that need one lease.
pub(crate) type Needing = Arc<Mutex<Vec<Arc<Status>>>>;

/// What the holder of a lease works with.
pub(crate) struct Holder {
    pub(crate) lease: Lease,
    pub(crate) region: RegionName,
    /// This process.
    pub(crate) owner: Owner,
    pub(crate) store: Arc<dyn Store>,
    /// The other processes; `None` if no other process appends to the log: then there is nobody to wait for.
    pub(crate) telemetry: Option<Arc<dyn Telemetry>>,
    /// The lease as the state has it, whenever that changes.
    pub(crate) row: watch::Receiver<Option<LeaseRow>>,
    pub(crate) signs: watch::Receiver<Signs>,
    pub(crate) needing: Needing,
    pub(crate) hold: watch::Sender<Hold>,
}

/// What a challenger has gathered about the present owner.
struct Watched {
    ticks: Ticks,
    silence: Silence,
    patience: Patience,
    /// The term and the connection of the last tick, and what was heard up to it.
    last: Option<(u64, u64, Signs)>,
    /// Whether this process did not hear itself between the last two ticks.
    is_deaf: bool,
}

impl Watched {
    /// A tick. Returns whether the owner counts as gone: only what would have been heard counts as silence.
    fn tick(&mut self, now: Instant, epoch: u64, connection: Option<u64>, signs: Signs) -> bool {
        let is_in_time = self.ticks.tick(now);
        let last = self.last.take();
        self.last = connection.map(|connection| (epoch, connection, signs));
        self.is_deaf = last.is_some_and(|(_, _, heard)| heard.probes == signs.probes);
        let is_same = last.is_some_and(|(of, over, _)| of == epoch && Some(over) == connection);
        let is_silent = last.is_some_and(|(_, _, heard)| heard.renewals == signs.renewals);
        let counts = is_in_time && is_same && is_silent && !self.is_deaf;
        self.silence.tick(counts) >= self.patience.ticks(SILENT_TICKS, now)
    }
}

impl Holder {
    /// Takes the lease whenever its owner is gone, and renews it as long as it is owned.
    pub(crate) async fn run(mut self) -> Infallible {
        let mut watched = Watched {
            ticks: Ticks::every(tick(self.lease)),
            silence: Silence::default(),
            patience: Patience::new(Instant::now()),
            last: None,
            is_deaf: false,
        };
        loop {
            let term = self.challenge(&mut watched).await;
            tracing::info!(lease = %term.lease, epoch = term.epoch, "took the lease");
            self.hold.send_replace(Hold::Owned(term));
            tokio::select! {
                never = self.renew(term) => match never {},
                () = lost(self.row.clone(), term) => {}
            }
            tracing::info!(lease = %term.lease, epoch = term.epoch, "the lease was lost");
            self.wait("it was lost a moment ago".into());
        }
    }

    fn wait(&self, why: String) {
        self.hold.send_if_modified(|hold| {
            let now = Hold::Waiting(why);
            let is_other = *hold != now;
            *hold = now;
            is_other
        });
    }

    /// Waits until the lease is this process's.
    async fn challenge(&mut self, watched: &mut Watched) -> Term {
        let tick = tick(self.lease);
        let (mut is_gone, mut next) = (false, Instant::now());
        watched.last = None;
        loop {
            let row = self.row.borrow_and_update().clone();
            let epoch = row.as_ref().map_or(0, |row| row.epoch);
            let owner = row.and_then(|row| row.owner);
            if let Some(owner) = &owner {
                if owner.process == self.owner.process {
                    return Term { lease: self.lease, epoch };
                }
                watched.patience.sees(owner.process, Instant::now());
            }
            let connection = self.telemetry.as_ref().map_or(Some(0), |telemetry| telemetry.connection());
            if connection.is_none() {
                self.wait("there is no connection to NATS".into());
            } else if let Some(why) = self.unfit() {
                self.wait(format!("this process is to be started again before it asks for it: {why}"));
            } else if let Some(owner) = owner.as_ref().filter(|_| !is_gone && self.telemetry.is_some()) {
                let deaf = "; this process cannot take over, because it does not hear itself over NATS: are its \
                            permissions those of this release?";
                let deaf = if watched.is_deaf { deaf } else { "" };
                self.wait(format!("{} owns it{deaf}", owner.name));
            } else {
                match self.take(epoch).await {
                    Ok(term) => {
                        if let Some(owner) = owner {
                            watched.patience.deposed(owner.process, Instant::now());
                        }
                        return term;
                    }
                    Err(refused) => next = next.max(Instant::now() + self.refused(refused.as_ref())),
                }
                watched.last = None;
            }
            is_gone = tokio::select! {
                () = sleep_until(next) => {
                    let now = Instant::now();
                    next = now + tick;
                    let is_gone = watched.tick(now, epoch, connection, *self.signs.borrow());
                    self.probe().await;
                    is_gone
                }
                () = changed(&mut self.row) => false,
            };
        }
    }

    async fn probe(&self) {
        if let Some(telemetry) = &self.telemetry {
            telemetry.send(Message::Probe { process: self.owner.process, lease: self.lease }).await;
        }
    }

    /// Asks for the term that follows another one. Of several processes that ask at once, the log takes one.
    async fn take(&self, after: u64) -> Result<Term, Option<CommitError>> {
        // Its own state may be old, and a healthy owner of a later term not known here.
        if !self.store.catch_up().await {
            return Err(None);
        }
        let row = self.store.lease(self.lease).ok().flatten();
        if row.map_or(0, |row| row.epoch) != after {
            return Err(Some(Rejection::LeaseLost(self.lease).into()));
        }
        let take = TakeLease { region: self.region.clone(), lease: self.lease, owner: self.owner.clone(), after };
        self.store.commit(self.lease.as_str(), take.into()).await.map_err(Some)?;
        Ok(Term { lease: self.lease, epoch: after + 1 })
    }

    /// Says why the lease was not given. Returns how long not to ask again.
    fn refused(&self, refused: Option<&CommitError>) -> Duration {
        match refused {
            None => self.wait("this process does not follow the log".into()),
            Some(CommitError::Rejected(Rejection::LeaseLost(_))) => self.wait("another process was faster".into()),
            Some(error) => self.wait(error.to_string()),
        }
        match refused {
            Some(CommitError::Rejected(Rejection::LevelTooLow { .. })) => LEVEL_PAUSE,
            _ => tick(self.lease),
        }
    }

    /// Says again and again that the owner is there, as long as it follows the log and its workers are well: an owner that
    /// can do nothing must not keep others from it.
    async fn renew(&self, term: Term) -> Infallible {
        let Some(telemetry) = &self.telemetry else { return pending().await };
        loop {
            let next = Instant::now() + tick(self.lease) * 2;
            let follows = timeout(CATCH_UP_TIME_MAX, self.store.catch_up()).await.unwrap_or_default();
            if follows && self.is_well() {
                telemetry.send(Message::Renewal { owner: self.owner.process, term }).await;
            }
            sleep_until(next).await;
        }
    }

    /// Why this process leaves the lease to others, if it does: it had it, and could not do the work.
    fn unfit(&self) -> Option<String> {
        let needing = self.needing.lock().unwrap_or_else(PoisonError::into_inner);
        needing.iter().find_map(|status| status.unfit())
    }

    fn is_well(&self) -> bool {
        let needing = self.needing.lock().unwrap_or_else(PoisonError::into_inner);
        needing.iter().all(|status| status.is_well())
    }
}

/// Waits until the state says that a term is over.
async fn lost(mut row: watch::Receiver<Option<LeaseRow>>, term: Term) {
    let is_over = |row: &Option<LeaseRow>| {
        // A state that lags behind does not know of the term yet.
        row.as_ref().is_some_and(|row| row.epoch > term.epoch || (row.epoch == term.epoch && row.owner.is_none()))
    };
    if row.wait_for(is_over).await.is_err() {
        pending::<()>().await;
    }
}

/// Gives a lease back that this process owns, so that the next one need not wait.
pub(crate) async fn release(store: &dyn Store, region: &RegionName, owner: &Owner, lease: Lease) {
    let row = store.lease(lease).ok().flatten();
    let Some(row) = row.filter(|row| row.owner.as_ref() == Some(owner)) else { return };
    let release = ReleaseLease { region: region.clone(), lease, epoch: row.epoch };
    match timeout(RELEASE_TIME_MAX, store.commit(lease.as_str(), release.into())).await {
        Ok(Ok(_)) => tracing::info!(%lease, epoch = row.epoch, "gave the lease back"),
        Ok(Err(error)) => tracing::info!(%lease, %error, "the lease could not be given back: it will be taken"),
        Err(_) => tracing::info!(%lease, "the lease could not be given back in time: it will be taken"),
    }
}
