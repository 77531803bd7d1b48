//! Lifecycle rules of buckets.
//!
//! Source: "Managing the lifecycle of objects", Amazon S3 User Guide.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tags::Tags;

/// A lifecycle rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Rule {
    /// The id of the rule, unique in its bucket.
    pub id: String,
    /// Whether the rule is enabled.
    pub enabled: bool,
    /// The objects to which the rule applies.
    pub filter: Filter,
    /// The expiration of current versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiration: Option<Expiration>,
    /// The expiration of noncurrent versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noncurrent_expiration: Option<NoncurrentExpiration>,
    /// The number of days after which an incomplete multipart upload is aborted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abort_uploads_after_days: Option<u32>,
}

/// The filter of a rule. An object must match all of its conditions.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Filter {
    /// The document has the prefix at the rule itself, which is the older form.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_old_form: bool,
    /// The prefix of the keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// Tags that a version must have; it may have others too.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
    /// The object must have more bytes than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_greater_than: Option<u64>,
    /// The object must have fewer bytes than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_less_than: Option<u64>,
}

/// The expiration of current versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Expiration {
    /// Expire the version this number of days after it was created.
    Days(u32),
    /// Expire all versions from this date on.
    Date(#[schemars(with = "String")] Timestamp),
    /// Remove a delete marker when no other version of its key is left.
    ExpiredObjectDeleteMarker,
}

/// The default minimum object size for transitions between storage classes. S3 has it as a setting of the
/// configuration; it is stored and returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum TransitionMinimum {
    /// Objects below 128 KiB do not transition to any storage class.
    #[default]
    #[serde(rename = "all_storage_classes_128K")]
    AllStorageClasses,
    /// The minimum depends on the storage class.
    #[serde(rename = "varies_by_storage_class")]
    VariesByStorageClass,
}

impl TransitionMinimum {
    /// Whether this is S3's default.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// The expiration of noncurrent versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NoncurrentExpiration {
    /// Expire a version this number of days after it became noncurrent.
    pub days: u32,
    /// Keep this number of the newest noncurrent versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newer_versions: Option<u32>,
}
