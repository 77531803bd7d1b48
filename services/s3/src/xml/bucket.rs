//! Documents about buckets.

use bytes::Bytes;
use jiff::Timestamp;

use crate::error::{Code, Error};
use crate::tags::{Carrier, Tags};
use crate::xml::reader::{Visitor, walk};
use crate::xml::tagging::TagReading;
use crate::xml::{Owner, Writer};

/// The body of `CreateBucket`, which may be empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CreateBucketConfiguration {
    /// The requested region; `None` leaves it to the server.
    pub location_constraint: Option<String>,
    /// The tags of the bucket.
    pub tags: Tags,
}

struct CreateBucketReading {
    location_constraint: Option<String>,
    tags: TagReading,
}

impl Visitor for CreateBucketReading {
    fn open(&mut self, path: &str) -> Result<(), Error> {
        match path {
            "Bucket" | "Location" => Err(Error::not_implemented("directory buckets")),
            path if self.tags.is_within(path) => self.tags.open(path),
            _ => Ok(()),
        }
    }

    fn close(&mut self, path: &str, text: &str) -> Result<(), Error> {
        if path == "LocationConstraint" {
            let text = text.trim();
            self.location_constraint = (!text.is_empty()).then(|| text.to_owned());
        } else if self.tags.is_within(path) {
            self.tags.close(path, text)?;
        }
        Ok(())
    }
}

impl CreateBucketConfiguration {
    /// Parses the body.
    ///
    /// # Errors
    /// `MalformedXML`; `InvalidTag` for tags that no bucket may have; `NotImplemented` for directory buckets.
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        let mut reading =
            CreateBucketReading { location_constraint: None, tags: TagReading::new("Tags", Carrier::Bucket) };
        if !body.trim_ascii().is_empty() {
            walk(body, "CreateBucketConfiguration", &mut reading)?;
        }
        Ok(Self { location_constraint: reading.location_constraint, tags: reading.tags.tags })
    }
}

/// Whether a bucket has versioning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersioningStatus {
    /// Every write creates a version.
    Enabled,
    /// Writes replace the `null` version.
    Suspended,
}

/// The versioning of a bucket: the body of `PutBucketVersioning` and the answer of
/// `GetBucketVersioning`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct VersioningConfiguration {
    /// `None` for a bucket that never had versioning.
    pub status: Option<VersioningStatus>,
}

impl Visitor for VersioningConfiguration {
    fn close(&mut self, path: &str, text: &str) -> Result<(), Error> {
        match (path, text.trim()) {
            ("Status", "Enabled") => self.status = Some(VersioningStatus::Enabled),
            ("Status", "Suspended") => self.status = Some(VersioningStatus::Suspended),
            ("Status", _) => return Err(Error::malformed_xml()),
            ("MfaDelete", "Enabled") => return Err(Error::not_implemented("MFA delete")),
            _ => {}
        }
        Ok(())
    }
}

impl VersioningConfiguration {
    /// Parses the body of `PutBucketVersioning`; the result always has a status.
    ///
    /// # Errors
    /// `MalformedXML`, `IllegalVersioningConfigurationException` without a status, `NotImplemented` for MFA delete.
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        let mut configuration = Self::default();
        walk(body, "VersioningConfiguration", &mut configuration)?;
        match configuration.status {
            Some(_) => Ok(configuration),
            None => Err(Error::new(Code::IllegalVersioningConfigurationException)),
        }
    }

    /// The response of `GetBucketVersioning`.
    pub fn to_xml(&self) -> Bytes {
        let mut writer = Writer::root("VersioningConfiguration", 64);
        match self.status {
            Some(VersioningStatus::Enabled) => writer.text("Status", "Enabled"),
            Some(VersioningStatus::Suspended) => writer.text("Status", "Suspended"),
            None => {}
        }
        writer.end("VersioningConfiguration")
    }
}

/// The response of `GetBucketLocation`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocationConstraint<'a> {
    /// The region.
    pub region: &'a str,
    /// Whether the request that created the bucket named the region. S3 returns `us-east-1` as an empty element, and
    /// accepts that name from no client; a client that sent it here reads it again.
    pub named: bool,
}

impl LocationConstraint<'_> {
    /// The document.
    pub fn to_xml(&self) -> Bytes {
        let mut writer = Writer::root("LocationConstraint", 64);
        if self.named || self.region != "us-east-1" {
            writer.content(self.region);
        }
        writer.end("LocationConstraint")
    }
}

/// The response of `GetBucketRequestPayment`: always the bucket's owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RequestPaymentConfiguration;

impl RequestPaymentConfiguration {
    /// The document.
    pub fn to_xml(&self) -> Bytes {
        let mut writer = Writer::root("RequestPaymentConfiguration", 64);
        writer.text("Payer", "BucketOwner");
        writer.end("RequestPaymentConfiguration")
    }
}

/// The Amazon Resource Name of a bucket.
pub fn bucket_arn(bucket: &str) -> String {
    format!("arn:aws:s3:::{bucket}")
}

/// A bucket in a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListedBucket<'a> {
    /// The name.
    pub name: &'a str,
    /// The time of creation.
    pub created: Timestamp,
    /// The region. S3 returns it, and the bucket's ARN, for requests with any parameter.
    pub region: Option<&'a str>,
}

/// The response of `ListBuckets`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListBucketsResult<'a> {
    /// The owner of the buckets.
    pub owner: Owner<'a>,
    /// The buckets of the page.
    pub buckets: &'a [ListedBucket<'a>],
    /// The prefix in the request.
    pub prefix: Option<&'a str>,
    /// The token for the next page, if there is one.
    pub continuation_token: Option<&'a str>,
}

impl ListBucketsResult<'_> {
    /// The document.
    pub fn to_xml(&self) -> Bytes {
        let mut writer = Writer::root("ListAllMyBucketsResult", 256 + self.buckets.len() * 160);
        writer.owner("Owner", self.owner);
        writer.open("Buckets");
        for bucket in self.buckets {
            writer.open("Bucket");
            writer.text("Name", bucket.name);
            writer.time("CreationDate", bucket.created);
            if let Some(region) = bucket.region {
                writer.text("BucketRegion", region);
                writer.text("BucketArn", &bucket_arn(bucket.name));
            }
            writer.close("Bucket");
        }
        writer.close("Buckets");
        writer.optional("Prefix", self.prefix);
        writer.optional("ContinuationToken", self.continuation_token);
        writer.end("ListAllMyBucketsResult")
    }
}
