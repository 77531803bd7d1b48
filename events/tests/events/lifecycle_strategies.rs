//! Arbitrary lifecycle rules, and joining nodes.

use events::ids::FolderId;
use events::lifecycle::{Expiration, Filter, NoncurrentExpiration, Rule};
use events::{Fact, node};
use jiff::Timestamp;
use proptest::collection::btree_map;
use proptest::option;
use proptest::prelude::*;

use crate::strategies::{text, uuid};

pub(crate) fn rule() -> impl Strategy<Value = Rule> {
    let expiration = prop_oneof![
        any::<u32>().prop_map(Expiration::Days),
        (0..4_000_000_000_i64).prop_map(|at| Expiration::Date(Timestamp::from_second(at).unwrap())),
        Just(Expiration::ExpiredObjectDeleteMarker),
    ];
    let noncurrent = (any::<u32>(), option::of(any::<u32>()))
        .prop_map(|(days, newer_versions)| NoncurrentExpiration { days, newer_versions });
    let sizes = (option::of(any::<u64>()), option::of(any::<u64>()));
    let filter = (any::<bool>(), option::of(text()), btree_map(text(), text(), 0..3), sizes).prop_map(
        |(is_old_form, prefix, tags, (size_greater_than, size_less_than))| Filter {
            is_old_form,
            prefix,
            tags,
            size_greater_than,
            size_less_than,
        },
    );
    let actions = (option::of(expiration), option::of(noncurrent), option::of(any::<u32>()));
    (text(), any::<bool>(), filter, actions).prop_map(
        |(id, enabled, filter, (expiration, noncurrent_expiration, abort_uploads_after_days))| Rule {
            id,
            enabled,
            filter,
            expiration,
            noncurrent_expiration,
            abort_uploads_after_days,
        },
    )
}

pub(crate) fn node_joined() -> impl Strategy<Value = Fact> {
    ("[a-z0-9]{1,9}", uuid(), text(), option::of(uuid())).prop_map(|(name, folder, zone, replaces)| {
        let (node, folder, replaces) = (name.parse().unwrap(), FolderId(folder), replaces.map(FolderId));
        Fact::NodeJoined(node::Joined { node, folder, zone, replaces })
    })
}
