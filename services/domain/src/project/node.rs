//! The changes of facts about storage nodes.

use events::ids::NodeId;
use events::node::{Draining, Failing, Full, Joined, Offline, Online, Recovered, Removed, Resumed, StraysConfirmed};

use super::ProjectError;
use super::draft::Draft;
use crate::change::Change;
use crate::row::{Condition, Duty, NodeRow, Presence, Since};
use crate::view::View;

type Folded<V> = Result<(), ProjectError<<V as crate::Identities>::Error>>;

/// A folder joins as one that is heard and serves, whatever was said of the one before it.
pub(super) fn joined<V: View>(draft: &mut Draft<'_, V>, fact: &Joined) -> Folded<V> {
    let (folder, zone, sequence) = (fact.folder, fact.zone.clone(), draft.event.sequence);
    let row = NodeRow {
        folder,
        zone,
        joined: draft.event.time,
        sequence,
        changed: sequence,
        replaced: if fact.replaces.is_some() { sequence } else { 0 },
        presence: since(draft, Presence::Online),
        duty: since(draft, Duty::Serve),
        condition: since(draft, Condition::Healthy),
        strays_confirmed: since(draft, 0),
        starts: 0,
        position: 0,
    };
    draft.changes.push(Change::PutNode { name: fact.node.clone(), row });
    draft.totals()?.nodes_changed = sequence;
    Ok(())
}

pub(super) fn online<V: View>(draft: &mut Draft<'_, V>, fact: &Online) -> Folded<V> {
    let presence = since(draft, Presence::Online);
    change(draft, &fact.node, |row| row.presence = presence)
}

pub(super) fn offline<V: View>(draft: &mut Draft<'_, V>, fact: &Offline) -> Folded<V> {
    let presence = since(draft, Presence::Offline { position: fact.position, starts: fact.starts });
    change(draft, &fact.node, |row| {
        row.presence = presence;
        // Whoever did not hear the node may know less than those before.
        row.starts = row.starts.max(fact.starts);
        row.position = row.position.max(fact.position);
    })
}

pub(super) fn draining<V: View>(draft: &mut Draft<'_, V>, fact: &Draining) -> Folded<V> {
    relieve(draft, &fact.node, Duty::Drain)
}

pub(super) fn removed<V: View>(draft: &mut Draft<'_, V>, fact: &Removed) -> Folded<V> {
    relieve(draft, &fact.node, Duty::Removed)
}

pub(super) fn resumed<V: View>(draft: &mut Draft<'_, V>, fact: &Resumed) -> Folded<V> {
    let duty = since(draft, Duty::Serve);
    change(draft, &fact.node, |row| row.duty = duty)
}

pub(super) fn strays_confirmed<V: View>(draft: &mut Draft<'_, V>, fact: &StraysConfirmed) -> Folded<V> {
    let confirmed = since(draft, fact.shards);
    change(draft, &fact.node, |row| row.strays_confirmed = confirmed)
}

pub(super) fn full<V: View>(draft: &mut Draft<'_, V>, fact: &Full) -> Folded<V> {
    let condition = since(draft, Condition::Full);
    change(draft, &fact.node, |row| row.condition = condition)
}

pub(super) fn failing<V: View>(draft: &mut Draft<'_, V>, fact: &Failing) -> Folded<V> {
    let condition = since(draft, Condition::Failing(fact.cause));
    change(draft, &fact.node, |row| row.condition = condition)
}

pub(super) fn recovered<V: View>(draft: &mut Draft<'_, V>, fact: &Recovered) -> Folded<V> {
    let condition = since(draft, Condition::Healthy);
    change(draft, &fact.node, |row| row.condition = condition)
}

/// It takes no shards from here on, also none that was on its way already.
fn relieve<V: View>(draft: &mut Draft<'_, V>, node: &NodeId, duty: Duty) -> Folded<V> {
    let (duty, sequence) = (since(draft, duty), draft.event.sequence);
    draft.totals()?.nodes_changed = sequence;
    change(draft, node, |row| {
        row.duty = duty;
        row.changed = sequence;
    })
}

fn since<V: View, T>(draft: &Draft<'_, V>, is: T) -> Since<T> {
    Since { is, sequence: draft.event.sequence, time: draft.event.time }
}

fn change<V: View>(draft: &mut Draft<'_, V>, node: &NodeId, change: impl FnOnce(&mut NodeRow)) -> Folded<V> {
    let row = draft.view.node(node).map_err(ProjectError::View)?;
    let mut row = row.ok_or_else(|| draft.contradiction("its node has not joined"))?;
    change(&mut row);
    draft.changes.push(Change::PutNode { name: node.clone(), row });
    Ok(())
}
