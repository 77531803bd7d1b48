use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::View;
use domain::row::ConsumerRow;
use eventlog::{Durable, DurableState, JetStreamLog};
use events::ids::{ConsumerName, DurableName, RegionName};
use futures_util::future::BoxFuture;
use identity::Secret;
use ledger::Ledger;
use tokio::time::Instant;

use crate::rates::Rates;
use crate::token::{API_PREFIX, inbox};
use crate::{Filter, snippet};

/// The interval of measurements of how fast readers are.
const MEASURE_INTERVAL: Duration = Duration::from_secs(10);

/// The interval in which the durable consumers are compared with those that the log names.
const RECONCILE_INTERVAL: Duration = Duration::from_mins(1);

/// The durable consumers of a log, as JetStream has them.
pub trait Durables: Send + Sync {
    /// Creates a consumer, or has it get what is said now.
    fn ensure<'a>(&'a self, durable: &'a Durable) -> Done<'a, ()>;
    /// How far its reader is; `None` if there is none.
    fn state<'a>(&'a self, name: &'a str) -> Done<'a, Option<DurableState>>;
    /// Deletes it, if it is there.
    fn remove<'a>(&'a self, name: &'a str) -> Done<'a, ()>;
    /// The names of those that begin with a prefix.
    fn names<'a>(&'a self, prefix: &'a str) -> Done<'a, Vec<String>>;
}

type Done<'a, T> = BoxFuture<'a, Result<T, eventlog::ReadError>>;

impl Durables for JetStreamLog {
    fn ensure<'a>(&'a self, durable: &'a Durable) -> Done<'a, ()> {
        Box::pin(self.ensure_durable(durable))
    }

    fn state<'a>(&'a self, name: &'a str) -> Done<'a, Option<DurableState>> {
        Box::pin(self.durable(name))
    }

    fn remove<'a>(&'a self, name: &'a str) -> Done<'a, ()> {
        Box::pin(self.remove_durable(name))
    }

    fn names<'a>(&'a self, prefix: &'a str) -> Done<'a, Vec<String>> {
        Box::pin(self.durables(prefix))
    }
}

/// The reason why something could not be done about consumers.
#[derive(Debug, thiserror::Error)]
pub enum ConsumersError {
    /// The log or the projection does not answer now. What is missing is made up for later.
    #[error("the log cannot be reached: {reason}")]
    Unavailable {
        /// The reason.
        reason: String,
    },
}

impl ConsumersError {
    fn of(error: &impl fmt::Display) -> Self {
        Self::Unavailable { reason: error.to_string() }
    }
}

/// How to log in as a consumer.
#[derive(Debug)]
pub struct Credentials {
    /// The address of the NATS server.
    pub url: String,
    /// The user.
    pub user: String,
    /// The password. It is shown once.
    pub password: Secret,
    /// The prefix that a client gives the subjects of its replies.
    pub inbox: String,
    /// How the subjects of JetStream's API begin for this user.
    pub api_prefix: &'static str,
    /// The stream.
    pub stream: String,
    /// The name of the durable consumer.
    pub durable: String,
}

impl Credentials {
    /// A program that reads with them.
    pub fn snippet(&self) -> String {
        snippet::python(self)
    }
}

/// How far the reader of a consumer is.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Progress {
    /// The sequence on the log up to which all its events are acknowledged.
    pub position: u64,
    /// Its events that are not acknowledged: those that wait, and those that were delivered.
    pub lag: u64,
    /// Events that were delivered and are not acknowledged.
    pub unacked: u64,
    /// Those among them that were delivered more than once.
    pub redelivered: u64,
    /// Events acknowledged per second, of late; absent before it was measured.
    pub rate: Option<f64>,
}

/// The durable consumers of a region. Clones share them.
#[derive(Clone)]
pub struct Consumers(Arc<Shared>);

struct Shared {
    ledger: Ledger,
    durables: Arc<dyn Durables>,
    region: RegionName,
    url: String,
    rates: Mutex<Rates>,
}

impl Consumers {
    /// The consumers that a log names. `url` is the address at which readers find the NATS server.
    pub fn new(ledger: Ledger, durables: Arc<dyn Durables>, region: RegionName, url: String) -> Self {
        Self(Arc::new(Shared { ledger, durables, region, url, rates: Mutex::default() }))
    }

    /// How to log in.
    pub fn credentials(&self, durable: &DurableName, password: Secret) -> Credentials {
        Credentials {
            url: self.0.url.clone(),
            user: durable.to_string(),
            password,
            inbox: inbox(durable),
            api_prefix: API_PREFIX,
            stream: format!("EVENTS_{}", self.0.region),
            durable: durable.to_string(),
        }
    }

    /// Whether the log's server lets this process manage durable consumers.
    ///
    /// # Errors
    /// [`ConsumersError`] if it does not, or does not answer.
    pub async fn check(&self) -> Result<(), ConsumersError> {
        let found = self.0.durables.names(DurableName::PREFIX).await;
        found.map(drop).map_err(|error| ConsumersError::of(&error))
    }

    /// Creates the durable consumer of a row.
    ///
    /// # Errors
    /// [`ConsumersError`]. It is made later then.
    pub async fn ensure(&self, row: &ConsumerRow) -> Result<(), ConsumersError> {
        let filter = Filter { bucket: row.bucket.clone(), types: row.types.clone() };
        let subjects = filter.subjects(&self.0.region);
        if subjects.is_empty() {
            // Without a subject it would get every event.
            tracing::warn!(durable = %row.durable, "a consumer has only types of events that this release does not know");
            return Ok(());
        }
        let durable = Durable { name: row.durable.to_string(), subjects, start: row.start };
        self.0.durables.ensure(&durable).await.map_err(|error| ConsumersError::of(&error))
    }

    /// Deletes a durable consumer: its reader reads nothing from then on.
    ///
    /// # Errors
    /// [`ConsumersError`]. It is deleted later then.
    pub async fn remove(&self, durable: &DurableName) -> Result<(), ConsumersError> {
        self.0.durables.remove(durable.as_str()).await.map_err(|error| ConsumersError::of(&error))
    }

    /// How far the reader of a consumer is. Before there is its durable consumer, it has read nothing.
    ///
    /// # Errors
    /// [`ConsumersError`].
    pub async fn progress(&self, row: &ConsumerRow) -> Result<Progress, ConsumersError> {
        let state = self.0.durables.state(row.durable.as_str()).await.map_err(|error| ConsumersError::of(&error))?;
        let before = row.start.saturating_sub(1);
        let Some(state) = state else { return Ok(Progress { position: before, ..Progress::default() }) };
        let mut rates = self.0.rates.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Progress {
            position: state.acked.max(before),
            lag: state.pending + state.unacked,
            unacked: state.unacked,
            redelivered: state.redelivered,
            rate: rates.take(&row.durable, Instant::now(), state.acked_events),
        })
    }

    /// Makes the durable consumers those that the log names, now and again, and measures how fast their readers are. It
    /// ends only when it is dropped.
    pub async fn run(self) {
        let (mut reconciled, mut has_failed) = (None, false);
        let mut ticks = tokio::time::interval(MEASURE_INTERVAL);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let is_due = reconciled.is_none_or(|at: Instant| at.elapsed() >= RECONCILE_INTERVAL);
            let outcome = if is_due { self.reconcile().await } else { self.measure().await };
            match outcome {
                Ok(()) => {
                    has_failed = false;
                    if is_due {
                        reconciled = Some(Instant::now());
                    }
                }
                // It is said once: an operator may not have given gateways these rights.
                Err(error) if !has_failed => {
                    tracing::warn!(%error, "durable consumers cannot be managed now");
                    has_failed = true;
                }
                Err(error) => tracing::debug!(%error, "durable consumers cannot be looked after still"),
            }
        }
    }

    /// Creates the durable consumers that are missing, and deletes those that the log does not name.
    ///
    /// # Errors
    /// [`ConsumersError`].
    pub async fn reconcile(&self) -> Result<(), ConsumersError> {
        // A consumer is on the log before it is in JetStream. So the state that is read after the names has them all.
        let found = self.0.durables.names(DurableName::PREFIX).await.map_err(|error| ConsumersError::of(&error))?;
        let named = self.rows().await?;
        for durable in found.iter().filter_map(|name| name.parse().ok()).filter(|name| !named.contains_key(name)) {
            tracing::info!(%durable, "deleting a durable consumer that the log does not name");
            self.remove(&durable).await?;
        }
        for row in named.values() {
            self.ensure(row).await?;
        }
        self.0.rates.lock().unwrap_or_else(PoisonError::into_inner).keep(|durable| named.contains_key(durable));
        Ok(())
    }

    async fn measure(&self) -> Result<(), ConsumersError> {
        for row in self.rows().await?.values() {
            self.progress(row).await?;
        }
        Ok(())
    }

    async fn rows(&self) -> Result<BTreeMap<DurableName, ConsumerRow>, ConsumersError> {
        let snapshot = self.0.ledger.read().await.map_err(|error| ConsumersError::of(&error))?;
        let rows: Vec<(ConsumerName, ConsumerRow)> =
            snapshot.consumers().map_err(|error| ConsumersError::of(&error))?;
        Ok(rows.into_iter().map(|(_, row)| (row.durable.clone(), row)).collect())
    }
}

impl fmt::Debug for Consumers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumers").field("region", &self.0.region).finish_non_exhaustive()
    }
}
