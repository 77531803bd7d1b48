//! What the conditions of policies may ask of a request.

use std::net::IpAddr;

use http::request::Parts;
use policy::{Context, Key, Value};
use s3::Query;
use s3::request::{CopySource, Head};

/// A request, as conditions see it.
pub(crate) struct Conditions<'a> {
    pub(crate) parts: &'a Parts,
    pub(crate) query: &'a Query<'a>,
    /// The version that is judged: of a copy's source or of a key out of a list, the query says nothing of it.
    pub(crate) version: Option<&'a str>,
    pub(crate) address: Option<IpAddr>,
    pub(crate) is_tls: bool,
    /// The request is signed, and not anonymous.
    pub(crate) is_signed: bool,
    /// It is signed in its query.
    pub(crate) is_presigned: bool,
}

impl Context for Conditions<'_> {
    fn get(&self, key: &Key) -> Value<'_> {
        match key {
            Key::SourceIp => self.address.map_or(Value::Absent, Value::Address),
            Key::SecureTransport => Value::Flag(self.is_tls),
            Key::Header(name) => self.header(name),
            Key::Query("versionId") => self.version.map_or(Value::Absent, Value::from),
            Key::Query(name) => match self.query.text(name) {
                Ok(Some(text)) => Value::Text(text.to_owned().into()),
                Ok(None) | Err(_) => Value::Absent,
            },
            Key::CopySource => self.copy_source(),
            Key::SignatureVersion if self.is_signed => "AWS4-HMAC-SHA256".into(),
            Key::AuthType if self.is_presigned => "REST-QUERY-STRING".into(),
            Key::AuthType if self.is_signed => "REST-HEADER".into(),
            _ => Value::Absent,
        }
    }
}

impl Conditions<'_> {
    fn header(&self, name: &str) -> Value<'_> {
        let text = self.parts.headers.get(name).and_then(|value| value.to_str().ok());
        // Presigned URLs carry headers in the query.
        text.map_or_else(
            || match Head::new(&self.parts.headers, self.query).text(name) {
                Ok(Some(text)) => Value::Text(text.to_owned().into()),
                Ok(None) | Err(_) => Value::Absent,
            },
            Value::from,
        )
    }

    fn copy_source(&self) -> Value<'_> {
        // As the copy itself reads it, in the query of a presigned URL too.
        let text = Head::new(&self.parts.headers, self.query).text("x-amz-copy-source").ok().flatten();
        let Some(Ok(source)) = text.map(CopySource::parse) else { return Value::Absent };
        Value::Text(format!("{}/{}", source.bucket, String::from_utf8_lossy(&source.key)).into())
    }
}
