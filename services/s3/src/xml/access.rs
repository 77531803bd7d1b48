//! Public access blocks, object ownership, and the policy status.

use bytes::Bytes;

use crate::acl::ObjectOwnership;
use crate::error::Error;
use crate::xml::Writer;
use crate::xml::reader::{Visitor, walk};

/// A public access block: the body of `PutPublicAccessBlock` and the response of `GetPublicAccessBlock`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "S3 has four switches, each on or off by itself")]
pub struct PublicAccessBlockConfiguration {
    /// Requests that set an ACL with public grants are refused.
    pub block_public_acls: bool,
    /// Public grants of ACLs are ignored.
    pub ignore_public_acls: bool,
    /// Public bucket policies are refused.
    pub block_public_policy: bool,
    /// A public bucket policy grants access only to the bucket's owner.
    pub restrict_public_buckets: bool,
}

impl Visitor for PublicAccessBlockConfiguration {
    fn close(&mut self, path: &str, text: &str) -> Result<(), Error> {
        let switch = match path {
            "BlockPublicAcls" => &mut self.block_public_acls,
            "IgnorePublicAcls" => &mut self.ignore_public_acls,
            "BlockPublicPolicy" => &mut self.block_public_policy,
            "RestrictPublicBuckets" => &mut self.restrict_public_buckets,
            _ => return Ok(()),
        };
        *switch = match text.trim() {
            text if text.eq_ignore_ascii_case("true") => true,
            text if text.eq_ignore_ascii_case("false") => false,
            _ => return Err(Error::malformed_xml()),
        };
        Ok(())
    }
}

impl PublicAccessBlockConfiguration {
    /// Parses the body; an absent setting is off.
    ///
    /// # Errors
    /// `MalformedXML`.
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        let mut configuration = Self::default();
        walk(body, "PublicAccessBlockConfiguration", &mut configuration)?;
        Ok(configuration)
    }

    /// The response of `GetPublicAccessBlock`.
    pub fn to_xml(&self) -> Bytes {
        let mut writer = Writer::root("PublicAccessBlockConfiguration", 256);
        writer.flag("BlockPublicAcls", self.block_public_acls);
        writer.flag("IgnorePublicAcls", self.ignore_public_acls);
        writer.flag("BlockPublicPolicy", self.block_public_policy);
        writer.flag("RestrictPublicBuckets", self.restrict_public_buckets);
        writer.end("PublicAccessBlockConfiguration")
    }
}

/// Object ownership: the body of `PutBucketOwnershipControls` and the response of `GetBucketOwnershipControls`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnershipControls {
    /// The only rule.
    pub ownership: ObjectOwnership,
}

#[derive(Default)]
struct Rules {
    count: usize,
    ownership: Option<ObjectOwnership>,
}

impl Visitor for Rules {
    fn open(&mut self, path: &str) -> Result<(), Error> {
        self.count += usize::from(path == "Rule/ObjectOwnership");
        Ok(())
    }

    fn close(&mut self, path: &str, text: &str) -> Result<(), Error> {
        if path == "Rule/ObjectOwnership" {
            self.ownership = ObjectOwnership::from_name(text.trim());
        }
        Ok(())
    }
}

impl OwnershipControls {
    /// Parses the body.
    ///
    /// # Errors
    /// `MalformedXML`, also for anything except exactly one rule.
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        let mut rules = Rules::default();
        walk(body, "OwnershipControls", &mut rules)?;
        match rules {
            Rules { count: 1, ownership: Some(ownership) } => Ok(Self { ownership }),
            _ => Err(Error::malformed_xml()),
        }
    }

    /// The response of `GetBucketOwnershipControls`.
    pub fn to_xml(&self) -> Bytes {
        let mut writer = Writer::root("OwnershipControls", 128);
        writer.open("Rule");
        writer.text("ObjectOwnership", self.ownership.name());
        writer.close("Rule");
        writer.end("OwnershipControls")
    }
}

/// The response of `GetBucketPolicyStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyStatus {
    /// Whether the bucket's policy is public.
    pub is_public: bool,
}

impl PolicyStatus {
    /// The document.
    pub fn to_xml(&self) -> Bytes {
        let mut writer = Writer::root("PolicyStatus", 64);
        writer.flag("IsPublic", self.is_public);
        writer.end("PolicyStatus")
    }
}
