//! Error documents.

use std::collections::BTreeSet;

use s3::{Code, Error};

#[test]
fn an_error_document() {
    let error = Error::no_such_key(b"a<b>&\x01\xff");
    let document = error.to_xml("/abc/a%3Cb", "REQ1", "HOST1");
    assert_eq!(
        std::str::from_utf8(&document).unwrap(),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message>\
         <Key>a&lt;b&gt;&amp;&#x1;\u{fffd}</Key><Resource>/abc/a%3Cb</Resource>\
         <RequestId>REQ1</RequestId><HostId>HOST1</HostId></Error>"
    );
    assert_eq!(error.status(), 404);
    assert_eq!(error.to_string(), "NoSuchKey: The specified key does not exist.");
}

#[test]
fn names_are_unique_and_statuses_are_errors() {
    let names: BTreeSet<_> = Code::ALL.iter().map(|code| code.name()).collect();
    assert_eq!(names.len(), Code::ALL.len());
    for code in Code::ALL {
        let status = code.status();
        assert!(status.is_client_error() || status.is_server_error() || status == 304, "{}", code.name());
    }
}

#[test]
fn statuses_that_clients_act_on() {
    for (code, status) in [
        (Code::NotModified, 304),
        (Code::AuthorizationHeaderMalformed, 400),
        (Code::IncompleteBody, 400),
        (Code::AccessDenied, 403),
        (Code::SignatureDoesNotMatch, 403),
        (Code::RequestTimeTooSkewed, 403),
        (Code::NoSuchUpload, 404),
        (Code::MethodNotAllowed, 405),
        (Code::ConditionalRequestConflict, 409),
        (Code::BucketAlreadyOwnedByYou, 409),
        (Code::MissingContentLength, 411),
        (Code::PreconditionFailed, 412),
        (Code::InvalidRange, 416),
        (Code::InternalError, 500),
        (Code::NotImplemented, 501),
        (Code::SlowDown, 503),
    ] {
        assert_eq!(code.status(), status, "{}", code.name());
    }
}
