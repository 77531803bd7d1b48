//! Access control lists in requests, and the settings of a bucket that restrict them.
//!
//! Source: "Access control list (ACL) overview" and "Controlling ownership of objects", Amazon S3 User Guide.

use crate::error::{Code, Error};
use crate::request::Head;

/// The maximum number of grants of one list.
pub const GRANTS_MAX: usize = 100;
/// Longest canonical id or e-mail address of a grantee, in bytes.
pub const GRANTEE_BYTES_MAX: usize = 320;

/// The group of everybody, including anonymous callers.
pub const GROUP_EVERYONE: &str = "http://acs.amazonaws.com/groups/global/AllUsers";
/// The group of all authenticated users.
pub const GROUP_AUTHENTICATED: &str = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";
/// The group that delivers access logs.
pub const GROUP_LOG_DELIVERY: &str = "http://acs.amazonaws.com/groups/s3/LogDelivery";

/// A canned ACL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum CannedAcl {
    /// The owner has full control, and nobody else has access.
    #[default]
    Private,
    /// The owner has full control, and everybody may read.
    PublicRead,
    /// The owner has full control, and everybody may read and write.
    PublicReadWrite,
    /// The owner has full control, and all authenticated users may read.
    AuthenticatedRead,
    /// The object's owner has full control, and the bucket's owner may read.
    BucketOwnerRead,
    /// The object's owner and the bucket's owner have full control.
    BucketOwnerFullControl,
    /// The bucket's owner has full control, and the log delivery service may write, and read the list.
    LogDeliveryWrite,
}

impl CannedAcl {
    /// All values.
    pub const ALL: [Self; 7] = [
        Self::Private,
        Self::PublicRead,
        Self::PublicReadWrite,
        Self::AuthenticatedRead,
        Self::BucketOwnerRead,
        Self::BucketOwnerFullControl,
        Self::LogDeliveryWrite,
    ];

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::PublicRead => "public-read",
            Self::PublicReadWrite => "public-read-write",
            Self::AuthenticatedRead => "authenticated-read",
            Self::BucketOwnerRead => "bucket-owner-read",
            Self::BucketOwnerFullControl => "bucket-owner-full-control",
            Self::LogDeliveryWrite => "log-delivery-write",
        }
    }

    /// Parses the value of `x-amz-acl`.
    ///
    /// # Errors
    /// `NotImplemented` for the list that names an AWS service, `InvalidArgument` for any other name.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if let Some(canned) = Self::ALL.into_iter().find(|canned| canned.name() == text) {
            return Ok(canned);
        }
        match text {
            "aws-exec-read" => {
                Err(Error::not_implemented(format_args!("the canned ACL '{text}'")).detail("Header", "x-amz-acl"))
            }
            _ => Err(Error::invalid_argument("The canned ACL is not known", "x-amz-acl", text)),
        }
    }
}

/// The permission of a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permission {
    /// To list the bucket, or to read the object.
    Read,
    /// To write objects into the bucket.
    Write,
    /// To read the list itself.
    ReadAcp,
    /// To write the list itself.
    WriteAcp,
    /// All of the other permissions.
    FullControl,
}

impl Permission {
    /// All values.
    pub const ALL: [Self; 5] = [Self::Read, Self::Write, Self::ReadAcp, Self::WriteAcp, Self::FullControl];

    /// The name in documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "READ",
            Self::Write => "WRITE",
            Self::ReadAcp => "READ_ACP",
            Self::WriteAcp => "WRITE_ACP",
            Self::FullControl => "FULL_CONTROL",
        }
    }

    /// The header that grants it.
    pub const fn header_name(self) -> &'static str {
        match self {
            Self::Read => "x-amz-grant-read",
            Self::Write => "x-amz-grant-write",
            Self::ReadAcp => "x-amz-grant-read-acp",
            Self::WriteAcp => "x-amz-grant-write-acp",
            Self::FullControl => "x-amz-grant-full-control",
        }
    }

    /// The permission with a name in documents.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|permission| permission.name() == name)
    }
}

/// The grantee in a request. The user may not exist.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Grantee {
    /// The user with this canonical id.
    Id(String),
    /// The user with this e-mail address.
    Email(String),
    /// Everybody, including anonymous callers.
    Everyone,
    /// All authenticated users.
    Authenticated,
    /// The service that delivers access logs.
    LogDelivery,
}

impl Grantee {
    /// The user with a canonical id.
    ///
    /// # Errors
    /// `InvalidArgument` when empty or above [`GRANTEE_BYTES_MAX`].
    pub fn of_id(text: &str) -> Result<Self, Error> {
        if text.is_empty() || text.len() > GRANTEE_BYTES_MAX {
            return Err(Error::invalid_argument("Invalid id", "CanonicalUser/ID", text));
        }
        Ok(Self::Id(text.to_owned()))
    }

    /// The user with an e-mail address. If no user has it, the caller answers `UnresolvableGrantByEmailAddress`.
    ///
    /// # Errors
    /// `UnresolvableGrantByEmailAddress` when empty or above [`GRANTEE_BYTES_MAX`]: no user has such an address.
    pub fn of_email(text: &str) -> Result<Self, Error> {
        if text.is_empty() || text.len() > GRANTEE_BYTES_MAX {
            return Err(Error::unresolvable_email(text));
        }
        Ok(Self::Email(text.to_owned()))
    }

    /// The group with a URI.
    ///
    /// # Errors
    /// `InvalidArgument` for an unknown URI.
    pub fn of_group(uri: &str) -> Result<Self, Error> {
        match uri {
            GROUP_EVERYONE => Ok(Self::Everyone),
            GROUP_AUTHENTICATED => Ok(Self::Authenticated),
            GROUP_LOG_DELIVERY => Ok(Self::LogDelivery),
            _ => Err(Error::invalid_argument("Invalid group uri", "Group/URI", uri)),
        }
    }
}

/// One grant of an ACL.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Grant {
    /// The grantee.
    pub grantee: Grantee,
    /// The permission.
    pub permission: Permission,
}

/// The ACL that the headers of a request ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestedAcl {
    /// A canned ACL, by its name.
    Canned(CannedAcl),
    /// A list of 1 to [`GRANTS_MAX`] grants.
    Grants(Vec<Grant>),
}

impl RequestedAcl {
    /// Whether it grants anything to anyone besides the object's writer and the bucket's owner.
    pub fn opens_to_others(&self, bucket_owner: &str) -> bool {
        match self {
            Self::Canned(CannedAcl::Private | CannedAcl::BucketOwnerRead | CannedAcl::BucketOwnerFullControl) => false,
            Self::Canned(_) => true,
            Self::Grants(grants) => {
                grants.iter().any(|grant| !matches!(&grant.grantee, Grantee::Id(id) if id == bucket_owner))
            }
        }
    }
}

/// The object ownership of a bucket, and whether its ACLs are enabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ObjectOwnership {
    /// The bucket's owner owns all objects, and ACLs are disabled.
    #[default]
    BucketOwnerEnforced,
    /// The bucket's owner owns objects that are written with the ACL `bucket-owner-full-control`.
    BucketOwnerPreferred,
    /// The writer of an object owns it.
    ObjectWriter,
}

impl ObjectOwnership {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BucketOwnerEnforced => "BucketOwnerEnforced",
            Self::BucketOwnerPreferred => "BucketOwnerPreferred",
            Self::ObjectWriter => "ObjectWriter",
        }
    }

    /// The setting with a name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::BucketOwnerEnforced, Self::BucketOwnerPreferred, Self::ObjectWriter]
            .into_iter()
            .find(|ownership| ownership.name() == name)
    }
}

impl Head<'_> {
    /// The ACL that `x-amz-acl` or the `x-amz-grant-*` headers ask for. They apply to `CreateBucket`, `PutBucketAcl`,
    /// `PutObjectAcl`, `PutObject`, `CopyObject` and `CreateMultipartUpload`; other operations ignore them, as on AWS.
    ///
    /// # Errors
    /// `InvalidRequest` for both at once, `InvalidArgument` for malformed values or more than [`GRANTS_MAX`] grants,
    /// `NotImplemented` for names of AWS services.
    pub fn acl(&self) -> Result<Option<RequestedAcl>, Error> {
        let canned = self.text("x-amz-acl")?.filter(|text| !text.is_empty()).map(CannedAcl::parse).transpose()?;
        let mut grants = Vec::new();
        for permission in Permission::ALL {
            if let Some(text) = self.text(permission.header_name())? {
                push_grants(&mut grants, permission, text)?;
            }
        }
        match (canned, grants.is_empty()) {
            (Some(_), false) => {
                Err(Error::invalid_request("Specifying both Canned ACLs and Header Grants is not allowed"))
            }
            (Some(canned), true) => Ok(Some(RequestedAcl::Canned(canned))),
            (None, false) => Ok(Some(RequestedAcl::Grants(grants))),
            (None, true) => Ok(None),
        }
    }

    /// `x-amz-object-ownership` of `CreateBucket`.
    ///
    /// # Errors
    /// `InvalidArgument` for an unknown setting.
    pub fn object_ownership(&self) -> Result<Option<ObjectOwnership>, Error> {
        let name = "x-amz-object-ownership";
        self.text(name)?
            .map(|text| {
                ObjectOwnership::from_name(text)
                    .ok_or_else(|| Error::invalid_argument("Invalid x-amz-object-ownership header", name, text))
            })
            .transpose()
    }
}

/// Parses `id="..", uri="..", emailAddress=".."`; the quotes are optional, as on AWS.
fn push_grants(grants: &mut Vec<Grant>, permission: Permission, text: &str) -> Result<(), Error> {
    let header = permission.header_name();
    let malformed = |message: &'static str| Error::invalid_argument(message, header, text);
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (kind, tail) = rest.split_once('=').ok_or_else(|| malformed("Argument format not recognized"))?;
        let tail = tail.trim_start();
        let (value, tail) = match tail.strip_prefix('"') {
            Some(quoted) => {
                let (value, tail) = quoted.split_once('"').ok_or_else(|| malformed("A quote is not closed"))?;
                (value, tail.trim_start())
            }
            None => tail.split_at(tail.find(',').unwrap_or(tail.len())),
        };
        let value = value.trim();
        let grantee = match kind.trim().to_ascii_lowercase().as_str() {
            "id" => Grantee::of_id(value)?,
            "uri" => Grantee::of_group(value)?,
            "emailaddress" => Grantee::of_email(value)?,
            _ => return Err(malformed("Argument format not recognized")),
        };
        if grants.len() == GRANTS_MAX {
            return Err(malformed("A list has at most 100 grants"));
        }
        grants.push(Grant { grantee, permission });
        rest = match tail.strip_prefix(',') {
            Some(tail) => tail.trim_start(),
            None if tail.is_empty() => tail,
            None => return Err(malformed("Grantees are separated by commas")),
        };
    }
    Ok(())
}

/// Errors about ACLs.
impl Error {
    /// `UnresolvableGrantByEmailAddress` with the unknown address.
    pub fn unresolvable_email(address: &str) -> Self {
        Self::new(Code::UnresolvableGrantByEmailAddress).detail("EmailAddress", address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn grants(text: &str) -> Result<Vec<Grantee>, Code> {
        let mut grants = Vec::new();
        push_grants(&mut grants, Permission::Read, text).map_err(|error| error.code())?;
        Ok(grants.into_iter().map(|grant| grant.grantee).collect())
    }

    #[test]
    fn grantees_come_in_a_list() {
        let all = format!(
            "id=\"a,b\", uri={GROUP_EVERYONE} ,emailAddress = \"a@b.c\",uri=\"{GROUP_AUTHENTICATED}\", uri={GROUP_LOG_DELIVERY}, "
        );
        let expected = vec![
            Grantee::Id("a,b".into()),
            Grantee::Everyone,
            Grantee::Email("a@b.c".into()),
            Grantee::Authenticated,
            Grantee::LogDelivery,
        ];
        assert_eq!(grants(&all), Ok(expected));
        assert_eq!(grants(" "), Ok(Vec::new()));
    }

    #[test]
    fn what_is_no_grantee_is_refused() {
        let long = format!("id={}", "a".repeat(GRANTEE_BYTES_MAX + 1));
        for text in
            ["id", "id=", "id=\"a", "id=\"a\"b", "id=\"a\" id=\"b\"", "uri=x", "name=a", ",", "id=a,,id=b", &long]
        {
            assert_eq!(grants(text), Err(Code::InvalidArgument), "{text}");
        }
        assert_eq!(grants("emailAddress=\"\""), Err(Code::UnresolvableGrantByEmailAddress));
    }

    #[test]
    fn a_list_is_bounded() {
        assert_eq!(grants(&"id=a,".repeat(GRANTS_MAX)).map(|grants| grants.len()), Ok(GRANTS_MAX));
        assert_eq!(grants(&"id=a,".repeat(GRANTS_MAX + 1)), Err(Code::InvalidArgument));
    }

    proptest! {
        #[test]
        fn any_ids_survive_in_quotes(ids in proptest::collection::vec("[!#-~][ !#-~]{0,8}[!#-~]", 1..5)) {
            let text: Vec<_> = ids.iter().map(|id| format!("id=\"{id}\"")).collect();
            let expected: Vec<_> = ids.into_iter().map(Grantee::Id).collect();
            prop_assert_eq!(grants(&text.join(", ")), Ok(expected));
        }

        #[test]
        fn no_text_panics(text in "(id|uri|=|\"|,| |a|é){0,12}") {
            let _ = grants(&text);
        }
    }
}
