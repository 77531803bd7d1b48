use std::time::Duration;

use domain::row::{self, Condition, NodeRow};
use domain::{ChangeNode, NodeChange, Rejection};
use events::ids::NodeId;
use events::lease::Lease;
use events::node::Failure;
use futures_util::future::try_join_all;
use ledger::{CommitError, Ledger};
use tokio::sync::watch;
use worker::{Failpoint, Handle, Profile, Step, Trouble, Worker};

use crate::rules::is_watched;
use crate::watch::Opinions;
use crate::{Opinion, Presence, Watch, meters};

/// How often it is looked whether the log says what is held, also if nothing changed here.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// The worker that writes down what a [`Watch`] found.
pub struct NodeMonitor {
    ledger: Ledger,
    opinions: watch::Receiver<Opinions>,
}

impl NodeMonitor {
    /// What writes down what `watch` finds.
    pub fn new(ledger: Ledger, watch: &Watch) -> Self {
        Self { ledger, opinions: watch.opinions() }
    }
}

impl Worker for NodeMonitor {
    fn profile(&self) -> Profile {
        Profile {
            name: "nodes",
            about: "says which storage nodes are there, which are full and which do not serve as they should",
            unit: "facts",
            lease: Some(Lease::Nodes),
            rate: None,
        }
    }

    async fn step(&mut self, handle: &Handle) -> Result<Step, Trouble> {
        let opinions = self.opinions.borrow_and_update().clone();
        let joined = self.ledger.latest().list_nodes()?;
        let changes: Vec<ChangeNode> = joined
            .iter()
            .filter(|(_, row)| is_watched(row))
            .flat_map(|(node, row)| opinions.get(node).map(|opinion| due(node, row, opinion)).unwrap_or_default())
            .collect();
        if changes.is_empty() {
            return Ok(Step::Idle(LOOK_INTERVAL));
        }
        handle.reached(Failpoint::HealthJudged).await;
        try_join_all(changes.into_iter().map(|change| write(handle, change))).await?;
        handle.reached(Failpoint::HealthWritten).await;
        Ok(Step::Idle(LOOK_INTERVAL))
    }

    async fn wake(&mut self) {
        // If nobody watches any more, nothing changes any more.
        if self.opinions.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Writes a change down.
async fn write(handle: &Handle, change: ChangeNode) -> Result<(), Trouble> {
    let (node, (fact, what)) = (change.node.clone(), words(change.change));
    match handle.commit(change).await {
        Ok(_) => {
            handle.done(1);
            handle.say(&format!("{node} is {what}"));
            meters::wrote(fact);
            tracing::info!(%node, what, "the state of a node changed");
            Ok(())
        }
        // Another folder joined: the next look is at that.
        Err(CommitError::Rejected(Rejection::OtherFolder { .. } | Rejection::NoSuchNode)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// What has to be said of a node so that the log says what is held.
fn due(node: &NodeId, row: &NodeRow, opinion: &Opinion) -> Vec<ChangeNode> {
    if row.folder != opinion.folder {
        return Vec::new();
    }
    let is_online = row.presence.is == row::Presence::Online;
    let presence = match opinion.presence {
        Some(Presence::Online) if !is_online => Some(NodeChange::Online),
        Some(Presence::Offline(age)) if is_online => {
            Some(NodeChange::Offline { position: age.position, starts: age.starts })
        }
        _ => None,
    };
    // Of a node that is silent, nothing else is known.
    let is_heard = opinion.presence == Some(Presence::Online);
    let condition = (is_heard && opinion.condition != row.condition.is).then_some(match opinion.condition {
        Condition::Healthy => NodeChange::Recovered,
        Condition::Full => NodeChange::Full,
        Condition::Failing(cause) => NodeChange::Failing(cause),
    });
    let of = |change| ChangeNode { node: node.clone(), folder: row.folder, change };
    presence.into_iter().chain(condition).map(of).collect()
}

/// A change as metrics and as people call it.
fn words(change: NodeChange) -> (&'static str, &'static str) {
    match change {
        NodeChange::Online => ("online", "online"),
        NodeChange::Offline { .. } => ("offline", "offline"),
        NodeChange::Full => ("full", "full"),
        NodeChange::Failing(Failure::Errors) => ("failing_errors", "failing: its disk reports errors"),
        NodeChange::Failing(Failure::Latency) => ("failing_latency", "failing: it is much slower than its peers"),
        NodeChange::Recovered => ("recovered", "well"),
        NodeChange::Drain | NodeChange::Resume | NodeChange::ConfirmStrays { .. } | NodeChange::Remove { .. } => {
            ("operator", "changed by an operator")
        }
    }
}
