//! Converts between the wire's types and those of events, in both directions, without I/O. A function named after a
//! fact makes a fact; one that makes a type of the wire begins with `wire_`.
//!
//! # Layout
//! - `access`: ACLs, ownership, public access; `checksum`; `cors`; `lifecycle`; `lock`; `logging`; `notification`;
//!   `replication`
//! - `name`: versions and uploads as clients name them; `replica`: changes of other regions

mod access;
mod checksum;
mod cors;
mod lifecycle;
mod lock;
mod logging;
mod name;
mod notification;
mod replica;
mod replication;

use std::collections::BTreeMap;

use domain::{DeletePrecondition, ETags, Precondition};
use events::ids::{ETag, Md5Digest};
use events::object::Attributes;
use events::tags::Tags;
use s3::condition::{DeleteConditions, WriteConditions};
use s3::request::{Metadata, StorageClass};

pub(crate) use access::{
    canned_acl, ownership, permission, public_access_block, wire_ownership, wire_permission, wire_public_access_block,
};
pub(crate) use checksum::{
    algorithm, checksum_type, full_checksum, listed_checksum, listed_plan, wire_algorithm, wire_checksum,
    wire_checksum_type,
};
pub(crate) use cors::{cors_rule, wire_cors_rule};
pub(crate) use lifecycle::{lifecycle_rule, wire_lifecycle_rule};
pub(crate) use lock::{
    default_retention, legal_hold, lock, retention, wire_default_retention, wire_legal_hold, wire_retention,
    wire_retention_mode,
};
pub(crate) use logging::{logging, wire_logging};
pub(crate) use name::{upload_id, version_name, version_text};
pub(crate) use notification::{notification_rule, wire_notification_rule};
pub(crate) use replica::{change_of_replica, replica, replica_of, right_to_replicate};
pub(crate) use replication::{replication, wire_replication};

/// The storage class of objects that were stored without one.
pub(crate) const STANDARD: &str = "STANDARD";

pub(crate) fn attributes(metadata: Metadata, class: StorageClass, tags: Tags) -> Attributes {
    let named = [
        ("content-type", metadata.content_type),
        ("cache-control", metadata.cache_control),
        ("content-disposition", metadata.content_disposition),
        ("content-encoding", metadata.content_encoding),
        ("content-language", metadata.content_language),
        ("expires", metadata.expires),
    ];
    let headers = named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    Attributes {
        headers,
        metadata: metadata.user.into_iter().collect::<BTreeMap<_, _>>(),
        storage_class: class_name(class),
        tags,
    }
}

pub(crate) fn class_name(class: StorageClass) -> Option<String> {
    Some(class.name()).filter(|name| *name != STANDARD).map(str::to_owned)
}

pub(crate) fn etag_of_body(md5: Md5Digest) -> ETag {
    ETag { md5, parts: None }
}

pub(crate) fn precondition(conditions: WriteConditions) -> Precondition {
    Precondition { matches: conditions.if_match.map(tags), none_matches: conditions.if_none_match.map(tags) }
}

pub(crate) fn delete_precondition(conditions: DeleteConditions) -> DeletePrecondition {
    DeletePrecondition {
        matches: conditions.if_match.map(tags),
        modified: conditions.if_match_last_modified,
        size: conditions.if_match_size,
    }
}

fn tags(tags: s3::condition::Tags) -> ETags {
    match tags {
        s3::condition::Tags::Any => ETags::Any,
        s3::condition::Tags::OneOf(these) => ETags::These(these),
    }
}
