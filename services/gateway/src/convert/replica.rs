//! Changes of other regions.

use events::ids::{BucketName, ObjectKey};
use events::object::Attributes;
use events::replica::{Change, HEADER, NotAChange, Sent, Version};
use events::tags::Tags;
use http::{HeaderName, HeaderValue};
use policy::Action;
use s3::request::{Head, METADATA_BYTES_MAX};
use s3::tags::{OBJECT_TAGS_MAX, TAG_KEY_UNITS_MAX, TAG_VALUE_UNITS_MAX};
use s3::{Code, Error};

use super::wire_checksum;

/// The headers that are stored with an object.
const STORED: [&str; 6] =
    ["cache-control", "content-disposition", "content-encoding", "content-language", "content-type", "expires"];

/// The maximum number of bytes of their values together, as of those of a PUT.
const STORED_BYTES_MAX: usize = 8 * 1024;

/// The change that a request brings.
pub(crate) fn replica(head: &Head<'_>) -> Result<Sent, Error> {
    let mut values = head.headers().get_all(HEADER).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(Error::invalid_request(format!("A replica needs one header {HEADER}.")));
    };
    let sent = Sent::decode(value.as_bytes()).map_err(|error| refused(&error))?;
    let is_valid = match &sent.change {
        Change::Version(version) => is_valid(version),
        Change::Tags(tags) => are_tags(tags),
        Change::DeleteMarker | Change::Removal | Change::Retention(_) | Change::LegalHold(_) => true,
    };
    if is_valid {
        return Ok(sent);
    }
    let what = "its metadata is not valid, or its parts do not add up to the version";
    Err(refused(&NotAChange::Malformed(what.into())))
}

fn refused(error: &NotAChange) -> Error {
    Error::with_message(Code::InvalidArgument, error.to_string()).detail("ArgumentName", HEADER)
}

/// The right that a change needs.
pub(crate) fn right_to_replicate(sent: &Sent) -> Action {
    match sent.change {
        Change::Version(_) | Change::Retention(_) | Change::LegalHold(_) => Action::ReplicateObject,
        Change::DeleteMarker | Change::Removal => Action::ReplicateDelete,
        Change::Tags(_) => Action::ReplicateTags,
    }
}

/// The command that makes the change; `None` for a version, which needs its bytes.
pub(crate) fn change_of_replica(
    sent: &Sent,
    bucket: &BucketName,
    key: &ObjectKey,
    bypass_governance: bool,
) -> Option<domain::Replica> {
    let change = match &sent.change {
        Change::Version(_) => return None,
        Change::DeleteMarker => domain::ReplicaChange::DeleteMarker,
        Change::Removal => domain::ReplicaChange::Removal,
        Change::Tags(tags) => domain::ReplicaChange::Tags(tags.clone()),
        Change::Retention(state) => domain::ReplicaChange::Retention(*state),
        Change::LegalHold(hold) => domain::ReplicaChange::LegalHold(*hold),
    };
    Some(replica_of(sent, bucket, key, bypass_governance, change))
}

/// A change with the command around it.
pub(crate) fn replica_of(
    sent: &Sent,
    bucket: &BucketName,
    key: &ObjectKey,
    bypass_governance: bool,
    change: domain::ReplicaChange,
) -> domain::Replica {
    domain::Replica {
        origin: sent.origin.clone(),
        bucket: bucket.clone(),
        key: key.clone(),
        version_id: sent.version_id,
        null_version: sent.null_version,
        at: sent.at,
        bypass_governance,
        change,
    }
}

fn is_valid(version: &Version) -> bool {
    let is_checksum = version.checksum.as_ref().is_none_or(|checksum| wire_checksum(checksum).is_some());
    is_checksum && version.each_part().is_some() && are_attributes(&version.attributes)
}

fn are_attributes(attributes: &Attributes) -> bool {
    let Attributes { headers, metadata, storage_class, tags } = attributes;
    let bytes = |text: &String| text.chars().count();
    let fits = headers.values().map(bytes).sum::<usize>() <= STORED_BYTES_MAX
        && metadata.iter().map(|(name, text)| name.len() + bytes(text)).sum::<usize>() <= METADATA_BYTES_MAX;
    let are_headers =
        headers.iter().all(|(name, text)| STORED.contains(&name.as_str()) && s3::header::from_text(text).is_some());
    let are_names = metadata.iter().all(|(name, text)| {
        HeaderName::try_from(format!("x-amz-meta-{name}")).is_ok() && s3::header::from_text(text).is_some()
    });
    let is_class = storage_class.as_ref().is_none_or(|class| HeaderValue::from_str(class).is_ok());
    fits && are_headers && are_names && is_class && are_tags(tags)
}

fn are_tags(tags: &Tags) -> bool {
    let fits = |text: &str, max| text.encode_utf16().count() <= max;
    tags.len() <= OBJECT_TAGS_MAX
        && tags
            .iter()
            .all(|(name, value)| !name.is_empty() && fits(name, TAG_KEY_UNITS_MAX) && fits(value, TAG_VALUE_UNITS_MAX))
}
