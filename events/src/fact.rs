//! The one table of facts: variant, CloudEvents type, subject tokens.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde::de::{DeserializeOwned, Error as _};
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
#[derive(Debug)]
pub struct FactKind {
    /// CloudEvents `type`.
    pub event_type: &'static str,
    /// The noun: a subject token.
    pub noun: &'static str,
    /// The verb: a subject token.
    pub verb: &'static str,
    /// Whether it is about a key, which is then the CloudEvents `subject`.
    pub keyed: bool,
    /// JSON Schema of `data`. What it refers to is left with the generator, as definitions.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
}

impl FactKind {
    /// The type without what all types begin with, as `object.created.v1`: its name in files and schemas.
    pub fn name(&self) -> &'static str {
        self.event_type.strip_prefix(TYPE_ROOT).unwrap_or(self.event_type)
    }
}

/// What all event types begin with.
const TYPE_ROOT: &str = "io.planetstore.";

/// The CloudEvents type of a noun and a verb. Another major version of a fact is another row.
macro_rules! event_type {
    ($noun:literal $verb:literal) => {
        concat!("io.planetstore.", $noun, ".", $verb, ".v1")
    };
}

fn read_data<T: DeserializeOwned>(event_type: &str, data: Option<&RawValue>) -> Result<T, DecodeError> {
    let read =
        data.map_or_else(|| Err(serde_json::Error::missing_field("data")), |data| serde_json::from_str(data.get()));
    read.map_err(|source| DecodeError::Malformed { kind: event_type.into(), source })
}

/// What differs between facts about a bucket and facts about an object in it.
macro_rules! about {
    (bucket, keyed) => {
        false
    };
    (object, keyed) => {
        true
    };
    (bucket, key of $data:ident) => {{
        let _ = $data;
        None
    }};
    (object, key of $data:ident) => {
        Some(&$data.key)
    };
}

/// Writes `Fact` and all that has an arm per fact from the rows below: `Variant(data): noun verb, about`.
macro_rules! facts {
    ($($variant:ident($data:ty): $noun:literal $verb:literal, $about:ident;)+) => {
        /// Something that happened. Refused requests never become one.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
        #[serde(untagged)]
        pub enum Fact {
            $(
                #[doc = concat!("`", event_type!($noun $verb), "`")]
                $variant($data),
            )+
        }

        /// The place of each kind in [`Fact::KINDS`].
        #[derive(Clone, Copy)]
        enum Row { $($variant,)+ }

        impl Fact {
            /// Every kind of fact there is.
            pub const KINDS: &[FactKind] = &[$(FactKind {
                event_type: event_type!($noun $verb),
                noun: $noun,
                verb: $verb,
                keyed: about!($about, keyed),
                schema: <$data as JsonSchema>::json_schema,
            },)+];

            /// The row of this fact in [`Self::KINDS`].
            pub const fn kind(&self) -> &'static FactKind {
                let row = match self { $(Self::$variant(_) => Row::$variant,)+ };
                &Self::KINDS[row as usize]
            }

            /// Reads the data of an event of a type.
            pub(crate) fn decode(event_type: &str, data: Option<&RawValue>) -> Result<Self, DecodeError> {
                match event_type {
                    $(event_type!($noun $verb) => read_data(event_type, data).map(Self::$variant),)+
                    _ => Err(DecodeError::UnknownType(event_type.into())),
                }
            }
        }

        impl About for Fact {
            fn bucket(&self) -> &BucketName {
                match self { $(Self::$variant(data) => &data.bucket,)+ }
            }

            fn key(&self) -> Option<&ObjectKey> {
                match self { $(Self::$variant(data) => about!($about, key of data),)+ }
            }
        }
    };
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
        assert!(types.iter().all(|event_type| event_type.starts_with(TYPE_ROOT)));
    }

    #[test]
    fn a_fact_finds_its_own_row() {
        let fact = Fact::BucketDeleted(bucket::Deleted { bucket: "abc".parse().unwrap() });
        assert_eq!(fact.kind().event_type, "io.planetstore.bucket.deleted.v1");
        assert_eq!(fact.kind().name(), "bucket.deleted.v1");
        assert!(fact.key().is_none());
    }
}
