//! How bytes are encrypted before they reach a node: what of it a fact may say.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{KmsKeyName, Salt, Sealed};

/// Bytes of plaintext in one frame; the last of a content may have fewer.
pub const FRAME_BYTES: u64 = 64 * 1024;

/// Bytes that encryption adds to a frame: the tag of AES-GCM.
pub const TAG_BYTES: u64 = 16;

/// Bytes that `plain` bytes take as ciphertext: frames of [`FRAME_BYTES`], each with a tag.
pub const fn stored_bytes(plain: u64) -> u64 {
    plain.saturating_add(plain.div_ceil(FRAME_BYTES) * TAG_BYTES)
}

/// Under which key an object's own key is sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Method {
    /// SSE-S3: the region's master key.
    SseS3,
    /// SSE-KMS: a key of the region's key store.
    SseKms(KmsMethod),
    /// SSE-C: a key that the customer brings with every request and that is kept nowhere.
    SseC,
}

/// What SSE-KMS is asked for with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KmsMethod {
    /// The key's name.
    pub kms_key: KmsKeyName,
    /// The encryption context, JSON in Base64, as the client sent it. It is authenticated with the sealed key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// The client asked for a bucket key. It is remembered and shown, and changes nothing.
    #[serde(default, skip_serializing_if = "is_false")]
    pub bucket_key: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

/// How an object, or an upload that will be one, is encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Encryption {
    /// Under which key the object's key is sealed.
    #[serde(flatten)]
    pub method: Method,
    /// The object's key, sealed. Nobody reads it without the key that sealed it.
    pub key: Sealed,
    /// What makes the key of the object's one content out of the object's key. Absent where the bytes lie in parts,
    /// each of which has its own, or where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<Salt>,
}

/// What buckets encrypt new objects with, unless a request says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DefaultEncryption {
    /// By which key: never SSE-C, whose key nobody brings by default.
    #[serde(flatten)]
    pub by: DefaultMethod,
    /// New objects get a bucket key, where that means something.
    #[serde(default, skip_serializing_if = "is_false")]
    pub bucket_key: bool,
}

/// The methods that a bucket may have as its default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum DefaultMethod {
    /// The region's master key.
    SseS3,
    /// A key of the region's key store.
    SseKms {
        /// Its name; absent for the region's default key.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kms_key: Option<KmsKeyName>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stored_length_is_that_of_whole_frames_and_their_tags() {
        for (plain, stored) in [(0, 0), (1, 17), (65_536, 65_552), (65_537, 65_569), (1 << 20, (1 << 20) + 256)] {
            assert_eq!(stored_bytes(plain), stored, "{plain}");
        }
    }
}
