//! Arbitrary facts of links to other regions.

use events::{Fact, link, secret};
use proptest::prelude::*;

use crate::strategies::{region, sealed, text};

pub(crate) fn fact() -> impl Strategy<Value = Fact> {
    prop_oneof![
        (region(), text(), text(), sealed(), any::<bool>()).prop_map(
            |(link, url, access_key, secret, shares_identities)| {
                Fact::LinkAdded(link::Added { link, url, access_key, secret, shares_identities })
            }
        ),
        (region(), any::<u64>(), any::<u64>()).prop_map(|(link, added, up_to)| {
            Fact::LinkIdentitiesSent(link::IdentitiesSent { link, added, up_to, term: None })
        }),
        region().prop_map(|link| Fact::LinkRemoved(link::Removed { link })),
        (region(), sealed()).prop_map(|(link, sealed)| Fact::LinkResealed(secret::LinkResealed { link, sealed })),
    ]
}
