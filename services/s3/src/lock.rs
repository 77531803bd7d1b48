//! Object lock, which protects versions from deletion.

use jiff::Timestamp;

use crate::date;
use crate::error::{Code, Error};
use crate::request::Head;

/// The headers that lock a new object.
pub(crate) const LOCK_HEADERS: [&str; 3] = [MODE, RETAIN_UNTIL, LEGAL_HOLD];

const MODE: &str = "x-amz-object-lock-mode";
const RETAIN_UNTIL: &str = "x-amz-object-lock-retain-until-date";
const LEGAL_HOLD: &str = "x-amz-object-lock-legal-hold";
const NANOSECONDS_A_MILLISECOND: i128 = 1_000_000;

/// The retention mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RetentionMode {
    /// Users with `s3:BypassGovernanceRetention` may shorten the retention.
    Governance,
    /// Nobody may shorten the retention.
    Compliance,
}

impl RetentionMode {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Governance => "GOVERNANCE",
            Self::Compliance => "COMPLIANCE",
        }
    }

    /// The mode with a name, which is case-sensitive.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Governance, Self::Compliance].into_iter().find(|mode| mode.name() == name)
    }
}

/// The retention of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Retention {
    /// The retention mode.
    pub mode: RetentionMode,
    /// The end of the retention, in whole milliseconds. Responses show no smaller unit, and the time they show must not
    /// be earlier than the stored one.
    pub until: Timestamp,
}

/// Whether a version has a legal hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are those of the Amazon S3 API Reference")]
pub enum LegalHold {
    On,
    Off,
}

impl LegalHold {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::On => "ON",
            Self::Off => "OFF",
        }
    }

    /// Parses the name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::On, Self::Off].into_iter().find(|hold| hold.name() == name)
    }
}

/// The object lock of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct ObjectLock {
    /// The retention.
    pub retention: Option<Retention>,
    /// The legal hold, if the request has one.
    pub legal_hold: Option<LegalHold>,
}

/// Parses the end of a retention. Fractions of a millisecond are rounded up.
pub(crate) fn parse_until(text: &str) -> Option<Timestamp> {
    let at = date::parse_lenient(text)?.as_nanosecond();
    let over = at.rem_euclid(NANOSECONDS_A_MILLISECOND);
    Timestamp::from_nanosecond(if over == 0 { at } else { at - over + NANOSECONDS_A_MILLISECOND }).ok()
}

impl Head<'_> {
    /// The lock that the headers of a write ask for.
    ///
    /// # Errors
    /// `InvalidArgument` for a malformed header, or for only one of mode and date.
    pub fn object_lock(&self) -> Result<ObjectLock, Error> {
        let retention = match (self.text(MODE)?, self.text(RETAIN_UNTIL)?) {
            (None, None) => None,
            (Some(mode), Some(until)) => Some(Retention {
                mode: RetentionMode::from_name(mode)
                    .ok_or_else(|| Error::invalid_argument("Unknown wormMode directive.", MODE, mode))?,
                until: parse_until(until).ok_or_else(|| {
                    let message = "The retain until date must be provided in ISO 8601 format";
                    Error::invalid_argument(message, RETAIN_UNTIL, until)
                })?,
            }),
            (mode, _) => {
                let message = format!("{RETAIN_UNTIL} and {MODE} must both be supplied");
                let missing = if mode.is_some() { RETAIN_UNTIL } else { MODE };
                return Err(Error::invalid_argument(message, missing, ""));
            }
        };
        let legal_hold = match self.text(LEGAL_HOLD)? {
            None => None,
            Some(name) => Some(LegalHold::from_name(name).ok_or_else(|| {
                Error::invalid_argument("Legal Hold must be either of 'ON' or 'OFF'", LEGAL_HOLD, name)
            })?),
        };
        Ok(ObjectLock { retention, legal_hold })
    }

    /// `x-amz-bucket-object-lock-enabled` of `CreateBucket`: whether to enable object lock.
    ///
    /// # Errors
    /// `InvalidArgument` for anything except `true` and `false`.
    pub fn bucket_object_lock(&self) -> Result<bool, Error> {
        self.flag("x-amz-bucket-object-lock-enabled")
    }

    /// `x-amz-bypass-governance-retention`: whether to bypass governance mode.
    ///
    /// # Errors
    /// `InvalidArgument` for anything except `true` and `false`.
    pub fn bypass_governance(&self) -> Result<bool, Error> {
        self.flag("x-amz-bypass-governance-retention")
    }

    fn flag(&self, name: &'static str) -> Result<bool, Error> {
        match self.text(name)? {
            None => Ok(false),
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(true),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(false),
            Some(text) => Err(Error::invalid_argument("The header must be true or false", name, text)),
        }
    }
}

impl Error {
    /// `InvalidRetentionPeriod` with a message.
    pub(crate) fn invalid_retention_period(message: &'static str) -> Self {
        Self::with_message(Code::InvalidRetentionPeriod, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_finer_than_a_millisecond_is_rounded_up() {
        for (text, until) in [
            ("2030-01-01T00:00:00Z", "2030-01-01T00:00:00Z"),
            ("2030-01-01T00:00:00.123Z", "2030-01-01T00:00:00.123Z"),
            ("2030-01-01T00:00:00.123000001Z", "2030-01-01T00:00:00.124Z"),
            ("2030-01-01T01:00:00.9999+01:00", "2030-01-01T00:00:01Z"),
        ] {
            assert_eq!(parse_until(text), Some(until.parse().unwrap()), "{text}");
        }
        assert_eq!(parse_until("9999-12-31T23:59:59.9999999Z"), None);
        assert_eq!(parse_until("soon"), None);
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_as_the_same(text: String, second in 0_i64..4_000_000_000, nanosecond in 0_i32..1_000_000_000) {
            let _ = parse_until(&text);
            let asked = Timestamp::new(second, nanosecond).unwrap();
            let until = parse_until(&asked.to_string()).unwrap();
            prop_assert!(until >= asked);
            prop_assert_eq!(parse_until(&date::iso8601_millis(until)), Some(until));
        }
    }
}
