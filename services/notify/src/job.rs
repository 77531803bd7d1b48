//! A piece of work for one target, which runs beside those of others.

use std::sync::Arc;
use std::time::Duration;

use domain::row::TargetRow;
use events::Fact;
use events::ids::TargetName;
use events::target::DeadLetter;
use feed::{Feed, FeedError, Reader, Start};
use ledger::{Ledger, StateError};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::deliver::{ATTEMPTS_MAX, Standing, deliver, shortened};
use crate::endpoint::Endpoint;
use crate::failure::Failure;
use crate::select::{Selected, Selector};

/// Entries of the log that are looked at before the place is handed back, at least.
pub(crate) const LOOKED_AT_MAX: u64 = 10_000;

/// How long a job waits for events before it hands back its place.
const WAIT_TIME_MAX: Duration = Duration::from_mins(1);

/// Events that a target gets, up to a place.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) selected: Arc<Vec<Selected>>,
    pub(crate) until: u64,
}

/// What a job works with.
#[derive(Clone)]
pub(crate) struct Bench {
    pub(crate) target: TargetName,
    pub(crate) row: TargetRow,
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) ledger: Ledger,
    pub(crate) feed: Feed,
    /// Ends the wait for events, because there is something else to do.
    pub(crate) nudge: Arc<Notify>,
}

/// What became of it.
pub(crate) enum Done {
    /// A page of the log.
    Page {
        reader: Box<Reader>,
        page: Page,
        standing: Standing,
        /// Whether there was anything on the way but what this service writes itself.
        is_noteworthy: bool,
    },
    /// Dead letters that were sent again.
    Dead { redelivered: Vec<u64>, dead: Vec<DeadLetter>, failure: Option<Failure> },
    /// The log or the state cannot be read now.
    Unreadable { reader: Option<Box<Reader>>, why: String },
}

/// Why a job did not come to its end.
#[derive(Debug, thiserror::Error)]
enum Unreadable {
    #[error(transparent)]
    Feed(#[from] FeedError),
    #[error(transparent)]
    State(#[from] StateError),
}

/// Takes the next page, or the one that was not done, and sends it. `room`: for dead letters.
pub(crate) async fn page(bench: Bench, mut reader: Box<Reader>, kept: Option<(Page, Standing)>, room: u32) -> Done {
    let (page, before, is_noteworthy) = match kept {
        Some((page, standing)) => (page, standing, true),
        None => match next(&bench, &mut reader).await {
            Ok((page, is_noteworthy)) => (page, Standing::default(), is_noteworthy),
            Err(error) => return Done::Unreadable { reader: Some(reader), why: error.to_string() },
        },
    };
    let endpoint = &bench.endpoint;
    let standing =
        deliver(&page.selected, before, room, |selected| async move { endpoint.send(&selected).await }).await;
    Done::Page { reader, page, standing, is_noteworthy }
}

/// Reads until there is something for the target, or there was nothing for long.
async fn next(bench: &Bench, reader: &mut Reader) -> Result<(Page, bool), Unreadable> {
    let (begin, deadline) = (reader.position(), Instant::now() + WAIT_TIME_MAX);
    let mut is_noteworthy = false;
    loop {
        let nothing = |until| Page { selected: Arc::new(Vec::new()), until };
        let batch = tokio::select! {
            batch = timeout_at(deadline, reader.next()) => batch.ok(),
            () = bench.nudge.notified() => None,
        };
        let Some(batch) = batch else { return Ok((nothing(reader.position()), is_noteworthy)) };
        let batch = batch?;
        let is_own = |fact: &Fact| matches!(fact, Fact::TargetsAdvanced(_));
        is_noteworthy |= batch.entries.iter().any(|entry| !is_own(&entry.event.fact));
        let snapshot = bench.ledger.latest();
        let mut selector = Selector::new(&bench.target, &bench.row, &snapshot);
        let mut selected = Vec::new();
        for entry in &batch.entries {
            selected.extend(selector.select(entry)?);
        }
        if !selected.is_empty() {
            return Ok((Page { selected: Arc::new(selected), until: batch.until }, true));
        }
        if batch.until - begin >= LOOKED_AT_MAX {
            return Ok((nothing(batch.until), is_noteworthy));
        }
    }
}

/// Sends dead letters again, each once, with how often each was sent before.
pub(crate) async fn dead(bench: Bench, letters: Vec<(u64, u32)>) -> Done {
    let (mut redelivered, mut dead) = (Vec::new(), Vec::new());
    for (sequence, attempts) in letters {
        let selected = match look_up(&bench, sequence).await {
            Ok(selected) => selected,
            Err(error) => {
                return Done::Unreadable { reader: None, why: error.to_string() };
            }
        };
        let sent = match &selected {
            Some(selected) => bench.endpoint.send(selected).await,
            None => Err(Failure::Refused("the log has no such event".into())),
        };
        match sent {
            Ok(()) => redelivered.push(sequence),
            Err(Failure::Refused(why)) => {
                let attempts = attempts.max(ATTEMPTS_MAX).saturating_add(1);
                dead.push(DeadLetter { sequence, error: shortened(&why), attempts });
            }
            Err(failure) => return Done::Dead { redelivered, dead, failure: Some(failure) },
        }
    }
    Done::Dead { redelivered, dead, failure: None }
}

async fn look_up(bench: &Bench, sequence: u64) -> Result<Option<Selected>, Unreadable> {
    let last = bench.ledger.progress().borrow().cursor.sequence;
    if sequence == 0 || sequence > last {
        return Ok(None);
    }
    let mut reader = bench.feed.follow(Start { next: sequence, since: None, last });
    let batch = reader.next().await?;
    let Some(entry) = batch.entries.iter().find(|entry| entry.sequence == sequence) else { return Ok(None) };
    let snapshot = bench.ledger.latest();
    let mut selector = Selector::new(&bench.target, &bench.row, &snapshot);
    Ok(Some(selector.select_again(entry)?))
}
