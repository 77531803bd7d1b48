//! The role that lets nodes in, which every gateway has.

use admin::admit_nodes;
use ledger::Ledger;
use shards::{Membership, NodeControl};

use crate::process::Running;

/// Begins to let nodes in.
pub(super) fn start(ledger: Ledger, membership: Membership, control: NodeControl) -> Running {
    Running::droppable("admission", async {
        // It ends with the membership, which the process outlives only at its end.
        admit_nodes(ledger, membership, control).await;
        Ok(())
    })
}
