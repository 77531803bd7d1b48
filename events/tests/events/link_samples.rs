//! Samples of links to other regions.

use events::Fact;
use events::ids::{RegionName, Sealed};
use events::link::{Added, Removed};
use events::secret::LinkResealed;

use crate::samples::region;

/// As [`crate::placed_samples::facts`].
pub(crate) fn facts() -> Vec<(u8, &'static str, Fact)> {
    let added = Fact::LinkAdded(Added {
        link: link(),
        url: "https://s3.us-west-2.example.com".into(),
        access_key: "AKIAREPLICATION00001".into(),
        secret: sealed(),
    });
    vec![
        (240, ".apart", added.clone().part(&region()).1),
        (241, "", added),
        (242, "", Fact::LinkRemoved(Removed { link: link() })),
        (243, "", Fact::LinkResealed(LinkResealed { link: link(), sealed: sealed() })),
    ]
}

fn link() -> RegionName {
    "us-west-2".parse().unwrap()
}

fn sealed() -> Sealed {
    "v1.73b3c5257e8f8d18.c2VhbGVkIHVuZGVyIHRoZSBtYXN0ZXIga2V5".parse().unwrap()
}
