//! Samples of facts about shards and the nodes they lie on.

use events::content::{ContentPlaced, PlaceCause, Placed, ReclaimCause, Reclaimed, ShardPlace, ShardPlaced};
use events::ids::{FolderId, Generation};
use events::lease::{Lease, Term};
use events::node::{Draining, Failing, Failure, Full, Offline, Online, Recovered, Removed, Resumed, StraysConfirmed};
use events::{Fact, region};

use crate::samples::content;

/// Place, variant, fact.
pub(crate) fn facts() -> Vec<(u8, &'static str, Fact)> {
    let (node, folder) =
        (|| "node-3".parse().unwrap(), FolderId("3f2b8c14-9d5e-4a67-8b0c-1d2e3f405162".parse().unwrap()));
    let (position, starts) = (1_073_741_824, 7);
    vec![
        (191, "", Fact::ContentPlaced(content_placed())),
        (194, ".leased", Fact::ContentPlaced(Placed { term: Some(term(Lease::Repair)), ..content_placed() })),
        (192, "", Fact::ContentReclaimed(content_reclaimed())),
        (193, "", Fact::RegionHorizonMoved(horizon_moved())),
        (200, "", Fact::NodeOnline(Online { node: node(), folder, term: Some(term(Lease::Nodes)) })),
        (
            201,
            "",
            Fact::NodeOffline(Offline { node: node(), folder, position, starts, term: Some(term(Lease::Nodes)) }),
        ),
        (202, "", Fact::NodeDraining(Draining { node: node(), folder })),
        (203, "", Fact::NodeResumed(Resumed { node: node(), folder })),
        (204, "", Fact::NodeFull(Full { node: node(), folder, term: Some(term(Lease::Nodes)) })),
        (
            205,
            "",
            Fact::NodeFailing(Failing {
                node: node(),
                folder,
                cause: Failure::Latency,
                term: Some(term(Lease::Nodes)),
            }),
        ),
        (206, "", Fact::NodeRecovered(Recovered { node: node(), folder, term: Some(term(Lease::Nodes)) })),
        (211, "", Fact::NodeStraysConfirmed(StraysConfirmed { node: node(), folder, shards: 1_804 })),
        (207, "", Fact::NodeRemoved(Removed { node: node(), folder, forced: false })),
    ]
}

pub(crate) fn term(lease: Lease) -> Term {
    Term { lease, epoch: 3 }
}

fn content_placed() -> Placed {
    let fresh: Generation = "01931f6b-2b3c-8801-8123-456789abcde8".parse().unwrap();
    let shard = ShardPlaced {
        shard: 3,
        from: ShardPlace { node: "node-4".parse().unwrap(), generation: content().generation },
        to: ShardPlace { node: "node-7".parse().unwrap(), generation: fresh },
        cause: PlaceCause::NodeLost,
    };
    let contents = vec![ContentPlaced { content: content(), shards: vec![shard] }];
    Placed { bucket: "photos".parse().unwrap(), contents, chosen_at: 1_180, term: None }
}

fn content_reclaimed() -> Reclaimed {
    Reclaimed {
        bucket: "photos".parse().unwrap(),
        contents: vec![content()],
        up_to: 1_150,
        cause: ReclaimCause::Unreferenced,
        term: Some(term(Lease::Gc)),
    }
}

fn horizon_moved() -> region::HorizonMoved {
    let before = "2026-11-14T13:00:00Z".parse().unwrap();
    region::HorizonMoved {
        region: "eu-1".parse().unwrap(),
        before,
        upload_seconds: 604_800,
        term: Some(term(Lease::Gc)),
    }
}
