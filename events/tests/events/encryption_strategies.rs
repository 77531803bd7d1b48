//! Arbitrary encryption, facts about the region, and secrets that are kept apart.

use events::encryption::{DefaultEncryption, DefaultMethod, Encryption, KmsMethod, Method};
use events::ids::{AccessKeyId, KmsKeyName, Salt};
use events::{Author, Fact, region, secret, user};
use proptest::collection::btree_map;
use proptest::option;
use proptest::prelude::*;

use crate::strategies::{sealed, text, user_name};

/// Facts about the region, and secrets that are kept apart.
pub(crate) fn of_region() -> impl Strategy<Value = Fact> {
    prop_oneof![region_upgraded(), region_key_changed(), master_key_changed(), secret_apart(), logged()]
}

fn master_key_changed() -> impl Strategy<Value = Fact> {
    let names = ("[0-9a-f]{16}", ["[0-9a-f]{32}"; 3]);
    ("[a-z0-9]{1,32}", any::<u32>(), names).prop_map(|(region, number, (key, [gateway, lifecycle, maintenance]))| {
        Fact::RegionMasterKeyChanged(region::MasterKeyChanged {
            region: region.parse().unwrap(),
            number,
            key: key.parse().unwrap(),
            gateway: gateway.parse().unwrap(),
            lifecycle: lifecycle.parse().unwrap(),
            maintenance: maintenance.parse().unwrap(),
        })
    })
}

fn secret_apart() -> impl Strategy<Value = Fact> {
    prop_oneof![
        ("[a-z0-9]{1,32}", sealed()).prop_map(|(region, secret)| {
            Fact::SecretKept(secret::Kept { region: region.parse().unwrap(), secret })
        }),
        (user_name(), option::of(sealed()), btree_map(access_key(), sealed(), 0..4))
            .prop_map(|(user, password, keys)| Fact::SecretsResealed(secret::Resealed { user, password, keys })),
        (kms_key(), sealed())
            .prop_map(|(kms_key, sealed)| { Fact::KmsKeyResealed(secret::KmsKeyResealed { kms_key, sealed }) }),
    ]
}

fn access_key() -> impl Strategy<Value = AccessKeyId> {
    "[A-Za-z0-9_-]{3,128}".prop_map(|id| id.parse().unwrap())
}

fn logged() -> impl Strategy<Value = Fact> {
    prop_oneof![
        user_name().prop_map(|user| Fact::UserLoggedIn(user::LoggedIn { user })),
        (user_name(), any::<bool>()).prop_map(|(user, all)| Fact::UserLoggedOut(user::LoggedOut { user, all })),
    ]
}

fn region_upgraded() -> impl Strategy<Value = Fact> {
    ("[a-z0-9]{1,32}", any::<u32>(), text()).prop_map(|(region, level, release)| {
        Fact::RegionUpgraded(region::Upgraded { region: region.parse().unwrap(), level, release })
    })
}

fn region_key_changed() -> impl Strategy<Value = Fact> {
    ("[a-z0-9]{1,32}", proptest::sample::select(&Author::ALL[..]), any::<u32>()).prop_map(|(region, author, number)| {
        Fact::RegionKeyChanged(region::KeyChanged { region: region.parse().unwrap(), author, number })
    })
}

pub(crate) fn kms_key() -> impl Strategy<Value = KmsKeyName> {
    "[A-Za-z0-9_/-]{1,128}".prop_map(|name| name.parse().unwrap())
}

pub(crate) fn encryption() -> impl Strategy<Value = Encryption> {
    let kms = (kms_key(), option::of(text()), any::<bool>());
    let method = prop_oneof![
        Just(Method::SseS3),
        kms.prop_map(|(kms_key, context, bucket_key)| Method::SseKms(KmsMethod { kms_key, context, bucket_key })),
        Just(Method::SseC),
    ];
    (method, sealed(), option::of(salt())).prop_map(|(method, key, salt)| Encryption { method, key, salt })
}

pub(crate) fn default_encryption() -> impl Strategy<Value = DefaultEncryption> {
    let by = prop_oneof![
        Just(DefaultMethod::SseS3),
        option::of(kms_key()).prop_map(|kms_key| DefaultMethod::SseKms { kms_key }),
    ];
    (by, any::<bool>()).prop_map(|(by, bucket_key)| DefaultEncryption { by, bucket_key })
}

pub(crate) fn salt() -> impl Strategy<Value = Salt> {
    any::<[u8; Salt::BYTES]>().prop_map(Salt::from_fresh)
}
