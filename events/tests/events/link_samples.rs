//! Samples of links to other regions.

use events::Fact;
use events::ids::{RegionName, Sealed};
use events::lease::Lease;
use events::link::{Added, IdentitiesSent, Removed};
use events::secret::LinkResealed;

use crate::samples::region;
use crate::shard_samples::term;

/// As [`crate::placed_samples::facts`].
pub(crate) fn facts() -> Vec<(u8, &'static str, Fact)> {
    let first = Added {
        link: link(),
        url: "https://s3.us-west-2.example.com".into(),
        access_key: "AKIAREPLICATION00001".into(),
        secret: sealed(),
        shares_identities: false,
    };
    let added = Fact::LinkAdded(first.clone());
    let sent = IdentitiesSent { link: link(), added: 239, up_to: 243, term: Some(term(Lease::Replicate)) };
    vec![
        (240, ".apart", added.clone().part(&region()).1),
        (241, "", added),
        (140, ".shared", Fact::LinkAdded(Added { shares_identities: true, ..first })),
        (242, "", Fact::LinkRemoved(Removed { link: link() })),
        (244, "", Fact::LinkIdentitiesSent(sent)),
        (243, "", Fact::LinkResealed(LinkResealed { link: link(), sealed: sealed() })),
    ]
}

fn link() -> RegionName {
    "us-west-2".parse().unwrap()
}

fn sealed() -> Sealed {
    "v1.73b3c5257e8f8d18.c2VhbGVkIHVuZGVyIHRoZSBtYXN0ZXIga2V5".parse().unwrap()
}
