//! The four text forms of a time in S3.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;

/// Bytes of [`iso8601_millis`], for years 0000 to 9999.
pub(crate) const ISO8601_MILLIS_BYTES: usize = 24;

fn push_digits(out: &mut [u8], value: i32) {
    let mut rest = value.unsigned_abs();
    for slot in out.iter_mut().rev() {
        *slot = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
    }
}

fn utc(at: Timestamp) -> DateTime {
    TimeZone::UTC.to_datetime(at)
}

/// `2026-11-22T19:01:02.345Z` without an allocation, because listings write a thousand of them. Milliseconds are
/// truncated.
pub(crate) fn iso8601_millis_bytes(at: Timestamp) -> [u8; ISO8601_MILLIS_BYTES] {
    let at = utc(at);
    let mut out = *b"0000-00-00T00:00:00.000Z";
    push_digits(&mut out[0..4], i32::from(at.year()));
    push_digits(&mut out[5..7], i32::from(at.month()));
    push_digits(&mut out[8..10], i32::from(at.day()));
    push_digits(&mut out[11..13], i32::from(at.hour()));
    push_digits(&mut out[14..16], i32::from(at.minute()));
    push_digits(&mut out[17..19], i32::from(at.second()));
    push_digits(&mut out[20..23], i32::from(at.millisecond()));
    out
}

/// `2026-11-22T19:01:02.345Z`, the form of XML documents.
pub fn iso8601_millis(at: Timestamp) -> String {
    iso8601_millis_bytes(at).iter().copied().map(char::from).collect()
}

/// `2026-11-22T19:01:02Z`.
pub fn iso8601_seconds(at: Timestamp) -> String {
    utc(at).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `20261122T190102Z`, the form of `x-amz-date`.
pub fn iso8601_basic(at: Timestamp) -> String {
    utc(at).strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Parses `20261122T190102Z`.
pub fn parse_iso8601_basic(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    if bytes.len() != 16 || bytes[8] != b'T' || bytes[15] != b'Z' {
        return None;
    }
    let number = |from: usize, to: usize| -> Option<i16> {
        bytes[from..to]
            .iter()
            .try_fold(0_i16, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i16::from(byte - b'0')))
    };
    let small = |from: usize| i8::try_from(number(from, from + 2)?).ok();
    let civil = DateTime::new(number(0, 4)?, small(4)?, small(6)?, small(9)?, small(11)?, small(13)?, 0).ok()?;
    TimeZone::UTC.to_timestamp(civil).ok()
}

/// `Sun, 22 Nov 2026 19:01:02 GMT`, the form of HTTP headers. Fractions of seconds are truncated.
pub fn http_date(at: Timestamp) -> String {
    utc(at).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Parses the three forms of RFC 9110 section 5.6.7 (IMF-fixdate, RFC 850, asctime).
pub fn parse_http_date(text: &str) -> Option<Timestamp> {
    let at = httpdate::parse_http_date(text.trim()).ok()?;
    Timestamp::try_from(at).ok()
}

/// Parses a time as clients send it in headers: an HTTP date or ISO 8601.
pub fn parse_lenient(text: &str) -> Option<Timestamp> {
    parse_http_date(text)
        .or_else(|| text.trim().parse::<Timestamp>().ok())
        .or_else(|| strtime::parse("%a, %d %b %Y %H:%M:%S %z", text.trim()).ok()?.to_timestamp().ok())
}

/// The time truncated to whole seconds, the precision of `Last-Modified` and of conditions on it.
pub fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_millisecond().div_euclid(1000)).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spells_an_instant_in_every_form() {
        let at: Timestamp = "2026-11-22T19:01:02.345678Z".parse().unwrap();
        assert_eq!(iso8601_millis(at), "2026-11-22T19:01:02.345Z");
        assert_eq!(iso8601_seconds(at), "2026-11-22T19:01:02Z");
        assert_eq!(iso8601_basic(at), "20261122T190102Z");
        assert_eq!(http_date(at), "Sun, 22 Nov 2026 19:01:02 GMT");
        assert_eq!(whole_seconds(at), "2026-11-22T19:01:02Z".parse().unwrap());
    }

    #[test]
    fn reads_the_three_http_forms() {
        let at: Timestamp = "1994-11-06T08:49:37Z".parse().unwrap();
        for text in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
            assert_eq!(parse_http_date(text), Some(at), "{text}");
        }
        assert_eq!(parse_http_date("yesterday"), None);
    }

    #[test]
    fn refuses_dates_that_are_not_basic_iso() {
        for text in
            ["", "20261122T190102", "20261322T190102Z", "2026112xT190102Z", "20261122 190102Z", "20261122T250102Z"]
        {
            assert_eq!(parse_iso8601_basic(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn basic_iso_round_trips(second in 0_i64..4_000_000_000) {
            let at = Timestamp::from_second(second).unwrap();
            prop_assert_eq!(parse_iso8601_basic(&iso8601_basic(at)), Some(at));
            prop_assert_eq!(parse_http_date(&http_date(at)), Some(at));
            prop_assert_eq!(iso8601_millis(at).parse::<Timestamp>().ok(), Some(at));
        }

        #[test]
        fn reading_never_panics(text: String) {
            let _ = parse_iso8601_basic(&text);
            let _ = parse_lenient(&text);
        }
    }
}
