//! Encryption: ciphertext is longer than the bytes that clients count; defaults of buckets, and the key store.

use domain::{Command, IdentityCommand, IdentityRejection, NewBody, Noun, Outcome, Precondition, Rejection, Setting};
use events::encryption::{DefaultEncryption, DefaultMethod, Encryption, Method, stored_bytes};
use events::ids::Salt;

use crate::given::{accepted, bucket, content, create_bucket, key, put_body, rejected, staged, stored, unchanged};

const DONE: Result<Outcome, Rejection> = Ok(Outcome::Done);

fn encrypted(size: u64, body: NewBody) -> Command {
    let Command::PutObject(mut put) = put_body(b'a', size, body, Precondition::default()) else {
        unreachable!("it is made so")
    };
    let salt = Some(Salt::from_fresh([1; Salt::BYTES]));
    put.encryption = Some(Encryption { method: Method::SseS3, key: "sealed".parse().unwrap(), salt });
    Command::PutObject(put)
}

#[test]
fn contents_count_ciphertext_and_objects_plaintext() {
    let size = 200_000;
    let put = encrypted(size, staged(b'a', 1));
    let fold = accepted(&[create_bucket()], &put, &stored(b'a', None, true));
    assert_eq!((fold.model.totals.logical_bytes, fold.model.totals.content_bytes), (size, stored_bytes(size)));
    assert!(fold.model.contents.values().all(|row| row.size == stored_bytes(size)));
    let Command::PutObject(mut copy) = encrypted(size, NewBody::Known(content(b'a', 1))) else { unreachable!() };
    copy.key = key("copy");
    let fold = accepted(&[create_bucket(), put], &Command::PutObject(copy), &stored(b'a', None, false));
    assert_eq!((fold.model.totals.logical_bytes, fold.model.totals.content_bytes), (2 * size, stored_bytes(size)));
    assert!(fold.model.contents.values().all(|row| row.references == 2));
}

#[test]
fn a_bucket_has_one_default_until_it_has_none() {
    let set = |by: Option<DefaultMethod>| Command::SetBucketSetting {
        bucket: bucket(),
        setting: Setting::Encryption(by.map(|by| DefaultEncryption { by, bucket_key: false })),
    };
    let kms = || Some(DefaultMethod::SseKms { kms_key: None });
    rejected(&[], &set(kms()), Rejection::NoSuchBucket);
    unchanged(&[create_bucket()], &set(None), &DONE);
    accepted(&[create_bucket()], &set(kms()), &DONE);
    unchanged(&[create_bucket(), set(kms())], &set(kms()), &DONE);
    accepted(&[create_bucket(), set(kms())], &set(Some(DefaultMethod::SseS3)), &DONE);
    accepted(&[create_bucket(), set(kms())], &set(None), &DONE);
    let remade = [create_bucket(), set(kms()), Command::DeleteBucket { bucket: bucket() }, create_bucket()];
    unchanged(&remade, &set(None), &DONE);
}

#[test]
fn keys_of_the_key_store_are_made_once_and_switched() {
    let create = || {
        let command = IdentityCommand::CreateKmsKey { name: "a/b".parse().unwrap(), sealed: "sealed".parse().unwrap() };
        Command::Identity(Box::new(command))
    };
    let enable =
        |enabled| Command::Identity(Box::new(IdentityCommand::ChangeKmsKey { name: "a/b".parse().unwrap(), enabled }));
    rejected(&[], &enable(false), IdentityRejection::NoSuch(Noun::KmsKey).into());
    let fold = accepted(&[], &create(), &DONE);
    assert!(fold.model.kms_keys.values().all(|row| row.enabled));
    rejected(&[create()], &create(), IdentityRejection::Exists(Noun::KmsKey).into());
    unchanged(&[create()], &enable(true), &DONE);
    let fold = accepted(&[create()], &enable(false), &DONE);
    assert!(fold.model.kms_keys.values().all(|row| !row.enabled && row.sealed.as_str() == "sealed"));
    accepted(&[create(), enable(false)], &enable(true), &DONE);
}
