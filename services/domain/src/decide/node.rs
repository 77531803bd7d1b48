use events::Fact;
use events::node::Joined;

use super::{Decision, Refused};
use crate::command::{JoinNode, Outcome, Rejection};
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
