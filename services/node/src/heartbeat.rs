use shards::telemetry::{Heartbeat, NodeState};
use uuid::Uuid;

use crate::config::Config;
use crate::disk::Store;

/// What a node says about itself that does not change while it runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Life {
    /// Of the host.
    pub(crate) boot_id: Uuid,
    /// Of the process.
    pub(crate) incarnation: Uuid,
}

/// The heartbeat of this moment. A disk that cannot even tell its space has failed.
pub(crate) fn heartbeat(config: &Config, life: Life, store: &Store) -> Heartbeat {
    let totals = store.totals();
    let space = store.space();
    let failed = space.is_err() || store.check().is_err();
    let (free, total) = space.map_or((0, 0), |space| (space.free_bytes, space.total_bytes));
    Heartbeat {
        node: config.node.clone(),
        zone: config.zone.clone(),
        boot_id: life.boot_id,
        free_bytes: free.saturating_sub(config.reserve_bytes),
        total_bytes: total,
        stored_bytes: totals.bytes,
        shards: totals.shards,
        state: if failed { NodeState::Failed } else { NodeState::Up },
        incarnation: life.incarnation,
    }
}
