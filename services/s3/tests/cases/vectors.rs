//! The examples of the Amazon S3 API Reference: "Signature Calculations for the Authorization Header",
//! "Authenticating Requests: Using Query Parameters" and the two pages about chunked uploads.

use bytes::Bytes;
use s3::checksum::Algorithm;
use s3::chunked::{Decoder, Event, Mode};
use s3::sigv4::PayloadHash;

use crate::support::{ACCESS_KEY, Sent, sent, then};

const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn authorization(signed: &str, signature: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/20130524/us-east-1/s3/aws4_request,SignedHeaders={signed},Signature={signature}"
    )
}

fn example(method: &str, uri: &str, extra: &[(&str, &str)], sha256: &str, signed: &str, signature: &str) -> Sent {
    let authorization = authorization(signed, signature);
    let mut pairs =
        vec![("x-amz-date", "20130524T000000Z"), ("x-amz-content-sha256", sha256), ("authorization", &*authorization)];
    if !extra.iter().any(|(name, _)| *name == "host") {
        pairs.push(("host", "examplebucket.s3.amazonaws.com"));
    }
    pairs.extend_from_slice(extra);
    sent(method, uri, &pairs)
}

#[test]
fn get_object_with_a_range() {
    let request = example(
        "GET",
        "/test.txt",
        &[("range", "bytes=0-9")],
        EMPTY,
        "host;range;x-amz-content-sha256;x-amz-date",
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    );
    assert!(request.verify(then()).unwrap().is_some());
}

#[test]
fn put_object() {
    let request = example(
        "PUT",
        "/test$file.text",
        &[("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
        "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
        "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
    );
    let (verified, _) = request.verify(then()).unwrap().unwrap();
    assert!(matches!(verified.payload, PayloadHash::Signed(hash) if hash[0] == 0x44));
}

#[test]
fn get_bucket_lifecycle() {
    let request = example(
        "GET",
        "/?lifecycle",
        &[],
        EMPTY,
        "host;x-amz-content-sha256;x-amz-date",
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
    );
    assert!(request.verify(then()).unwrap().is_some());
}

#[test]
fn list_objects() {
    let request = example(
        "GET",
        "/?max-keys=2&prefix=J",
        &[],
        EMPTY,
        "host;x-amz-content-sha256;x-amz-date",
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    );
    assert!(request.verify(then()).unwrap().is_some());
}

#[test]
fn presigned_url() {
    let uri = format!(
        "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={ACCESS_KEY}%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
         &X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
         &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    );
    let request = sent("GET", &uri, &[("host", "examplebucket.s3.amazonaws.com")]);
    let (verified, _) = request.verify(then()).unwrap().unwrap();
    assert_eq!(verified.payload, PayloadHash::Unsigned);
}

/// The body of both chunked examples: 66,560 letters `a` in chunks of 64 KiB.
fn chunked_body(signatures: [&str; 3], end: &str) -> Bytes {
    let mut body = Vec::new();
    for (size, signature) in [65_536_usize, 1024, 0].into_iter().zip(signatures) {
        body.extend_from_slice(format!("{size:x};chunk-signature={signature}\r\n").as_bytes());
        body.extend_from_slice(&vec![b'a'; size]);
        if size > 0 {
            body.extend_from_slice(b"\r\n");
        }
    }
    body.extend_from_slice(end.as_bytes());
    Bytes::from(body)
}

fn decode(request: &Sent, mut body: Bytes, trailer: Option<Algorithm>) -> (usize, s3::chunked::Trailers) {
    let (verified, key) = request.verify(then()).unwrap().unwrap();
    let mode = Mode::of(verified.payload, Some(verified.chunk_signer(&key))).unwrap();
    let mut decoder = Decoder::new(mode, 66_560, trailer);
    let mut decoded = 0;
    loop {
        match decoder.feed(&mut body).unwrap().unwrap() {
            Event::Data(piece) => decoded += piece.len(),
            Event::End(trailers) => return (decoded, trailers),
        }
    }
}

#[test]
fn chunked_upload() {
    let request = example(
        "PUT",
        "/examplebucket/chunkObject.txt",
        &[
            ("host", "s3.amazonaws.com"),
            ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            ("content-encoding", "aws-chunked"),
            ("x-amz-decoded-content-length", "66560"),
            ("content-length", "66824"),
        ],
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class",
        "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
    );
    let body = chunked_body(
        [
            "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
            "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
            "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
        ],
        "\r\n",
    );
    assert_eq!(body.len(), 66_824);
    assert_eq!(decode(&request, body, None), (66_560, s3::chunked::Trailers::default()));
}

#[test]
fn chunked_upload_with_a_signed_trailer() {
    let request = example(
        "PUT",
        "/examplebucket/chunkObject.txt",
        &[
            ("host", "s3.amazonaws.com"),
            ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            ("content-encoding", "aws-chunked"),
            ("x-amz-decoded-content-length", "66560"),
            ("x-amz-trailer", "x-amz-checksum-crc32c"),
        ],
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
        "content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer",
        "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
    );
    let signatures = [
        "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
        "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
        "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
    ];
    let signature = "x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435";
    // With the line endings of the documentation's text, and with those of a widely used client.
    for end in [
        format!("x-amz-checksum-crc32c:sOO8/Q==\r\n{signature}\r\n\r\n"),
        format!("x-amz-checksum-crc32c:sOO8/Q==\n\r\n{signature}\r\n\r\n"),
    ] {
        let (decoded, trailers) = decode(&request, chunked_body(signatures, &end), Some(Algorithm::Crc32c));
        assert_eq!(decoded, 66_560);
        assert_eq!(trailers.checksum.unwrap().to_string(), "sOO8/Q==");
    }
}
