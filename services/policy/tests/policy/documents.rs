//! Valid policies, and the errors of invalid ones.

use std::sync::Arc;

use policy::{
    Action, Attached, BUCKET_POLICY_BYTES_MAX, Document, DocumentKind, IDENTITY_POLICY_BYTES_MAX, Kind, Malformed,
    STATEMENTS_MAX, managed,
};

use crate::world::{Who, World, bucket, for_bucket, on_condition, statement};

fn identity_error(text: &str) -> String {
    Document::identity(text).expect_err(text).to_string()
}

fn bucket_error(text: &str) -> String {
    Document::bucket(text, &bucket()).expect_err(text).to_string()
}

/// A statement with some of its elements replaced or left out.
fn with(changes: &[(&str, &str)]) -> String {
    let mut elements =
        vec![("Effect", r#""Allow""#), ("Action", r#""s3:GetObject""#), ("Resource", r#""arn:aws:s3:::photos/*""#)];
    for (name, value) in changes {
        elements.retain(|(other, _)| other != name);
        if !value.is_empty() {
            elements.push((name, value));
        }
    }
    let elements: Vec<_> = elements.iter().map(|(name, value)| format!("{name:?}:{value}")).collect();
    format!(r#"{{"Version":"2012-10-17","Statement":[{{{}}}]}}"#, elements.join(","))
}

#[test]
fn a_document_is_kept_as_it_was_written() {
    let text = "{ \"Version\" : \"2012-10-17\", \"Id\": \"mine\",\n \"Statement\": {\"Sid\":\"\",\"Effect\":\"Deny\",\
                \"NotAction\":[\"s3:Get*\"],\"NotResource\":\"arn:aws:s3:::a\",\"Condition\":{}}}\n";
    let document = Document::identity(text).unwrap();
    assert_eq!(document.text(), text);
    assert_eq!(document.kind(), DocumentKind::Identity);
    assert_eq!(
        Document::bucket(&for_bucket("Allow", r#""*""#, "s3:*"), &bucket()).unwrap().kind(),
        DocumentKind::Bucket
    );
}

#[test]
fn what_is_no_policy_is_refused_with_the_place() {
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[("Effect", r#""allow""#)], "Statement[0].Effect: the effect of a statement is \"Allow\" or \"Deny\""),
        (&[("Effect", "")], "Statement[0].Effect: the effect of a statement is \"Allow\" or \"Deny\""),
        (&[("Action", "")], "Statement[0]: a statement has an Action or a NotAction"),
        (&[("Action", "[]")], "Statement[0].Action: the list is empty"),
        (
            &[("Action", r#"["s3:GetObject","s3:GetObjects"]"#)],
            "Statement[0].Action[1]: \"s3:GetObjects\" names no action",
        ),
        (&[("Action", r#""iam:*""#)], "Statement[0].Action: \"iam:*\" names no action"),
        (&[("Action", "7")], "Statement[0].Action: it is a number, neither a string nor a list of them"),
        (&[("NotAction", r#""s3:Get*""#)], "Statement[0]: Action and NotAction exclude each other"),
        (&[("Resource", "")], "Statement[0]: a statement has a Resource or a NotResource"),
        (
            &[("Resource", r#""photos/*""#)],
            "Statement[0].Resource: a resource is \"*\" or like arn:aws:s3:::bucket/key",
        ),
        (
            &[("Resource", r#""arn:aws:sqs:::q""#)],
            "Statement[0].Resource: the service of a resource is \"s3\" or \"admin\"",
        ),
        (&[("Resource", r#""arn:aws:s3:eu-west-1::q""#)], "Statement[0].Resource: the region of a resource is \"\""),
        (&[("Resource", r#""arn:aws:s3:::""#)], "Statement[0].Resource: it names no bucket"),
        (&[("Resource", r#"[["*"]]"#)], "Statement[0].Resource[0]: it is a list, not a string"),
        (
            &[("Resource", r#""arn:aws:s3:::a/${aws:usrname}""#)],
            "Statement[0].Resource: there is no variable \"aws:usrname\"",
        ),
        (&[("Resource", r#""arn:aws:s3:::a/${aws:username""#)], "Statement[0].Resource: a \"${\" without its \"}\""),
        (
            &[("Principal", r#""*""#)],
            "Statement[0]: a policy of a user or group has no Principal: it applies to the users who have it",
        ),
        (&[("Sid", "7")], "Statement[0].Sid: a Sid is a string of at most 128 characters, without control characters"),
        (&[("Conditions", "{}")], "Statement[0]: a statement has no element \"Conditions\""),
        (&[("Condition", "[]")], "Statement[0].Condition: conditions are an object, not a list"),
        (
            &[("Condition", r#"{"StringEqual":{"aws:username":"a"}}"#)],
            "Statement[0].Condition.StringEqual.aws:username: there is no condition operator \"StringEqual\"",
        ),
        (&[("Condition", r#"{"StringEquals":{}}"#)], "Statement[0].Condition.StringEquals: it compares nothing"),
        (
            &[("Condition", r#"{"StringEquals":[]}"#)],
            "Statement[0].Condition.StringEquals: the keys of a condition are an object, not a list",
        ),
        (
            &[("Condition", r#"{"StringEquals":{"aws:usrname":"a"}}"#)],
            "Statement[0].Condition.StringEquals.aws:usrname: there is no condition key \"aws:usrname\"",
        ),
        (
            &[("Condition", r#"{"StringEquals":{"aws:username":[]}}"#)],
            "Statement[0].Condition.StringEquals.aws:username: the list is empty",
        ),
        (
            &[("Condition", r#"{"StringEquals":{"aws:username":[null]}}"#)],
            "Statement[0].Condition.StringEquals.aws:username[0]: a value is a string, a number or a boolean, not null",
        ),
        (
            &[("Condition", r#"{"NumericEquals":{"s3:max-keys":"ten"}}"#)],
            "Statement[0].Condition.NumericEquals.s3:max-keys: \"ten\" is not a number",
        ),
        (
            &[("Condition", r#"{"NumericEquals":{"s3:max-keys":"inf"}}"#)],
            "Statement[0].Condition.NumericEquals.s3:max-keys: \"inf\" is not a number",
        ),
        (
            &[("Condition", r#"{"IpAddress":{"aws:SourceIp":"10.0.0.0/40"}}"#)],
            "Statement[0].Condition.IpAddress.aws:SourceIp: \"10.0.0.0/40\" is not an address or a network like 10.0.0.0/8",
        ),
        (
            &[("Condition", r#"{"Bool":{"aws:SecureTransport":"yes"}}"#)],
            "Statement[0].Condition.Bool.aws:SecureTransport: \"yes\" is not true or false",
        ),
        (
            &[("Condition", r#"{"NullIfExists":{"s3:prefix":"true"}}"#)],
            "Statement[0].Condition.NullIfExists.s3:prefix: there is no condition operator \"NullIfExists\"",
        ),
        (
            &[("Condition", r#"{"ForSomeValues:StringEquals":{"s3:prefix":"a"}}"#)],
            "Statement[0].Condition.ForSomeValues:StringEquals.s3:prefix: there is no condition operator \"ForSomeValues:StringEquals\"",
        ),
        (
            &[("Condition", r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::user/a"}}"#)],
            "Statement[0].Condition.ArnLike.aws:PrincipalArn: \"arn:aws:iam::user/a\" is not an ARN",
        ),
        (
            &[("Condition", r#"{"DateLessThan":{"aws:CurrentTime":"tomorrow"}}"#)],
            "Statement[0].Condition.DateLessThan.aws:CurrentTime: \"tomorrow\" is not a date like 2030-01-31T00:00:00Z or seconds since 1970",
        ),
    ];
    Document::identity(&with(&[])).unwrap();
    for (changes, told) in cases {
        assert_eq!(identity_error(&with(changes)), *told);
    }
}

#[test]
fn a_document_is_an_object_with_statements() {
    let cases = [
        ("[]", "policy: a policy is an object, not a list"),
        (r#"{"Version":"2012-10-17"}"#, "Statement: a policy has statements"),
        (r#"{"Statement":[]}"#, "Statement: a policy has statements"),
        (r#"{"Statement":["s3:*"]}"#, "Statement[0]: a statement is an object, not a string"),
        (r#"{"Statement":null}"#, "Statement: a statement is an object, not null"),
        (
            r#"{"Version":"2012-10-18","Statement":[]}"#,
            "Version: the version of a policy is \"2012-10-17\" or \"2008-10-17\"",
        ),
        (r#"{"statement":[]}"#, "policy: a policy has no element \"statement\""),
        (r#"{"Id":5,"Statement":[]}"#, "Id: an id is a string of at most 256 characters"),
    ];
    for (text, told) in cases {
        assert_eq!(identity_error(text), told);
    }
}

#[test]
fn text_that_is_no_json_or_says_a_thing_twice_is_refused() {
    for text in ["", "{", "{}x", "\u{feff}{}", "{'a':1}", &"[".repeat(10_000), "{\"Statement\":[\u{0}]}"] {
        assert!(matches!(Document::identity(text), Err(Malformed::NotJson(_))), "{text}");
    }
    let twice = with(&[]).replace("\"Effect\"", "\"Effect\":\"Deny\",\"Effect\"");
    assert!(identity_error(&twice).contains("\"Effect\" occurs twice in one object"), "{}", identity_error(&twice));
    // The same letter, written in two ways.
    let hidden = with(&[]).replace("\"Effect\"", "\"\\u0045ffect\":\"Deny\",\"Effect\"");
    assert!(identity_error(&hidden).contains("occurs twice"));
    let condition = r#"{"StringEquals":{"s3:prefix":"a","s3:prefix":"b"}}"#;
    assert!(identity_error(&with(&[("Condition", condition)])).contains("occurs twice"));
}

#[test]
fn a_sid_is_given_once() {
    let one = r#"{"Sid":"A","Effect":"Allow","Action":"s3:GetObject","Resource":"*"}"#;
    let text = format!(r#"{{"Statement":[{one},{one}]}}"#);
    assert_eq!(identity_error(&text), "Statement[1]: another statement has the Sid \"A\"");
    let unnamed = one.replace("\"A\"", "\"\"");
    Document::identity(&format!(r#"{{"Statement":[{unnamed},{unnamed}]}}"#)).unwrap();
}

#[test]
fn limits_hold() {
    let spaces = |max: usize| format!("{}{}", with(&[]), " ".repeat(max - with(&[]).len()));
    Document::identity(&spaces(IDENTITY_POLICY_BYTES_MAX)).unwrap();
    let max = IDENTITY_POLICY_BYTES_MAX;
    assert_eq!(Document::identity(&spaces(max + 1)).unwrap_err(), Malformed::TooLong { bytes: max + 1, max });
    let long = format!("{}{}", for_bucket("Deny", r#""*""#, "*"), " ".repeat(BUCKET_POLICY_BYTES_MAX));
    assert!(matches!(Document::bucket(&long, &bucket()), Err(Malformed::TooLong { .. })));

    let one = r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#;
    let many = |count: usize| format!(r#"{{"Statement":[{}]}}"#, vec![one; count].join(","));
    Document::identity(&many(STATEMENTS_MAX)).unwrap();
    assert_eq!(identity_error(&many(STATEMENTS_MAX + 1)), "Statement: more than 256 statements");

    let values = |count: usize| with(&[("Action", &format!("[{}]", vec!["\"*\""; count].join(",")))]);
    Document::identity(&values(512)).unwrap();
    assert_eq!(identity_error(&values(513)), "Statement[0].Action: more than 512 values");

    let slow = |bytes: usize| with(&[("Resource", &format!("\"arn:aws:s3:::*?{}*\"", "a".repeat(bytes)))]);
    Document::identity(&slow(1023)).unwrap();
    assert!(identity_error(&slow(1024)).contains("more than 1024 bytes between two \"*\""));
    let slow = format!(r#"{{"StringLike":{{"s3:prefix":["*?{0}*","*?{0}*"]}}}}"#, "a".repeat(600));
    assert!(identity_error(&with(&[("Condition", &slow)])).contains("more than 1024 bytes"));
}

#[test]
fn a_bucket_policy_names_principals_and_keeps_to_its_bucket() {
    let with = |changes: &[(&str, &str)]| {
        let all = [&[("Principal", r#""*""#)], changes].concat();
        with(&all)
    };
    Document::bucket(&with(&[]), &bucket()).unwrap();
    assert_eq!(
        bucket_error(&with(&[("Principal", "")])),
        "Statement[0]: a statement of a bucket policy has a Principal"
    );
    let cases = [
        (r#""arn:aws:s3:::other/*""#, "\"arn:aws:s3:::other/*\" is neither the bucket photos nor in it"),
        (r#""arn:aws:s3:::photos2/*""#, "\"arn:aws:s3:::photos2/*\" is neither the bucket photos nor in it"),
        (r#""arn:aws:s3:::photos/""#, "\"arn:aws:s3:::photos/\" is neither the bucket photos nor in it"),
        (r#""arn:aws:s3:::?photos/*""#, "\"arn:aws:s3:::?photos/*\" is neither the bucket photos nor in it"),
        (r#""arn:aws:s3:::photos""#, "\"s3:GetObject\" fits none of the statement's resources"),
    ];
    for (resource, told) in cases {
        assert!(bucket_error(&with(&[("Resource", resource)])).ends_with(told), "{resource}");
    }
    for good in [
        r#""*""#,
        r#""arn:aws:s3:::*""#,
        r#""arn:aws:s3:::pho*""#,
        r#""arn:aws:s3::*:photos/*""#,
        r#""arn:aws:s3:::*/*""#,
    ] {
        Document::bucket(&with(&[("Resource", good)]), &bucket()).unwrap_or_else(|error| panic!("{good}: {error}"));
    }
    let listing = with(&[("Action", r#"["s3:ListBucket"]"#)]);
    assert!(bucket_error(&listing).ends_with("\"s3:ListBucket\" fits none of the statement's resources"));
    assert!(
        bucket_error(&with(&[("Action", r#""s3:ListAllMyBuckets""#), ("Resource", r#""*""#)])).contains("fits none")
    );
}

#[test]
fn the_policies_of_every_store_say_what_their_text_says() {
    for name in events::policy::BUILT_IN {
        let document = managed::document(&name.parse().unwrap()).unwrap();
        for action in Action::ALL {
            let mut own = World::new().who(Who::Alice).action(*action).policy(document.text());
            let by_text = own.allowed();
            own.policies[0].document = document.clone();
            assert_eq!(own.allowed(), by_text, "{name} {action}");
            let expected = match name {
                "readonly" => action.name().starts_with("s3:Get") || action.name().starts_with("s3:List"),
                "readwrite" => action.kind() != Kind::Admin,
                "writeonly" => matches!(action, Action::PutObject | Action::AbortMultipartUpload),
                "bucketowner" => matches!(action, Action::CreateBucket | Action::ListAllMyBuckets),
                other => panic!("{other}"),
            };
            assert_eq!(by_text, expected, "{name} {action}");
        }
    }
    assert!(managed::document(&"mine".parse().unwrap()).is_none());
}

#[test]
fn variables_are_text_in_the_version_of_2008() {
    let text = statement("Allow", "s3:*", "arn:aws:s3:::photos/${aws:username}/*");
    let world = World::new().key("alice/x").policy(&text);
    assert!(world.allowed());
    assert!(!World::new().key("bob/x").policy(&text).allowed());
    let old = text.replace("2012", "2008");
    assert!(!World::new().key("alice/x").policy(&old).allowed());
    assert!(World::new().key("${aws:username}/x").policy(&old).allowed());
    assert!(!World::new().key("alice/x").policy(&text.replace(r#""Version":"2012-10-17","#, "")).allowed());
}

#[test]
fn what_stands_for_a_policy_that_cannot_be_read_denies_everything() {
    let all = r#"{"AWS":"alice-id"}"#;
    let allowed = World::new().bucket_policy(&for_bucket("Allow", all, "s3:*"));
    assert!(allowed.allowed());
    let of_bucket = Document::denying_all(DocumentKind::Bucket);
    assert!(!of_bucket.is_public());
    let denied = World { bucket_policy: Some(of_bucket), ..World::new().who(Who::Olga) };
    assert!(!denied.allowed());
    assert!(denied.action(Action::PutBucketPolicy).allowed(), "its owner may replace it");
    let mut denied = allowed;
    let document = Arc::new(Document::denying_all(DocumentKind::Identity));
    denied.policies.push(Attached { name: "unreadable".parse().unwrap(), document });
    assert!(!denied.allowed());
}

#[test]
fn what_is_no_longer_taken_is_still_read() {
    let text = on_condition("Allow", r#"{"StringEquals":{"s3:LocationConstraint":"eu"}}"#);
    let document = Document::identity(&text).unwrap();
    let error = document.check_new().unwrap_err().to_string();
    assert!(error.starts_with("Statement[0].Condition: s3:LocationConstraint is in the body"), "{error}");
    let but = |effect| for_bucket(effect, r#"{"AWS":"alice-id"}"#, "s3:*").replace("Principal", "NotPrincipal");
    let check = |text: &str| Document::bucket(text, &bucket()).unwrap().check_new();
    assert!(check(&but("Allow")).unwrap_err().to_string().contains("use NotPrincipal only with Deny"));
    assert_eq!(check(&but("Deny")), Ok(()));
    assert_eq!(check(&for_bucket("Allow", r#""*""#, "s3:*")), Ok(()));
}

#[test]
fn a_new_policy_has_so_many_patterns_that_search() {
    let check = |count: usize, pattern: &str| {
        let values: Vec<_> =
            (0..count).map(|number| format!("\"{}\"", pattern.replace('N', &number.to_string()))).collect();
        let condition = format!(r#"{{"StringLike":{{"aws:Referer":[{}]}}}}"#, values.join(","));
        Document::identity(&on_condition("Allow", &condition)).unwrap().check_new()
    };
    assert_eq!(check(256, "*N*"), Ok(()));
    assert!(check(257, "*N*").unwrap_err().to_string().contains("more than 256 values"));
    assert_eq!(check(512, "N*"), Ok(()), "a prefix is not searched for");
}

#[test]
fn a_first_look_tells_whether_anything_could_be_allowed() {
    let could = |effect: &str, action: &str, resource: &str| {
        let document = Document::identity(&statement(effect, action, resource)).unwrap();
        document.could_allow(Action::DeleteObject, &bucket())
    };
    for resource in
        ["*", "arn:aws:s3:::*", "arn:aws:s3:::photos/*", "arn:aws:s3:::ph*", "arn:aws:s3:::*/${aws:username}/*"]
    {
        assert!(could("Allow", "s3:Delete*", resource), "{resource}");
        assert!(!could("Allow", "s3:GetObject", resource) && !could("Deny", "s3:*", resource), "{resource}");
    }
    for elsewhere in ["arn:aws:s3:::photos", "arn:aws:s3:::others/*", "arn:aws:s3:::photo/*"] {
        assert!(!could("Allow", "s3:*", elsewhere), "{elsewhere}");
    }
}
