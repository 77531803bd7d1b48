//! The changes of facts about storage nodes.

use events::node::Joined;

use super::draft::Draft;
use crate::change::Change;
use crate::row::NodeRow;
use crate::view::View;

pub(super) fn joined<V: View>(draft: &mut Draft<'_, V>, fact: &Joined) {
    let (folder, zone) = (fact.folder, fact.zone.clone());
    let row = NodeRow { folder, zone, joined: draft.event.time, sequence: draft.event.sequence };
    draft.changes.push(Change::PutNode { name: fact.node.clone(), row });
}
