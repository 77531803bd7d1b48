use super::*;

fn read(rules: &str) -> Result<LifecycleConfiguration, Code> {
    let body = format!("<LifecycleConfiguration>{rules}</LifecycleConfiguration>");
    LifecycleConfiguration::parse(body.as_bytes()).map_err(|error| error.code())
}

fn with(rule: &str) -> Result<LifecycleRule, Code> {
    read(&format!("<Rule><Status>Enabled</Status>{rule}</Rule>")).map(|mut read| read.rules.remove(0))
}

const DAYS: &str = "<Expiration><Days>3</Days></Expiration>";

fn filtered(filter: &str) -> Result<LifecycleFilter, Code> {
    with(&format!("<Filter>{filter}</Filter>{DAYS}")).map(|rule| rule.filter)
}

#[test]
fn what_is_written_reads_back() {
    for rule in [
        &format!("<ID>one</ID><Prefix>a/</Prefix>{DAYS}"),
        &format!("<Filter/>{DAYS}"),
        &format!("<Filter><Prefix></Prefix></Filter>{DAYS}"),
        &format!("<Filter><Tag><Key>k</Key><Value>v</Value></Tag></Filter>{DAYS}"),
        &format!(
            "<Filter><And><Prefix>p</Prefix><Tag><Key>k</Key><Value>v</Value></Tag><ObjectSizeGreaterThan>0</ObjectSizeGreaterThan><ObjectSizeLessThan>9</ObjectSizeLessThan></And></Filter>{DAYS}"
        ),
        "<Filter/><Expiration><Date>2030-01-01T00:00:00Z</Date></Expiration>",
        "<Filter/><Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>",
        "<Filter/><NoncurrentVersionExpiration><NoncurrentDays>4</NoncurrentDays><NewerNoncurrentVersions>100</NewerNoncurrentVersions></NoncurrentVersionExpiration>",
        "<Prefix/><AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload>",
    ] {
        let first = with(rule).unwrap_or_else(|code| panic!("{code:?} for {rule}"));
        let written = LifecycleConfiguration { rules: vec![first.clone()] }.to_xml();
        assert_eq!(LifecycleConfiguration::parse(&written).unwrap().rules, [first], "{rule}");
    }
}

#[test]
fn conditions_of_a_filter_count_together_with_and_or_without_and() {
    let filter = filtered("<Prefix>p</Prefix><Tag><Key>k</Key><Value>v</Value></Tag>").unwrap();
    assert_eq!(filter.prefix.as_deref(), Some("p"));
    assert_eq!(filter.tags.get("k").map(String::as_str), Some("v"));
    let and = filtered("<And><Prefix>p</Prefix><Tag><Key>k</Key><Value>v</Value></Tag></And>").unwrap();
    assert_eq!(and, filter);
    let twice = |one: &str, other: &str| {
        filtered(&format!("<Prefix>{one}</Prefix><And><Prefix>{other}</Prefix></And>")).map(|filter| filter.prefix)
    };
    assert_eq!(twice("a/b", "a"), Ok(Some("a/b".into())));
    assert_eq!(twice("a", "a/b"), Ok(Some("a/b".into())));
    assert_eq!(twice("a", "b"), Err(Code::MalformedXML));
}

#[test]
fn what_is_no_rule_is_malformed() {
    for rule in [
        DAYS,
        &format!("<Prefix>a</Prefix><Filter/>{DAYS}"),
        &format!("<Filter/><Filter/>{DAYS}"),
        &format!("<Filter/>{DAYS}{DAYS}"),
        &format!("<Filter/><Status>Enabled</Status>{DAYS}"),
        &format!("<Filter><Tag><Key>k</Key></Tag></Filter>{DAYS}"),
        &format!("<Filter/><Filter/><Other/>{DAYS}"),
        &format!("<Prefix>\u{1}</Prefix>{DAYS}"),
        "<Filter/><Expiration><Days>3</Days><Date>2030-01-01T00:00:00Z</Date></Expiration>",
        "<Filter/><Expiration><Days>3</Days><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>",
        "<Filter/><Expiration><Days>soon</Days></Expiration>",
        "<Filter/><Expiration><Date>tomorrow</Date></Expiration>",
        "<Filter/><NoncurrentVersionExpiration><NewerNoncurrentVersions>1</NewerNoncurrentVersions></NoncurrentVersionExpiration>",
    ] {
        assert_eq!(with(rule), Err(Code::MalformedXML), "{rule}");
    }
    for status in ["", "<Status>enabled</Status>", "<Status>invalid</Status>"] {
        assert_eq!(read(&format!("<Rule>{status}<Filter/>{DAYS}</Rule>")), Err(Code::MalformedXML), "{status}");
    }
    assert_eq!(read(""), Err(Code::MalformedXML));
}

#[test]
fn numbers_dates_and_ids_out_of_range_are_invalid_arguments() {
    let long = "i".repeat(RULE_ID_CHARS_MAX + 1);
    for rule in [
        "<Filter/><Expiration><Days>0</Days></Expiration>",
        "<Filter/><Expiration><Days>-1</Days></Expiration>",
        "<Filter/><Expiration><Days>2147483648</Days></Expiration>",
        "<Filter/><Expiration><Date>2030-01-01T01:00:00Z</Date></Expiration>",
        "<Filter/><NoncurrentVersionExpiration><NoncurrentDays>0</NoncurrentDays></NoncurrentVersionExpiration>",
        "<Filter/><NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays><NewerNoncurrentVersions>101</NewerNoncurrentVersions></NoncurrentVersionExpiration>",
        &format!("<ID>{long}</ID><Filter/>{DAYS}"),
    ] {
        assert_eq!(with(rule), Err(Code::InvalidArgument), "{rule}");
    }
    let rule = format!("<Rule><ID>a</ID><Status>Enabled</Status><Filter/>{DAYS}</Rule>");
    assert_eq!(read(&(rule.clone() + &rule)), Err(Code::InvalidArgument));
}

#[test]
fn rules_that_contradict_themselves_are_refused() {
    let abort =
        "<AbortIncompleteMultipartUpload><DaysAfterInitiation>1</DaysAfterInitiation></AbortIncompleteMultipartUpload>";
    let marker = "<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>";
    let tag = "<Filter><Tag><Key>k</Key><Value>v</Value></Tag></Filter>";
    let size = "<Filter><ObjectSizeLessThan>9</ObjectSizeLessThan></Filter>";
    let sizes = "<ObjectSizeGreaterThan>9</ObjectSizeGreaterThan><ObjectSizeLessThan>9</ObjectSizeLessThan>";
    for rule in [
        "<Filter/>",
        "<Filter/><Expiration><ExpiredObjectDeleteMarker>false</ExpiredObjectDeleteMarker></Expiration>",
        &format!("{tag}{abort}"),
        &format!("{size}{abort}"),
        &format!("{tag}{marker}"),
        &format!("<Filter><And>{sizes}</And></Filter>{DAYS}"),
        &format!("<Prefix>{}</Prefix>{DAYS}", "p".repeat(1_025)),
    ] {
        assert_eq!(with(rule), Err(Code::InvalidRequest), "{rule}");
    }
    let rule = format!("<Rule><Status>Enabled</Status><Filter/>{DAYS}</Rule>");
    assert_eq!(read(&rule.repeat(RULES_MAX)).unwrap().rules.len(), RULES_MAX);
    assert_eq!(read(&rule.repeat(RULES_MAX + 1)), Err(Code::InvalidRequest));
}

#[test]
fn nothing_moves_to_another_storage_class() {
    for action in ["Transition", "NoncurrentVersionTransition"] {
        let rule = format!("<Filter/>{DAYS}<{action}><Days>1</Days><StorageClass>GLACIER</StorageClass></{action}>");
        assert_eq!(with(&rule), Err(Code::InvalidStorageClass));
    }
}
