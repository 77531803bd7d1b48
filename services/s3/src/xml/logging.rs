//! Whether reads of a bucket are recorded.

use bytes::Bytes;

use crate::error::{Code, Error};
use crate::xml::Writer;
use crate::xml::lifecycle::can_be_written;
use crate::xml::reader::{Visitor, walk};

const ROOT: &str = "BucketLoggingStatus";

/// The longest prefix in bytes, which is the longest key.
const PREFIX_BYTES_MAX: usize = 1_024;

/// `BucketLoggingStatus`: the body of `PutBucketLogging`, the response of `GetBucketLogging`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketLoggingStatus {
    /// What was asked for; `None` if reads are not recorded.
    pub enabled: Option<LoggingEnabled>,
}

/// Reads are recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggingEnabled {
    /// The bucket that is named for the records.
    pub target_bucket: String,
    /// The beginning of the keys that are named for the records, possibly empty.
    pub target_prefix: String,
    /// How those keys go on, if that is said.
    pub key_format: Option<LogKeyFormat>,
}

/// How the keys of records go on behind their prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogKeyFormat {
    /// `SimplePrefix`.
    Simple,
    /// `PartitionedPrefix`, by the times of events.
    ByEventTime,
    /// `PartitionedPrefix`, by the times of delivery.
    ByDeliveryTime,
}

#[derive(Default)]
struct Reading {
    is_enabled: bool,
    bucket: Option<String>,
    prefix: Option<String>,
    format: Option<LogKeyFormat>,
}

const FORMAT: &str = "LoggingEnabled/TargetObjectKeyFormat";

impl Visitor for Reading {
    fn open(&mut self, path: &str) -> Result<(), Error> {
        match (path, path.strip_prefix(FORMAT)) {
            ("LoggingEnabled", _) if !std::mem::replace(&mut self.is_enabled, true) => Ok(()),
            ("LoggingEnabled/TargetBucket" | "LoggingEnabled/TargetPrefix", _)
            | (_, Some("" | "/SimplePrefix" | "/PartitionedPrefix" | "/PartitionedPrefix/PartitionDateSource")) => {
                Ok(())
            }
            ("LoggingEnabled/TargetGrants", _) => Err(Error::with_message(
                Code::NotImplemented,
                "Records of reads are not delivered into buckets, so there is nothing to grant: administrators and \
                 auditors read them with `planetstore audit access`.",
            )),
            _ => Err(Error::malformed_xml()),
        }
    }

    fn close(&mut self, path: &str, text: &str) -> Result<(), Error> {
        match (path, path.strip_prefix(FORMAT)) {
            ("LoggingEnabled/TargetBucket", _) => once(&mut self.bucket, text.trim().to_owned()),
            ("LoggingEnabled/TargetPrefix", _) => once(&mut self.prefix, text.to_owned()),
            (_, Some("/SimplePrefix")) => once(&mut self.format, LogKeyFormat::Simple),
            (_, Some("/PartitionedPrefix/PartitionDateSource")) => match text.trim() {
                "EventTime" => once(&mut self.format, LogKeyFormat::ByEventTime),
                "DeliveryTime" => once(&mut self.format, LogKeyFormat::ByDeliveryTime),
                _ => Err(Error::malformed_xml()),
            },
            (_, Some("")) if self.format.is_none() => Err(Error::malformed_xml()),
            _ => Ok(()),
        }
    }
}

fn once<T>(slot: &mut Option<T>, value: T) -> Result<(), Error> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(Error::malformed_xml()),
    }
}

impl BucketLoggingStatus {
    /// Parses the document.
    ///
    /// # Errors
    /// `MalformedXML`, `NotImplemented` for `TargetGrants`.
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        let mut reading = Reading::default();
        walk(body, ROOT, &mut reading)?;
        let Reading { is_enabled, bucket, prefix, format } = reading;
        if !is_enabled {
            return Ok(Self { enabled: None });
        }
        // S3 demands a prefix, which may be empty.
        let (Some(target_bucket), Some(target_prefix)) = (bucket, prefix) else { return Err(Error::malformed_xml()) };
        if target_prefix.len() > PREFIX_BYTES_MAX || !can_be_written(&target_prefix) {
            return Err(Error::malformed_xml());
        }
        Ok(Self { enabled: Some(LoggingEnabled { target_bucket, target_prefix, key_format: format }) })
    }

    /// The document.
    pub fn to_xml(&self) -> Bytes {
        let mut writer = Writer::root(ROOT, 256);
        if let Some(LoggingEnabled { target_bucket, target_prefix, key_format }) = &self.enabled {
            writer.open("LoggingEnabled");
            writer.text("TargetBucket", target_bucket);
            writer.text("TargetPrefix", target_prefix);
            if let Some(format) = key_format {
                writer.open("TargetObjectKeyFormat");
                match format {
                    LogKeyFormat::Simple => writer.text("SimplePrefix", ""),
                    LogKeyFormat::ByEventTime => partitioned(&mut writer, "EventTime"),
                    LogKeyFormat::ByDeliveryTime => partitioned(&mut writer, "DeliveryTime"),
                }
                writer.close("TargetObjectKeyFormat");
            }
            writer.close("LoggingEnabled");
        }
        writer.end(ROOT)
    }
}

fn partitioned(writer: &mut Writer, by: &str) {
    writer.open("PartitionedPrefix");
    writer.text("PartitionDateSource", by);
    writer.close("PartitionedPrefix");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(inner: &str) -> Result<Option<LoggingEnabled>, Code> {
        let document = format!("<BucketLoggingStatus>{inner}</BucketLoggingStatus>");
        BucketLoggingStatus::parse(document.as_bytes()).map(|status| status.enabled).map_err(|error| error.code())
    }

    fn enabled(more: &str) -> Result<Option<LoggingEnabled>, Code> {
        let target = "<TargetBucket>logs</TargetBucket><TargetPrefix>a/</TargetPrefix>";
        read(&format!("<LoggingEnabled>{target}{more}</LoggingEnabled>"))
    }

    #[test]
    fn what_is_read_is_written_again() {
        assert_eq!(read(""), Ok(None));
        let formats = [
            ("", None),
            ("<SimplePrefix/>", Some(LogKeyFormat::Simple)),
            (
                "<PartitionedPrefix><PartitionDateSource>EventTime</PartitionDateSource></PartitionedPrefix>",
                Some(LogKeyFormat::ByEventTime),
            ),
            (
                "<PartitionedPrefix><PartitionDateSource>DeliveryTime</PartitionDateSource></PartitionedPrefix>",
                Some(LogKeyFormat::ByDeliveryTime),
            ),
        ];
        for (text, key_format) in formats {
            let element = if text.is_empty() {
                String::new()
            } else {
                format!("<TargetObjectKeyFormat>{text}</TargetObjectKeyFormat>")
            };
            let found = enabled(&element).unwrap().unwrap();
            assert_eq!((found.target_bucket.as_str(), found.target_prefix.as_str()), ("logs", "a/"));
            assert_eq!(found.key_format, key_format);
            let status = BucketLoggingStatus { enabled: Some(found) };
            assert_eq!(BucketLoggingStatus::parse(&status.to_xml()), Ok(status));
        }
        let none = BucketLoggingStatus { enabled: None };
        assert_eq!(BucketLoggingStatus::parse(&none.to_xml()), Ok(none));
    }

    #[test]
    fn what_s3_does_not_allow_is_refused() {
        for wrong in [
            "<LoggingEnabled/>",
            "<LoggingEnabled><TargetBucket>a</TargetBucket></LoggingEnabled>",
            "<Other/>",
            "<LoggingEnabled/><LoggingEnabled/>",
        ] {
            assert_eq!(read(wrong), Err(Code::MalformedXML), "{wrong}");
        }
        for wrong in [
            "<TargetObjectKeyFormat/>",
            "<TargetObjectKeyFormat><PartitionedPrefix/></TargetObjectKeyFormat>",
            "<TargetObjectKeyFormat><SimplePrefix/><SimplePrefix/></TargetObjectKeyFormat>",
            "<TargetPrefix>again</TargetPrefix>",
        ] {
            assert_eq!(enabled(wrong), Err(Code::MalformedXML), "{wrong}");
        }
        assert_eq!(enabled("<TargetGrants/>"), Err(Code::NotImplemented));
    }
}
