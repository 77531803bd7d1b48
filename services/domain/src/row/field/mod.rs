//! Fields of facts as they are in rows. A fact leaves out what is empty, which a format without field names cannot read
//! back: here every field is written.

pub(super) mod cors;
pub(super) mod encryption;
pub(super) mod lifecycle;
pub(super) mod replication;
pub(super) mod rules;

pub(super) mod attributes {
    use std::collections::BTreeMap;

    use events::object::Attributes;
    use events::tags::Tags;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    type Fields = (BTreeMap<String, String>, BTreeMap<String, String>, Option<String>, Tags);

    pub(in crate::row) fn serialize<S: Serializer>(attributes: &Attributes, serializer: S) -> Result<S::Ok, S::Error> {
        (&attributes.headers, &attributes.metadata, &attributes.storage_class, &attributes.tags).serialize(serializer)
    }

    pub(in crate::row) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Attributes, D::Error> {
        let (headers, metadata, storage_class, tags) = Fields::deserialize(deserializer)?;
        Ok(Attributes { headers, metadata, storage_class, tags })
    }
}

pub(super) mod lock {
    use events::lock::Lock;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(in crate::row) fn serialize<S: Serializer>(lock: &Lock, serializer: S) -> Result<S::Ok, S::Error> {
        (lock.retention, lock.legal_hold).serialize(serializer)
    }

    pub(in crate::row) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Lock, D::Error> {
        let (retention, legal_hold) = Deserialize::deserialize(deserializer)?;
        Ok(Lock { retention, legal_hold })
    }
}

pub(super) mod retention_state {
    use events::lock::RetentionState;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(clippy::ref_option, reason = "serde hands over a reference")]
    pub(in crate::row) fn serialize<S: Serializer>(
        state: &Option<RetentionState>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        state.map(|state| (state.reset, state.governance, state.compliance)).serialize(serializer)
    }

    pub(in crate::row) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<RetentionState>, D::Error> {
        let state = Option::deserialize(deserializer)?;
        Ok(state.map(|(reset, governance, compliance)| RetentionState { reset, governance, compliance }))
    }
}

pub(super) mod limits {
    use events::user::Limits;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(in crate::row) fn serialize<S: Serializer>(limits: &Limits, serializer: S) -> Result<S::Ok, S::Error> {
        (limits.requests_per_second, limits.bytes_per_second).serialize(serializer)
    }

    pub(in crate::row) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Limits, D::Error> {
        let (requests_per_second, bytes_per_second) = Deserialize::deserialize(deserializer)?;
        Ok(Limits { requests_per_second, bytes_per_second })
    }
}

pub(super) mod quota {
    use events::quota::Quota;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(in crate::row) fn serialize<S: Serializer>(quota: &Quota, serializer: S) -> Result<S::Ok, S::Error> {
        (quota.bytes, quota.objects).serialize(serializer)
    }

    pub(in crate::row) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Quota, D::Error> {
        let (bytes, objects) = Deserialize::deserialize(deserializer)?;
        Ok(Quota { bytes, objects })
    }
}
