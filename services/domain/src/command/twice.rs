//! The form of an option in an option, which JSON alone does not keep apart: `null` leaves a value as it is, `[null]`
//! removes it, and `[value]` sets it.

#![expect(clippy::option_option, clippy::ref_option, reason = "the fields are, and serde hands over a reference")]

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub(super) fn serialize<T: Serialize, S: Serializer>(
    value: &Option<Option<T>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    value.as_ref().map(|inner| [inner]).serialize(serializer)
}

pub(super) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Ok(Option::<(Option<T>,)>::deserialize(deserializer)?.map(|(inner,)| inner))
}
