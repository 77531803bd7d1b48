//! Rows as bytes: postcard, without field names.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::StateError;

pub(crate) fn encode<T: Serialize>(row: &T) -> Result<Vec<u8>, StateError> {
    postcard::to_stdvec(row).map_err(StateError::Row)
}

pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StateError> {
    postcard::from_bytes(bytes).map_err(StateError::Row)
}
