//! Each condition operator, with keys that are present and keys that are absent.

use policy::COMPARED_BYTES_MAX;

use crate::world::{ContextValue, Who, World, on_condition, statement};

/// Whether a condition holds for a request with these values.
fn holds(condition: &str, known: &[(&'static str, ContextValue)]) -> bool {
    let known = |world: World| known.iter().fold(world, |world, (name, told)| world.with(name, told.clone()));
    let allowed = known(World::new()).policy(&on_condition("Allow", condition)).allowed();
    // A condition means the same under both effects.
    let denied = known(World::new()).policy(&statement("Allow", "*", "*")).policy(&on_condition("Deny", condition));
    assert_eq!(denied.allowed(), !allowed, "{condition}");
    allowed
}

fn prefix(text: &'static str) -> [(&'static str, ContextValue); 1] {
    [("s3:prefix", ContextValue::Text(text))]
}

/// `{"<operator>": {"s3:prefix": <values>}}`
fn on_prefix(operator: &str, values: &str) -> String {
    format!(r#"{{"{operator}":{{"s3:prefix":{values}}}}}"#)
}

#[test]
fn strings() {
    let cases = [
        ("StringEquals", r#"["a/","b/"]"#, "b/", true),
        ("StringEquals", r#""a/""#, "A/", false),
        ("StringEquals", r#""a*""#, "ab", false),
        ("StringEquals", r#""a*""#, "a*", true),
        ("StringNotEquals", r#"["a/","b/"]"#, "b/", false),
        ("StringNotEquals", r#"["a/","b/"]"#, "c/", true),
        ("StringEqualsIgnoreCase", r#""\u00c4/b""#, "\u{e4}/B", true),
        ("StringEqualsIgnoreCase", r#""a""#, "b", false),
        ("StringNotEqualsIgnoreCase", r#""a""#, "A", false),
        ("StringNotEqualsIgnoreCase", r#""a""#, "b", true),
        ("StringLike", r#""home/*/x?""#, "home/alice/xy", true),
        ("StringLike", r#""home/*/x?""#, "home/alice/x", false),
        ("StringLike", r#""*""#, "", true),
        ("StringNotLike", r#""home/*""#, "home/alice", false),
        ("StringNotLike", r#""home/*""#, "data", true),
        ("StringLike", r#""home/${aws:username}/*""#, "home/alice/x", true),
        ("StringLike", r#""home/${aws:username}/*""#, "home/bob/x", false),
        ("StringEquals", r#""${aws:userid}""#, "alice-id", true),
        ("StringLike", r#""${*}""#, "x", false),
    ];
    for (operator, values, found, expected) in cases {
        assert_eq!(holds(&on_prefix(operator, values), &prefix(found)), expected, "{operator} {values} {found}");
    }
}

#[test]
fn numbers() {
    let cases = [
        ("NumericEquals", 9, false),
        ("NumericEquals", 10, true),
        ("NumericNotEquals", 10, false),
        ("NumericNotEquals", 9, true),
        ("NumericLessThan", 10, false),
        ("NumericLessThan", 9, true),
        ("NumericLessThanEquals", 10, true),
        ("NumericLessThanEquals", 11, false),
        ("NumericGreaterThan", 10, false),
        ("NumericGreaterThan", 11, true),
        ("NumericGreaterThanEquals", 10, true),
        ("NumericGreaterThanEquals", 9, false),
    ];
    for (operator, found, expected) in cases {
        for wanted in ["10", r#""10""#, r#""1e1""#] {
            let condition = format!(r#"{{"{operator}":{{"s3:max-keys":{wanted}}}}}"#);
            assert_eq!(
                holds(&condition, &[("s3:max-keys", ContextValue::Number(found))]),
                expected,
                "{operator} {found}"
            );
            let text = ContextValue::Text(match found {
                9 => "9",
                10 => "10",
                _ => "11",
            });
            assert_eq!(holds(&condition, &[("s3:max-keys", text)]), expected, "{operator} {found}");
        }
    }
    // A value that is not a number is less than nothing, and equal to nothing.
    let odd = [("s3:max-keys", ContextValue::Text("NaN"))];
    assert!(!holds(r#"{"NumericLessThan":{"s3:max-keys":10}}"#, &odd));
    assert!(holds(r#"{"NumericNotEquals":{"s3:max-keys":10}}"#, &odd));
}

#[test]
fn dates() {
    // It is noon of 1 May 2026.
    let cases = [
        ("DateLessThan", r#""2026-05-02""#, true),
        ("DateLessThan", r#""2026-05-01T12:00:00Z""#, false),
        ("DateLessThanEquals", r#""2026-05-01T14:00:00+02:00""#, true),
        ("DateGreaterThan", r#""2026-05-01T11:59:59Z""#, true),
        ("DateGreaterThan", "1777636800", false),
        ("DateGreaterThanEquals", "1777636800", true),
        ("DateEquals", r#""1777636800""#, true),
        ("DateNotEquals", r#""2026-05-01T12:00:00Z""#, false),
        ("DateNotEquals", r#"["2026-05-01","2026-05-02"]"#, true),
        ("NumericEquals", "1777636800", true),
        ("StringLike", r#""2026-05-*""#, true),
    ];
    for (operator, wanted, expected) in cases {
        for key in ["aws:CurrentTime", "aws:EpochTime"] {
            let condition = format!(r#"{{"{operator}":{{"{key}":{wanted}}}}}"#);
            assert_eq!(holds(&condition, &[]), expected, "{condition}");
        }
    }
}

#[test]
fn truth() {
    let by_tls = |tls| [("aws:SecureTransport", ContextValue::Flag(tls))];
    for wanted in ["true", r#""true""#, r#""True""#] {
        let condition = format!(r#"{{"Bool":{{"aws:SecureTransport":{wanted}}}}}"#);
        assert!(holds(&condition, &by_tls(true)));
        assert!(!holds(&condition, &by_tls(false)));
        assert!(!holds(&condition, &[]));
    }
    assert!(holds(r#"{"Bool":{"aws:SecureTransport":["true","false"]}}"#, &by_tls(false)));
}

#[test]
fn addresses() {
    let from = |address| [("aws:SourceIp", ContextValue::Address(address))];
    let condition = r#"{"IpAddress":{"aws:SourceIp":["203.0.113.0/24","2001:db8::/32"]}}"#;
    assert!(holds(condition, &from("203.0.113.9")));
    assert!(holds(condition, &from("::ffff:203.0.113.9")));
    assert!(holds(condition, &from("2001:db8::7")));
    assert!(!holds(condition, &from("203.0.114.9")));
    let both =
        r#"{"IpAddress":{"aws:SourceIp":"54.240.143.0/24"},"NotIpAddress":{"aws:SourceIp":"54.240.143.188/32"}}"#;
    assert!(holds(both, &from("54.240.143.7")));
    assert!(!holds(both, &from("54.240.143.188")));
    assert!(holds(r#"{"StringEquals":{"aws:SourceIp":"203.0.113.9"}}"#, &from("203.0.113.9")));
}

#[test]
fn existence() {
    let is_absent = |wanted| format!(r#"{{"Null":{{"s3:x-amz-server-side-encryption":{wanted}}}}}"#);
    let there = [("s3:x-amz-server-side-encryption", ContextValue::Text("AES256"))];
    assert!(holds(&is_absent("true"), &[]));
    assert!(!holds(&is_absent("true"), &there));
    assert!(!holds(&is_absent("\"false\""), &[]));
    assert!(holds(&is_absent("\"false\""), &there));
}

#[test]
fn arns() {
    let like = |operator: &str, arn: &str| holds(&format!(r#"{{"{operator}":{{"aws:PrincipalArn":"{arn}"}}}}"#), &[]);
    for operator in ["ArnEquals", "ArnLike"] {
        assert!(like(operator, "arn:aws:iam:::user/alice"));
        assert!(like(operator, "arn:aws:iam::alice-id:user/alice"), "the account is the user's id, as in a principal");
        assert!(!like(operator, "arn:aws:iam::olga-id:user/alice"));
        assert!(like(operator, "arn:aws:iam::*:user/a*"));
        assert!(like(operator, "arn:aws:iam:::user/${aws:username}"));
        assert!(like(operator, "*"));
        assert!(!like(operator, "arn:aws:iam:::user/bob"));
        // A wildcard matches only within its part.
        assert!(!like(operator, "arn:*:::user/alice:"));
        assert!(!like(operator, "arn:aws:*:*:user/alice:x"));
    }
    for alice in ["arn:aws:iam:::user/alice", "arn:aws:iam::alice-id:user/alice"] {
        assert!(!like("ArnNotEquals", alice), "{alice}");
    }
    assert!(like("ArnNotLike", "arn:aws:iam:::user/b*"));
}

#[test]
fn what_the_caller_is() {
    for (key, value) in [
        ("aws:username", "alice"),
        ("aws:userid", "alice-id"),
        ("aws:PrincipalType", "User"),
        ("aws:PrincipalAccount", "alice-id"),
        ("aws:ResourceAccount", "olga-id"),
        ("AWS:USERNAME", "alice"),
    ] {
        assert!(holds(&format!(r#"{{"StringEquals":{{"{key}":"{value}"}}}}"#), &[]), "{key}");
    }
    // A context cannot override these.
    let claimed = [("aws:username", ContextValue::Text("bob")), ("aws:SourceVpc", ContextValue::Text("vpc-1"))];
    assert!(!holds(r#"{"StringEquals":{"aws:username":"bob"}}"#, &claimed));
    assert!(!holds(r#"{"StringEquals":{"aws:SourceVpc":"vpc-1"}}"#, &claimed));
}

#[test]
fn keys_that_are_absent() {
    for plain in ["StringEquals", "StringLike", "StringEqualsIgnoreCase"] {
        assert!(!holds(&on_prefix(plain, r#""*""#), &[]), "{plain}");
        assert!(holds(&on_prefix(&format!("{plain}IfExists"), r#""*""#), &[]), "{plain}");
        assert!(holds(&on_prefix(&format!("ForAllValues:{plain}"), r#""*""#), &[]), "{plain}");
        assert!(!holds(&on_prefix(&format!("ForAnyValue:{plain}"), r#""*""#), &[]), "{plain}");
        assert!(holds(&on_prefix(&format!("ForAnyValue:{plain}IfExists"), r#""*""#), &[]), "{plain}");
    }
    for negated in ["StringNotEquals", "StringNotLike", "StringNotEqualsIgnoreCase", "ForAllValues:StringNotEquals"] {
        assert!(holds(&on_prefix(negated, r#""a""#), &[]), "{negated}");
    }
    for (negated, key, value) in [
        ("NumericNotEquals", "s3:max-keys", "1"),
        ("DateNotEquals", "s3:object-lock-retain-until-date", "1"),
        ("NotIpAddress", "aws:SourceIp", "\"10.0.0.0/8\""),
        ("ArnNotLike", "aws:SourceArn", "\"arn:aws:s3:::a\""),
    ] {
        assert!(holds(&format!(r#"{{"{negated}":{{"{key}":{value}}}}}"#), &[]), "{negated}");
    }
    for plain in ["NumericEquals", "NumericLessThan"] {
        assert!(!holds(&format!(r#"{{"{plain}":{{"s3:max-keys":1}}}}"#), &[]));
        assert!(holds(&format!(r#"{{"{plain}IfExists":{{"s3:max-keys":1}}}}"#), &[]));
    }
    // A key that is present is compared.
    assert!(!holds(&on_prefix("StringEqualsIfExists", r#""a""#), &prefix("b")));
    assert!(holds(&on_prefix("StringEqualsIfExists", r#""a""#), &prefix("a")));
}

#[test]
fn keys_with_many_values() {
    let tags = |tags: &[&'static str]| [("s3:RequestObjectTagKeys", ContextValue::Texts(tags.to_vec()))];
    let on = |operator: &str| format!(r#"{{"{operator}":{{"s3:RequestObjectTagKeys":["a","b"]}}}}"#);
    let cases: &[(&str, &[&'static str], bool)] = &[
        ("ForAllValues:StringEquals", &["a", "b"], true),
        ("ForAllValues:StringEquals", &["a", "c"], false),
        ("ForAllValues:StringEquals", &[], true),
        ("ForAllValues:StringNotEquals", &["c", "d"], true),
        ("ForAllValues:StringNotEquals", &["a", "d"], false),
        ("ForAnyValue:StringEquals", &["a", "c"], true),
        ("ForAnyValue:StringEquals", &["c"], false),
        ("ForAnyValue:StringEquals", &[], false),
        ("ForAnyValue:StringEqualsIfExists", &[], true),
        ("ForAnyValue:StringNotEquals", &["a", "c"], true),
        ("ForAnyValue:StringNotEquals", &["a", "b"], false),
        ("ForAnyValue:StringNotEquals", &[], false),
        ("StringEquals", &["c", "b"], true),
        ("StringEquals", &[], false),
        ("StringNotEquals", &["c", "b"], false),
        ("StringNotEquals", &["c"], true),
        ("StringNotEquals", &[], true),
        ("StringEqualsIfExists", &[], true),
    ];
    for (operator, found, expected) in cases {
        assert_eq!(holds(&on(operator), &tags(found)), *expected, "{operator} {found:?}");
    }
    let absent = r#"{"Null":{"s3:RequestObjectTagKeys":true}}"#;
    assert!(holds(absent, &tags(&[])));
    assert!(!holds(absent, &tags(&["a"])));
}

#[test]
fn tags_are_asked_by_their_key_which_has_a_case() {
    let known = [("s3:ExistingObjectTag/Team", ContextValue::Text("blue"))];
    assert!(holds(r#"{"StringEquals":{"s3:existingobjecttag/Team":"blue"}}"#, &known));
    assert!(!holds(r#"{"StringEquals":{"s3:ExistingObjectTag/team":"blue"}}"#, &known));
}

#[test]
fn all_conditions_must_hold() {
    let condition = r#"{"StringLike":{"s3:prefix":"a*","s3:delimiter":"/"},"NumericLessThan":{"s3:max-keys":10}}"#;
    let known = [
        ("s3:prefix", ContextValue::Text("ab")),
        ("s3:delimiter", ContextValue::Text("/")),
        ("s3:max-keys", ContextValue::Number(5)),
    ];
    assert!(holds(condition, &known));
    assert!(!holds(condition, &known[..2]));
    assert!(!holds(condition, &known[1..]));
}

#[test]
fn a_variable_without_a_value_never_widens_what_is_allowed() {
    let anonymous = World::new().who(Who::Anonymous).with("s3:prefix", ContextValue::Text("x"));
    let policy = |effect: &str, rest: &str| {
        let all = r#""arn:aws:s3:::photos/*""#;
        let rest = rest.replace("ALL", all);
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"{effect}","Principal":"*","Action":"s3:GetObject",{rest}}}]}}"#
        )
    };
    let unresolved = [
        r#""Resource":"arn:aws:s3:::photos/*${aws:username}*""#,
        r#""NotResource":"arn:aws:s3:::photos/${aws:username}/*""#,
        r#""Resource":ALL,"Condition":{"StringEquals":{"s3:prefix":"${aws:username}"}}"#,
        r#""Resource":ALL,"Condition":{"StringNotEquals":{"s3:prefix":"${aws:username}"}}"#,
        r#""Resource":ALL,"Condition":{"StringNotEqualsIgnoreCase":{"s3:prefix":"${aws:userid}"}}"#,
        r#""Resource":ALL,"Condition":{"ForAnyValue:StringNotLike":{"s3:prefix":"${aws:userid}"}}"#,
    ];
    for rest in unresolved {
        assert!(!anonymous.clone().bucket_policy(&policy("Allow", rest)).allowed(), "{rest}");
    }
    let narrow = r#""NotResource":"arn:aws:s3:::photos/${aws:username}/*""#;
    let both = policy("Deny", narrow).replace(
        "[{",
        r#"[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::photos/*"},{"#,
    );
    assert!(!anonymous.clone().bucket_policy(&both).allowed());
    let other = r#""Resource":["arn:aws:s3:::photos/${aws:username}/*","arn:aws:s3:::photos/2026/*"]"#;
    assert!(anonymous.bucket_policy(&policy("Allow", other)).allowed());
}

/// Whether a condition lets a request through in a statement that allows, and in one that denies.
fn through(condition: &str, told: ContextValue) -> (bool, bool) {
    let key = if condition.contains("aws:SourceIp") { "aws:SourceIp" } else { "aws:Referer" };
    let allowed = World::new().with(key, told.clone()).policy(&on_condition("Allow", condition)).allowed();
    let denied = World::new().with(key, told).policy(&statement("Allow", "*", "*"));
    (allowed, denied.policy(&on_condition("Deny", condition)).allowed())
}

#[test]
fn what_cannot_be_read_lets_nobody_through() {
    for condition in [
        r#"{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#,
        r#"{"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#,
        r#"{"IpAddressIfExists":{"aws:SourceIp":"10.0.0.0/8"}}"#,
        r#"{"NotIpAddressIfExists":{"aws:SourceIp":"10.0.0.0/8"}}"#,
        r#"{"ForAllValues:IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#,
        r#"{"ForAnyValue:NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#,
        r#"{"Null":{"aws:SourceIp":"true"}}"#,
        r#"{"Null":{"aws:SourceIp":"false"}}"#,
        r#"{"StringLike":{"aws:SourceIp":"*"}}"#,
        r#"{"StringNotLike":{"aws:Referer":"https://a.example/*"}}"#,
        r#"{"StringLike":{"aws:Referer":"https://a.example/*"}}"#,
    ] {
        assert_eq!(through(condition, ContextValue::Unreadable), (false, false), "{condition}");
    }
}

#[test]
fn what_is_too_long_to_compare_is_as_what_cannot_be_read() {
    let text = |bytes: usize| ContextValue::Text(Box::leak("r".repeat(bytes).into_boxed_str()));
    for condition in [r#"{"StringLike":{"aws:Referer":"r*"}}"#, r#"{"StringNotLike":{"aws:Referer":"x*"}}"#] {
        assert_eq!(through(condition, text(COMPARED_BYTES_MAX)), (true, false), "{condition}");
        assert_eq!(through(condition, text(COMPARED_BYTES_MAX + 1)), (false, false), "{condition}");
    }
}
