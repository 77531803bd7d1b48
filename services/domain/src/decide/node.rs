use events::Fact;
use events::node::{Draining, Failing, Full, Joined, Offline, Online, Recovered, Removed, Resumed, StraysConfirmed};

use super::{Decision, Refused, changed};
use crate::command::{ChangeNode, JoinNode, NodeChange, Outcome, Rejection};
use crate::row::{Condition, Duty, Presence};
use crate::view::View;

/// The first folder under a name joins. Another one is admitted only if the command names the folder that it replaces:
/// a disk that was exchanged or not mounted must not be taken for the one with the shards.
pub(super) fn join<V: View>(view: &V, wanted: &JoinNode) -> Result<Decision, Refused<V::Error>> {
    let JoinNode { node, folder, zone, replaces } = wanted.clone();
    let known = view.node(&node).map_err(Refused::View)?.map(|row| row.folder);
    if known == Some(folder) {
        return Ok(Decision::nothing(Outcome::Done));
    }
    if known != replaces {
        return Err(Rejection::OtherFolder { known }.into());
    }
    Ok(Decision::write(Fact::NodeJoined(Joined { node, folder, zone, replaces }), Outcome::Done))
}

/// What is said of a node is about the folder that joined, and said once.
pub(super) fn change<V: View>(view: &V, change: &ChangeNode) -> Result<Decision, Refused<V::Error>> {
    let ChangeNode { node, folder, change } = change.clone();
    let row = view.node(&node).map_err(Refused::View)?.ok_or(Rejection::NoSuchNode)?;
    if row.folder != folder {
        return Err(Rejection::OtherFolder { known: Some(row.folder) }.into());
    }
    let is_online = row.presence.is == Presence::Online;
    let (is_so_already, fact) = match change {
        NodeChange::Online => (is_online, Fact::NodeOnline(Online { node, folder, term: None })),
        NodeChange::Offline { position, starts } => {
            (!is_online, Fact::NodeOffline(Offline { node, folder, position, starts, term: None }))
        }
        NodeChange::Drain if row.duty.is == Duty::Removed => return Err(Rejection::NodeRemoved.into()),
        NodeChange::Drain => (row.duty.is == Duty::Drain, Fact::NodeDraining(Draining { node, folder })),
        NodeChange::Resume => (row.duty.is == Duty::Serve, Fact::NodeResumed(Resumed { node, folder })),
        NodeChange::ConfirmStrays { shards } => {
            // The same number may be said of later shards.
            (false, Fact::NodeStraysConfirmed(StraysConfirmed { node, folder, shards }))
        }
        NodeChange::Full => (row.condition.is == Condition::Full, Fact::NodeFull(Full { node, folder, term: None })),
        NodeChange::Failing(cause) => {
            let is_so_already = row.condition.is == Condition::Failing(cause);
            (is_so_already, Fact::NodeFailing(Failing { node, folder, cause, term: None }))
        }
        NodeChange::Recovered => {
            (row.condition.is == Condition::Healthy, Fact::NodeRecovered(Recovered { node, folder, term: None }))
        }
        NodeChange::Remove { forced } => {
            let is_so_already = row.duty.is == Duty::Removed;
            let shards = view.node_usage(&node).map_err(Refused::View)?.shards;
            if !is_so_already && !forced && shards > 0 {
                return Err(Rejection::NodeInUse { shards }.into());
            }
            (is_so_already, Fact::NodeRemoved(Removed { node, folder, forced: forced && shards > 0 }))
        }
    };
    Ok(changed(is_so_already, fact))
}
