//! What is public, and how the public access block restricts it.

use events::access::{ObjectOwnership, PublicAccessBlock};
use policy::acl::CannedAcl;
use policy::public::{acl_is_public, blocks_acl, blocks_policy, bucket_is_public};
use policy::{Action, BucketAccess, Document};

use crate::world::{Who, World, bucket, for_bucket, id};

const BLOCK_NOTHING: PublicAccessBlock = PublicAccessBlock {
    block_public_acls: false,
    ignore_public_acls: false,
    block_public_policy: false,
    restrict_public_buckets: false,
};

/// Whether a policy that allows everyone something under a condition is public.
fn is_public(condition: &str) -> bool {
    let text = for_bucket("Allow", r#""*""#, "s3:*").replace(r#""Sid":"One""#, &format!(r#""Condition":{condition}"#));
    Document::bucket(&text, &bucket()).unwrap_or_else(|error| panic!("{error}: {text}")).is_public()
}

#[test]
fn everyone_is_the_public() {
    let of =
        |effect, principal| Document::bucket(&for_bucket(effect, principal, "s3:*"), &bucket()).unwrap().is_public();
    assert!(of("Allow", r#""*""#));
    assert!(of("Allow", r#"{"AWS":"*"}"#));
    assert!(of("Allow", r#"{"AWS":["arn:aws:iam:::user/alice","*"]}"#));
    assert!(!of("Allow", r#"{"AWS":"arn:aws:iam:::user/alice"}"#));
    assert!(!of("Allow", r#"{"AWS":"arn:aws:iam::tenant:root"}"#));
    assert!(!of("Deny", r#""*""#));
    let but = for_bucket("Allow", r#"{"AWS":"alice-id"}"#, "s3:*").replace("Principal", "NotPrincipal");
    assert!(Document::bucket(&but, &bucket()).unwrap().is_public());
    assert!(!Document::identity(&crate::world::statement("Allow", "*", "*")).unwrap().is_public());
}

#[test]
fn a_condition_that_fixes_who_asks_makes_it_private() {
    for private in [
        r#"{"IpAddress":{"aws:SourceIp":"10.0.0.0/32"}}"#,
        r#"{"IpAddress":{"aws:SourceIp":["10.0.0.0/8","2001:db8::/32"]}}"#,
        r#"{"StringEquals":{"aws:SourceVpc":"vpc-91237329"}}"#,
        r#"{"StringLike":{"aws:SourceVpc":"vpc-91237329"}}"#,
        r#"{"ForAnyValue:StringEquals":{"aws:PrincipalOrgID":"o-1"}}"#,
        r#"{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam:::user/alice"}}"#,
        r#"{"StringEquals":{"aws:userid":"alice-id"},"StringLike":{"s3:prefix":"*"}}"#,
    ] {
        assert!(!is_public(private), "{private}");
    }
}

#[test]
fn a_condition_that_fixes_nothing_leaves_it_public() {
    for public in [
        "{}",
        r#"{"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}}"#,
        r#"{"IpAddress":{"aws:SourceIp":["10.0.0.0/8","0.0.0.0/1"]}}"#,
        r#"{"IpAddress":{"aws:SourceIp":"2001::/16"}}"#,
        r#"{"IpAddressIfExists":{"aws:SourceIp":"10.0.0.0/8"}}"#,
        r#"{"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#,
        r#"{"StringLike":{"aws:SourceVpc":"vpc-*"}}"#,
        r#"{"StringNotEquals":{"aws:SourceVpc":"vpc-91237329"}}"#,
        r#"{"StringEqualsIfExists":{"aws:SourceVpc":"vpc-91237329"}}"#,
        r#"{"ForAllValues:StringEquals":{"aws:PrincipalOrgID":"o-1"}}"#,
        r#"{"StringEquals":{"aws:userid":"${aws:userid}"}}"#,
        r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:user/alice"}}"#,
        r#"{"StringEquals":{"aws:Referer":"https://example.com/"}}"#,
        r#"{"Null":{"aws:SourceIp":"false"}}"#,
        r#"{"Bool":{"aws:SecureTransport":"true"}}"#,
    ] {
        assert!(is_public(public), "{public}");
    }
}

#[test]
fn what_may_be_stored() {
    let (none, acls) = (BLOCK_NOTHING, PublicAccessBlock { block_public_acls: true, ..BLOCK_NOTHING });
    let policies = PublicAccessBlock { block_public_policy: true, ..BLOCK_NOTHING };
    let olga = id("olga-id");
    for (name, public) in [
        (CannedAcl::Private, false),
        (CannedAcl::PublicRead, true),
        (CannedAcl::PublicReadWrite, true),
        (CannedAcl::AuthenticatedRead, true),
        (CannedAcl::BucketOwnerRead, false),
        (CannedAcl::LogDeliveryWrite, false),
    ] {
        let acl = name.to_acl(&id("bob-id"), &olga);
        assert_eq!(acl_is_public(&acl), public, "{name:?}");
        assert_eq!(blocks_acl(acls, &acl), public, "{name:?}");
        assert!(!blocks_acl(none, &acl) && !blocks_acl(policies, &acl), "{name:?}");
    }
    let public = Document::bucket(&for_bucket("Allow", r#""*""#, "s3:*"), &bucket()).unwrap();
    let private = Document::bucket(&for_bucket("Allow", r#"{"AWS":"bob-id"}"#, "s3:*"), &bucket()).unwrap();
    assert!(blocks_policy(policies, &public));
    assert!(!blocks_policy(policies, &private) && !blocks_policy(none, &public) && !blocks_policy(acls, &public));
}

#[test]
fn public_grants_are_ignored_if_told_so() {
    let acl = |name: CannedAcl| Some(name.to_acl(&id("bob-id"), &id("olga-id")));
    let mut world = World { ownership: ObjectOwnership::ObjectWriter, ..World::new() };
    for (name, anonymous) in [(CannedAcl::PublicRead, true), (CannedAcl::AuthenticatedRead, false)] {
        world.object = Some((id("bob-id"), acl(name)));
        world.public_access = BLOCK_NOTHING;
        assert!(world.allowed());
        assert_eq!(world.clone().who(Who::Anonymous).allowed(), anonymous);
        world.public_access.ignore_public_acls = true;
        assert!(!world.allowed());
        assert!(!world.clone().who(Who::Anonymous).allowed());
    }
    // Grants to particular users are not public.
    world.object = Some((id("bob-id"), acl(CannedAcl::BucketOwnerRead)));
    assert!(world.who(Who::Olga).allowed());
}

#[test]
fn a_restricted_bucket_is_its_owners_and_of_whom_an_admin_lets_in() {
    let mut world = World::new().bucket_policy(&for_bucket("Allow", r#""*""#, "s3:GetObject"));
    assert!(world.clone().who(Who::Anonymous).allowed());
    world.public_access.restrict_public_buckets = true;
    assert!(!world.allowed());
    assert!(!world.clone().who(Who::Anonymous).allowed());
    assert!(world.clone().who(Who::Olga).allowed());
    assert!(world.clone().who(Who::Admin).allowed());
    assert!(world.clone().policy(&crate::world::statement("Allow", "s3:GetObject", "*")).allowed());
    // One that is not public still grants access to the users it names.
    let named = world.clone().bucket_policy(&for_bucket("Allow", r#"{"AWS":"alice-id"}"#, "s3:GetObject"));
    assert!(named.allowed());
    // Its denials still hold.
    let text = for_bucket("Allow", r#""*""#, "s3:GetObject");
    let deny =
        r#"{"Effect":"Deny","Principal":"*","Action":"s3:DeleteObject","Resource":"arn:aws:s3:::photos/*"},{"Sid""#;
    let both = world.bucket_policy(&text.replacen(r#"{"Sid""#, deny, 1));
    assert!(!both.who(Who::Olga).action(Action::DeleteObject).allowed());
}

#[test]
fn a_bucket_is_public_by_its_policy_or_its_acl() {
    let olga = id("olga-id");
    let public = Document::bucket(&for_bucket("Allow", r#""*""#, "s3:*"), &bucket()).unwrap();
    let acl = CannedAcl::PublicRead.to_acl(&olga, &olga);
    let private = BucketAccess {
        owner: &olga,
        policy: None,
        acl: None,
        public_access: BLOCK_NOTHING,
        ownership: ObjectOwnership::ObjectWriter,
    };
    assert!(!bucket_is_public(&private));
    let by_policy = BucketAccess { policy: Some(&public), ..private };
    let by_acl = BucketAccess { acl: Some(&acl), ..private };
    assert!(bucket_is_public(&by_policy) && bucket_is_public(&by_acl));
    let enforced = ObjectOwnership::BucketOwnerEnforced;
    assert!(!bucket_is_public(&BucketAccess { ownership: enforced, ..by_acl }));
    let ignoring = PublicAccessBlock { ignore_public_acls: true, ..BLOCK_NOTHING };
    assert!(!bucket_is_public(&BucketAccess { public_access: ignoring, ..by_acl }));
    let restricted = PublicAccessBlock { restrict_public_buckets: true, ..BLOCK_NOTHING };
    assert!(!bucket_is_public(&BucketAccess { public_access: restricted, ..by_policy }));
}
