//! Follows the nodes all the time, so that whoever takes the lease over knows at once what its owner knew.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::row::NodeRow;
use events::ids::NodeId;
use futures_util::future::BoxFuture;
use ledger::Ledger;
use shards::telemetry::FolderAge;
use shards::{Membership, RollCall};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use uuid::Uuid;

use crate::meters;
use crate::rules::{Opinion, Rules, Seen, TICK};

/// How often the log is asked whether it answers, and how long it may take. Both together are less than the silence after
/// which a node is offline.
const LOG_INTERVAL: Duration = Duration::from_secs(1);
const LOG_TIME_MAX: Duration = Duration::from_secs(1);

/// What is held of every node, as long as somebody watches.
pub(crate) type Opinions = BTreeMap<NodeId, Opinion>;

/// The way to call the roll, and to hear that this process did.
pub trait Roll: Send + Sync + 'static {
    /// The name under which this process calls.
    fn caller(&self) -> Uuid;

    /// Asks all nodes for a heartbeat that names this call.
    fn call(&self, number: u64) -> BoxFuture<'_, ()>;

    /// The greatest number of an own call that this process heard itself make.
    fn heard(&self) -> u64;

    /// Which connection there is, if one is.
    fn connection(&self) -> Option<u64>;
}

impl Roll for RollCall {
    fn caller(&self) -> Uuid {
        Self::caller(self)
    }

    fn call(&self, number: u64) -> BoxFuture<'_, ()> {
        Box::pin(Self::call(self, number))
    }

    fn heard(&self) -> u64 {
        Self::heard(self)
    }

    fn connection(&self) -> Option<u64> {
        Self::connection(self)
    }
}

/// What follows the nodes.
pub struct Watch {
    ledger: Ledger,
    membership: Membership,
    roll: Arc<dyn Roll>,
    opinions: watch::Sender<Opinions>,
    /// Folders of which it was said that they are older than they were.
    said: BTreeSet<(NodeId, Uuid)>,
    /// The same of those that do not say how old they are.
    said_ageless: BTreeSet<(NodeId, Uuid)>,
}

impl Watch {
    /// What follows the nodes of a membership that have joined.
    pub fn new(ledger: Ledger, membership: Membership, roll: Arc<dyn Roll>) -> Self {
        meters::describe();
        let (opinions, said) = (watch::Sender::default(), BTreeSet::new());
        Self { ledger, membership, roll, opinions, said, said_ageless: BTreeSet::new() }
    }

    /// What it finds, whenever that changes.
    pub(crate) fn opinions(&self) -> watch::Receiver<Opinions> {
        self.opinions.subscribe()
    }

    /// Follows the nodes for ever. It may be dropped at any moment.
    pub async fn run(self) -> Infallible {
        let (answers, ledger) = (AtomicBool::new(false), self.ledger.clone());
        tokio::select! {
            never = self.follow(&answers) => never,
            never = ask_log(&ledger, &answers) => never,
        }
    }

    /// `answers`: whether the log does. Over a server that is cut off from the others, this process hears itself and no node
    /// of theirs: so silence counts only while the log answers, which most of the servers have to do together.
    async fn follow(mut self, answers: &AtomicBool) -> Infallible {
        let mut ticks = interval(TICK);
        // A late tick says that this process was stopped; ticks made up for would hide that.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut rules = Rules::default();
        loop {
            ticks.tick().await;
            let Some(joined) = self.joined() else { continue };
            let views = self.membership.nodes();
            let seen = Seen {
                now: Instant::now(),
                connection: self.roll.connection().filter(|_| answers.load(Ordering::Relaxed)),
                heard: self.roll.heard(),
                caller: self.roll.caller(),
                joined: &joined,
                views: &views,
            };
            let call = rules.tick(seen);
            self.tell(&rules);
            if let Some(call) = call {
                self.roll.call(call).await;
            }
        }
    }

    /// The nodes that joined. Without them there is no tick, and the next one counts once for all of that time, or is late.
    fn joined(&self) -> Option<Vec<(NodeId, NodeRow)>> {
        match self.ledger.latest().list_nodes() {
            Ok(joined) => Some(joined),
            Err(error) => {
                tracing::warn!(%error, "the nodes that have joined cannot be read");
                None
            }
        }
    }

    fn tell(&mut self, rules: &Rules) {
        meters::deaf(rules.is_deaf());
        let opinions = rules.opinions();
        for (node, opinion) in &opinions {
            meters::observe(node, opinion);
            self.tell_outdated(node, opinion);
            self.tell_ageless(node, opinion);
        }
        self.opinions.send_if_modified(|present| {
            let is_other = *present != opinions;
            *present = opinions;
            is_other
        });
    }

    fn tell_outdated(&mut self, node: &NodeId, opinion: &Opinion) {
        let key = (node.clone(), opinion.folder.0);
        let Some(FolderAge { starts, position }) = opinion.outdated else {
            self.said.remove(&key);
            return;
        };
        if self.said.insert(key) {
            meters::outdated();
            tracing::error!(
                %node, folder = %opinion.folder, starts, position,
                "the node came back with an older copy of its data folder: it is refused. Bring the newer one back, or \
                 empty the folder, start the node and let it in with `planetstore node init`"
            );
        }
    }

    fn tell_ageless(&mut self, node: &NodeId, opinion: &Opinion) {
        let key = (node.clone(), opinion.folder.0);
        if !opinion.is_ageless {
            self.said_ageless.remove(&key);
        } else if self.said_ageless.insert(key) {
            tracing::error!(
                %node, folder = %opinion.folder,
                "the node does not say how old its data folder is, though it once did: it is taken as it is, and an \
                 older copy of it would not be noticed. Its log says why, unless it is of an earlier release"
            );
        }
    }
}

/// Asks the log again and again whether it answers.
async fn ask_log(ledger: &Ledger, answers: &AtomicBool) -> Infallible {
    let mut rounds = interval(LOG_INTERVAL);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        rounds.tick().await;
        let does = matches!(timeout(LOG_TIME_MAX, ledger.read()).await, Ok(Ok(_)));
        if answers.swap(does, Ordering::Relaxed) && !does {
            tracing::warn!("the log does not answer: the states of silent nodes are not changed meanwhile");
        }
    }
}
