//! Signing and verifying, and requests that must not verify.

use http::{HeaderValue, Method, Uri};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use s3::Code;
use s3::sigv4::{self, PRESIGN_EXPIRES_SECONDS_MAX, PayloadHash, Placement};

use crate::support::{ACCESS_KEY, CREDENTIALS, SECRET_KEY, Sent, at, sent};

fn now() -> Timestamp {
    at("2026-11-22T19:01:02Z")
}

fn signed(method: &str, uri: &str, pairs: &[(&str, &str)], payload: PayloadHash) -> Sent {
    let mut request = sent(method, uri, pairs);
    sigv4::sign(&request.method, &request.uri, &mut request.headers, payload, CREDENTIALS, now()).unwrap();
    request
}

fn plain() -> Sent {
    signed("PUT", "http://localhost:9000/abc/key?x-id=PutObject", &[("x-amz-meta-a", "1")], PayloadHash::Unsigned)
}

fn presigned(expires: u64) -> Sent {
    presigned_at("http://localhost:9000/abc/key?versionId=null", expires)
}

fn presigned_at(uri: &str, expires: u64) -> Sent {
    let uri: Uri = uri.parse().unwrap();
    let path = sigv4::presign(&Method::GET, &uri, &http::HeaderMap::new(), CREDENTIALS, now(), expires).unwrap();
    sent("GET", &path, &[("host", "localhost:9000")])
}

fn code(request: &Sent) -> Code {
    request.verify(now()).unwrap_err().code()
}

fn code_after(request: &Sent, seconds: i64) -> Option<Code> {
    request.verify(now() + SignedDuration::from_secs(seconds)).err().map(|error| error.code())
}

#[test]
fn what_is_signed_verifies() {
    let (verified, _) = plain().verify(now()).unwrap().unwrap();
    assert_eq!(verified.access_key, ACCESS_KEY);
    assert_eq!(verified.placement, Placement::Header);
    let (verified, _) = presigned(60).verify(now()).unwrap().unwrap();
    assert_eq!(verified.placement, Placement::Query);
}

#[test]
fn no_credentials_mean_anonymous() {
    assert!(sent("GET", "/abc/key", &[("host", "localhost")]).verify(now()).unwrap().is_none());
}

#[test]
fn any_change_breaks_the_signature() {
    type Change = fn(&mut Sent);
    let changes: [(&str, Change); 8] = [
        ("method", |r| r.method = Method::DELETE),
        ("key", |r| r.uri = "/abc/kez?x-id=PutObject".parse().unwrap()),
        ("dots", |r| r.uri = "/abc/../abc/key?x-id=PutObject".parse().unwrap()),
        ("query", |r| r.uri = "/abc/key".parse().unwrap()),
        ("host", |r| set(r, "host", "x")),
        ("header", |r| set(r, "x-amz-meta-a", "2")),
        ("header removed", |r| {
            r.headers.remove("x-amz-meta-a");
        }),
        ("payload", |r| set(r, "x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")),
    ];
    for (what, change) in changes {
        let mut request = plain();
        change(&mut request);
        assert_eq!(code(&request), Code::SignatureDoesNotMatch, "{what}");
    }
    let mut request = plain();
    request.headers.append("x-amz-meta-a", HeaderValue::from_static("2"));
    assert_eq!(code(&request), Code::SignatureDoesNotMatch);
    assert_eq!(plain().verify_as("another secret", now()).unwrap_err().code(), Code::SignatureDoesNotMatch);
}

fn set(request: &mut Sent, name: &'static str, value: &'static str) {
    request.headers.insert(name, HeaderValue::from_static(value));
}

#[test]
fn a_header_that_means_something_must_be_signed() {
    for mut request in [plain(), presigned(60)] {
        request.headers.insert("x-amz-copy-source", HeaderValue::from_static("/secret/key"));
        let error = request.verify(now()).unwrap_err();
        assert_eq!(error.code(), Code::AccessDenied);
        assert!(error.details().any(|detail| detail == ("HeadersNotSigned", "x-amz-copy-source")));
    }
    let mut request = plain();
    let value = request.headers["authorization"].to_str().unwrap().replace("SignedHeaders=host;", "SignedHeaders=");
    request.headers.insert("authorization", value.parse().unwrap());
    assert_eq!(code(&request), Code::AccessDenied);
}

#[test]
fn signed_headers_are_header_names() {
    for list in [
        "host;x-amz-content-sha256;x-amz-date;",
        "host; x-amz-content-sha256;x-amz-date",
        "Host;x-amz-content-sha256;x-amz-date",
        "",
    ] {
        let value = format!(
            "AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/20261122/us-east-1/s3/aws4_request,SignedHeaders={list},Signature=00"
        );
        let mut request = plain();
        request.headers.insert("authorization", value.parse().unwrap());
        assert_eq!(code(&request), Code::AuthorizationHeaderMalformed, "{list}");
    }
    let uri = presigned(60).uri.to_string().replace("SignedHeaders=host", "SignedHeaders=host%0Ax");
    assert_eq!(code(&sent("GET", &uri, &[("host", "localhost:9000")])), Code::AuthorizationQueryParametersError);
}

#[test]
fn clocks_may_differ_by_a_quarter_of_an_hour() {
    assert_eq!(code_after(&plain(), 900), None);
    assert_eq!(code_after(&plain(), -900), None);
    assert_eq!(code_after(&plain(), 901), Some(Code::RequestTimeTooSkewed));
    let error = plain().verify(now() - SignedDuration::from_secs(901)).err().unwrap();
    let details: Vec<_> = error.details().collect();
    assert_eq!(
        details,
        [
            ("RequestTime", "20261122T190102Z"),
            ("ServerTime", "2026-11-22T18:46:01Z"),
            ("MaxAllowedSkewMilliseconds", "900000")
        ]
    );
}

#[test]
fn presigned_urls_live_as_long_as_they_say() {
    let week = PRESIGN_EXPIRES_SECONDS_MAX;
    assert_eq!(code_after(&presigned(60), 60), None);
    assert_eq!(code_after(&presigned(60), 61), Some(Code::AccessDenied));
    assert_eq!(code_after(&presigned(60), -900), None);
    assert_eq!(code_after(&presigned(60), -901), Some(Code::AccessDenied));
    assert_eq!(code_after(&presigned(week), week.cast_signed()), None);
    for expires in [0, week + 1, u64::MAX] {
        assert_eq!(code_after(&presigned(expires), 0), Some(Code::AccessDenied), "{expires}");
    }
    let error = presigned(60).verify(now() + SignedDuration::from_secs(61)).err().unwrap();
    assert_eq!(error.message(), "Request has expired");
    assert!(error.details().any(|detail| detail == ("Expires", "2026-11-22T19:02:02Z")));
}

#[test]
fn credentials_stand_in_one_place() {
    let mut request = presigned(60);
    request.headers.extend(plain().headers);
    assert_eq!(code(&request), Code::InvalidArgument);
    let mut request = plain();
    let again = request.headers["authorization"].clone();
    request.headers.append("authorization", again);
    assert_eq!(code(&request), Code::InvalidArgument);
    let uri = format!("{}&X-Amz-Expires=1", presigned(60).uri);
    assert_eq!(code(&sent("GET", &uri, &[("host", "localhost:9000")])), Code::InvalidArgument);
}

#[test]
fn what_the_signature_depends_on_stands_once() {
    for name in ["authorization", "x-amz-date", "x-amz-content-sha256"] {
        let mut request = plain();
        let again = request.headers[name].clone();
        request.headers.append(name, again);
        assert_eq!(code(&request), Code::InvalidArgument, "{name}");
    }
    // A host that was signed once and sent twice is not the signed one.
    let mut request = plain();
    request.headers.append("host", HeaderValue::from_static("localhost:9000"));
    assert_eq!(code(&request), Code::SignatureDoesNotMatch);
    for name in
        ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature"]
    {
        let uri = format!("{}&{name}=x", presigned(60).uri);
        assert_eq!(code(&sent("GET", &uri, &[("host", "localhost:9000")])), Code::InvalidArgument, "{name}");
        let uri = presigned(60).uri.to_string().replace(&format!("{name}="), &format!("No-{name}="));
        let refused = sent("GET", &uri, &[("host", "localhost:9000")]).verify(now());
        assert!(refused.is_err(), "without {name} a presigned URL is refused, not anonymous");
    }
}

#[test]
fn the_algorithm_of_a_presigned_url_is_known_or_not_built() {
    for (algorithm, expected) in [
        ("AWS4-HMAC-SHA512", Code::AuthorizationQueryParametersError),
        ("x", Code::AuthorizationQueryParametersError),
        ("AWS4-ECDSA-P256-SHA256", Code::NotImplemented),
    ] {
        let uri = presigned(60).uri.to_string().replace("AWS4-HMAC-SHA256", algorithm);
        assert_eq!(code(&sent("GET", &uri, &[("host", "localhost:9000")])), expected, "{algorithm}");
    }
}

#[test]
fn the_life_of_a_presigned_url_is_a_number_of_seconds() {
    for expires in ["-1", "-604801", "1.5", "", "-", "--1", "0x3c", "60s", "99999999999999999999"] {
        // A URL whose validity ended before it began is expired; the others are not numbers.
        let expected = match expires {
            "-1" | "-604801" => Code::AccessDenied,
            _ => Code::AuthorizationQueryParametersError,
        };
        let uri = presigned(60).uri.to_string().replace("X-Amz-Expires=60", &format!("X-Amz-Expires={expires}"));
        let request = sent("GET", &uri, &[("host", "localhost:9000")]);
        assert_eq!(code(&request), expected, "{expires}");
    }
}

/// Every framing of a body, as `x-amz-content-sha256` names it.
const MODES: [PayloadHash; 5] = [
    PayloadHash::Unsigned,
    PayloadHash::Signed([7; 32]),
    PayloadHash::StreamingSigned,
    PayloadHash::StreamingSignedTrailer,
    PayloadHash::StreamingUnsignedTrailer,
];

#[test]
fn a_made_up_signature_is_refused_whatever_the_framing() {
    let uri = "http://localhost:9000/abc/key";
    for mode in MODES {
        let good = signed("PUT", uri, &[], mode);
        assert_eq!(good.verify(now()).unwrap().unwrap().0.payload, mode);
        for made_up in [&"0".repeat(64), &"f".repeat(64), "", "00", &"zz".repeat(32)] {
            let mut request = signed("PUT", uri, &[], mode);
            let header = request.headers["authorization"].to_str().unwrap();
            let (start, _) = header.split_once("Signature=").unwrap();
            let header = format!("{start}Signature={made_up}");
            request.headers.insert("authorization", header.parse().unwrap());
            assert_eq!(code(&request), Code::SignatureDoesNotMatch, "{mode} {made_up}");
        }
    }
}

#[test]
fn credentials_in_the_query_sign_the_framing_too() {
    for mode in MODES {
        let uri = format!("http://localhost:9000/abc/key?X-Amz-Content-Sha256={mode}");
        let good = presigned_at(&uri, 60);
        assert_eq!(good.verify(now()).unwrap().unwrap().0.payload, mode);
        let signature = good.uri.query().unwrap().rsplit_once("X-Amz-Signature=").unwrap().1.to_owned();
        let made_up = good.uri.to_string().replace(&signature, &"0".repeat(64));
        let request = sent("GET", &made_up, &[("host", "localhost:9000")]);
        assert_eq!(code(&request), Code::SignatureDoesNotMatch, "{mode}");
        // The holder of the URL cannot change the framing, neither in the URL nor in headers.
        let other = if mode == PayloadHash::Unsigned { MODES[4] } else { MODES[0] };
        let changed = good.uri.to_string().replace(&format!("Sha256={mode}"), &format!("Sha256={other}"));
        let request = sent("GET", &changed, &[("host", "localhost:9000")]);
        assert_eq!(code(&request), Code::SignatureDoesNotMatch, "{mode}");
        let mut request = presigned_at(&uri, 60);
        request.headers.insert("x-amz-content-sha256", other.to_string().parse().unwrap());
        assert_eq!(code(&request), Code::SignatureDoesNotMatch, "{mode}");
    }
    assert_eq!(presigned(60).verify(now()).unwrap().unwrap().0.payload, PayloadHash::Unsigned);
}

/// A URL as version 2.1693 of the JavaScript SDK presigns it: it lists the headers as signed, and moves them into the query.
const OF_JAVASCRIPT_SDK_2: &str = "/bkt/k?Cache-Control=no-store&\
         Content-MD5=CY9rzUYh03PK3k6DJie09g%3D%3D&\
         Content-Type=image%2Fpng&\
         X-Amz-Algorithm=AWS4-HMAC-SHA256&\
         X-Amz-Credential=a%2F20261129%2Fus-east-1%2Fs3%2Faws4_request&\
         X-Amz-Date=20261129T022311Z&\
         X-Amz-Expires=900&\
         X-Amz-Signature=b68548026da023f1201a9af74ab2101e794b2410827083a10d02978a7b9891a9&\
         X-Amz-SignedHeaders=cache-control%3Bcontent-md5%3Bhost%3Bx-amz-acl%3Bx-amz-meta-a%3Bx-amz-server-side-encryption%3Bx-amz-tagging&\
         x-amz-acl=private&\
         x-amz-meta-a=1&\
         x-amz-server-side-encryption=AES256&\
         x-amz-tagging=a%3Db";

#[test]
fn a_signed_header_may_stand_in_the_query_of_a_presigned_url() {
    let verify = |url: &str, more: &[(&str, &str)]| {
        let mut headers = vec![("host", "localhost:9000")];
        headers.extend_from_slice(more);
        sent("PUT", url, &headers)
            .verify_as("b", at("2026-11-29T02:23:11Z"))
            .map(|verified| verified.is_some())
            .map_err(|e| e.code())
    };
    assert_eq!(verify(OF_JAVASCRIPT_SDK_2, &[]), Ok(true));
    assert_eq!(verify(OF_JAVASCRIPT_SDK_2, &[("cache-control", "no-store"), ("x-amz-acl", "private")]), Ok(true));
    assert_eq!(verify(OF_JAVASCRIPT_SDK_2, &[("content-type", "text/css")]), Ok(true));
    // A header that is present must be the signed one, and the parameter itself is signed.
    let other = Err(Code::SignatureDoesNotMatch);
    assert_eq!(verify(OF_JAVASCRIPT_SDK_2, &[("cache-control", "no-cache")]), other);
    assert_eq!(verify(OF_JAVASCRIPT_SDK_2, &[("x-amz-acl", "public-read")]), other);
    assert_eq!(verify(&OF_JAVASCRIPT_SDK_2.replace("x-amz-acl=private", "x-amz-acl=public-read"), &[]), other);
    assert_eq!(verify(&OF_JAVASCRIPT_SDK_2.replace("=no-store", "=no-cache"), &[]), other);
}

#[test]
fn other_schemes_are_told_what_to_do() {
    let with = |value: &str| code(&sent("GET", "/", &[("host", "h"), ("authorization", value)]));
    assert_eq!(with(""), Code::AccessDenied);
    assert_eq!(with("AWS AKIA:sig"), Code::InvalidRequest);
    assert_eq!(with("Basic abc"), Code::InvalidArgument);
    assert_eq!(with("AWS4-ECDSA-P256-SHA256 x"), Code::NotImplemented);
    assert_eq!(with("AWS4-HMAC-SHA512 x"), Code::InvalidArgument);
    assert_eq!(with("AWS4-HMAC-SHA256"), Code::AuthorizationHeaderMalformed);
    let error = sent("GET", "/a?AWSAccessKeyId=A&Signature=s&Expires=1", &[("host", "h")]).verify(now()).unwrap_err();
    assert_eq!(error.code(), Code::InvalidRequest);
    assert!(error.message().contains("signature_version='s3v4'"));
}

#[test]
fn scopes_are_checked() {
    let with = |credential: &str| {
        let value = format!(
            "AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=00"
        );
        code(&sent(
            "GET",
            "/",
            &[
                ("host", "h"),
                ("authorization", &value),
                ("x-amz-date", "20261122T190102Z"),
                ("x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
            ],
        ))
    };
    assert_eq!(with("A/20261122/us-east-1/s3/aws4_request"), Code::SignatureDoesNotMatch);
    assert_eq!(with("A/B/20261122//s3/aws4_request"), Code::SignatureDoesNotMatch);
    for bad in [
        "A/20261122/us-east-1/s3",
        "A/20261122/us-east-1/s3/aws5_request",
        "A/20261122/us-east-1/ec2/aws4_request",
        "A/2026112/us-east-1/s3/aws4_request",
        "A/20261121/us-east-1/s3/aws4_request",
        "/20261122/us-east-1/s3/aws4_request",
    ] {
        assert_eq!(with(bad), Code::AuthorizationHeaderMalformed, "{bad}");
    }
}

#[test]
fn any_region_will_do_unless_told_otherwise() {
    for region in ["", "US", "auto", "eu-west-1"] {
        let mut request = sent("GET", "http://localhost/", &[]);
        let credentials = sigv4::Credentials { region, ..CREDENTIALS };
        sigv4::sign(&request.method, &request.uri, &mut request.headers, PayloadHash::Unsigned, credentials, now())
            .unwrap();
        assert!(request.verify(now()).unwrap().is_some(), "{region}");
        let query = s3::Query::default();
        let parts = sigv4::Request::new(&request.method, &request.uri, &query, &request.headers);
        let error = sigv4::parse_authorization(parts, Some("us-east-1")).unwrap_err();
        assert_eq!(error.code(), Code::AuthorizationHeaderMalformed);
        assert!(error.details().any(|detail| detail == ("Region", "us-east-1")));
    }
}

#[test]
fn the_body_must_be_declared_and_tokens_are_refused() {
    let mut request = plain();
    request.headers.remove("x-amz-content-sha256");
    assert_eq!(code(&request), Code::MissingSecurityHeader);
    request.headers.insert("x-amz-content-sha256", HeaderValue::from_static("zz"));
    assert_eq!(code(&request), Code::InvalidArgument);
    let request = signed("GET", "http://h/", &[("x-amz-security-token", "t")], PayloadHash::Unsigned);
    assert_eq!(code(&request), Code::InvalidToken);
    let request = presigned_at("http://localhost:9000/?X-Amz-Security-Token=t", 60);
    assert_eq!(code(&request), Code::InvalidToken);
    let mut request = plain();
    request.headers.remove("x-amz-date");
    assert_eq!(code(&request), Code::AccessDenied);
}

#[test]
fn a_mismatch_shows_what_was_signed_but_not_the_signature() {
    let request = plain();
    let good = request.headers["authorization"].to_str().unwrap().rsplit('=').next().unwrap().to_owned();
    let mut bad = plain();
    let value = bad.headers["authorization"].to_str().unwrap().replace(&good, &"0".repeat(64));
    bad.headers.insert("authorization", value.parse().unwrap());
    let error = bad.verify(now()).unwrap_err();
    let document = error.to_xml("/abc/key", "r", "h");
    let document = std::str::from_utf8(&document).unwrap();
    assert!(document.contains("<CanonicalRequest>PUT&#x0A;/abc/key&#x0A;x-id=PutObject&#x0A;"), "{document}");
    assert!(document.contains("<StringToSign>AWS4-HMAC-SHA256&#x0A;20261122T190102Z"), "{document}");
    assert!(!document.contains(&good) && !document.contains(SECRET_KEY), "{document}");
}

/// The signature of a canonical request, exactly as documented.
fn naive_signature(canonical: &str) -> String {
    use hmac::{Hmac, KeyInit, Mac};
    use sha2::{Digest, Sha256};
    let mac = |key: &[u8], message: &str| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.update(message.as_bytes());
        mac.finalize().into_bytes().to_vec()
    };
    let day = mac(format!("AWS4{SECRET_KEY}").as_bytes(), "20261122");
    let key = mac(&mac(&mac(&day, "us-east-1"), "s3"), "aws4_request");
    let hash = hex::encode(Sha256::digest(canonical));
    hex::encode(mac(&key, &format!("AWS4-HMAC-SHA256\n20261122T190102Z\n20261122/us-east-1/s3/aws4_request\n{hash}")))
}

fn signed_naively(path_sent: &str, path_signed: &str) -> Sent {
    let signed = "host;x-amz-content-sha256;x-amz-date";
    let signature = naive_signature(&format!(
        "GET\n{path_signed}\n\nhost:h\nx-amz-content-sha256:UNSIGNED-PAYLOAD\nx-amz-date:20261122T190102Z\n\n{signed}\nUNSIGNED-PAYLOAD"
    ));
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/20261122/us-east-1/s3/aws4_request, SignedHeaders={signed}, Signature={signature}"
    );
    let pairs = [
        ("host", "h"),
        ("x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
        ("x-amz-date", "20261122T190102Z"),
        ("authorization", &*authorization),
    ];
    sent("GET", path_sent, &pairs)
}

#[test]
fn a_path_may_be_signed_canonically_or_as_sent() {
    for (wire, canonical) in [
        ("/abc/key", "/abc/key"),
        ("/abc/a%2Fb", "/abc/a/b"),
        ("/abc/a%2fb", "/abc/a/b"),
        ("/abc/a+b=c@d", "/abc/a%2Bb%3Dc%40d"),
        ("/abc/%7e%41", "/abc/~A"),
        ("/abc//./../x", "/abc//./../x"),
        ("/abc/%252F", "/abc/%252F"),
    ] {
        for path in [wire, canonical] {
            assert!(signed_naively(wire, path).verify(now()).unwrap().is_some(), "{wire} signed as {path}");
        }
    }
    // A path that was encoded twice or normalised is not the one that was sent.
    for (wire, other) in
        [("/abc/%2541", "/abc/A"), ("/abc/%41", "/abc/%2541"), ("/abc//x", "/abc/x"), ("/abc/./x", "/abc/x")]
    {
        assert_eq!(code(&signed_naively(wire, other)), Code::SignatureDoesNotMatch, "{wire} signed as {other}");
    }
}

#[test]
fn text_sent_as_iso_8859_1_verifies() {
    // A value that a client signs as UTF-8 but its HTTP library sends as bytes.
    let mut request = sent("PUT", "http://localhost/abc/k", &[("x-amz-meta-a", "Hello World\u{e9}")]);
    sigv4::sign(&request.method, &request.uri, &mut request.headers, PayloadHash::Unsigned, CREDENTIALS, now())
        .unwrap();
    request.headers.insert("x-amz-meta-a", HeaderValue::from_bytes(b"Hello World\xe9").unwrap());
    assert!(request.verify(now()).unwrap().is_some());
}

fn escaped(key: &[u8]) -> String {
    key.iter().flat_map(|byte| ['%'.to_string(), hex::encode_upper([*byte])]).collect()
}

proptest! {
    #[test]
    fn any_key_and_query_can_be_signed(key in proptest::collection::vec(any::<u8>(), 1..40), name in "[a-zA-Z0-9 +%&=/]{0,8}", value: Vec<u8>) {
        let uri = format!("http://localhost:9000/abc/{}?x{}={}", escaped(&key), escaped(name.as_bytes()), escaped(&value));
        let request = signed("PUT", &uri, &[], PayloadHash::Signed([7; 32]));
        prop_assert!(request.verify(now()).unwrap().is_some());
        let request = presigned_at(&uri, 60);
        prop_assert!(request.verify(now()).unwrap().is_some());
    }

    #[test]
    fn no_header_or_query_panics(value in "[ -~]{0,80}", query in "(X-Amz-(Algorithm|Credential|Date|Expires|SignedHeaders|Signature)=[a-zA-Z0-9%/]{0,10}&){0,7}") {
        let _ = sent("GET", "/", &[("host", "h"), ("authorization", &value)]).verify(now());
        if let Ok(uri) = format!("/?{query}").parse::<Uri>() {
            let _ = Sent { uri, ..sent("GET", "/", &[("host", "h")]) }.verify(now());
        }
    }

    #[test]
    fn any_authorization_after_the_algorithm_is_total(fields in "[ -~]{0,80}") {
        let value = format!("AWS4-HMAC-SHA256 {fields}");
        prop_assert!(sent("GET", "/", &[("host", "h"), ("authorization", &value)]).verify(now()).is_err());
    }
}
