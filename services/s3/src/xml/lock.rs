//! Object lock: a bucket's configuration, and the lock of a version.

use bytes::Bytes;

use crate::date;
use crate::error::Error;
use crate::lock::{LegalHold, Retention, RetentionMode, parse_until};
use crate::xml::Writer;
use crate::xml::reader::{Visitor, walk};

/// The longest default retention in days: S3's limit.
pub const RETENTION_DAYS_MAX: u32 = 36_500;
/// The longest default retention in years: S3's limit.
pub const RETENTION_YEARS_MAX: u32 = 100;

/// The retention period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetentionPeriod {
    /// Days, 1 to [`RETENTION_DAYS_MAX`].
    Days(u32),
    /// Years, 1 to [`RETENTION_YEARS_MAX`].
    Years(u32),
}

/// The default retention of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DefaultRetention {
    /// The retention mode.
    pub mode: RetentionMode,
    /// The retention period.
    pub period: RetentionPeriod,
}

/// The body of `PutObjectLockConfiguration` and the response of `GetObjectLockConfiguration`: object lock is enabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectLockConfiguration {
    /// The rule, if any.
    pub default_retention: Option<DefaultRetention>,
}

#[derive(Default)]
struct Reading {
    enabled: bool,
    rules: usize,
    mode: Option<RetentionMode>,
    days: Option<i64>,
    years: Option<i64>,
}

impl Visitor for Reading {
    fn open(&mut self, path: &str) -> Result<(), Error> {
        self.rules += usize::from(path == "Rule");
        Ok(())
    }

    fn close(&mut self, path: &str, text: &str) -> Result<(), Error> {
        let number = || text.trim().parse::<i64>().map(Some).map_err(|_| Error::malformed_xml());
        match path {
            "ObjectLockEnabled" => self.enabled = text.trim() == "Enabled",
            "Rule/DefaultRetention/Mode" => {
                self.mode = Some(RetentionMode::from_name(text.trim()).ok_or_else(Error::malformed_xml)?);
            }
            "Rule/DefaultRetention/Days" => self.days = number()?,
            "Rule/DefaultRetention/Years" => self.years = number()?,
            _ => {}
        }
        Ok(())
    }
}

impl ObjectLockConfiguration {
    /// Parses the body.
    ///
    /// # Errors
    /// `MalformedXML`, also for anything except `Enabled` and at most one rule with a mode and either days or years;
    /// `InvalidRetentionPeriod` for a period out of range.
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        let mut reading = Reading::default();
        walk(body, "ObjectLockConfiguration", &mut reading)?;
        let default_retention = match (reading.rules, reading.mode, reading.days, reading.years) {
            _ if !reading.enabled => return Err(Error::malformed_xml()),
            (0, ..) => None,
            (1, Some(mode), Some(days), None) => {
                Some(DefaultRetention { mode, period: RetentionPeriod::Days(bounded(days, RETENTION_DAYS_MAX)?) })
            }
            (1, Some(mode), None, Some(years)) => {
                Some(DefaultRetention { mode, period: RetentionPeriod::Years(bounded(years, RETENTION_YEARS_MAX)?) })
            }
            _ => return Err(Error::malformed_xml()),
        };
        Ok(Self { default_retention })
    }

    /// The response of `GetObjectLockConfiguration`.
    pub fn to_xml(&self) -> Bytes {
        let mut writer = Writer::root("ObjectLockConfiguration", 256);
        writer.text("ObjectLockEnabled", "Enabled");
        if let Some(DefaultRetention { mode, period }) = self.default_retention {
            writer.open("Rule");
            writer.open("DefaultRetention");
            writer.text("Mode", mode.name());
            match period {
                RetentionPeriod::Days(days) => writer.number("Days", days.into()),
                RetentionPeriod::Years(years) => writer.number("Years", years.into()),
            }
            writer.close("DefaultRetention");
            writer.close("Rule");
        }
        writer.end("ObjectLockConfiguration")
    }
}

fn bounded(value: i64, max: u32) -> Result<u32, Error> {
    match u32::try_from(value) {
        Ok(value @ 1..) if value <= max => Ok(value),
        Ok(1..) => Err(Error::invalid_retention_period("Default retention period must be at most 100 years.")),
        _ => Err(Error::invalid_retention_period("Default retention period must be a positive integer value.")),
    }
}

/// The body of `PutObjectRetention` and the response of `GetObjectRetention`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectRetention {
    /// The retention; a document without one removes it.
    pub retention: Option<Retention>,
}

#[derive(Default)]
struct ReadingRetention {
    mode: Option<RetentionMode>,
    until: Option<jiff::Timestamp>,
}

impl Visitor for ReadingRetention {
    fn close(&mut self, path: &str, text: &str) -> Result<(), Error> {
        match path {
            "Mode" => self.mode = Some(RetentionMode::from_name(text.trim()).ok_or_else(Error::malformed_xml)?),
            "RetainUntilDate" => self.until = Some(parse_until(text).ok_or_else(Error::malformed_xml)?),
            _ => {}
        }
        Ok(())
    }
}

impl ObjectRetention {
    /// Parses the body.
    ///
    /// # Errors
    /// `MalformedXML`, also for only one of mode and date.
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        let mut reading = ReadingRetention::default();
        walk(body, "Retention", &mut reading)?;
        match (reading.mode, reading.until) {
            (None, None) => Ok(Self { retention: None }),
            (Some(mode), Some(until)) => Ok(Self { retention: Some(Retention { mode, until }) }),
            _ => Err(Error::malformed_xml()),
        }
    }

    /// The response of `GetObjectRetention`.
    pub fn to_xml(&self) -> Bytes {
        let mut writer = Writer::root("Retention", 128);
        if let Some(Retention { mode, until }) = self.retention {
            writer.text("Mode", mode.name());
            writer.text("RetainUntilDate", &date::iso8601_millis(until));
        }
        writer.end("Retention")
    }
}

/// The body of `PutObjectLegalHold` and the response of `GetObjectLegalHold`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectLegalHold {
    /// Whether the version has a legal hold.
    pub status: LegalHold,
}

#[derive(Default)]
struct ReadingHold(Option<LegalHold>);

impl Visitor for ReadingHold {
    fn close(&mut self, path: &str, text: &str) -> Result<(), Error> {
        if path == "Status" {
            self.0 = Some(LegalHold::from_name(text.trim()).ok_or_else(Error::malformed_xml)?);
        }
        Ok(())
    }
}

impl ObjectLegalHold {
    /// Parses the body.
    ///
    /// # Errors
    /// `MalformedXML`, also without a status.
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        let mut reading = ReadingHold::default();
        walk(body, "LegalHold", &mut reading)?;
        reading.0.map(|status| Self { status }).ok_or_else(Error::malformed_xml)
    }

    /// The response of `GetObjectLegalHold`.
    pub fn to_xml(&self) -> Bytes {
        let mut writer = Writer::root("LegalHold", 64);
        writer.text("Status", self.status.name());
        writer.end("LegalHold")
    }
}
