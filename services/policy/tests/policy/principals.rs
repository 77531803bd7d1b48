//! The principals of a statement in a bucket policy.

use policy::Document;

use crate::world::{Who, World, bucket, for_bucket};

/// The callers who may read by a policy for this principal.
fn readers(principal: &str) -> Vec<Who> {
    let all = [Who::Alice, Who::Anonymous];
    let world = World::new().bucket_policy(&for_bucket("Allow", principal, "s3:GetObject"));
    all.into_iter().filter(|who| world.clone().who(*who).allowed()).collect()
}

#[test]
fn everyone_is_everyone() {
    for everyone in [r#""*""#, r#"{"AWS":"*"}"#, r#"{"AWS":["arn:aws:iam:::user/bob","*"]}"#] {
        assert_eq!(readers(everyone), [Who::Alice, Who::Anonymous], "{everyone}");
    }
}

#[test]
fn a_user_is_named_in_many_ways() {
    for alice in [
        r#"{"AWS":"arn:aws:iam:::user/alice"}"#,
        r#"{"AWS":"arn:aws:iam::123456789012:user/alice"}"#,
        r#"{"AWS":"arn:aws:iam::tenant:user/division/team/alice"}"#,
        r#"{"AWS":"arn:aws:iam::alice-id:root"}"#,
        r#"{"AWS":"alice-id"}"#,
        r#"{"CanonicalUser":"alice-id"}"#,
        r#"{"AWS":"arn:aws:iam:::user/bob","CanonicalUser":["carol-id","alice-id"]}"#,
    ] {
        assert_eq!(readers(alice), [Who::Alice], "{alice}");
    }
    for other in [
        r#"{"AWS":"arn:aws:iam:::user/alic"}"#,
        r#"{"AWS":"arn:aws:iam:::user/Alice"}"#,
        r#"{"AWS":"arn:aws:iam:::user/alice-id"}"#,
        r#"{"AWS":"arn:aws:iam::alice:root"}"#,
        r#"{"AWS":"alice"}"#,
        r#"{"CanonicalUser":"alice"}"#,
        r#"{"Service":"logging.s3.amazonaws.com"}"#,
    ] {
        assert_eq!(readers(other), [Who::Root; 0], "{other}");
    }
}

#[test]
fn all_but_some_are_all_others() {
    let text = |effect, principal| for_bucket(effect, principal, "s3:GetObject").replace("Principal", "NotPrincipal");
    let but = |principal| World::new().bucket_policy(&text("Allow", principal));
    assert!(!but(r#"{"AWS":"alice-id"}"#).allowed());
    assert!(but(r#"{"AWS":"alice-id"}"#).who(Who::Anonymous).allowed());
    assert!(but(r#"{"AWS":"bob-id"}"#).allowed());
    assert!(!but(r#""*""#).allowed());
    let denied = World::new().bucket_policy(&text("Deny", r#"{"AWS":"alice-id"}"#));
    assert_eq!(denied.told(), "denied because nothing allows it");
    assert_eq!(denied.who(Who::Admin).told(), "explicitly denied by statement \"One\" of the bucket policy");
}

#[test]
fn what_names_nobody_is_refused() {
    for bad in [
        "7",
        "{}",
        "[]",
        r#""alice""#,
        r#"{"AWS":[]}"#,
        r#"{"AWS":[7]}"#,
        r#"{"AWS":{"AWS":"*"}}"#,
        r#"{"AWS":"arn:aws:iam::a:role/x"}"#,
        r#"{"AWS":"arn:aws:iam:::user/"}"#,
        r#"{"AWS":"arn:aws:iam:::user/*"}"#,
        r#"{"AWS":"arn:aws:iam::*:root"}"#,
        r#"{"AWS":"arn:aws:iam:::root"}"#,
        r#"{"AWS":"arn:aws:sts::a:federated-user/x"}"#,
        r#"{"AWS":"a b"}"#,
        r#"{"CanonicalUser":"*"}"#,
        r#"{"Service":"*"}"#,
        r#"{"Federated":"cognito-identity.amazonaws.com"}"#,
    ] {
        let text = for_bucket("Allow", bad, "s3:GetObject");
        let error = Document::bucket(&text, &bucket()).expect_err(bad).to_string();
        assert!(error.starts_with("Statement[0].Principal"), "{error}");
    }
}
