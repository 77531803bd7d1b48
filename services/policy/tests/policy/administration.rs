//! Rights of administration, and which of them can be handed on.

use std::sync::Arc;

use policy::{Action, Attached, Document, Kind, cover};

use crate::world::{ContextValue, Who, World, bucket, for_bucket, statement};

/// The documented policies.
const AUDITOR: &str = include_str!("../../../../docs/policies/auditor.json");
const OPERATOR: &str = include_str!("../../../../docs/policies/operator.json");
const USER_MANAGER: &str = include_str!("../../../../docs/policies/user-manager.json");

fn held(texts: &[&str]) -> Vec<Attached> {
    let one = |(at, text): (usize, &&str)| Attached {
        name: format!("policy{at}").parse().unwrap(),
        document: Arc::new(Document::identity(text).unwrap()),
    };
    texts.iter().enumerate().map(one).collect()
}

fn covers(texts: &[&str], wanted: &str) -> bool {
    cover::covers(&held(texts), &Document::identity(wanted).unwrap())
}

fn of_admin() -> impl Iterator<Item = Action> {
    Action::ALL.iter().copied().filter(|action| action.kind() == Kind::Admin)
}

#[test]
fn the_ready_made_policies_give_what_their_names_say_and_nothing_of_s3() {
    let given = |text: &str| {
        let world = World::new().policy(text);
        let given = Action::ALL.iter().filter(|action| world.clone().action(**action).allowed());
        given.map(|action| action.name()).collect::<Vec<_>>()
    };
    let reads = of_admin().map(Action::name);
    let reading = ["admin:Get", "admin:List", "admin:ProveEvent", "admin:ExportEvents", "planetstore:Read"];
    let reads: Vec<_> = reads.filter(|name| reading.iter().any(|begin| name.starts_with(begin))).collect();
    assert_eq!(given(AUDITOR), reads);
    // Asked for a user here: rights on buckets are granted for buckets only.
    let operator = [
        "admin:GetRegion",
        "admin:UpgradeRegion",
        "admin:GetStatus",
        "admin:GetMetrics",
        "admin:AuditShards",
        "admin:ListNodes",
        "admin:GetNode",
        "admin:DrainNode",
        "admin:ResumeNode",
        "admin:RemoveNode",
        "admin:StopNode",
        "admin:InitNode",
        "admin:ConfirmStrays",
        "admin:ChangeWorker",
    ];
    assert_eq!(given(OPERATOR), operator);
    let manager = given(USER_MANAGER);
    for of_others in [
        "admin:ChangeAuthorKey",
        "admin:RotateMasterKey",
        "admin:CreateKmsKey",
        "admin:PutPolicy",
        "admin:StopNode",
        "admin:DrainNode",
        "admin:PutQuota",
    ] {
        assert!(!manager.contains(&of_others), "{of_others}");
    }
    for own in ["admin:ListUsers", "admin:CreateUser", "admin:CreateKey", "admin:AttachToGroup", "admin:RevokeSession"]
    {
        assert!(manager.contains(&own), "{own}");
    }
}

#[test]
fn what_was_written_for_s3_gives_nothing_of_administration() {
    let not_action = r#"{"Statement":{"Effect":"Allow","NotAction":"s3:GetObject","Resource":"*"}}"#;
    for text in [statement("Allow", "*", "*"), statement("Allow", "*:*", "*"), not_action.into()] {
        for action in of_admin() {
            assert!(!World::new().policy(&text).action(action).allowed(), "{text} {action}");
        }
    }
    // A policy that denies everything also denies these, even to admins.
    for action in of_admin() {
        let denied = World::new().policy(&statement("Allow", "admin:*", "*")).policy(&statement("Deny", "*", "*"));
        assert!(!denied.clone().action(action).allowed(), "{action}");
        assert!(!denied.who(Who::Admin).action(action).allowed(), "{action}");
    }
    assert!(Document::identity(&statement("Allow", "*:GetUser", "*")).is_err());
    assert!(Document::bucket(&for_bucket("Allow", r#""*""#, "admin:*"), &bucket()).is_err());
}

#[test]
fn resources_of_one_service_are_none_of_the_other() {
    let asked = |text: &str| World::new().policy(text).action(Action::AdminGetUser).allowed();
    for (resource, expected) in [
        ("*", true),
        ("arn:aws:admin:::*", true),
        ("arn:aws:admin:::user/a*", true),
        ("arn:aws:admin:::user/${aws:username}", false),
        ("arn:aws:admin:::user/bob", false),
        ("arn:aws:s3:::*", false),
        ("arn:aws:s3:::user/ada", false),
    ] {
        assert_eq!(asked(&statement("Allow", "admin:GetUser", resource)), expected, "{resource}");
    }
    let of_s3 = World::new().policy(&statement("Allow", "s3:*", "arn:aws:admin:::*"));
    assert!(!of_s3.action(Action::GetObject).allowed());
    assert!(Document::identity(&statement("Allow", "s3:*", "arn:aws:iam:::*")).is_err());
}

#[test]
fn conditions_hold_for_administration_as_for_s3() {
    let text = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"admin:*","Resource":"*",
        "Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"},"Bool":{"aws:SecureTransport":"true"}}}}"#;
    let asked = |address, tls| {
        let world = World::new().policy(text).action(Action::AdminGetUser);
        world
            .with("aws:SourceIp", ContextValue::Address(address))
            .with("aws:SecureTransport", ContextValue::Flag(tls))
            .allowed()
    };
    assert!(asked("192.0.2.7", true));
    assert!(!asked("192.0.2.7", false));
    assert!(!asked("198.51.100.7", true));
}

#[test]
fn what_somebody_has_covers_the_same_and_less() {
    let all = statement("Allow", "s3:*", "*");
    for less in [
        statement("Allow", "s3:*", "*"),
        statement("Allow", "s3:GetObject", "arn:aws:s3:::photos/*"),
        statement("Allow", "*", "arn:aws:s3:::${aws:username}/*"),
        r#"{"Statement":{"Effect":"Allow","NotAction":"s3:GetObject","NotResource":"arn:aws:s3:::a"}}"#.into(),
        r#"{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*",
            "Condition":{"StringEquals":{"aws:username":"ada"}}}}"#
            .into(),
    ] {
        assert!(covers(&[&all], &less), "{less}");
    }
    let photos = statement("Allow", "s3:*", "arn:aws:s3:::photos*");
    assert!(covers(&[&photos], &statement("Allow", "s3:GetObject", "arn:aws:s3:::photos-${aws:username}/*")));
    let halves = [statement("Allow", "s3:Get*", "*"), statement("Allow", "s3:PutObject", "*")];
    let both = r#"{"Statement":{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"*"}}"#;
    assert!(covers(&[&halves[0], &halves[1]], both));
    assert!(!covers(&[&halves[0]], both));
}

#[test]
fn what_is_not_plainly_held_is_not_covered() {
    let home = statement("Allow", "s3:*", "arn:aws:s3:::home/${aws:username}/*");
    let from_here = r#"{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*",
        "Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}}}"#;
    let but_one = r#"{"Statement":{"Effect":"Allow","Action":"s3:*","NotResource":"arn:aws:s3:::secret/*"}}"#;
    let (all, deny) = (statement("Allow", "s3:*", "*"), statement("Deny", "s3:GetObject", "arn:aws:s3:::secret/*"));
    let get = |resource: &str| statement("Allow", "s3:GetObject", resource);
    for (what, held, wanted) in [
        ("nothing", vec![], get("arn:aws:s3:::a/b")),
        ("the same for another", vec![&*home], home.clone()),
        ("what hangs on where one is", vec![from_here], from_here.into()),
        ("all but", vec![but_one], get("arn:aws:s3:::a/b")),
        ("what is denied", vec![&all, &deny], get("*")),
        ("what is denied elsewhere", vec![&all, &deny], get("arn:aws:s3:::a/b")),
        ("more of a name", vec![&*get("arn:aws:s3:::a/b*")], get("arn:aws:s3:::a/*")),
        ("all but something", vec![&*get("arn:aws:s3:::a/*")], but_one.into()),
        ("administration", vec![&*all], statement("Allow", "admin:GetUser", "*")),
        ("S3", vec![&*statement("Allow", "admin:*", "*")], get("*")),
    ] {
        assert!(!covers(&held, &wanted), "{what}");
    }
    let unreadable = Document::denying_all(policy::DocumentKind::Identity);
    assert!(!cover::covers(&held(&[&all]), &unreadable), "what cannot be read");
}

#[test]
fn everything_in_a_bucket_is_covered_by_name_or_by_all() {
    let covers = |texts: &[&str]| cover::covers_bucket(&held(texts), &bucket());
    assert!(covers(&[&statement("Allow", "s3:*", "*")]));
    assert!(covers(&[&statement("Allow", "s3:*", "arn:aws:s3:::photos*")]));
    let exact = r#"{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":["arn:aws:s3:::photos","arn:aws:s3:::photos/*"]}}"#;
    assert!(covers(&[exact]));
    assert!(!covers(&[&statement("Allow", "s3:*", "arn:aws:s3:::photos/*")]));
    assert!(!covers(&[&statement("Allow", "s3:Get*", "*")]));
    assert!(!covers(&[&statement("Allow", "s3:*", "*"), &statement("Deny", "s3:PutObject", "arn:aws:s3:::x")]));
}

#[test]
fn a_bucket_policy_gives_by_name_what_it_does_not_give_to_all() {
    let gives = |text: &str| {
        let (name, id) = ("ada".parse().unwrap(), "ada-id".parse().unwrap());
        cover::gives_by_name(&Document::bucket(text, &bucket()).unwrap(), &name, &id)
    };
    assert!(gives(&for_bucket("Allow", r#"{"AWS":"ada-id"}"#, "s3:GetObject")));
    assert!(!gives(&for_bucket("Allow", r#"{"AWS":"bob-id"}"#, "s3:GetObject")));
    assert!(!gives(&for_bucket("Deny", r#"{"AWS":"ada-id"}"#, "s3:GetObject")));
    assert!(!gives(&for_bucket("Allow", r#""*""#, "s3:GetObject")));
    let to_some = for_bucket("Allow", r#""*""#, "s3:GetObject")
        .replace(r#""Effect""#, r#""Condition":{"StringEquals":{"aws:username":"ada"}},"Effect""#);
    assert!(gives(&to_some));
}
