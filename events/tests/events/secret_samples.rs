//! Samples of secrets that are kept apart, and of a rotated master key.

use events::ids::Sealed;
use events::{Fact, region, secret, user};

use crate::samples::region;

/// As [`crate::placed_samples::facts`].
pub(crate) fn facts() -> Vec<(u8, &'static str, Fact)> {
    let alice = || "alice@example.com".parse().unwrap();
    let changed = region::MasterKeyChanged {
        region: region(),
        number: 1,
        key: "73b3c5257e8f8d18".parse().unwrap(),
        gateway: "000102030405060708090a0b0c0d0e0f".parse().unwrap(),
        lifecycle: "f0e0d0c0b0a090807060504030201000".parse().unwrap(),
        maintenance: "0f1e2d3c4b5a69788796a5b4c3d2e1f0".parse().unwrap(),
    };
    let keys = [("PSKEYEXAMPLE".parse().unwrap(), sealed())].into();
    vec![
        (165, "", Fact::RegionMasterKeyChanged(changed)),
        (166, "", Fact::SecretKept(secret::Kept { region: region(), secret: sealed() })),
        (167, ".apart", without_secret("key.created.v1")),
        (168, ".apart", without_secret("user.created.v1")),
        (169, "", Fact::SecretsResealed(secret::Resealed { user: alice(), password: Some(sealed()), keys })),
        (
            170,
            "",
            Fact::KmsKeyResealed(secret::KmsKeyResealed { kms_key: "team/photos".parse().unwrap(), sealed: sealed() }),
        ),
        (171, "", Fact::UserLoggedIn(user::LoggedIn { user: alice() })),
        (172, "", Fact::UserLoggedOut(user::LoggedOut { user: alice(), all: true })),
    ]
}

fn sealed() -> Sealed {
    "v1.73b3c5257e8f8d18.c2VhbGVkIHVuZGVyIHRoZSBtYXN0ZXIga2V5".parse().unwrap()
}

/// The sample of a kind as it is written when secrets are kept apart.
fn without_secret(kind: &str) -> Fact {
    let facts = crate::identity_samples::facts().into_iter().map(|(_, fact)| fact);
    facts.filter(|fact| fact.kind().name() == kind).last().unwrap().part(&region()).1
}
