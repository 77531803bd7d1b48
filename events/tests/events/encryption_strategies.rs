//! Arbitrary encryption, and upgrades of the region.

use events::encryption::{DefaultEncryption, DefaultMethod, Encryption, KmsMethod, Method};
use events::ids::{KmsKeyName, Salt};
use events::{Author, Fact, region};
use proptest::option;
use proptest::prelude::*;

use crate::strategies::{sealed, text};

pub(crate) fn region_upgraded() -> impl Strategy<Value = Fact> {
    ("[a-z0-9]{1,32}", any::<u32>(), text()).prop_map(|(region, level, release)| {
        Fact::RegionUpgraded(region::Upgraded { region: region.parse().unwrap(), level, release })
    })
}

pub(crate) fn region_key_changed() -> impl Strategy<Value = Fact> {
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
