//! ACLs, policy status, public access blocks and ownership, in headers and documents.

use proptest::prelude::*;
use s3::acl::{CannedAcl, GRANTS_MAX, Grant, Grantee, ObjectOwnership, Permission, RequestedAcl};
use s3::xml::{
    AccessControlList, AccessControlPolicy, ListedGrantee, Owner, OwnershipControls, PolicyStatus,
    PublicAccessBlockConfiguration,
};
use s3::{Code, Error, Head};

use crate::support::{lines, sent};

const ALL_USERS: &str = "http://acs.amazonaws.com/groups/global/AllUsers";
const XSI: &str = "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"";

fn asked(pairs: &[(&str, &str)]) -> Result<Option<RequestedAcl>, Code> {
    sent("PUT", "/abc/k", pairs).parse(acl).map_err(|error| error.code())
}

fn acl(head: &Head<'_>) -> Result<Option<RequestedAcl>, Error> {
    head.acl()
}

fn ownership(head: &Head<'_>) -> Result<Option<ObjectOwnership>, Error> {
    head.object_ownership()
}

fn grant(grantee: Grantee, permission: Permission) -> Grant {
    Grant { grantee, permission }
}

#[test]
fn canned_lists() {
    for canned in CannedAcl::ALL {
        assert_eq!(asked(&[("x-amz-acl", canned.name())]), Ok(Some(RequestedAcl::Canned(canned))));
    }
    assert_eq!(asked(&[]), Ok(None));
    assert_eq!(asked(&[("x-amz-acl", "")]), Ok(None));
    for unknown in ["public-ready", "Private", "PRIVATE"] {
        assert_eq!(asked(&[("x-amz-acl", unknown)]), Err(Code::InvalidArgument), "{unknown}");
    }
    assert_eq!(asked(&[("x-amz-acl", "aws-exec-read")]), Err(Code::NotImplemented));
    let hoisted = sent("PUT", "/abc/k?X-Amz-Acl=public-read", &[]).parse(acl);
    assert_eq!(hoisted, Ok(Some(RequestedAcl::Canned(CannedAcl::PublicRead))));
}

#[test]
fn grants_in_headers() {
    let everyone = format!("uri=\"{ALL_USERS}\"");
    let asked_for = asked(&[
        ("x-amz-grant-full-control", "id=\"a\", emailAddress=\"a@b.c\""),
        ("x-amz-grant-read", &everyone),
        ("x-amz-grant-write", "id=b"),
        ("x-amz-grant-read-acp", "id=b"),
        ("x-amz-grant-write-acp", "id=b"),
    ]);
    let b = || Grantee::Id("b".into());
    assert_eq!(
        asked_for,
        Ok(Some(RequestedAcl::Grants(vec![
            grant(Grantee::Everyone, Permission::Read),
            grant(b(), Permission::Write),
            grant(b(), Permission::ReadAcp),
            grant(b(), Permission::WriteAcp),
            grant(Grantee::Id("a".into()), Permission::FullControl),
            grant(Grantee::Email("a@b.c".into()), Permission::FullControl),
        ])))
    );
}

#[test]
fn a_list_is_asked_for_in_one_way() {
    assert_eq!(asked(&[("x-amz-acl", "private"), ("x-amz-grant-read", "id=a")]), Err(Code::InvalidRequest));
    assert_eq!(asked(&[("x-amz-acl", "private"), ("x-amz-acl", "public-read")]), Err(Code::InvalidArgument));
    assert_eq!(asked(&[("x-amz-grant-read", "id=a"), ("x-amz-grant-read", "id=b")]), Err(Code::InvalidArgument));
    let many = "id=a,".repeat(GRANTS_MAX);
    assert!(asked(&[("x-amz-grant-read", &many)]).is_ok());
    assert_eq!(asked(&[("x-amz-grant-read", &many), ("x-amz-grant-write", "id=a")]), Err(Code::InvalidArgument));
}

#[test]
fn ownership_in_a_header() {
    let asked = |value: &str| {
        sent("PUT", "/abc", &[("x-amz-object-ownership", value)]).parse(ownership).map_err(|error| error.code())
    };
    assert_eq!(asked("BucketOwnerEnforced"), Ok(Some(ObjectOwnership::BucketOwnerEnforced)));
    assert_eq!(asked("BucketOwnerPreferred"), Ok(Some(ObjectOwnership::BucketOwnerPreferred)));
    assert_eq!(asked("ObjectWriter"), Ok(Some(ObjectOwnership::ObjectWriter)));
    for other in ["", "objectwriter", "Nobody"] {
        assert_eq!(asked(other), Err(Code::InvalidArgument), "{other}");
    }
}

fn document(grants: &str) -> String {
    format!(
        "<AccessControlPolicy><Owner><ID>me</ID></Owner><AccessControlList>{grants}</AccessControlList></AccessControlPolicy>"
    )
}

fn granted(kind: &str, grantee: &str, permission: &str) -> String {
    format!(
        "<Grant><Grantee {XSI} xsi:type=\"{kind}\">{grantee}</Grantee><Permission>{permission}</Permission></Grant>"
    )
}

fn parse(body: &str) -> Result<AccessControlPolicy, Code> {
    AccessControlPolicy::parse(body.as_bytes()).map_err(|error| error.code())
}

#[test]
fn lists_in_documents() {
    let grants = [
        granted("CanonicalUser", "<ID>a</ID><DisplayName>A</DisplayName>", "FULL_CONTROL"),
        granted("Group", &format!("<URI>{ALL_USERS}</URI>"), "READ"),
        granted("AmazonCustomerByEmail", "<EmailAddress>a@b.c</EmailAddress>", "WRITE_ACP"),
    ];
    assert_eq!(
        parse(&document(&grants.concat())),
        Ok(AccessControlPolicy {
            owner_id: "me".into(),
            grants: vec![
                grant(Grantee::Id("a".into()), Permission::FullControl),
                grant(Grantee::Everyone, Permission::Read),
                grant(Grantee::Email("a@b.c".into()), Permission::WriteAcp),
            ],
        })
    );
    assert_eq!(parse(&document("")), Ok(AccessControlPolicy { owner_id: "me".into(), grants: Vec::new() }));
    let one = granted("CanonicalUser", "<ID>a</ID>", "READ");
    assert_eq!(parse(&document(&one.repeat(GRANTS_MAX))).map(|list| list.grants.len()), Ok(GRANTS_MAX));
    assert_eq!(parse(&document(&one.repeat(GRANTS_MAX + 1))), Err(Code::MalformedACLError));
}

#[test]
fn a_document_that_says_too_little_is_refused() {
    for (grants, code) in [
        (granted("CanonicalUser", "<ID>a</ID>", "ALL"), Code::MalformedACLError),
        (granted("CanonicalUser", "", "READ"), Code::MalformedACLError),
        (granted("CanonicalUser", "<ID></ID>", "READ"), Code::InvalidArgument),
        (granted("Group", "<ID>a</ID>", "READ"), Code::MalformedACLError),
        (granted("Group", "<URI>http://example.com</URI>", "READ"), Code::InvalidArgument),
        (granted("Anybody", "<ID>a</ID>", "READ"), Code::MalformedACLError),
        (
            granted("CanonicalUser", "<ID>a</ID>", "READ").replace("xsi:type=\"CanonicalUser\"", ""),
            Code::MalformedACLError,
        ),
        ("<Grant><Permission>READ</Permission></Grant>".into(), Code::MalformedACLError),
        // A missing element of a grant is not taken from the previous grant.
        (
            granted("CanonicalUser", "<ID>a</ID>", "READ") + "<Grant><Permission>READ</Permission></Grant>",
            Code::MalformedACLError,
        ),
    ] {
        assert_eq!(parse(&document(&grants)), Err(code), "{grants}");
    }
    assert_eq!(parse(&document("").replace("<ID>me</ID>", "")), Err(Code::MalformedACLError));
    assert_eq!(
        parse("<AccessControlPolicy><Owner><ID>me</ID></Owner></AccessControlPolicy>"),
        Err(Code::MalformedACLError)
    );
    for body in ["", "<a/>", "<AccessControlPolicy>", "<AccessControlPolicy a='1' a='2'/>"] {
        assert_eq!(parse(body), Err(Code::MalformedXML), "{body}");
    }
}

#[test]
fn a_list_as_answered() {
    let owner = Owner { id: "me", display_name: "<Me>" };
    let grants = [
        (ListedGrantee::User(owner), Permission::FullControl),
        (ListedGrantee::Everyone, Permission::Read),
        (ListedGrantee::Authenticated, Permission::WriteAcp),
        (ListedGrantee::LogDelivery, Permission::Write),
    ];
    let answer = AccessControlList { owner, grants: &grants }.to_xml();
    insta::assert_snapshot!(lines(&answer), @r#"
    <AccessControlPolicy>
    <Owner>
    <ID>me</ID>
    <DisplayName>&lt;Me&gt;</DisplayName>
    </Owner>
    <AccessControlList>
    <Grant>
    <Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser">
    <ID>me</ID>
    <DisplayName>&lt;Me&gt;</DisplayName>
    </Grantee>
    <Permission>FULL_CONTROL</Permission>
    </Grant>
    <Grant>
    <Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group">
    <URI>http://acs.amazonaws.com/groups/global/AllUsers</URI>
    </Grantee>
    <Permission>READ</Permission>
    </Grant>
    <Grant>
    <Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group">
    <URI>http://acs.amazonaws.com/groups/global/AuthenticatedUsers</URI>
    </Grantee>
    <Permission>WRITE_ACP</Permission>
    </Grant>
    <Grant>
    <Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group">
    <URI>http://acs.amazonaws.com/groups/s3/LogDelivery</URI>
    </Grantee>
    <Permission>WRITE</Permission>
    </Grant>
    </AccessControlList>
    </AccessControlPolicy>
    "#);
    // A response can be sent back.
    let read = AccessControlPolicy::parse(&answer).unwrap();
    let expected = [Grantee::Id("me".into()), Grantee::Everyone, Grantee::Authenticated, Grantee::LogDelivery];
    let grantees: Vec<_> = read.grants.into_iter().map(|grant| grant.grantee).collect();
    assert_eq!((read.owner_id.as_str(), &*grantees), ("me", &expected[..]));
}

#[test]
fn public_access_blocks() {
    let parse = |body: &str| PublicAccessBlockConfiguration::parse(body.as_bytes()).map_err(|error| error.code());
    let body = "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>FALSE</IgnorePublicAcls>\
                <RestrictPublicBuckets> True </RestrictPublicBuckets></PublicAccessBlockConfiguration>";
    let expected = PublicAccessBlockConfiguration {
        block_public_acls: true,
        restrict_public_buckets: true,
        ..PublicAccessBlockConfiguration::default()
    };
    assert_eq!(parse(body), Ok(expected));
    assert_eq!(PublicAccessBlockConfiguration::parse(&expected.to_xml()), Ok(expected));
    assert_eq!(
        parse("<PublicAccessBlockConfiguration><BlockPublicAcls>1</BlockPublicAcls></PublicAccessBlockConfiguration>"),
        Err(Code::MalformedXML)
    );
    assert_eq!(parse(""), Err(Code::MalformedXML));
    insta::assert_snapshot!(lines(&expected.to_xml()), @"
    <PublicAccessBlockConfiguration>
    <BlockPublicAcls>true</BlockPublicAcls>
    <IgnorePublicAcls>false</IgnorePublicAcls>
    <BlockPublicPolicy>false</BlockPublicPolicy>
    <RestrictPublicBuckets>true</RestrictPublicBuckets>
    </PublicAccessBlockConfiguration>
    ");
}

#[test]
fn ownership_controls() {
    let rule = "<Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule>";
    let parse = |rules: &str| {
        OwnershipControls::parse(format!("<OwnershipControls>{rules}</OwnershipControls>").as_bytes())
            .map_err(|error| error.code())
    };
    assert_eq!(parse(rule), Ok(OwnershipControls { ownership: ObjectOwnership::ObjectWriter }));
    for rules in ["", "<Rule/>", &rule.repeat(2), "<Rule><ObjectOwnership>Nobody</ObjectOwnership></Rule>"] {
        assert_eq!(parse(rules), Err(Code::MalformedXML), "{rules}");
    }
    let preferred = OwnershipControls { ownership: ObjectOwnership::BucketOwnerPreferred };
    assert_eq!(OwnershipControls::parse(&preferred.to_xml()), Ok(preferred));
    insta::assert_snapshot!(lines(&preferred.to_xml()), @"
    <OwnershipControls>
    <Rule>
    <ObjectOwnership>BucketOwnerPreferred</ObjectOwnership>
    </Rule>
    </OwnershipControls>
    ");
}

#[test]
fn the_status_of_a_policy() {
    insta::assert_snapshot!(lines(&PolicyStatus { is_public: true }.to_xml()), @"
    <PolicyStatus>
    <IsPublic>true</IsPublic>
    </PolicyStatus>
    ");
}

#[test]
fn only_lists_that_grant_to_third_parties_open_an_object() {
    let canned = |canned| RequestedAcl::Canned(canned).opens_to_others("owner");
    for closed in [CannedAcl::Private, CannedAcl::BucketOwnerRead, CannedAcl::BucketOwnerFullControl] {
        assert!(!canned(closed), "{closed:?}");
    }
    for open in [CannedAcl::PublicRead, CannedAcl::PublicReadWrite, CannedAcl::AuthenticatedRead] {
        assert!(canned(open), "{open:?}");
    }
    let grants = |grantees: &[Grantee]| {
        let grant = |grantee: &Grantee| Grant { grantee: grantee.clone(), permission: Permission::FullControl };
        RequestedAcl::Grants(grantees.iter().map(grant).collect()).opens_to_others("owner")
    };
    let owner = Grantee::Id("owner".to_owned());
    assert!(!grants(&[owner.clone(), owner.clone()]));
    // The owner of an address is unknown until it is looked up.
    for other in [Grantee::Id("other".to_owned()), Grantee::Email("o@w.ner".to_owned()), Grantee::Everyone] {
        assert!(grants(&[owner.clone(), other.clone()]), "{other:?}");
    }
}

#[test]
fn an_address_nobody_has_is_named() {
    let error = Error::unresolvable_email("a@b.c");
    assert_eq!((error.code(), error.status().as_u16()), (Code::UnresolvableGrantByEmailAddress, 400));
    assert!(error.details().any(|detail| detail == ("EmailAddress", "a@b.c")));
}

proptest! {
    #[test]
    fn no_document_panics(text in "(<Grant>|</Grant>|<Grantee xsi:type='Group'>|</Grantee>|<ID>|</ID>|<URI>a</URI>|<Permission>READ</Permission>|<Rule>|</Rule>|x){0,10}") {
        let _ = parse(&document(&text));
        let _ = OwnershipControls::parse(text.as_bytes());
        let _ = PublicAccessBlockConfiguration::parse(text.as_bytes());
    }
}
