//! Settings that no bucket has here. They read as on S3 before they are configured, and a write is accepted only if it
//! changes nothing.

use bytes::Bytes;

use crate::error::{Code, Error};
use crate::xml::Writer;
use crate::xml::reader::{Visitor, walk};

/// The answer for a setting that is not configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unconfigured {
    /// It does not exist, with this error.
    Absent(Code),
    /// It exists and is empty: a document with this root.
    Empty(&'static str),
    /// The list is empty: a single page with this root.
    EmptyPage(&'static str),
    /// Deleting it succeeds, although it does not exist.
    Deleted,
    /// A write is accepted if it changes nothing.
    Unchanging(Unchanging),
}

impl Unconfigured {
    /// An empty document with this root.
    pub fn empty(root: &str) -> Bytes {
        Writer::root(root, 64).end(root)
    }

    /// A single empty page of a list with this root.
    pub fn empty_page(root: &str) -> Bytes {
        let mut writer = Writer::root(root, 64);
        writer.flag("IsTruncated", false);
        writer.end(root)
    }
}

/// The body of a write that is accepted only if it changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unchanging {
    /// `PutBucketAccelerateConfiguration`: suspended.
    Accelerate,
    /// `PutBucketRequestPayment`: the bucket's owner pays.
    RequestPayment,
}

struct Reading {
    kind: Unchanging,
    said: bool,
}

impl Visitor for Reading {
    fn open(&mut self, _path: &str) -> Result<(), Error> {
        Ok(())
    }

    fn close(&mut self, path: &str, text: &str) -> Result<(), Error> {
        let (wanted, harmless, other) = match self.kind {
            Unchanging::Accelerate => ("Status", "Suspended", "Enabled"),
            Unchanging::RequestPayment => ("Payer", "BucketOwner", "Requester"),
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
    /// Parses the body.
    ///
    /// # Errors
    /// `MalformedXML`, `NotImplemented` for a body that would change something.
    pub fn parse(self, body: &[u8]) -> Result<(), Error> {
        let root = match self {
            Self::Accelerate => "AccelerateConfiguration",
            Self::RequestPayment => "RequestPaymentConfiguration",
        };
        let mut reading = Reading { kind: self, said: false };
        walk(body, root, &mut reading)?;
        if reading.said { Ok(()) } else { Err(Error::malformed_xml()) }
    }
}
