//! Settings of buckets that never hold anything here: as a bucket of S3 shows them before they are configured, and what
//! may be written to them because it changes nothing.

use bytes::Bytes;

use crate::error::{Code, Error};
use crate::xml::Writer;
use crate::xml::reader::{Visitor, walk};

/// The answer about a setting that is not configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unconfigured {
    /// It is not there, says this error.
    Absent(Code),
    /// It is there, and empty: a document with this root.
    Empty(&'static str),
    /// There are none of the kind: the only page of a list with this root.
    EmptyPage(&'static str),
    /// What is not there was deleted.
    Deleted,
    /// It is welcome if it changes nothing.
    Unchanging(Unchanging),
}

impl Unconfigured {
    /// A document with this root and nothing in it.
    pub fn empty(root: &str) -> Bytes {
        Writer::root(root, 64).end(root)
    }

    /// The only page of a list with this root and nothing in it.
    pub fn empty_page(root: &str) -> Bytes {
        let mut writer = Writer::root(root, 64);
        writer.flag("IsTruncated", false);
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
                "Bucket notifications are not implemented: subscribe to the events instead.",
            )),
            Unchanging::Logging => Err(Error::with_message(
                Code::NotImplemented,
                "Access logs in buckets are not implemented: subscribe to the events instead.",
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
