//! Refuses headers that would be unsafe to ignore.

use crate::checksum::{Algorithm, HEADER_ROOT};
use crate::error::Error;
use crate::lock::LOCK_HEADERS;
use crate::operation::Operation;
use crate::request::Head;
use crate::request::upload::WRITE_OFFSET;
use crate::tags;

/// Headers for protections or features that this server does not have. A name ending in `-` is the prefix of a family.
const UNBUILT: [&str; 3] = ["x-amz-website-redirect-location", WRITE_OFFSET, "x-amz-rename-source"];

/// Headers about encryption: allowed where objects are written or read, unsafe to ignore elsewhere.
const ENCRYPTION: [&str; 2] = ["x-amz-server-side-encryption", "x-amz-copy-source-server-side-encryption-"];

/// Names of the `x-amz-checksum-` family that are not algorithms.
const CHECKSUM_SETTINGS: [&str; 3] = ["algorithm", "mode", "type"];

/// Whether the header is a checksum of an algorithm that S3 does not have.
fn is_unknown_checksum(name: &str) -> bool {
    name.strip_prefix(HEADER_ROOT)
        .is_some_and(|rest| !CHECKSUM_SETTINGS.contains(&rest) && Algorithm::from_name(rest).is_none())
}

fn is_unbuilt(operation: Operation, name: &str) -> bool {
    if matches!(
        (operation, name),
        (Operation::RenameObject, "x-amz-rename-source") | (Operation::PutObject, WRITE_OFFSET)
    ) {
        return false;
    }
    let is_encryption = ENCRYPTION.iter().any(|family| name.starts_with(family));
    (is_encryption && !operation.takes_encryption())
        || is_unbuilt_lock(operation, name)
        || is_unknown_checksum(name)
        || UNBUILT.iter().any(|known| if known.ends_with('-') { name.starts_with(known) } else { name == *known })
}

/// Whether the header is a lock in a request that does not make an object.
fn is_unbuilt_lock(operation: Operation, name: &str) -> bool {
    name.starts_with("x-amz-object-lock-") && !(operation.takes_lock() && LOCK_HEADERS.contains(&name))
}

impl Head<'_> {
    /// Refuses headers (and headers hoisted into the query) that would weaken the request if they were ignored, and
    /// malformed ACLs.
    pub(crate) fn refuse_unbuilt(&self, operation: Operation) -> Result<(), Error> {
        for name in self.headers.keys() {
            let name = name.as_str();
            if name.starts_with("x-amz-") && is_unbuilt(operation, name) {
                return Err(refuse(name));
            }
        }
        for parameter in self.query.iter() {
            let name = String::from_utf8_lossy(&parameter.name);
            if name.len() > 6 && name.as_bytes()[..6].eq_ignore_ascii_case(b"x-amz-") {
                let name = name.to_ascii_lowercase();
                if is_unbuilt(operation, &name) {
                    return Err(refuse(&name));
                }
            }
        }
        if operation.is_write() {
            self.refuse_unbuilt_values(operation)?;
        }
        if operation.takes_tags() {
            self.tags()?;
        }
        if operation.takes_acl() {
            self.acl()?;
        }
        if operation.takes_lock() {
            self.object_lock()?;
        }
        if operation == Operation::CreateBucket {
            self.object_ownership()?;
            self.bucket_object_lock()?;
        } else if operation.is_write() && self.bucket_object_lock()? {
            return Err(refuse("x-amz-bucket-object-lock-enabled"));
        }
        Ok(())
    }

    fn refuse_unbuilt_values(&self, operation: Operation) -> Result<(), Error> {
        if !operation.takes_tags() && self.text(tags::HEADER)?.is_some_and(|tags| !tags.is_empty()) {
            return Err(refuse(tags::HEADER));
        }
        Ok(())
    }
}

fn refuse(name: &str) -> Error {
    if is_unknown_checksum(name) {
        return Error::invalid_request("The algorithm type you specified in x-amz-checksum- header is invalid.");
    }
    Error::not_implemented(format_args!("the header {name}")).detail("Header", name)
}
