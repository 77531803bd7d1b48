//! Samples of durable consumers.

use events::{Fact, consumer};

/// As [`crate::placed_samples::facts`].
pub(crate) fn facts() -> Vec<(u8, &'static str, Fact)> {
    let added = |bucket: Option<&str>, types: &[&str]| {
        Fact::ConsumerAdded(consumer::Added {
            consumer: "search".parse().unwrap(),
            durable: "consumer-search-9c41f0e2a7b35d18".parse().unwrap(),
            bucket: bucket.map(|bucket| bucket.parse().unwrap()),
            types: types.iter().map(|name| (*name).to_owned()).collect(),
            start: 17,
            login: "UAG5QQ7VJ3KCCU7J6RMXDGXPBXBFF5CUZQ5QWWMAVZKRZQTUZ3NWJOEB".parse().unwrap(),
        })
    };
    let removed = consumer::Removed { consumer: "search".parse().unwrap() };
    vec![
        (205, "", added(None, &[])),
        (206, ".filtered", added(Some("photos"), &["io.planetstore.object.created.v1"])),
        (207, "", Fact::ConsumerRemoved(removed)),
    ]
}
