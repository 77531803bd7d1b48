//! Access control lists.

use bytes::Bytes;

use crate::acl::{GRANTS_MAX, GROUP_AUTHENTICATED, GROUP_EVERYONE, GROUP_LOG_DELIVERY, Grant, Grantee, Permission};
use crate::error::{Code, Error};
use crate::xml::reader::{Visitor, walk};
use crate::xml::{Owner, Writer};

const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// The body of `PutBucketAcl` and `PutObjectAcl`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessControlPolicy {
    /// The canonical id of the owner in the list, who must be the actual owner.
    pub owner_id: String,
    /// At most [`GRANTS_MAX`].
    pub grants: Vec<Grant>,
}

/// The kind of grantee that `xsi:type` names.
#[derive(Clone, Copy)]
enum Kind {
    User,
    Email,
    Group,
}

#[derive(Default)]
struct Reading {
    owner_id: Option<String>,
    listed: bool,
    grants: Vec<Grant>,
    kind: Option<Kind>,
    id: Option<String>,
    email: Option<String>,
    uri: Option<String>,
    permission: Option<Permission>,
}

const GRANT: &str = "AccessControlList/Grant";
const GRANTEE: &str = "AccessControlList/Grant/Grantee";

fn malformed() -> Error {
    Error::new(Code::MalformedACLError)
}

impl Visitor for Reading {
    fn open(&mut self, path: &str) -> Result<(), Error> {
        match path {
            "AccessControlList" => self.listed = true,
            GRANT => {
                (self.kind, self.permission) = (None, None);
                (self.id, self.email, self.uri) = (None, None, None);
            }
            _ => {}
        }
        Ok(())
    }

    fn attribute(&mut self, path: &str, name: &str, value: &str) -> Result<(), Error> {
        if path == GRANTEE && name == "type" {
            self.kind = Some(match value {
                "CanonicalUser" => Kind::User,
                "AmazonCustomerByEmail" => Kind::Email,
                "Group" => Kind::Group,
                _ => return Err(malformed()),
            });
        }
        Ok(())
    }

    fn close(&mut self, path: &str, text: &str) -> Result<(), Error> {
        let text = text.trim();
        match path {
            "Owner/ID" => self.owner_id = Some(text.to_owned()),
            GRANT => return self.end_grant(),
            "AccessControlList/Grant/Permission" => {
                self.permission = Some(Permission::from_name(text).ok_or_else(malformed)?);
            }
            _ => match path.strip_prefix(GRANTEE) {
                Some("/ID") => self.id = Some(text.to_owned()),
                Some("/EmailAddress") => self.email = Some(text.to_owned()),
                Some("/URI") => self.uri = Some(text.to_owned()),
                _ => {}
            },
        }
        Ok(())
    }
}

impl Reading {
    fn end_grant(&mut self) -> Result<(), Error> {
        if self.grants.len() == GRANTS_MAX {
            return Err(malformed());
        }
        let permission = self.permission.ok_or_else(malformed)?;
        let grantee = match (self.kind, &self.id, &self.email, &self.uri) {
            (Some(Kind::User), Some(id), _, _) => Grantee::of_id(id)?,
            (Some(Kind::Email), _, Some(email), _) => Grantee::of_email(email)?,
            (Some(Kind::Group), _, _, Some(uri)) => Grantee::of_group(uri)?,
            _ => return Err(malformed()),
        };
        self.grants.push(Grant { grantee, permission });
        Ok(())
    }
}

impl AccessControlPolicy {
    /// Parses the body.
    ///
    /// # Errors
    /// `MalformedXML` for another document, `MalformedACLError` for one without an owner or a list, with an incomplete
    /// grant, or with more than [`GRANTS_MAX`]; and the errors of [`Grantee`]'s constructors.
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        let mut reading = Reading::default();
        walk(body, "AccessControlPolicy", &mut reading)?;
        match reading.owner_id.filter(|id| !id.is_empty()) {
            Some(owner_id) if reading.listed => Ok(Self { owner_id, grants: reading.grants }),
            _ => Err(malformed()),
        }
    }
}

/// A grantee in a response: users have their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListedGrantee<'a> {
    /// A user.
    User(Owner<'a>),
    /// Everybody, including anonymous callers.
    Everyone,
    /// All authenticated users.
    Authenticated,
    /// The service that delivers access logs.
    LogDelivery,
}

/// The response of `GetBucketAcl` and `GetObjectAcl`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccessControlList<'a> {
    /// The owner of the bucket or object.
    pub owner: Owner<'a>,
    /// The list.
    pub grants: &'a [(ListedGrantee<'a>, Permission)],
}

impl AccessControlList<'_> {
    /// The document.
    pub fn to_xml(&self) -> Bytes {
        let mut writer = Writer::root("AccessControlPolicy", 256 + self.grants.len() * 256);
        writer.owner("Owner", self.owner);
        writer.open("AccessControlList");
        for (grantee, permission) in self.grants {
            writer.open("Grant");
            let kind = match grantee {
                ListedGrantee::User(_) => "CanonicalUser",
                ListedGrantee::Everyone | ListedGrantee::Authenticated | ListedGrantee::LogDelivery => "Group",
            };
            writer.open_with("Grantee", &[("xmlns:xsi", XSI), ("xsi:type", kind)]);
            match grantee {
                ListedGrantee::User(user) => writer.owner_fields(*user),
                ListedGrantee::Everyone => writer.text("URI", GROUP_EVERYONE),
                ListedGrantee::Authenticated => writer.text("URI", GROUP_AUTHENTICATED),
                ListedGrantee::LogDelivery => writer.text("URI", GROUP_LOG_DELIVERY),
            }
            writer.close("Grantee");
            writer.text("Permission", permission.name());
            writer.close("Grant");
        }
        writer.close("AccessControlList");
        writer.end("AccessControlPolicy")
    }
}
