//! Settings of buckets that never hold anything here: as a bucket of S3 shows them before they are configured, and what
//! may be written to them because it changes nothing.

use bytes::Bytes;

use crate::error::{Code, Error};
use crate::xml::Writer;
use crate::xml::reader::{Visitor, walk};

/// The answer about a setting that is not configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the settings")]
pub enum Unconfigured {
    Accelerate,
    Logging,
    Notification,
    AnalyticsPage,
    InventoryPage,
    MetricsPage,
    IntelligentTieringPage,
}

impl Unconfigured {
    /// The document: an empty setting, or the only page of no settings.
    pub fn to_xml(self) -> Bytes {
        let (root, is_page) = match self {
            Self::Accelerate => ("AccelerateConfiguration", false),
            Self::Logging => ("BucketLoggingStatus", false),
            Self::Notification => ("NotificationConfiguration", false),
            Self::AnalyticsPage => ("ListBucketAnalyticsConfigurationResult", true),
            Self::InventoryPage => ("ListInventoryConfigurationsResult", true),
            Self::MetricsPage => ("ListMetricsConfigurationsResult", true),
            Self::IntelligentTieringPage => ("ListBucketIntelligentTieringConfigurationsOutput", true),
        };
        let mut writer = Writer::root(root, 64);
        if is_page {
            writer.flag("IsTruncated", false);
        }
        writer.end(root)
    }
}

/// The body of a write that is welcome only if it changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unchanging {
    /// `PutBucketAccelerateConfiguration`: suspended.
    Accelerate,
    /// `PutBucketLogging`: no access log.
    Logging,
    /// `PutBucketNotificationConfiguration`: no notifications.
    Notification,
    /// `PutBucketRequestPayment`: the bucket's owner pays.
    RequestPayment,
}

struct Reading {
    kind: Unchanging,
    said: bool,
}

impl Visitor for Reading {
    fn open(&mut self, _path: &str) -> Result<(), Error> {
        match self.kind {
            Unchanging::Notification => Err(Error::with_message(
                Code::NotImplemented,
                "Notifications of a bucket are not implemented: every write is an event on the log's stream; follow that.",
            )),
            Unchanging::Logging => Err(Error::with_message(
                Code::NotImplemented,
                "Access logs in buckets are not implemented: writes are events on the log's stream; follow that.",
            )),
            Unchanging::Accelerate | Unchanging::RequestPayment => Ok(()),
        }
    }

    fn close(&mut self, path: &str, text: &str) -> Result<(), Error> {
        let (wanted, harmless, other) = match self.kind {
            Unchanging::Accelerate => ("Status", "Suspended", "Enabled"),
            Unchanging::RequestPayment => ("Payer", "BucketOwner", "Requester"),
            Unchanging::Logging | Unchanging::Notification => return Ok(()),
        };
        match text.trim() {
            _ if path != wanted => Ok(()),
            text if text == harmless => {
                self.said = true;
                Ok(())
            }
            text if text == other => Err(Error::not_implemented(format_args!("the {wanted} '{other}'"))),
            _ => Err(Error::malformed_xml()),
        }
    }
}

impl Unchanging {
    /// Reads the body.
    ///
    /// # Errors
    /// `MalformedXML`, `NotImplemented` for what would change something.
    pub fn parse(self, body: &[u8]) -> Result<(), Error> {
        let root = match self {
            Self::Accelerate => "AccelerateConfiguration",
            Self::Logging => "BucketLoggingStatus",
            Self::Notification => "NotificationConfiguration",
            Self::RequestPayment => "RequestPaymentConfiguration",
        };
        let may_be_empty = matches!(self, Self::Logging | Self::Notification);
        let mut reading = Reading { kind: self, said: may_be_empty };
        walk(body, root, &mut reading)?;
        if reading.said { Ok(()) } else { Err(Error::malformed_xml()) }
    }
}
