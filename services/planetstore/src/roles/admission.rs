//! The role that lets nodes in, which every gateway has.

use admin::{admit_nodes, follow_admissions};
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

/// Starts to follow which nodes other processes admit, in a process that admits none.
pub(super) fn follow(ledger: Ledger, membership: Membership) -> Running {
    Running::droppable("membership of the log", async {
        // It ends with the ledger, which is also a part of this process and reports why it ended.
        follow_admissions(ledger, membership).await;
        std::future::pending().await
    })
}
