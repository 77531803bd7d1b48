//! Arbitrary facts of durable consumers.

use events::ids::{ConsumerName, DurableName, LoginKey};
use events::{Fact, consumer};
use proptest::option;
use proptest::prelude::*;

use crate::strategies::{bucket_name, text};

fn name() -> impl Strategy<Value = ConsumerName> {
    "[a-z0-9]([a-z0-9-]{0,46}[a-z0-9])?".prop_map(|name| name.parse().unwrap())
}

pub(crate) fn fact() -> impl Strategy<Value = Fact> {
    let login = "U[A-Z2-7]{55}".prop_map(|key| key.parse::<LoginKey>().unwrap());
    let types = prop::collection::vec(text(), 0..3);
    let added = (name(), any::<u64>(), option::of(bucket_name()), types, any::<u64>(), login).prop_map(
        |(consumer, fresh, bucket, types, start, login)| {
            let durable = DurableName::new(&consumer, fresh);
            Fact::ConsumerAdded(consumer::Added { consumer, durable, bucket, types, start, login })
        },
    );
    let removed = name().prop_map(|consumer| Fact::ConsumerRemoved(consumer::Removed { consumer }));
    prop_oneof![added, removed]
}
