//! Admits nodes: the first data folder under a name joins, and a process with another folder gets a message that it is
//! refused.
//!
//! Nodes may not append to the log, so the gateway that hears a node writes the fact.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::row::TotalsRow;
use domain::{JoinNode, Rejection};
use events::Origin;
use events::ids::{AuthType, FolderId, NodeId, Principal};
use ledger::{CommitError, Ledger, Snapshot, StateError};
use shards::telemetry::{FolderAge, Heartbeat, Ruling, Trouble, Verdict};
use shards::{Admission, Joined, Membership, NODES_MAX, NodeControl, NodeView};
use tokio::time::{MissedTickBehavior, interval};
use uuid::Uuid;

/// How often to read the folders that other gateways admitted, and to notify refused processes again.
const ROUND: Duration = Duration::from_secs(1);

/// The maximum number of contents that are searched for one on a node that is new to the log. Contents are spread over
/// all nodes, so a node of any age has some of them.
const CONTENTS_ASKED_MAX: usize = 10_000;

/// The principal of these events.
const PRINCIPAL: &str = "admission";

/// Lets nodes in until the membership ends. It may be dropped at any moment: what it did is on the log.
pub async fn admit_nodes(ledger: Ledger, membership: Membership, control: NodeControl) {
    let (said, missed) = (BTreeMap::new(), BTreeSet::new());
    Doorman { ledger, membership, control, said, missed }.run().await;
}

/// Shows a membership which nodes have joined, until the ledger has stopped: for processes that admit none.
pub async fn follow_admissions(ledger: Ledger, membership: Membership) {
    let mut progress = ledger.progress();
    progress.mark_changed();
    while progress.changed().await.is_ok() {
        if let Err(error) = accept_nodes(&membership, &ledger.latest()) {
            tracing::warn!(%error, "cannot read the nodes that have joined");
        }
    }
}

/// The outcome for a node whose name is new to the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum First {
    /// Nothing was done.
    Left,
    /// It joined, or another gateway admitted it, or the log does not answer.
    Tried,
    /// No node may join, because the region's level does not allow such facts.
    MayNot,
}

struct Doorman {
    ledger: Ledger,
    membership: Membership,
    control: NodeControl,
    /// The last known standing of each process.
    said: BTreeMap<Uuid, Admission>,
    /// Processes that may not join: their empty folder replaces one with shards, or there is no place for another node.
    missed: BTreeSet<Uuid>,
}

impl Doorman {
    async fn run(mut self) {
        let mut changes = self.membership.changes();
        let mut rounds = interval(ROUND);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { return },
                _ = rounds.tick() => {}
            }
            changes.mark_unchanged();
            if let Err(error) = self.round().await {
                tracing::warn!(%error, "cannot read the nodes that have joined");
            }
        }
    }

    /// Checks every process that sends heartbeats.
    async fn round(&mut self) -> Result<(), StateError> {
        let known = accept_nodes(&self.membership, &self.ledger.latest())?;
        let mut heard: Vec<NodeView> = self.membership.nodes();
        heard.retain(|view| view.reachable);
        let mut outcomes = Vec::new();
        for view in heard.iter().filter(|view| !known.contains_key(&view.heartbeat.node)) {
            // Joined names are permanent and limited, so nobody can fill the log by inventing names.
            let joined = outcomes.iter().filter(|outcome| **outcome == First::Tried).count();
            if known.len() + joined >= NODES_MAX {
                if self.missed.insert(view.heartbeat.incarnation) {
                    tracing::error!(node = %view.heartbeat.node, NODES_MAX, "the region has the maximum number of nodes");
                }
                continue;
            }
            outcomes.push(self.first(&view.heartbeat).await?);
        }
        if outcomes.contains(&First::Tried) {
            accept_nodes(&self.membership, &self.ledger.latest())?;
        }
        self.membership.accept_unjoined(outcomes.contains(&First::MayNot));
        for view in &heard {
            self.tell(view).await;
        }
        let is_heard = |process: &Uuid| heard.iter().any(|view| view.heartbeat.incarnation == *process);
        self.said.retain(|process, _| is_heard(process));
        self.missed.retain(is_heard);
        Ok(())
    }

    /// Admits a node whose name is new to the log, unless its empty folder replaces one from before nodes joined.
    async fn first(&mut self, heartbeat: &Heartbeat) -> Result<First, StateError> {
        let (Some(folder), node) = (heartbeat.folder, &heartbeat.node) else { return Ok(First::Left) };
        if self.missed.contains(&heartbeat.incarnation) {
            return Ok(First::Left);
        }
        if heartbeat.shards == 0 && is_missed(&self.ledger.latest(), node)? {
            self.missed.insert(heartbeat.incarnation);
            tracing::error!(
                %node, %folder,
                "the node's data folder is empty, and objects have shards on a node of this name: bring its folder \
                 back, or give it up with `planetstore node init`"
            );
            return Ok(First::Left);
        }
        match join_node(&self.ledger, heartbeat, folder, None).await {
            Ok(()) => tracing::info!(%node, %folder, "a node has joined"),
            Err(CommitError::Rejected(why)) if !matches!(why, Rejection::OtherFolder { .. }) => {
                tracing::debug!(%node, %folder, %why, "no node may join yet");
                return Ok(First::MayNot);
            }
            Err(error) => tracing::warn!(%node, %folder, %error, "a node could not join"),
        }
        Ok(First::Tried)
    }

    /// Tells a process its standing, and the operator when that changes.
    async fn tell(&mut self, view: &NodeView) {
        let Heartbeat { node, incarnation, trouble, .. } = &view.heartbeat;
        let before = self.said.insert(*incarnation, view.admission);
        let verdict = match view.admission {
            Admission::Refused { known } => Verdict::Refused(known),
            Admission::Double { older } => Verdict::Double(older),
            Admission::Outdated { known } => Verdict::Outdated(known),
            Admission::Accepted if *trouble == Some(Trouble::Refused) => Verdict::Accepted,
            Admission::Accepted | Admission::Undecided => return,
        };
        if before != Some(view.admission)
            && let Some(why) = node_refusal(view)
        {
            tracing::error!(%node, process = %incarnation, "{why}");
        }
        if let Err(error) = self.control.tell(node, &Ruling { incarnation: *incarnation, verdict }).await {
            tracing::warn!(%node, %error, "cannot send a node its state");
        }
    }
}

/// Gives a membership the folders that have joined, and the nodes that take no new shards.
pub(crate) fn accept_nodes(membership: &Membership, snapshot: &Snapshot) -> Result<BTreeMap<NodeId, Uuid>, StateError> {
    let joined = Joined::of_rows(snapshot.list_nodes()?, snapshot.cursor()?.sequence);
    let folders = joined.folders.clone();
    membership.accept(joined);
    Ok(folders)
}

/// Records that a node has joined with a folder.
pub(crate) async fn join_node(
    ledger: &Ledger,
    heartbeat: &Heartbeat,
    folder: Uuid,
    replaces: Option<FolderId>,
) -> Result<(), CommitError> {
    let (node, zone, folder) = (heartbeat.node.clone(), heartbeat.zone.clone(), FolderId(folder));
    let principal = Principal { kind: AuthType::System, id: PRINCIPAL.into() };
    let origin = Origin { principal, request_id: String::new(), traceparent: None, address: None };
    ledger.commit(JoinNode { node, folder, zone, replaces }.into(), origin).await.map(drop)
}

/// Whether contents were placed on a node of this name although it has not joined, as before there were facts about
/// nodes.
fn is_missed(snapshot: &Snapshot, node: &NodeId) -> Result<bool, StateError> {
    use domain::View;
    let TotalsRow { contents, .. } = snapshot.totals()?;
    Ok(contents > 0 && snapshot.names_node(node, CONTENTS_ASKED_MAX)?)
}

/// Why a process is not accepted as the node, for operators.
pub(crate) fn node_refusal(view: &NodeView) -> Option<String> {
    let folder = view.heartbeat.folder.map_or_else(|| "one it does not name".to_owned(), |folder| folder.to_string());
    match view.admission {
        Admission::Accepted => None,
        Admission::Undecided => Some(format!("its data folder {folder} has not joined yet")),
        Admission::Refused { known } => Some(format!(
            "refused: its data folder is {folder}, and the node is known with {known}; bring that one back, or give it \
             up with `planetstore node init {}`",
            view.heartbeat.node
        )),
        Admission::Outdated { known } => {
            let FolderAge { starts, position } = view.heartbeat.age.unwrap_or_default();
            Some(format!(
                "refused: its data folder {folder} is an older copy of itself, from start {starts} and write \
                 {position}, and had come to start {} and write {}; bring the newer one back, or empty the folder, \
                 start the node, and let it in with `planetstore node init {}`",
                known.starts, known.position, view.heartbeat.node
            ))
        }
        Admission::Double { older } => Some(format!(
            "refused: process {older} serves from the data folder {folder} or a copy of it; stop one of them for good"
        )),
    }
}

#[cfg(test)]
mod tests;
