//! Who caused which event, and which events are about which key, is noted of every event.

use std::collections::{BTreeMap, BTreeSet};

use domain::model::Model;
use domain::row::{KeyRow, Posting};
use domain::{Change, IdentityChange};
use events::Event;
use events::ids::{AuthType, Principal};
use jiff::Timestamp;
use proptest::prelude::*;

use crate::fold::{Fold, apply};
use crate::random::steps::history;
use crate::random::world::World;

/// Whoever causes an event, and whether the event says which user it was.
#[derive(Debug, Clone, Copy)]
struct By {
    kind: AuthType,
    id: &'static str,
    user: Option<&'static str>,
    says_it: bool,
}

const BY: [By; 6] = [
    By { kind: AuthType::ApiKey, id: "ADASKEY1", user: Some("ada"), says_it: false },
    By { kind: AuthType::ApiKey, id: "ADASKEY2", user: Some("ada"), says_it: true },
    By { kind: AuthType::User, id: "ada", user: Some("ada"), says_it: true },
    By { kind: AuthType::ApiKey, id: "NOBODYS1", user: None, says_it: false },
    By { kind: AuthType::System, id: "lifecycle", user: None, says_it: false },
    By { kind: AuthType::Unauthenticated, id: "", user: None, says_it: false },
];

fn key_of_ada() -> Change {
    let row = KeyRow {
        user: "ada".parse().unwrap(),
        secret: "sealed".parse().unwrap(),
        enabled: true,
        expires: None,
        created: Timestamp::UNIX_EPOCH,
        held_by_admin: false,
    };
    Change::Identity(IdentityChange::PutKey { id: "ADASKEY1".parse().unwrap(), row })
}

fn caused(event: &mut Event, by: By) {
    event.origin.principal = Principal { kind: by.kind, id: by.id.into() };
    event.user = by.user.filter(|_| by.says_it).map(|user| user.parse().unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_event_is_noted_for_who_caused_it_and_for_what_it_is_about(
        steps in history(60),
        by in prop::collection::vec(0..BY.len(), 1..20),
    ) {
        let (mut fold, mut world) = (Fold::new(), World::new());
        for next in &steps {
            if let Some(command) = world.command(next) {
                let answer = fold.command(&command, world.context());
                world.answered(&command, &answer).map_err(TestCaseError::fail)?;
            }
        }
        let mut model = Model::default();
        model.apply(key_of_ada());
        let mut postings: BTreeMap<Posting, Vec<u64>> = BTreeMap::new();
        let mut keys = BTreeSet::new();
        for (event, by) in fold.events.iter_mut().zip(by.iter().cycle()) {
            let by = BY[*by];
            caused(event, by);
            apply(&mut model, event);
            let sequence = event.sequence;
            let user = by.user.map(|user| Posting::User(user.parse().unwrap()));
            let key = (by.kind == AuthType::ApiKey).then(|| Posting::Key(by.id.into()));
            let bucket = event.fact.bucket().cloned().map(Posting::Bucket);
            for posting in user.into_iter().chain(key).chain(bucket) {
                postings.entry(posting).or_default().push(sequence);
            }
            for key in event.fact.keys() {
                keys.insert((event.fact.bucket().unwrap().clone(), key.clone(), sequence));
            }
        }
        prop_assert_eq!(&model.audit_keys, &keys);
        let mut found: BTreeMap<Posting, Vec<u64>> = BTreeMap::new();
        for ((posting, block), row) in &model.postings {
            found.entry(posting.clone()).or_default().extend(row.sequences(*block));
        }
        prop_assert_eq!(&found, &postings);
    }
}
