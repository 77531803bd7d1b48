//! The one table of facts: variant, CloudEvents type, subject tokens.

use schemars::{Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::ids::{BucketName, ObjectKey};
use crate::{bucket, object, upload};

/// What every fact can say of itself.
pub trait About {
    /// The bucket it is about.
    fn bucket(&self) -> &BucketName;
    /// The key it is about, if it is about one.
    fn key(&self) -> Option<&ObjectKey>;
}

/// Why an event's data is not a fact this program knows.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The type is from a newer program, or not ours. Whether it may be skipped is the consumer's to say.
    #[error("unknown event type {0:?}")]
    UnknownType(String),
    /// The JSON does not have the shape its type promises.
    #[error("malformed {kind}: {source}")]
    Malformed {
        /// The event type, or `envelope`.
        kind: String,
        /// What the parser found.
        source: serde_json::Error,
    },
}

/// One row of the table of facts.
pub struct FactKind {
    /// CloudEvents `type`.
    pub event_type: &'static str,
    /// The noun: a subject token.
    pub noun: &'static str,
    /// The verb: a subject token.
    pub verb: &'static str,
    /// JSON Schema of `data`.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
}

macro_rules! facts {
    ($($variant:ident($data:ty): $noun:literal $verb:literal, $about:tt;)+) => {
        /// Something that happened. Refused requests never become one.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
        #[serde(untagged)]
        pub enum Fact {
            $(
                #[doc = concat!("`io.planetstore.", $noun, ".", $verb, ".v1`")]
                $variant($data),
            )+
        }

        impl Fact {
            /// Every kind of fact there is.
            pub const KINDS: &[FactKind] = &[$(FactKind {
                event_type: concat!("io.planetstore.", $noun, ".", $verb, ".v1"),
                noun: $noun,
                verb: $verb,
                schema: |generator| generator.root_schema_for::<$data>(),
            }),+];

            /// The row of this fact in [`Self::KINDS`].
            pub fn kind(&self) -> &'static FactKind {
                let mut index = 0;
                $(
                    if matches!(self, Self::$variant(_)) {
                        return &Self::KINDS[index];
                    }
                    index += 1;
                )+
                &Self::KINDS[index - 1]
            }

            /// Reads the data of an event of a type.
            pub(crate) fn decode(event_type: &str, data: &RawValue) -> Result<Self, DecodeError> {
                let malformed = |source| DecodeError::Malformed { kind: event_type.into(), source };
                match event_type {
                    $(concat!("io.planetstore.", $noun, ".", $verb, ".v1") => {
                        serde_json::from_str(data.get()).map(Self::$variant).map_err(malformed)
                    })+
                    _ => Err(DecodeError::UnknownType(event_type.into())),
                }
            }
        }

        impl About for Fact {
            fn bucket(&self) -> &BucketName {
                match self { $(Self::$variant(data) => &data.bucket,)+ }
            }

            fn key(&self) -> Option<&ObjectKey> {
                match self { $(Self::$variant(data) => facts!(@key data $about),)+ }
            }
        }
    };
    (@key $data:ident bucket) => {{ let _ = $data; None }};
    (@key $data:ident object) => { Some(&$data.key) };
}

facts! {
    BucketCreated(bucket::Created): "bucket" "created", bucket;
    BucketDeleted(bucket::Deleted): "bucket" "deleted", bucket;
    BucketVersioningChanged(bucket::VersioningChanged): "bucket" "versioning_changed", bucket;
    ObjectCreated(object::Created): "object" "created", object;
    ObjectDeleted(object::Deleted): "object" "deleted", object;
    DeleteMarkerCreated(object::DeleteMarkerCreated): "object" "delete_marker_created", object;
    UploadCreated(upload::Created): "upload" "created", object;
    UploadPartStored(upload::PartStored): "upload" "part_stored", object;
    UploadAborted(upload::Aborted): "upload" "aborted", object;
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_type_stands_once() {
        let types: BTreeSet<_> = Fact::KINDS.iter().map(|kind| kind.event_type).collect();
        assert_eq!(types.len(), Fact::KINDS.len());
    }

    #[test]
    fn a_fact_finds_its_own_row() {
        let fact = Fact::BucketDeleted(bucket::Deleted { bucket: "abc".parse().unwrap() });
        assert_eq!(fact.kind().event_type, "io.planetstore.bucket.deleted.v1");
        assert!(fact.key().is_none());
    }
}
