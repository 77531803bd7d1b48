//! Parses policy documents, and decides with every parsed one.
#![no_main]

use std::sync::Arc;

use events::access::{ObjectOwnership, PublicAccessBlock};
use events::ids::{BucketName, ObjectKey, UserId, UserName};
use events::user::Role;
use libfuzzer_sys::fuzz_target;
use planetstore_fuzz::now;
use policy::{
    Action, Attached, BucketAccess, Caller, Context, Decision, Denial, Document, Key, Kind, Request, Resource, Rights,
    Value, evaluate,
};

/// A context with a value for every key.
struct Everything;

impl Context for Everything {
    fn get(&self, key: &Key) -> Value<'_> {
        match key {
            Key::SourceIp => Value::Address([203, 0, 113, 9].into()),
            Key::SecureTransport => Value::Flag(true),
            Key::SignatureAge => Value::Number(12),
            Key::RequestObjectTagKeys => Value::Texts(Box::new(["a", "b"].into_iter().map(Into::into))),
            Key::ObjectLockRetainUntil => Value::Time(now()),
            Key::ObjectLockMode => Value::Absent,
            _ => Value::Text("home/alice/".into()),
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (Ok(bucket), Ok(name), Ok(alice), Ok(olga)) =
        ("photos".parse::<BucketName>(), "alice".parse::<UserName>(), "alice-id".parse::<UserId>(), "olga-id".parse())
    else {
        return;
    };
    let (Ok(key), Ok(policy)) = (ObjectKey::from_bytes(*b"home/alice/\xff"), "mine".parse()) else { return };
    let own = Document::identity(text).ok();
    let of_bucket = Document::bucket(text, &bucket).ok();
    for document in own.iter().chain(&of_bucket) {
        assert_eq!(document.text(), text);
    }
    let own = own.map(|document| Attached { name: policy, document: Arc::new(document) });
    let access = BucketAccess {
        owner: &olga,
        policy: of_bucket.as_ref(),
        acl: None,
        public_access: PublicAccessBlock::default(),
        ownership: ObjectOwnership::default(),
    };
    let rights = Rights { policies: own.as_slice(), bucket: Some(access), object: None };
    let user = |role| Caller::User { name: &name, id: &alice, role };
    for action in [Action::GetObject, Action::ListBucket, Action::ListAllMyBuckets, Action::PutBucketPolicy] {
        let resource = match action.kind() {
            Kind::Service => Resource::Service,
            Kind::Bucket => Resource::Bucket(&bucket),
            Kind::Object => Resource::Object(&bucket, &key),
        };
        let decide =
            |caller| evaluate(&rights, &Request { caller, action, resource, time: now(), context: &Everything });
        let (mine, admins, nobodys) = (decide(user(Role::User)), decide(user(Role::Admin)), decide(Caller::Anonymous));
        let _ = mine.to_string();
        // Admins may do everything that users may, except what is denied.
        assert!(admins.is_allowed() || !mine.is_allowed() || action == Action::PutBucketPolicy);
        assert!(!matches!(admins, Decision::Denied(Denial::NothingGrants)));
        assert!(!nobodys.is_allowed() || of_bucket.is_some());
    }
});
