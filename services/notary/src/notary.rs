use std::sync::Arc;
use std::time::Duration;

use domain::row::NotaryRow;
use domain::{Rejection, View};
use events::checkpoint::{CHECKPOINT_ENTRIES_MAX, Checkpointed, KeyChanged};
use events::ids::{NotaryKey, NotarySignature, RegionName};
use events::lease::Lease;
use evidence::{is_checkpoint_signed, is_key_change_signed};
use ledger::{CommitError, Ledger};
use tokio::time::Instant;
use worker::{Handle, Profile, Step, Trouble, Worker, latest};

use crate::Signer;
use crate::pending::Pending;

/// Bytes of entries that one checkpoint covers, give or take what is read at once: whoever proves an entry reads all of
/// them.
pub const CHECKPOINT_BYTES_MAX: usize = 16 << 20;

/// Bytes of entries that are read at once.
const READ_BYTES: usize = 1 << 20;

/// The shortest time between two looks at a log to which something is appended all the time.
const LOOK_PAUSE: Duration = Duration::from_millis(250);

/// The longest time between two looks at a log to which nothing is appended.
const LOOK_INTERVAL_MAX: Duration = Duration::from_mins(1);

/// The level of a region that knows checkpoints.
const LEVEL: u32 = 2;

/// A signature that is not made yet.
const UNSIGNED: NotarySignature = NotarySignature([0; 64]);

/// The options of the notary.
#[derive(Debug, Clone)]
pub struct Options {
    /// The region.
    pub region: RegionName,
    /// How long after an entry a checkpoint covers it, at the latest.
    pub interval: Duration,
    /// After how many entries there is a checkpoint whatever the time; at most [`CHECKPOINT_ENTRIES_MAX`].
    pub entries: u64,
}

/// The worker that signs.
pub struct Notary {
    options: Options,
    ledger: Ledger,
    signer: Arc<dyn Signer>,
    pending: Pending,
    /// The entry up to which it was read.
    looked: u64,
}

impl Notary {
    /// A notary of the log that a ledger follows.
    pub fn new(options: Options, ledger: Ledger, signer: Arc<dyn Signer>) -> Self {
        Self { options, ledger, signer, pending: Pending::from(1), looked: 0 }
    }

    /// Puts the newest key of the signer in use, one key after another. Returns the key to sign with, or `None` if a key
    /// was put in use.
    async fn key(&self, handle: &Handle, notary: &NotaryRow) -> Result<Option<NotaryKey>, Trouble> {
        let keys = self.signer.keys();
        let next = match notary.key {
            None => keys.last(),
            Some(key) => match keys.iter().position(|held| *held == key) {
                Some(at) if at + 1 == keys.len() => return Ok(Some(key)),
                Some(at) => keys.get(at + 1),
                None => {
                    let unfit = format!(
                        "the key {key} is in use, and this process does not have it: give it that key, and a new one \
                         behind it to change to that"
                    );
                    return Err(Trouble::Unfit(unfit));
                }
            },
        };
        let next = *next.ok_or_else(|| Trouble::Unfit("this process has no key to sign with".into()))?;
        let region = self.options.region.clone();
        let unsigned = KeyChanged { region, key: next, former: notary.key, signature: UNSIGNED, term: None };
        let signature = self.sign(unsigned.signer(), &unsigned.statement()).await?;
        let change = KeyChanged { signature, ..unsigned };
        if !is_key_change_signed(&change) {
            return Err(Trouble::Failed(format!("what the key {} signed is wrong", change.signer())));
        }
        match handle.commit(change).await {
            Ok(_) => tracing::info!(key = %next, former = ?notary.key, "the notary uses another key"),
            Err(CommitError::Rejected(Rejection::OtherNotaryKey)) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(None)
    }

    async fn sign(&self, key: NotaryKey, statement: &str) -> Result<NotarySignature, Trouble> {
        self.signer.sign(key, statement).await.map_err(|error| Trouble::Failed(error.to_string()))
    }

    /// Reads what was appended, as far as one checkpoint goes.
    async fn read(&mut self, handle: &Handle, last: u64) -> Result<(), Trouble> {
        let end = last.min(self.pending.first.saturating_add(CHECKPOINT_ENTRIES_MAX - 1));
        while self.pending.next() <= end && self.pending.bytes < CHECKPOINT_BYTES_MAX {
            for entry in self.ledger.entries(self.pending.next(), end, READ_BYTES).await? {
                self.pending.push(&entry, Instant::now());
            }
            handle.alive();
        }
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.pending.tree.leaves() >= CHECKPOINT_ENTRIES_MAX || self.pending.bytes >= CHECKPOINT_BYTES_MAX
    }

    /// How long it is until a checkpoint is due; `None` if nothing calls for one.
    fn due_in(&self, now: Instant) -> Option<Duration> {
        let since = self.pending.since?;
        if self.pending.tree.leaves() >= self.options.entries || self.is_full() {
            return Some(Duration::ZERO);
        }
        Some(self.options.interval.saturating_sub(now.duration_since(since)))
    }

    /// Signs what was read.
    async fn checkpoint(&mut self, handle: &Handle, key: NotaryKey, notary: &NotaryRow) -> Result<(), Trouble> {
        let Pending { first, tree, head, .. } = &self.pending;
        let (first, count) = (*first, tree.leaves());
        let unsigned = Checkpointed {
            region: self.options.region.clone(),
            first,
            last: first + count - 1,
            count,
            root: tree.root(),
            head: *head,
            previous: notary.hash,
            key,
            signature: UNSIGNED,
            term: None,
        };
        let signature = self.sign(key, &unsigned.statement()).await?;
        let checkpoint = Checkpointed { signature, ..unsigned };
        if !is_checkpoint_signed(&checkpoint) {
            return Err(Trouble::Failed(format!("what the key {key} signed is wrong")));
        }
        let last = checkpoint.last;
        match handle.commit(checkpoint).await {
            Ok(_) => {
                handle.done(count);
                handle.say(&format!("signed the log up to {last}"));
                tracing::debug!(first, last, "signed a range of the log");
                self.pending = Pending::from(last + 1);
                Ok(())
            }
            // Somebody else signed meanwhile: it begins anew behind that.
            Err(CommitError::Rejected(Rejection::CheckpointNotNext { .. } | Rejection::OtherNotaryKey)) => {
                self.pending = Pending::from(1);
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl Worker for Notary {
    fn profile(&self) -> Profile {
        Profile {
            name: "notary",
            about: "signs what the log holds, so that nobody can change it later unnoticed",
            unit: "entries",
            lease: Some(Lease::Notary),
            rate: None,
        }
    }

    async fn step(&mut self, handle: &Handle) -> Result<Step, Trouble> {
        let snapshot = latest(&self.ledger)?;
        let (notary, level, last) = (snapshot.notary()?, snapshot.totals()?.level, snapshot.cursor()?.sequence);
        drop(snapshot);
        self.looked = last;
        if level < LEVEL {
            handle.say("waits: the level of the region knows no checkpoints");
            return Ok(Step::Idle(LOOK_INTERVAL_MAX));
        }
        let Some(key) = self.key(handle, &notary).await? else { return Ok(Step::More) };
        if self.pending.first != notary.last + 1 {
            self.pending = Pending::from(notary.last + 1);
        }
        self.read(handle, last).await?;
        handle.left_as_of(last + 1 - self.pending.first, last);
        match self.due_in(Instant::now()) {
            Some(Duration::ZERO) => {
                self.checkpoint(handle, key, &notary).await?;
                Ok(Step::More)
            }
            Some(time) => Ok(Step::Idle(time)),
            None => Ok(Step::Idle(LOOK_INTERVAL_MAX)),
        }
    }

    async fn wake(&mut self) {
        tokio::time::sleep(LOOK_PAUSE).await;
        let (looked, mut progress) = (self.looked, self.ledger.progress());
        // Its end is for the next step to see.
        let _ended =
            progress.wait_for(|progress| progress.cursor.sequence != looked || progress.failed.is_some()).await;
    }
}
