//! The role that lets nodes in, which every gateway has.

use admin::admit_nodes;
use ledger::Ledger;
use shards::{Membership, NodeControl};

use crate::process::Running;

/// Starts to admit nodes.
pub(super) fn start(ledger: Ledger, membership: Membership, control: NodeControl) -> Running {
    Running::droppable("admission", async {
        // It ends with the membership, which lasts until the process ends.
        admit_nodes(ledger, membership, control).await;
        Ok(())
    })
}
