//! Uploads from web pages: `multipart/form-data` posted to a bucket.
//!
//! The fields before the file describe the object and, unless anonymous callers may store it, include a signed policy
//! that says what the fields may be. All fields are read and judged before the first byte of the file.
//!
//! # Layout
//! - `boundary`, `part`: the grammar of the framing; [`Decoder`] removes it
//! - [`Fields`]: the fields as headers of the future object
//! - [`PostPolicy`]: what its signer allows
//! - [`Claim`]: the claimed signer
//!
//! Source: "POST Object" and "Browser-Based Uploads Using POST", Amazon S3 API Reference; RFC 7578.

mod boundary;
mod decoder;
mod fields;
mod part;
mod policy;
mod signature;

pub use boundary::boundary;
pub use decoder::{Decoder, Event, FIELDS_BYTES_MAX, FIELDS_MAX};
pub use fields::{Fields, Success};
pub use part::FileName;
pub use policy::{LengthRange, PostPolicy};
pub use signature::Claim;

use crate::encoding::encode;
use crate::error::{Code, Error};

/// A key as it is encoded in a URL.
pub fn encoded_key(key: &str) -> String {
    String::from_utf8_lossy(&encode(key.as_bytes(), true)).into_owned()
}

/// A malformed form.
fn malformed(why: &'static str) -> Error {
    Error::with_message(
        Code::MalformedPOSTRequest,
        format!("The body of your POST request is not well-formed multipart/form-data: {why}"),
    )
}
