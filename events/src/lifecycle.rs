//! Rules by which a bucket ends what is in it.
//!
//! Source: "Managing the lifecycle of objects", Amazon S3 User Guide.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::tags::Tags;

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Rule {
    /// Its name, of which a bucket has no other.
    pub id: String,
    /// It is followed.
    pub enabled: bool,
    /// What it is about.
    pub filter: Filter,
    /// When the current version ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiration: Option<Expiration>,
    /// When other versions end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noncurrent_expiration: Option<NoncurrentExpiration>,
    /// After how many days a multipart upload that is still under way is given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abort_uploads_after_days: Option<u32>,
}

/// What a rule is about: whatever meets all of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Filter {
    /// The prefix stands at the rule itself, as in the older form of the document.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_old_form: bool,
    /// How keys begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// Tags that a version carries, perhaps among others.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
    /// It has more bytes than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_greater_than: Option<u64>,
    /// It has fewer bytes than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_less_than: Option<u64>,
}

/// When the current version of a key ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Expiration {
    /// So many days after it was made.
    Days(u32),
    /// From a day on.
    Date(#[schemars(with = "String")] Timestamp),
    /// When it is a delete marker, and no other version is left.
    ExpiredObjectDeleteMarker,
}

/// Which objects are too small to move between storage classes, where a rule does not say. S3 has it as a setting of the
/// rules; it is kept for whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum TransitionMinimum {
    /// Below 128 KiB, whatever the class.
    #[default]
    #[serde(rename = "all_storage_classes_128K")]
    AllStorageClasses,
    /// Below what each class has.
    #[serde(rename = "varies_by_storage_class")]
    VariesByStorageClass,
}

impl TransitionMinimum {
    /// Whether it is what S3 takes if nothing is said.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// When a version that is not current ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NoncurrentExpiration {
    /// So many days after another took its place.
    pub days: u32,
    /// And only if so many newer ones are not current either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newer_versions: Option<u32>,
}
