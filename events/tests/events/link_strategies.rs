//! Arbitrary facts of links to other regions.

use events::ids::BucketName;
use events::{Fact, link, secret};
use proptest::option;
use proptest::prelude::*;

use crate::strategies::{bucket_name, region, sealed, text, time, user_name};

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
        (region(), user_name(), time(), any::<u64>(), option::of(bucket_name())).prop_map(
            |(link, user, before, up_to, bucket)| {
                let named = |bucket: BucketName| link::BoundBucket {
                    source: bucket.clone(),
                    bucket,
                    waits: up_to % 2 == 0,
                    before: Some(before),
                    copies: up_to % 3 == 0,
                    refused: up_to % 5 == 0,
                };
                let buckets = bucket.map(|bucket| vec![named(bucket)]);
                Fact::LinkBoundMoved(link::BoundMoved { link, user, before, up_to, buckets })
            }
        ),
        region().prop_map(|link| Fact::LinkRemoved(link::Removed { link })),
        (region(), sealed()).prop_map(|(link, sealed)| Fact::LinkResealed(secret::LinkResealed { link, sealed })),
    ]
}
