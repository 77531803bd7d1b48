//! Decisions and their reasons.

use events::access::ObjectOwnership;
use policy::{Action, Decision, Denial, Grantor, Kind};

use crate::world::{ContextValue, Who, World, for_bucket, id, on_condition, statement};

#[test]
fn nothing_is_allowed_that_nothing_grants() {
    for action in Action::ALL {
        for who in [Who::Alice, Who::Anonymous] {
            let world = World::new().who(who).action(*action);
            assert_eq!(world.told(), "denied because nothing allows it", "{who:?} {action}");
        }
    }
}

#[test]
fn root_is_bound_by_nothing_and_admins_by_denials_only() {
    for action in Action::ALL {
        let world = World::new().action(*action).bucket_policy(&for_bucket("Deny", r#""*""#, "s3:*"));
        let world = world.policy(&statement("Deny", "*", "*"));
        assert_eq!(world.clone().who(Who::Root).told(), "allowed: root");
        assert_eq!(world.who(Who::Admin).told(), "explicitly denied by Statement[0] of the policy policy0");
        assert_eq!(World::new().action(*action).who(Who::Admin).told(), "allowed by the role of an admin");
    }
}

#[test]
fn a_buckets_owner_may_do_everything_in_it_but_make_buckets() {
    for action in Action::ALL {
        let world = World::new().action(*action).who(Who::Olga);
        let expected = !matches!(action.kind(), Kind::Service | Kind::Admin) && *action != Action::CreateBucket;
        assert_eq!(world.allowed(), expected, "{action}");
        assert!(!World { bucket_exists: false, ..world.clone() }.allowed(), "{action}");
        let denied = world.bucket_policy(&for_bucket("Deny", r#""*""#, "s3:*"));
        let kept = matches!(action, Action::GetBucketPolicy | Action::PutBucketPolicy | Action::DeleteBucketPolicy);
        assert_eq!(denied.allowed(), kept, "{action}");
    }
}

#[test]
fn nobody_locks_themselves_out_of_the_bucket_policy() {
    let deny = for_bucket("Deny", r#""*""#, "s3:*");
    for action in [Action::GetBucketPolicy, Action::PutBucketPolicy, Action::DeleteBucketPolicy] {
        let world = World::new().action(action).bucket_policy(&deny);
        assert!(world.clone().who(Who::Olga).allowed());
        assert!(world.clone().who(Who::Admin).allowed());
        let granted = world.clone().policy(&statement("Allow", "s3:*", "*"));
        assert_eq!(granted.told(), "explicitly denied by statement \"One\" of the bucket policy");
        // What an admin denied to a user stays denied.
        assert!(!world.who(Who::Olga).policy(&statement("Deny", "s3:*BucketPolicy", "*")).allowed());
    }
}

#[test]
fn a_policy_of_a_user_reaches_into_every_bucket() {
    let world = World::new().policy(&statement("Allow", "s3:GetObject", "arn:aws:s3:::photos/2026/*"));
    assert_eq!(world.told(), "allowed by Statement[0] of the policy policy0");
    assert!(!world.clone().key("2025/x").allowed());
    assert!(!world.clone().action(Action::PutObject).allowed());
    assert!(!world.clone().action(Action::ListBucket).allowed());
    let deny = World { bucket_exists: false, ..world.clone() };
    assert!(deny.allowed(), "what is not there is told to who may read it");
    // A policy applies to users who have it, not to anonymous callers.
    assert!(!world.clone().who(Who::Anonymous).allowed());
    assert!(!world.policy(&statement("Deny", "s3:Get*", "arn:aws:s3:::*/*.jpg")).allowed());
}

#[test]
fn a_home_folder_for_everyone() {
    let policy = r#"{"Version":"2012-10-17","Statement":[
        {"Sid":"See","Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::photos",
         "Condition":{"StringLike":{"s3:prefix":["","home/","home/${aws:username}/*"]}}},
        {"Sid":"Use","Effect":"Allow","Action":["s3:GetObject","s3:PutObject","s3:DeleteObject"],
         "Resource":"arn:aws:s3:::photos/home/${aws:username}/*"}]}"#;
    let world = World::new().policy(policy);
    assert!(world.clone().key("home/alice/notes.txt").allowed());
    assert!(!world.clone().key("home/alicex/notes.txt").allowed());
    assert!(!world.clone().key("home/bob/notes.txt").allowed());
    let list = |prefix| world.clone().action(Action::ListBucket).with("s3:prefix", ContextValue::Text(prefix));
    assert_eq!(list("home/alice/2026").told(), "allowed by statement \"See\" of the policy policy0");
    assert!(list("home/").allowed());
    assert!(!list("home/bob/").allowed());
    assert!(!world.clone().action(Action::ListBucket).allowed(), "a listing of everything");
}

#[test]
fn a_public_website_and_what_is_not_on_it() {
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Sid":"PublicRead","Effect":"Allow","Principal":"*",
        "Action":["s3:GetObject","s3:GetObjectVersion"],"Resource":["arn:aws:s3:::photos/*"]}]}"#;
    for who in [Who::Anonymous, Who::Alice] {
        let world = World::new().who(who).bucket_policy(policy);
        assert_eq!(world.told(), "allowed by statement \"PublicRead\" of the bucket policy");
        assert!(world.clone().action(Action::GetObjectVersion).allowed());
        for other in [Action::PutObject, Action::ListBucket, Action::GetObjectAcl, Action::DeleteObject] {
            assert!(!world.clone().action(other).allowed(), "{who:?} {other}");
        }
    }
}

#[test]
fn only_by_tls_and_only_encrypted() {
    let policy = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::photos","arn:aws:s3:::photos/*"],
         "Condition":{"Bool":{"aws:SecureTransport":"false"}}},
        {"Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::photos/*",
         "Condition":{"Null":{"s3:x-amz-server-side-encryption":"true"}}}]}"#;
    let world = World::new().who(Who::Olga).bucket_policy(policy).with("aws:SecureTransport", ContextValue::Flag(true));
    assert!(world.allowed());
    assert!(!world.clone().with("aws:SecureTransport", ContextValue::Flag(false)).allowed());
    let put = world.action(Action::PutObject);
    assert_eq!(put.told(), "explicitly denied by Statement[1] of the bucket policy");
    assert!(put.with("s3:x-amz-server-side-encryption", ContextValue::Text("AES256")).allowed());
}

#[test]
fn another_user_may_write_if_the_owner_gets_full_control() {
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
        "Principal":{"AWS":"arn:aws:iam:::user/alice"},"Action":["s3:PutObject"],"Resource":"arn:aws:s3:::photos/*",
        "Condition":{"StringEquals":{"s3:x-amz-acl":"bucket-owner-full-control"}}}]}"#;
    let world = World::new().action(Action::PutObject).bucket_policy(policy);
    assert!(!world.allowed());
    assert!(!world.clone().with("s3:x-amz-acl", ContextValue::Text("private")).allowed());
    let full = world.with("s3:x-amz-acl", ContextValue::Text("bucket-owner-full-control"));
    assert!(full.allowed());
    assert!(!full.who(Who::Anonymous).allowed());
}

#[test]
fn governance_is_bypassed_by_who_is_not_denied_it() {
    let world = World::new().action(Action::BypassGovernanceRetention);
    assert!(!world.allowed());
    assert!(!world.clone().policy(&statement("Allow", "s3:DeleteObject*", "*")).allowed());
    let all = world.policy(&statement("Allow", "s3:*", "*"));
    assert!(all.allowed());
    assert!(!all.clone().policy(&statement("Deny", "s3:BypassGovernanceRetention", "*")).allowed());
    assert!(!all.who(Who::Olga).bucket_policy(&for_bucket("Deny", r#""*""#, "s3:BypassGovernanceRetention")).allowed());
}

#[test]
fn everything_but_some() {
    let policy = |effect: &str, what: &str| format!(r#"{{"Statement":[{{"Effect":"{effect}",{what}}}]}}"#);
    let world = World::new();
    let not_delete = policy("Allow", r#""NotAction":["s3:Delete*"],"Resource":"*""#);
    assert!(world.clone().policy(&not_delete).allowed());
    assert!(world.clone().action(Action::ListAllMyBuckets).policy(&not_delete).allowed());
    assert!(!world.clone().action(Action::DeleteObject).policy(&not_delete).allowed());
    let elsewhere = policy("Allow", r#""Action":"s3:*","NotResource":["arn:aws:s3:::photos","arn:aws:s3:::photos/*"]"#);
    assert!(!world.clone().policy(&elsewhere).allowed());
    let not_2025 = policy("Allow", r#""Action":"s3:*","NotResource":"arn:aws:s3:::photos/2025/*""#);
    assert!(world.policy(&not_2025).allowed());
}

#[test]
fn the_store_itself_is_asked_for_as_everything() {
    let list = World::new().action(Action::ListAllMyBuckets);
    for resource in ["*", "arn:aws:s3:::*"] {
        assert!(list.clone().policy(&statement("Allow", "s3:ListAllMyBuckets", resource)).allowed(), "{resource}");
    }
    assert!(!list.policy(&statement("Allow", "s3:ListAllMyBuckets", "arn:aws:s3:::photos")).allowed());
    let create = World { bucket_exists: false, ..World::new().action(Action::CreateBucket) };
    assert!(create.clone().policy(&statement("Allow", "s3:CreateBucket", "arn:aws:s3:::pho*")).allowed());
    assert!(!create.policy(&statement("Allow", "s3:CreateBucket", "arn:aws:s3:::docs-*")).allowed());
}

#[test]
fn keys_are_bytes_and_slashes_are_letters() {
    let allow = |resource: &str| World::new().policy(&statement("Allow", "s3:GetObject", resource));
    assert!(allow("arn:aws:s3:::photos/*").key("a/../../other/b").allowed());
    assert!(!allow("arn:aws:s3:::other/*").key("../other/b").allowed());
    assert!(!allow("arn:aws:s3:::photos/a").key("a/").allowed());
    assert!(allow("arn:aws:s3:::*/a").key("b/a").allowed());
    let mut odd = allow("arn:aws:s3:::photos/?");
    odd.key = events::ids::ObjectKey::from_bytes([0xff]).unwrap();
    assert!(odd.allowed());
}

#[test]
fn an_upload_belongs_to_who_began_it() {
    for action in [Action::AbortMultipartUpload, Action::ListMultipartUploadParts] {
        let mut upload = World::new().action(action);
        upload.object = Some((id("alice-id"), None));
        assert_eq!(upload.told(), "allowed to the object's owner");
        upload.object = Some((id("bob-id"), None));
        assert!(!upload.allowed());
        assert!(upload.clone().who(Who::Olga).allowed());
        assert!(!upload.who(Who::Anonymous).allowed());
    }
}

#[test]
fn a_condition_on_the_time_ends_a_right() {
    let until = r#"{"DateLessThan":{"aws:CurrentTime":"2026-06-01T00:00:00Z"}}"#;
    let mut world = World::new().policy(&on_condition("Allow", until));
    assert!(world.allowed());
    world.time = "2026-06-01T00:00:00Z".parse().unwrap();
    assert!(!world.allowed());
}

#[test]
fn a_decision_says_what_decided() {
    let world = World::new().policy(&statement("Allow", "s3:GetObject", "*"));
    world.decision(|decision| assert!(matches!(decision, Decision::Allowed(Grantor::Policy(_)))));
    let owner = World { ownership: ObjectOwnership::ObjectWriter, ..World::new().who(Who::Olga) };
    owner.decision(|decision| assert_eq!(decision, Decision::Allowed(Grantor::BucketOwnership)));
    World::new().decision(|decision| assert_eq!(decision, Decision::Denied(Denial::NothingGrants)));
}
