use events::ids::SessionId;
use http::Uri;
use http::uri::PathAndQuery;
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How long a ticket is good, if its session is open: a film may be watched with it.
pub(super) const TICKET_TIME: SignedDuration = SignedDuration::from_hours(1);

/// The tolerated difference between the clocks of two gateways.
const LEEWAY: SignedDuration = SignedDuration::from_secs(5);

/// What is encoded in a path that is sent to S3.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// What is encoded in a part of a path, a value of a query, or a name of a file in a header.
///
/// Source: RFC 8187, section 3.2.1.
const IN_VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What a URL says that a tag of a page loads, because a tag sends no token: one object, for one session. It is good for
/// reading only, for a short time, and never longer than the session. Nobody else's page may load it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ticket {
    session: Uuid,
    /// When it was made, in seconds since 1970.
    made: i64,
    /// A page shows it.
    pub(super) is_inline: bool,
    bucket: String,
    key: String,
    version: Option<String>,
}

impl Ticket {
    pub(super) fn new(
        session: SessionId,
        made: Timestamp,
        is_inline: bool,
        (bucket, key, version): (String, String, Option<String>),
    ) -> Self {
        Self { session: session.0, made: made.as_second(), is_inline, bucket, key, version }
    }

    pub(super) fn parse(said: &[u8]) -> Option<Self> {
        postcard::from_bytes(said).ok()
    }

    pub(super) fn said(&self) -> Option<Vec<u8>> {
        postcard::to_stdvec(self).ok()
    }

    pub(super) fn session(&self) -> SessionId {
        SessionId(self.session)
    }

    /// How old it is; `None` if it is too old, or not yet good.
    pub(super) fn age(&self, now: Timestamp) -> Option<SignedDuration> {
        let age = now.duration_since(Timestamp::from_second(self.made).ok()?);
        (-LEEWAY..TICKET_TIME).contains(&age).then_some(age.max(SignedDuration::ZERO))
    }

    /// When it ends.
    pub(super) fn expires(&self) -> Option<Timestamp> {
        Timestamp::from_second(self.made).ok()?.checked_add(TICKET_TIME).ok()
    }

    /// Where S3 has the object.
    pub(super) fn uri(&self) -> Option<Uri> {
        let version = self.version.as_ref().map(|version| format!("?versionId={}", encoded(version)));
        let key = percent_encode(self.key.as_bytes(), IN_PATH);
        let text = format!("/{}/{key}{}", encoded(&self.bucket), version.unwrap_or_default());
        PathAndQuery::try_from(text).ok().map(Uri::from)
    }

    /// The name of the object as a file, encoded for a header.
    pub(super) fn file_name(&self) -> String {
        let name = self.key.rsplit('/').find(|part| !part.is_empty()).unwrap_or("object");
        encoded(name)
    }
}

fn encoded(text: &str) -> String {
    percent_encode(text.as_bytes(), IN_VALUE).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket(key: &str) -> Ticket {
        let made = Timestamp::from_second(1_000_000).unwrap();
        let version = Some("a+b".to_owned());
        Ticket::new(SessionId(Uuid::from_u128(7)), made, true, ("photos".into(), key.into(), version))
    }

    #[test]
    fn it_says_what_was_put_into_it() {
        let ticket = ticket("a/b c?d.png");
        assert_eq!(Ticket::parse(&ticket.said().unwrap()), Some(ticket.clone()));
        assert_eq!(ticket.uri().unwrap(), "/photos/a/b%20c%3Fd.png?versionId=a%2Bb");
        assert_eq!(Ticket::parse(b"else"), None);
    }

    #[test]
    fn it_is_good_for_an_hour() {
        let at = |second: i64| Timestamp::from_second(1_000_000 + second).unwrap();
        assert_eq!(ticket("k").age(at(-3)), Some(SignedDuration::ZERO));
        assert_eq!(ticket("k").age(at(3_599)), Some(SignedDuration::from_secs(3_599)));
        assert_eq!((ticket("k").age(at(3_600)), ticket("k").age(at(-6))), (None, None));
        assert_eq!(ticket("k").expires(), Some(at(3_600)));
    }

    #[test]
    fn a_name_of_a_file_is_the_last_part_of_a_key_and_never_ends_a_header() {
        for (key, name) in [
            ("a/b.png", "b.png"),
            ("folder/", "folder"),
            ("///", "object"),
            ("x\r\nSet-Cookie: a=b", "x%0D%0ASet-Cookie%3A%20a%3Db"),
            ("\u{202e}gpj.exe", "%E2%80%AEgpj.exe"),
            ("a\"; b", "a%22%3B%20b"),
        ] {
            assert_eq!(ticket(key).file_name(), name);
        }
    }
}
