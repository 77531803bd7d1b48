//! A minimal HTTP client and a minimal S3 client.

use std::io::{Read, Write};
use std::net::TcpStream;

use http::{HeaderMap, Method, Uri};
use jiff::Timestamp;
use s3::sigv4::{Credentials, PayloadHash, sign};

use super::process::{Fixture, PATIENCE, Serving};

/// A complete response.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// Sends one request on a new connection.
pub(crate) fn http(address: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let mut stream = begin(address, method, path, headers, body.len());
    stream.write_all(body).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("an answer has a head");
    let body = answer.split_off(end + 4);
    let head = String::from_utf8_lossy(&answer).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap();
    Answer { status, head, body }
}

/// Sends the head of a request.
fn begin(address: &str, method: &str, path: &str, headers: &[(&str, &str)], length: usize) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let length = length.to_string();
    let ours = [("connection", "close"), ("content-length", &length), ("host", address)];
    let ours = ours.iter().filter(|(name, _)| !headers.iter().any(|(given, _)| given == name));
    let lines = ours.chain(headers).flat_map(|(name, value)| [*name, ": ", *value, "\r\n"]);
    let head: String = lines.collect();
    stream.write_all(format!("{method} {path} HTTP/1.1\r\n{head}\r\n").as_bytes()).unwrap();
    stream
}

/// Signs and sends one S3 request.
pub(crate) fn s3(serving: &Serving, fixture: &Fixture, method: &str, path: &str, body: &[u8]) -> Answer {
    let (access_key, secret_key) = fixture.credentials();
    s3_as(serving, (&access_key, &secret_key), method, path, body)
}

pub(crate) fn s3_as(serving: &Serving, login: (&str, &str), method: &str, path: &str, body: &[u8]) -> Answer {
    let headers = signed(serving, login, method, path);
    let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    http(&serving.s3, method, path, &headers, body)
}

/// Sends the head of a PUT and its first bytes.
pub(crate) fn begin_put(serving: &Serving, fixture: &Fixture, path: &str, length: usize, first: &[u8]) -> TcpStream {
    let (access_key, secret_key) = fixture.credentials();
    let headers = signed(serving, (&access_key, &secret_key), "PUT", path);
    let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    let mut stream = begin(&serving.s3, "PUT", path, &headers, length);
    stream.write_all(first).unwrap();
    stream
}

/// Sends the rest, and returns the response.
pub(crate) fn finish_put(mut stream: TcpStream, rest: &[u8]) -> String {
    stream.write_all(rest).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn signed(serving: &Serving, login: (&str, &str), method: &str, path: &str) -> HeaderMap {
    let uri: Uri = format!("http://{}{path}", serving.s3).parse().unwrap();
    let mut headers = HeaderMap::new();
    let credentials = Credentials { access_key: login.0, secret_key: login.1, region: "us-east-1" };
    let method = Method::try_from(method).unwrap();
    sign(&method, &uri, &mut headers, PayloadHash::Unsigned, credentials, Timestamp::now()).unwrap();
    headers
}

/// Bytes that do not repeat within a stripe, and differ with the seed.
pub(crate) fn bytes(length: usize, seed: u32) -> Vec<u8> {
    let mut state = seed | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[1]
    };
    (0..length).map(|_| next()).collect()
}

/// Stores a small and a large object.
pub(crate) fn put_two(serving: &Serving, fixture: &Fixture) {
    assert_eq!(s3(serving, fixture, "PUT", "/bucket", b"").status, 200);
    for (key, body) in two() {
        let put = s3(serving, fixture, "PUT", &format!("/bucket/{key}"), &body);
        assert_eq!(put.status, 200, "{}", put.text());
    }
}

/// Checks that both are stored, byte for byte.
pub(crate) fn both_are_there(serving: &Serving, fixture: &Fixture) {
    for (key, body) in two() {
        let got = s3(serving, fixture, "GET", &format!("/bucket/{key}"), b"");
        assert_eq!(got.status, 200, "{}", got.text());
        assert!(got.body == body, "{key} is not what was stored: {} bytes", got.body.len());
    }
}

/// The size of the larger one: two stripes and a piece.
pub(crate) const LARGE_BYTES: usize = (2 << 20) + 77_777;

fn two() -> [(&'static str, Vec<u8>); 2] {
    [("small", bytes(4_000, 7)), ("large", bytes(LARGE_BYTES, 11))]
}
