//! Object lock, in headers and documents.

use s3::lock::{LegalHold, ObjectLock, Retention, RetentionMode};
use s3::xml::{
    DefaultRetention, ObjectLegalHold, ObjectLockConfiguration, ObjectRetention, RETENTION_DAYS_MAX,
    RETENTION_YEARS_MAX, RetentionPeriod,
};
use s3::{Code, Error, Head};

use crate::support::{at, lines, sent};

const MODE: &str = "x-amz-object-lock-mode";
const UNTIL: &str = "x-amz-object-lock-retain-until-date";
const HOLD: &str = "x-amz-object-lock-legal-hold";

fn asked(pairs: &[(&str, &str)]) -> Result<ObjectLock, Code> {
    fn lock(head: &Head<'_>) -> Result<ObjectLock, Error> {
        head.object_lock()
    }
    sent("PUT", "/abc/k", pairs).parse(lock).map_err(|error| error.code())
}

#[test]
fn locks_in_headers() {
    assert_eq!(asked(&[]), Ok(ObjectLock::default()));
    let until = at("2030-01-01T00:00:00Z");
    for (name, mode) in [("GOVERNANCE", RetentionMode::Governance), ("COMPLIANCE", RetentionMode::Compliance)] {
        let lock = ObjectLock { retention: Some(Retention { mode, until }), legal_hold: None };
        assert_eq!(asked(&[(MODE, name), (UNTIL, "2030-01-01T00:00:00Z")]), Ok(lock));
        assert_eq!(asked(&[(MODE, name), (UNTIL, "2030-01-01T01:00:00+01:00")]), Ok(lock));
    }
    for (name, hold) in [("ON", LegalHold::On), ("OFF", LegalHold::Off)] {
        assert_eq!(asked(&[(HOLD, name)]), Ok(ObjectLock { retention: None, legal_hold: Some(hold) }));
    }
    for malformed in [
        &[(MODE, "GOVERNANCE")][..],
        &[(UNTIL, "2030-01-01T00:00:00Z")],
        &[(MODE, "governance"), (UNTIL, "2030-01-01T00:00:00Z")],
        &[(MODE, "GOVERNANCE"), (UNTIL, "2030")],
        &[(HOLD, "on")],
        &[(HOLD, "")],
        &[(HOLD, "ON"), (HOLD, "OFF")],
    ] {
        assert_eq!(asked(malformed), Err(Code::InvalidArgument), "{malformed:?}");
    }
}

#[test]
fn flags() {
    let flags = |value: &str| {
        let pairs = [("x-amz-bypass-governance-retention", value), ("x-amz-bucket-object-lock-enabled", value)];
        let read = |head: &Head<'_>| Ok((head.bypass_governance()?, head.bucket_object_lock()?));
        sent("PUT", "/abc", &pairs).parse(read).map_err(|error| error.code())
    };
    assert_eq!(flags("true"), Ok((true, true)));
    assert_eq!(flags("True"), Ok((true, true)));
    assert_eq!(flags("false"), Ok((false, false)));
    assert_eq!(flags("yes"), Err(Code::InvalidArgument));
}

fn configuration(inner: &str) -> Result<Option<DefaultRetention>, Code> {
    let document = format!("<ObjectLockConfiguration>{inner}</ObjectLockConfiguration>");
    let parsed = ObjectLockConfiguration::parse(document.as_bytes()).map_err(|error| error.code())?;
    assert_eq!(ObjectLockConfiguration::parse(&parsed.to_xml()), Ok(parsed));
    Ok(parsed.default_retention)
}

fn rule(inner: &str) -> Result<Option<DefaultRetention>, Code> {
    let rule = format!("<Rule><DefaultRetention>{inner}</DefaultRetention></Rule>");
    configuration(&format!("<ObjectLockEnabled>Enabled</ObjectLockEnabled>{rule}"))
}

#[test]
fn configurations() {
    assert_eq!(configuration("<ObjectLockEnabled>Enabled</ObjectLockEnabled>"), Ok(None));
    let (mode, name) = (RetentionMode::Compliance, "<Mode>COMPLIANCE</Mode>");
    let days = RetentionPeriod::Days(RETENTION_DAYS_MAX);
    assert_eq!(rule(&format!("{name}<Days>36500</Days>")), Ok(Some(DefaultRetention { mode, period: days })));
    let years = RetentionPeriod::Years(RETENTION_YEARS_MAX);
    assert_eq!(rule(&format!("{name}<Years>100</Years>")), Ok(Some(DefaultRetention { mode, period: years })));
    for period in ["<Days>0</Days>", "<Days>-1</Days>", "<Days>36501</Days>", "<Years>0</Years>", "<Years>101</Years>"]
    {
        assert_eq!(rule(&format!("{name}{period}")), Err(Code::InvalidRetentionPeriod), "{period}");
    }
    for malformed in [
        "",
        "<Days>1</Days>",
        "<Mode>COMPLIANCE</Mode>",
        "<Mode>COMPLIANCE</Mode><Days>1</Days><Years>1</Years>",
        "<Mode>compliance</Mode><Days>1</Days>",
        "<Mode>COMPLIANCE</Mode><Days>one</Days>",
        "<Mode>COMPLIANCE</Mode><Days></Days>",
    ] {
        assert_eq!(rule(malformed), Err(Code::MalformedXML), "{malformed}");
    }
    for malformed in ["", "<ObjectLockEnabled>Disabled</ObjectLockEnabled>", "<Rule/>"] {
        assert_eq!(configuration(malformed), Err(Code::MalformedXML), "{malformed}");
    }
    let two = "<ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule/><Rule/>";
    assert_eq!(configuration(two), Err(Code::MalformedXML));
}

#[test]
fn what_locks_an_object() {
    let retention = |inner: &str| {
        let document = format!("<Retention>{inner}</Retention>");
        ObjectRetention::parse(document.as_bytes()).map(|parsed| parsed.retention).map_err(|error| error.code())
    };
    assert_eq!(retention(""), Ok(None));
    let (mode, until) = (RetentionMode::Governance, at("2030-01-01T00:00:00.5Z"));
    let date = "<RetainUntilDate>2030-01-01T00:00:00.5Z</RetainUntilDate>";
    assert_eq!(retention(&format!("<Mode>GOVERNANCE</Mode>{date}")), Ok(Some(Retention { mode, until })));
    for malformed in [
        date,
        "<Mode>GOVERNANCE</Mode>",
        "<Mode>governance</Mode><RetainUntilDate>2030-01-01T00:00:00Z</RetainUntilDate>",
        "<Mode>GOVERNANCE</Mode><RetainUntilDate>soon</RetainUntilDate>",
    ] {
        assert_eq!(retention(malformed), Err(Code::MalformedXML), "{malformed}");
    }
    insta::assert_snapshot!(lines(&ObjectRetention { retention: Some(Retention { mode, until }) }.to_xml()), @"
    <Retention>
    <Mode>GOVERNANCE</Mode>
    <RetainUntilDate>2030-01-01T00:00:00.500Z</RetainUntilDate>
    </Retention>
    ");
    let hold = |status: &str| {
        let document = format!("<LegalHold><Status>{status}</Status></LegalHold>");
        ObjectLegalHold::parse(document.as_bytes()).map(|parsed| parsed.status).map_err(|error| error.code())
    };
    assert_eq!((hold("ON"), hold("OFF")), (Ok(LegalHold::On), Ok(LegalHold::Off)));
    assert_eq!((hold("on"), hold("")), (Err(Code::MalformedXML), Err(Code::MalformedXML)));
    assert!(ObjectLegalHold::parse(b"<LegalHold/>").is_err());
}
