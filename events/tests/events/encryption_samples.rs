//! Samples of encryption, and of facts about the region.

use events::encryption::{DefaultEncryption, DefaultMethod, Encryption, KmsMethod, Method};
use events::ids::{KmsKeyName, Salt, Sealed};
use events::{Author, Fact, bucket, kms_key, region};

/// As [`crate::placed_samples::facts`].
pub(crate) fn facts() -> Vec<(u8, &'static str, Fact)> {
    vec![
        (94, "", Fact::BucketEncryptionChanged(encryption_changed())),
        (95, "", Fact::KmsKeyCreated(kms_key::Created { kms_key: key(), sealed: sealed() })),
        (96, "", Fact::KmsKeyChanged(kms_key::Changed { kms_key: key(), enabled: false })),
        (97, ".encrypted", object_created()),
        (98, ".encrypted", upload_created()),
        (99, ".encrypted", part_stored()),
        (160, "", Fact::RegionUpgraded(region_upgraded())),
        (164, "", Fact::RegionKeyChanged(region_key_changed())),
    ]
}

fn key() -> KmsKeyName {
    "team/photos".parse().unwrap()
}

fn sealed() -> Sealed {
    "v1.73b3c5257e8f8d18.c2VhbGVkIHVuZGVyIHRoZSBtYXN0ZXIga2V5".parse().unwrap()
}

fn region_upgraded() -> region::Upgraded {
    region::Upgraded { region: "eu-1".parse().unwrap(), level: 1, release: "0.2.0".into() }
}

fn region_key_changed() -> region::KeyChanged {
    region::KeyChanged { region: "eu-1".parse().unwrap(), author: Author::Lifecycle, number: 1 }
}

fn encryption_changed() -> bucket::EncryptionChanged {
    let by = DefaultMethod::SseKms { kms_key: Some(key()) };
    let encryption = Some(DefaultEncryption { by, bucket_key: true });
    bucket::EncryptionChanged { bucket: "photos".parse().unwrap(), encryption }
}

fn object_created() -> Fact {
    let Fact::ObjectCreated(mut object) = crate::samples::object_created() else { unreachable!("it is made so") };
    let salt = Some(Salt::from_fresh([0xa5; Salt::BYTES]));
    object.encryption = Some(Encryption { method: Method::SseS3, key: sealed(), salt });
    Fact::ObjectCreated(object)
}

fn upload_created() -> Fact {
    let Fact::UploadCreated(mut upload) = crate::samples::upload_created() else { unreachable!("it is made so") };
    let kms = KmsMethod { kms_key: key(), context: Some("eyJ0ZWFtIjoiYXJ0In0=".into()), bucket_key: true };
    upload.encryption = Some(Encryption { method: Method::SseKms(kms), key: sealed(), salt: None });
    Fact::UploadCreated(upload)
}

fn part_stored() -> Fact {
    let Fact::UploadPartStored(mut part) = crate::samples::part_stored() else { unreachable!("it is made so") };
    part.salt = Some(Salt::from_fresh([0x5a; Salt::BYTES]));
    Fact::UploadPartStored(part)
}
