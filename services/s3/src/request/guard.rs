//! Refusing what would be unsafe to ignore.

use crate::checksum::Algorithm;
use crate::error::Error;
use crate::operation::Operation;
use crate::request::Head;

/// Headers that ask for protection or meaning this server does not give. A name ending in `-` is the
/// start of a family.
const UNBUILT: [&str; 8] = [
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-",
    "x-amz-copy-source-server-side-encryption-",
    "x-amz-object-lock-",
    "x-amz-grant-",
    "x-amz-website-redirect-location",
    "x-amz-write-offset-bytes",
    "x-amz-rename-source",
];

/// Names of the `x-amz-checksum-` family that are no algorithm.
const CHECKSUM_SETTINGS: [&str; 3] = ["algorithm", "mode", "type"];

const ACLS_UNBUILT: [&str; 6] = [
    "public-read",
    "public-read-write",
    "aws-exec-read",
    "authenticated-read",
    "bucket-owner-read",
    "log-delivery-write",
];

fn is_unbuilt(name: &str) -> bool {
    UNBUILT.iter().any(|known| if known.ends_with('-') { name.starts_with(known) } else { name == *known })
        || name
            .strip_prefix("x-amz-checksum-")
            .is_some_and(|rest| !CHECKSUM_SETTINGS.contains(&rest) && Algorithm::from_name(rest).is_none())
}

impl Head<'_> {
    /// Refuses headers (and headers hoisted into the query) that would weaken what the client asked
    /// for if they were ignored.
    pub(crate) fn refuse_unbuilt(&self, operation: Operation) -> Result<(), Error> {
        for name in self.headers.keys() {
            let name = name.as_str();
            if name.starts_with("x-amz-") && is_unbuilt(name) {
                return Err(refuse(name));
            }
        }
        for parameter in self.query.iter() {
            let name = String::from_utf8_lossy(&parameter.name);
            if name.len() > 6 && name.as_bytes()[..6].eq_ignore_ascii_case(b"x-amz-") {
                let name = name.to_ascii_lowercase();
                if is_unbuilt(&name) {
                    return Err(refuse(&name));
                }
            }
        }
        if operation.is_write() {
            self.refuse_unbuilt_values()?;
        }
        Ok(())
    }

    fn refuse_unbuilt_values(&self) -> Result<(), Error> {
        match self.text("x-amz-acl")? {
            None | Some("" | "private" | "bucket-owner-full-control") => {}
            Some(acl) if ACLS_UNBUILT.contains(&acl) => {
                return Err(
                    Error::not_implemented(format_args!("the canned ACL '{acl}'")).detail("Header", "x-amz-acl")
                );
            }
            Some(acl) => return Err(Error::invalid_argument("The canned ACL is not known", "x-amz-acl", acl)),
        }
        if self.text("x-amz-tagging")?.is_some_and(|tags| !tags.is_empty()) {
            return Err(refuse("x-amz-tagging"));
        }
        if self.text("x-amz-bucket-object-lock-enabled")?.is_some_and(|value| !value.eq_ignore_ascii_case("false")) {
            return Err(refuse("x-amz-bucket-object-lock-enabled"));
        }
        match self.text("x-amz-object-ownership")? {
            None | Some("BucketOwnerEnforced") => Ok(()),
            Some(_) => Err(refuse("x-amz-object-ownership")),
        }
    }
}

fn refuse(name: &str) -> Error {
    Error::not_implemented(format_args!("the header {name}")).detail("Header", name)
}
