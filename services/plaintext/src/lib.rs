//! The bytes of objects as clients wrote them: which contents hold them, and the keys that open those.
//!
//! Input: an object in a state, a range of it, and the object's key or what opens it. Output: [`Stretch`]es, each in one
//! content, and a stream that decrypts what is read of one. This crate reads nothing itself, and decides nobody's rights.
//!
//! # Layout
//! - [`stretches`]: which contents hold a range; [`opened`]: decrypts one
//! - [`open_key`]: the key of an object that the region sealed; [`seal_context`]: what a sealed key is bound to

mod key;
mod stretch;

pub use key::{KMS_LABEL, KeyError, open_key, seal_context};
pub use stretch::{Cipher, ObjectReadError, Stretch, StretchError, opened, stretches};
