//! Encryption at rest, as far as facts record it.

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

/// The encryption method: the key under which an object's own key is sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Method {
    /// SSE-S3: the region's master key.
    SseS3,
    /// SSE-KMS: a key of the region's key store.
    SseKms(KmsMethod),
    /// SSE-C: a key that the client sends with every request and that is never stored.
    SseC,
}

/// The parameters of SSE-KMS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KmsMethod {
    /// The name of the KMS key.
    pub kms_key: KmsKeyName,
    /// The encryption context as the client sent it: JSON in Base64. It is authenticated together with the sealed key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// The client requested a bucket key. The setting is stored and returned but has no effect.
    #[serde(default, skip_serializing_if = "is_false")]
    pub bucket_key: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

/// The encryption of an object or of a multipart upload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Encryption {
    /// The key under which the object's key is sealed.
    #[serde(flatten)]
    pub method: Method,
    /// The object's key, sealed. It can be opened only with the key that sealed it.
    pub key: Sealed,
    /// The salt that derives the key of the object's content from the object's key. Absent if the object is empty or
    /// has parts, each of which has its own salt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<Salt>,
}

/// The default encryption of a bucket, used for requests that specify none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DefaultEncryption {
    /// The method; never SSE-C, which needs a key in each request.
    #[serde(flatten)]
    pub by: DefaultMethod,
    /// New objects use a bucket key, where the method supports it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub bucket_key: bool,
}

/// The encryption methods that can be a bucket's default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum DefaultMethod {
    /// The region's master key.
    SseS3,
    /// A key of the region's key store.
    SseKms {
        /// The name of the key; absent for the region's default key.
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
