use super::*;

const DESTINATION: &str = "<Destination><Bucket>arn:aws:s3:::there</Bucket></Destination>";

fn with(rules: &str) -> Result<ReplicationConfiguration, Code> {
    let body =
        format!("<ReplicationConfiguration><Role>arn:aws:iam::1:role/r</Role>{rules}</ReplicationConfiguration>");
    ReplicationConfiguration::parse(body.as_bytes()).map_err(|error| error.code())
}

fn rule(inner: &str) -> String {
    format!("<Rule><Status>Enabled</Status>{DESTINATION}{inner}</Rule>")
}

fn new_form(id: &str, priority: u32, filter: &str, delete_markers: &str) -> String {
    rule(&format!(
        "<ID>{id}</ID><Priority>{priority}</Priority><Filter>{filter}</Filter>\
         <DeleteMarkerReplication><Status>{delete_markers}</Status></DeleteMarkerReplication>"
    ))
}

#[test]
fn what_is_written_reads_back() {
    let tag = "<Tag><Key>k</Key><Value>v</Value></Tag>";
    for rules in [
        rule("<Prefix>photos/</Prefix>"),
        new_form("a", 1, "", "Enabled"),
        new_form("a", 1, "<Prefix>x</Prefix>", "Disabled"),
        new_form("a", 0, tag, "Disabled"),
        new_form("a", 7, &format!("<And><Prefix>x</Prefix>{tag}</And>"), "Disabled"),
        new_form("a", 7, "<Prefix/>", "Enabled") + &new_form("b", 8, tag, "Disabled"),
        "<Rule><ID>all</ID><Priority>1</Priority><Filter><Prefix/></Filter><Status>Disabled</Status>\
         <SourceSelectionCriteria><ReplicaModifications><Status>Enabled</Status></ReplicaModifications>\
         </SourceSelectionCriteria><ExistingObjectReplication><Status>Enabled</Status></ExistingObjectReplication>\
         <Destination><Bucket>arn:aws:s3:us-west-2::there</Bucket><StorageClass>GLACIER</StorageClass></Destination>\
         <DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication>\
         <DeleteReplication><Status>Enabled</Status></DeleteReplication></Rule>"
            .into(),
    ] {
        let read = with(&rules).unwrap_or_else(|code| panic!("{code:?}: {rules}"));
        assert_eq!(ReplicationConfiguration::parse(&read.to_xml()).unwrap(), read);
    }
    let read = with(&rule("<Prefix>photos/</Prefix>")).unwrap();
    assert!(read.rules[0].delete_markers && read.rules[0].enabled && read.rules[0].priority.is_none());
}

#[test]
fn what_s3_does_not_allow_is_refused() {
    for malformed in [
        String::new(),
        rule(""),
        rule("<Prefix>a</Prefix><Filter/>"),
        rule("<Prefix>a</Prefix><Prefix>b</Prefix>"),
        rule("<Prefix>a</Prefix><Id>lower</Id>"),
        format!("<Rule><Prefix/>{DESTINATION}</Rule>"),
        "<Rule><Prefix/><Status>Enabled</Status></Rule>".into(),
        new_form("a", 1, "<Tag><Key>k</Key></Tag>", "Disabled"),
        new_form("a", 1, "", "On"),
        new_form("a", 1, "<Size>1</Size>", "Disabled"),
    ] {
        assert_eq!(with(&malformed), Err(Code::MalformedXML), "{malformed}");
    }
    for invalid in [
        rule("<Filter/>"),
        rule("<Filter/><Priority>1</Priority>"),
        rule("<Prefix/><Priority>1</Priority>"),
        new_form("a", 1, "<Tag><Key>k</Key><Value>v</Value></Tag>", "Enabled"),
        new_form("a", 1, "", "Disabled") + &new_form("b", 1, "<Prefix>x</Prefix>", "Disabled"),
        new_form("a", 1, "", "Disabled") + &rule("<Prefix/>"),
        rule("<Prefix>a</Prefix>") + &rule("<Prefix>ab</Prefix>"),
    ] {
        assert_eq!(with(&invalid), Err(Code::InvalidRequest), "{invalid}");
    }
    for argument in [
        new_form("a", 1, "", "Disabled") + &new_form("a", 2, "<Prefix>x</Prefix>", "Disabled"),
        new_form(&"i".repeat(256), 1, "", "Disabled"),
        "<Rule><Prefix/><Status>Enabled</Status><Destination><Bucket>there</Bucket></Destination></Rule>".into(),
    ] {
        assert_eq!(with(&argument), Err(Code::InvalidArgument), "{argument}");
    }
    let unbuilt = "<Rule><Prefix/><Destination><Account>1</Account></Destination></Rule>";
    assert_eq!(with(unbuilt), Err(Code::NotImplemented));
    let without_role = format!("<ReplicationConfiguration>{}</ReplicationConfiguration>", rule("<Prefix/>"));
    assert!(ReplicationConfiguration::parse(without_role.as_bytes()).is_err());
}

#[test]
fn rules_are_bounded() {
    let rules = |count: u32| {
        with(&(0..count).map(|n| new_form(&n.to_string(), n, "", "Disabled")).collect::<String>())
            .map(|read| read.rules.len())
    };
    let max = u32::try_from(REPLICATION_RULES_MAX).unwrap();
    assert_eq!(rules(max), Ok(REPLICATION_RULES_MAX));
    assert_eq!(rules(max + 1), Err(Code::InvalidRequest));
}
