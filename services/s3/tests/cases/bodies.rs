//! The XML documents clients send.

use proptest::prelude::*;
use s3::Code;
use s3::checksum::{Algorithm, Checksum};
use s3::condition::Tags;
use s3::xml::{
    BucketLoggingStatus, CompleteMultipartUpload, CreateBucketConfiguration, DELETE_OBJECTS_MAX, DeleteObjects,
    NotificationConfiguration, Unchanging, VersioningConfiguration, VersioningStatus,
};

use crate::support::at;

const CREATE: &str = "CreateBucketConfiguration";

#[test]
fn what_creates_a_bucket() {
    let read = |body: &str| {
        CreateBucketConfiguration::parse(body.as_bytes()).map(|c| c.location_constraint).map_err(|e| e.code())
    };
    assert_eq!(read(""), Ok(None));
    assert_eq!(read(&format!("<{CREATE}/>")), Ok(None));
    let with =
        |inner: &str| read(&format!("<{CREATE} xmlns='http://s3.amazonaws.com/doc/2006-03-01/'>{inner}</{CREATE}>"));
    assert_eq!(with("<LocationConstraint> eu </LocationConstraint><Later/>"), Ok(Some("eu".to_owned())));
    assert_eq!(with("<LocationConstraint/>"), Ok(None));
    assert_eq!(with("<Bucket><Type>Directory</Type></Bucket>"), Err(Code::NotImplemented));
    let tags = |inner: &str| {
        let body = format!("<{CREATE}><Tags>{inner}</Tags></{CREATE}>");
        CreateBucketConfiguration::parse(body.as_bytes()).map(|c| c.tags).map_err(|e| e.code())
    };
    assert_eq!(tags(""), Ok(s3::tags::Tags::new()));
    let one = "<Tag><Key>a</Key><Value>1</Value></Tag>";
    assert_eq!(tags(one), Ok([("a".to_owned(), "1".to_owned())].into()));
    assert_eq!(tags(&format!("{one}{one}")), Err(Code::InvalidTag));
    assert_eq!(tags("<Key>a</Key>"), Err(Code::MalformedXML));
    assert_eq!(read("<Other/>"), Err(Code::MalformedXML));
}

#[test]
fn what_sets_versioning() {
    let read = |inner: &str| {
        let body = format!("<VersioningConfiguration>{inner}</VersioningConfiguration>");
        VersioningConfiguration::parse(body.as_bytes()).map(|c| c.status).map_err(|e| e.code())
    };
    assert_eq!(read("<Status>Enabled</Status>"), Ok(Some(VersioningStatus::Enabled)));
    assert_eq!(
        read("<Status>Suspended</Status><MfaDelete>Disabled</MfaDelete>"),
        Ok(Some(VersioningStatus::Suspended))
    );
    assert_eq!(read("<Status>On</Status>"), Err(Code::MalformedXML));
    assert_eq!(read(""), Err(Code::IllegalVersioningConfigurationException));
    assert_eq!(read("<Status>Enabled</Status><MfaDelete>Enabled</MfaDelete>"), Err(Code::NotImplemented));
}

fn delete(inner: &str) -> Result<DeleteObjects, Code> {
    DeleteObjects::parse(format!("<Delete>{inner}</Delete>").as_bytes()).map_err(|error| error.code())
}

#[test]
fn what_deletes_objects() {
    let read = delete(
        "<Quiet>true</Quiet><Object><Key> a&amp;b\n</Key><VersionId>null</VersionId></Object>\
         <Object><ETag>&quot;aa&quot;</ETag><Key>../c</Key><Size>5</Size><LastModifiedTime>2026-11-22T19:01:02Z</LastModifiedTime></Object>",
    )
    .unwrap();
    assert!(read.quiet);
    assert_eq!((&*read.objects[0].key, read.objects[0].version_id.as_deref()), (&b" a&b\n"[..], Some("null")));
    let second = &read.objects[1];
    assert_eq!((&*second.key, second.conditions.if_match_size), (&b"../c"[..], Some(5)));
    assert_eq!(second.conditions.if_match, Some(Tags::OneOf(vec!["aa".to_owned()])));
    assert_eq!(second.conditions.if_match_last_modified, Some(at("2026-11-22T19:01:02Z")));
    assert_eq!(second.version_id, None);
}

#[test]
fn a_delete_names_1_to_1000_objects() {
    let objects = |count: usize| "<Object><Key>k</Key></Object>".repeat(count);
    assert_eq!(delete(&objects(DELETE_OBJECTS_MAX)).unwrap().objects.len(), DELETE_OBJECTS_MAX);
    assert_eq!(delete(&objects(DELETE_OBJECTS_MAX + 1)), Err(Code::MalformedXML));
    assert_eq!(delete(""), Err(Code::MalformedXML));
    assert_eq!(delete("<Object><VersionId>v</VersionId></Object>"), Err(Code::MalformedXML));
    assert_eq!(delete("<Object><Key/></Object>"), Err(Code::MalformedXML));
    // A thousand of the longest keys, each character escaped.
    let key = "&quot;".repeat(s3::address::KEY_BYTES_MAX);
    let longest = delete(&format!("<Object><Key>{key}</Key></Object>\n").repeat(DELETE_OBJECTS_MAX)).unwrap();
    assert!(longest.objects.iter().all(|entry| entry.key == [b'"'; s3::address::KEY_BYTES_MAX]));
    assert_eq!(delete(&" ".repeat(s3::xml::DELETE_BYTES_MAX)), Err(Code::MaxMessageLengthExceeded));
}

fn complete(inner: &str) -> Result<CompleteMultipartUpload, Code> {
    let body = format!("<CompleteMultipartUpload>{inner}</CompleteMultipartUpload>");
    CompleteMultipartUpload::parse(body.as_bytes()).map_err(|error| error.code())
}

#[test]
fn what_completes_an_upload() {
    let part =
        |number: &str, more: &str| format!("<Part><PartNumber>{number}</PartNumber><ETag>\"aa\"</ETag>{more}</Part>");
    let read = complete(&(part("1", "<ChecksumCRC32>NhCmhg==</ChecksumCRC32>") + &part("3", ""))).unwrap();
    assert_eq!((read.parts[0].number, read.parts[0].etag.as_str()), (1, "aa"));
    assert_eq!(read.parts[0].checksum.unwrap().to_string(), "NhCmhg==");
    assert_eq!((read.parts[1].number, read.parts[1].checksum), (3, None));
    assert_eq!(complete(&(part("3", "") + &part("1", ""))), Err(Code::InvalidPartOrder));
    assert_eq!(complete(&(part("1", "") + &part("1", ""))), Err(Code::InvalidPartOrder));
    let again = "<Part><PartNumber>1</PartNumber><ETag>bb</ETag></Part>";
    let read = complete(&(part("1", "") + again + &part("2", ""))).unwrap().parts;
    assert_eq!(read.iter().map(|part| (part.number, part.etag.as_str())).collect::<Vec<_>>(), [(1, "bb"), (2, "aa")]);
    assert_eq!(complete(&(part("1", "") + &part("2", "") + again)), Err(Code::InvalidPartOrder));
    assert_eq!(complete(""), Err(Code::MalformedXML));
    assert_eq!(complete("<Part><PartNumber>1</PartNumber></Part>"), Err(Code::MalformedXML));
    assert_eq!(complete(&part("x", "")), Err(Code::MalformedXML));
    assert_eq!(complete(&part("0", "")), Err(Code::InvalidArgument));
    assert_eq!(complete(&part("10001", "")), Err(Code::InvalidArgument));
    for bad in [
        "<ChecksumSHA1>AAAA</ChecksumSHA1>",
        "<ChecksumCRC32>NhCmhg==-1</ChecksumCRC32>",
        "<ChecksumCRC32>NhCmhg==</ChecksumCRC32><ChecksumXXHASH3>lVXoVVxi3P0=</ChecksumXXHASH3>",
    ] {
        assert_eq!(complete(&part("1", bad)), Err(Code::InvalidArgument), "{bad}");
    }
    let read = complete(&part("1", "<ChecksumXXHASH3>lVXoVVxi3P0=</ChecksumXXHASH3>")).unwrap();
    assert_eq!(read.parts[0].checksum, Checksum::parse(Algorithm::XxHash3, "lVXoVVxi3P0="));
    let all: String =
        (1..=10_000).map(|number| part(&number.to_string(), "<ChecksumCRC32>NhCmhg==</ChecksumCRC32>")).collect();
    assert_eq!(complete(&all).unwrap().parts.len(), 10_000);
}

#[test]
fn what_changes_nothing_may_be_written() {
    let read = |kind: Unchanging, body: &str| kind.parse(body.as_bytes()).map_err(|error| error.code());
    let (accelerate, pays) = (Unchanging::Accelerate, Unchanging::RequestPayment);
    let status = |text: &str| format!("<AccelerateConfiguration><Status>{text}</Status></AccelerateConfiguration>");
    assert_eq!(read(accelerate, &status("Suspended")), Ok(()));
    assert_eq!(read(accelerate, &status("Enabled")), Err(Code::NotImplemented));
    assert_eq!(read(accelerate, &status("suspended")), Err(Code::MalformedXML));
    assert_eq!(read(accelerate, "<AccelerateConfiguration/>"), Err(Code::MalformedXML));
    let payer =
        |text: &str| format!("<RequestPaymentConfiguration><Payer>{text}</Payer></RequestPaymentConfiguration>");
    assert_eq!(read(pays, &payer("BucketOwner")), Ok(()));
    assert_eq!(read(pays, &payer("Requester")), Err(Code::NotImplemented));
    assert_eq!(read(pays, &payer("")), Err(Code::MalformedXML));
    assert_eq!(read(pays, ""), Err(Code::MalformedXML));
}

proptest! {
    #[test]
    fn no_body_panics(bytes: Vec<u8>, inner in "(<(Part|PartNumber|ETag|Object|Key|Status|Quiet)>|</(Part|PartNumber|ETag|Object|Key|Status|Quiet)>|[0-9a-z\"&;<])*") {
        let _ = CreateBucketConfiguration::parse(&bytes);
        let _ = VersioningConfiguration::parse(&bytes);
        let _ = DeleteObjects::parse(&bytes);
        let _ = CompleteMultipartUpload::parse(&bytes);
        let _ = NotificationConfiguration::parse(&bytes);
        let _ = BucketLoggingStatus::parse(&bytes);
        let _ = delete(&inner);
        let _ = complete(&inner);
    }

    #[test]
    fn any_text_key_can_be_deleted(key in "[\\t\\n -\u{d7ff}]{1,30}") {
        let escaped = key.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let read = delete(&format!("<Object><Key>{escaped}</Key></Object>")).unwrap();
        prop_assert_eq!(&read.objects[0].key, &key.into_bytes());
    }
}
