//! The values of a request that conditions of policies may compare.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell};
use std::net::IpAddr;

use events::ids::RegionName;
use events::tags::Tags;
use http::request::Parts;
use jiff::Timestamp;
use ledger::StateError;
use listener::TlsVersion;
use policy::{Context, Key, Value};
use s3::Query;
use s3::lock::ObjectLock;
use s3::request::{CopySource, Head};

use crate::access::Proof;
use crate::convert::version_name;
use crate::state::ObjectRef;

const SECONDS_A_DAY: i64 = 24 * 60 * 60;

/// The lock that a request asks for.
#[derive(Clone, Copy)]
pub(crate) enum LockAsked<'a> {
    /// This lock.
    Known(ObjectLock),
    /// The lock in its headers.
    InHead,
    /// The lock is in a document that has not been read yet. The cell notes whether a condition asked for it.
    Unread(&'a Cell<bool>),
}

/// A request as conditions see it.
pub(crate) struct Conditions<'a> {
    pub(crate) parts: &'a Parts,
    pub(crate) query: &'a Query<'a>,
    /// The object that is judged, if there is one.
    pub(crate) existing: Option<ObjectRef<'a>>,
    /// The judged right is the one to list. With an object, it is the right to learn whether that object exists.
    pub(crate) is_listing: bool,
    /// The object's tags, once a policy asked for them.
    pub(crate) existing_tags: OnceCell<Result<Tags, StateError>>,
    /// The tags that the request brings.
    pub(crate) request_tags: RequestTags<'a>,
    pub(crate) address: Option<IpAddr>,
    pub(crate) lock: LockAsked<'a>,
    pub(crate) now: Timestamp,
    pub(crate) region: &'a RegionName,
    pub(crate) tls: Option<TlsVersion>,
    /// Milliseconds since the request was signed.
    pub(crate) signature_age_ms: Option<i64>,
    pub(crate) proof: Proof,
}

impl Context for Conditions<'_> {
    fn get(&self, key: &Key) -> Value<'_> {
        match key {
            Key::SourceIp => self.address.map_or(Value::Unreadable, Value::Address),
            Key::SecureTransport => Value::Flag(self.tls.is_some()),
            Key::RequestedRegion => self.region.as_str().into(),
            Key::TlsVersion => self.tls.map(TlsVersion::as_str).into(),
            Key::SignatureAge => self.signature_age_ms.map_or(Value::Absent, Value::Number),
            Key::Header(name) => self.header(name),
            Key::Query("versionId") => {
                self.existing.as_ref().and_then(|existing| existing.version).map_or(Value::Absent, Value::from)
            }
            // A caller who may list the prefix of this key may learn that the key is absent.
            Key::Query("prefix") if self.is_listing && self.existing.is_some() => {
                let key = self.existing.as_ref().map(|existing| String::from_utf8_lossy(existing.key.as_bytes()));
                key.map_or(Value::Absent, Value::Text)
            }
            Key::Query(name) => match self.query.text(name) {
                Ok(Some(text)) => Value::Text(text.to_owned().into()),
                Ok(None) => Value::Absent,
                Err(_) => Value::Unreadable,
            },
            Key::CopySource => self.copy_source(),
            Key::ExistingObjectTag(key) => self.existing_tag(key).into(),
            Key::RequestObjectTag(key) => {
                self.request_tags.get().and_then(|tags| tags.get(&**key)).map(String::as_str).into()
            }
            Key::RequestObjectTagKeys => match self.request_tags.get() {
                Some(tags) => Value::Texts(Box::new(tags.keys().map(|key| key.as_str().into()))),
                None => Value::Absent,
            },
            Key::SignatureVersion => match self.proof {
                // Nothing was signed for a session.
                Proof::None | Proof::Session | Proof::Ticket => Value::Absent,
                Proof::Headers | Proof::Query | Proof::Form => "AWS4-HMAC-SHA256".into(),
                Proof::FormVersion2 => "AWS".into(),
            },
            Key::AuthType => match self.proof {
                Proof::None => Value::Absent,
                Proof::Headers | Proof::Session => "REST-HEADER".into(),
                Proof::Query | Proof::Ticket => "REST-QUERY-STRING".into(),
                Proof::Form | Proof::FormVersion2 => "POST".into(),
            },
            Key::ObjectLockMode => {
                self.lock().retention.map_or(Value::Absent, |retention| retention.mode.name().into())
            }
            Key::ObjectLockRetainUntil => {
                self.lock().retention.map_or(Value::Absent, |retention| Value::Time(retention.until))
            }
            Key::ObjectLockRemainingDays => self
                .lock()
                .retention
                .map_or(Value::Absent, |retention| Value::Number(days_from(self.now, retention.until))),
            Key::ObjectLockLegalHold => self.lock().legal_hold.map_or(Value::Absent, |hold| hold.name().into()),
            _ => Value::Absent,
        }
    }
}

/// Days of 24 hours, rounded up.
fn days_from(now: Timestamp, until: Timestamp) -> i64 {
    until.duration_since(now).as_secs().saturating_add(SECONDS_A_DAY - 1).div_euclid(SECONDS_A_DAY)
}

/// The tags of a version. The query does not name the version of a copy's source or of a key out of a list.
fn tags(object: ObjectRef<'_>) -> Result<Tags, StateError> {
    let row = match object.version {
        None => object.current()?,
        Some(text) => match version_name(object.key.as_bytes(), text) {
            Ok(name) => object.named(name)?,
            Err(_) => None,
        },
    };
    Ok(row.and_then(|row| row.object).map(|object| object.attributes.tags).unwrap_or_default())
}

/// The tags that a request brings.
pub(crate) enum RequestTags<'a> {
    /// These tags.
    Known(Cow<'a, Tags>),
    /// The tags are in the body, which is read only if everything else is permitted. The cell notes whether a condition
    /// asked for them.
    Coming(Cell<bool>),
}

impl RequestTags<'_> {
    fn get(&self) -> Option<&Tags> {
        match self {
            Self::Known(tags) => Some(tags),
            Self::Coming(missed) => {
                missed.set(true);
                None
            }
        }
    }

    /// Whether a policy asked for the tags while they were not known yet.
    pub(crate) fn were_missed(&self) -> bool {
        matches!(self, Self::Coming(missed) if missed.get())
    }
}

impl Conditions<'_> {
    fn existing_tag(&self, key: &str) -> Option<&str> {
        let existing = self.existing?;
        match self.existing_tags.get_or_init(|| tags(existing)) {
            Ok(tags) => tags.get(key).map(String::as_str),
            Err(error) => {
                tracing::error!(%error, "the tags of an object cannot be read");
                None
            }
        }
    }

    fn lock(&self) -> ObjectLock {
        match self.lock {
            LockAsked::Known(lock) => lock,
            // A malformed lock was refused before the right was judged.
            LockAsked::InHead => Head::new(&self.parts.headers, self.query).object_lock().unwrap_or_default(),
            LockAsked::Unread(asked) => {
                asked.set(true);
                ObjectLock::default()
            }
        }
    }

    /// Whether every value that was asked for could be read. If not, the decision does not count.
    pub(crate) fn were_readable(&self) -> bool {
        self.existing_tags.get().is_none_or(Result::is_ok)
    }

    /// A repeated header, or one that is not text, has no single value: other programs may read it differently.
    fn header(&self, name: &str) -> Value<'_> {
        let mut values = self.parts.headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => std::str::from_utf8(value.as_bytes()).map_or(Value::Unreadable, Value::from),
            (Some(_), Some(_)) => Value::Unreadable,
            // Presigned URLs carry headers in the query.
            (None, _) => match Head::new(&self.parts.headers, self.query).text(name) {
                Ok(Some(text)) => Value::Text(text.to_owned().into()),
                Ok(None) => Value::Absent,
                Err(_) => Value::Unreadable,
            },
        }
    }

    fn copy_source(&self) -> Value<'_> {
        // The value that the copy itself uses, also from the query of a presigned URL.
        let text = match Head::new(&self.parts.headers, self.query).text("x-amz-copy-source") {
            Ok(Some(text)) => text,
            Ok(None) => return Value::Absent,
            Err(_) => return Value::Unreadable,
        };
        let Ok(source) = CopySource::parse(text) else { return Value::Unreadable };
        Value::Text(format!("{}/{}", source.bucket, String::from_utf8_lossy(&source.key)).into())
    }
}
