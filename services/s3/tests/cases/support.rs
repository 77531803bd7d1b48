//! Building requests.

use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use jiff::Timestamp;
use s3::sigv4::{self, SigningKey, Verified};
use s3::{Error, Head, Query};

pub(crate) const ACCESS_KEY: &str = "AKIAIOSFODNN7EXAMPLE";
pub(crate) const SECRET_KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

pub(crate) const CREDENTIALS: sigv4::Credentials<'static> =
    sigv4::Credentials { access_key: ACCESS_KEY, secret_key: SECRET_KEY, region: "us-east-1" };

pub(crate) struct Sent {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The time of the examples in the AWS documentation.
pub(crate) fn then() -> Timestamp {
    at("2013-05-24T00:00:00Z")
}

pub(crate) fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(HeaderName::try_from(*name).unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    headers
}

pub(crate) fn sent(method: &str, uri: &str, pairs: &[(&str, &str)]) -> Sent {
    Sent { method: method.parse().unwrap(), uri: uri.parse().unwrap(), headers: headers(pairs) }
}

impl Sent {
    /// Verifies with the example secret, as a gateway would.
    pub(crate) fn verify(&self, now: Timestamp) -> Result<Option<(Verified, SigningKey)>, Error> {
        self.verify_as(SECRET_KEY, now)
    }

    pub(crate) fn verify_as(&self, secret: &str, now: Timestamp) -> Result<Option<(Verified, SigningKey)>, Error> {
        let query = Query::parse(self.uri.query())?;
        let request = sigv4::Request::new(&self.method, &self.uri, &query, &self.headers);
        let Some(claim) = sigv4::parse_authorization(request, None)? else { return Ok(None) };
        let key = SigningKey::derive(secret, claim.date(), claim.region());
        let verified = claim.verify(&key, now)?;
        Ok(Some((verified, key)))
    }

    /// Parses the head with a typed request.
    pub(crate) fn parse<T>(&self, parse: impl FnOnce(&Head<'_>) -> Result<T, Error>) -> Result<T, Error> {
        let query = Query::parse(self.uri.query())?;
        parse(&Head::new(&self.headers, &query))
    }
}

/// The document without its declaration and namespace, one line per closed element.
pub(crate) fn lines(document: &[u8]) -> String {
    let text = std::str::from_utf8(document).unwrap();
    let text = text.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").unwrap();
    let bare = text.replacen(" xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"", "", 1);
    assert_ne!(bare, text, "the root is in the namespace");
    bare.replace("><", ">\n<")
}
