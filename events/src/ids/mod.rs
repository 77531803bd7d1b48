//! The validated names and ids inside events.

use std::fmt;

mod bucket_name;
mod consumer;
mod content;
mod digest;
mod etag;
mod event_id;
mod folder_id;
mod identity;
mod layout;
mod node_id;
mod notary_signature;
mod object_key;
mod principal;
mod process_id;
mod region;
mod trace_parent;
mod upload;
mod version_id;
mod worker_name;

pub use bucket_name::BucketName;
pub use consumer::{ConsumerName, DurableName, LoginKey};
pub use content::{ContentId, Generation, Placement};
pub use digest::{KeyCheck, MasterKeyId, Md5Digest, NotaryKey, Sha256Digest};
pub use etag::ETag;
pub use event_id::EventId;
pub use folder_id::FolderId;
pub use identity::{
    AccessKeyId, GroupName, KmsKeyName, PolicyName, Salt, Sealed, SessionId, TargetName, UserId, UserName,
};
pub use layout::{DATA_SHARDS, Layout, PARITY_SHARDS, SHARDS, SMALL_BYTES_MAX, STRIPE_BYTES, UNIT_BYTES};
pub use node_id::NodeId;
pub use notary_signature::NotarySignature;
pub use object_key::{OBJECT_KEY_BYTES_MAX, ObjectKey};
pub use principal::{AuthType, Principal};
pub use process_id::ProcessId;
pub use region::RegionName;
pub use trace_parent::TraceParent;
pub use upload::{PART_NUMBER_MAX, PartNumber, UploadId};
pub use version_id::VersionId;
pub use worker_name::WorkerName;

/// The error that a text is not a valid name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a {what}: {why}")]
pub struct InvalidName {
    /// The kind of name that was expected.
    pub what: &'static str,
    /// The text, cut to a length fit for a log line.
    pub text: String,
    /// The rule that it breaks.
    pub why: &'static str,
}

impl InvalidName {
    const TEXT_CHARS_MAX: usize = 80;

    pub(crate) fn new(what: &'static str, text: &str, why: &'static str) -> Self {
        Self { what, text: text.chars().take(Self::TEXT_CHARS_MAX).collect(), why }
    }
}

/// Whether `text` is exactly the text form of `value`. Every name has only one text form, so an event that is decoded
/// and encoded again is the same text, and consumers may compare names as text.
fn is_canonical(value: &impl fmt::Display, text: &str) -> bool {
    struct Rest<'a>(&'a str);
    impl fmt::Write for Rest<'_> {
        fn write_str(&mut self, piece: &str) -> fmt::Result {
            self.0 = self.0.strip_prefix(piece).ok_or(fmt::Error)?;
            Ok(())
        }
    }
    let mut rest = Rest(text);
    fmt::write(&mut rest, format_args!("{value}")).is_ok() && rest.0.is_empty()
}

/// Serde and `JsonSchema` for a type with `FromStr` and `Display`: a JSON string. With `bytes N`, formats that
/// no human reads hold `self.to_bytes()` instead, an array of N bytes.
macro_rules! text_form {
    ($type:ty, $name:expr, $pattern:literal, $description:literal $(, bytes $bytes:literal)?) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $(if !serializer.is_human_readable() {
                    let bytes: [u8; $bytes] = self.to_bytes();
                    return serde::Serialize::serialize(&bytes, serializer);
                })?
                serializer.collect_str(self)
            }
        }
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;
                impl serde::de::Visitor<'_> for Visitor {
                    type Value = $type;
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str($description)
                    }
                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$type, E> {
                        text.parse().map_err(E::custom)
                    }
                }
                $(if !deserializer.is_human_readable() {
                    let bytes = <[u8; $bytes] as serde::Deserialize>::deserialize(deserializer)?;
                    return <$type>::from_bytes(bytes).map_err(serde::de::Error::custom);
                })?
                deserializer.deserialize_str(Visitor)
            }
        }
        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $name.into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "pattern": $pattern, "description": $description })
            }
        }
    };
}
pub(crate) use text_form;
