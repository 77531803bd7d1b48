//! The hash of the body in the signature.

use std::fmt;

use crate::error::{Code, Error};
use crate::request::Head;

/// The value of `x-amz-content-sha256`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayloadHash {
    /// The body is not signed.
    Unsigned,
    /// The SHA-256 of the whole body. The body must be checked against it before it is committed.
    Signed([u8; 32]),
    /// aws-chunked, every chunk signed.
    StreamingSigned,
    /// aws-chunked, every chunk and the trailer signed.
    StreamingSignedTrailer,
    /// aws-chunked with a trailer; only the head is signed.
    StreamingUnsignedTrailer,
}

const UNSIGNED: &str = "UNSIGNED-PAYLOAD";
const STREAMING_SIGNED: &str = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
const STREAMING_SIGNED_TRAILER: &str = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";
const STREAMING_UNSIGNED_TRAILER: &str = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

impl PayloadHash {
    /// Parses the value.
    ///
    /// # Errors
    /// `NotImplemented` for other streaming modes, `InvalidArgument` for any other value.
    pub fn parse(text: &str) -> Result<Self, Error> {
        match text {
            UNSIGNED => Ok(Self::Unsigned),
            STREAMING_SIGNED => Ok(Self::StreamingSigned),
            STREAMING_SIGNED_TRAILER => Ok(Self::StreamingSignedTrailer),
            STREAMING_UNSIGNED_TRAILER => Ok(Self::StreamingUnsignedTrailer),
            other if other.starts_with("STREAMING-") => {
                Err(Error::not_implemented(format_args!("the payload signing mode {other}")))
            }
            other => {
                let mut hash = [0; 32];
                match hex::decode_to_slice(other, &mut hash) {
                    Ok(()) => Ok(Self::Signed(hash)),
                    Err(_) => Err(Error::invalid_argument(
                        "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, a STREAMING mode, or a valid sha256 value.",
                        "x-amz-content-sha256",
                        other,
                    )),
                }
            }
        }
    }

    /// Parses the declaration of an unsigned request. Anonymous uploads may be aws-chunked too, but only with unsigned
    /// chunks.
    ///
    /// # Errors
    /// As [`PayloadHash::parse`]; `InvalidRequest` for signed chunks without a signature.
    pub fn of_anonymous(head: &Head<'_>) -> Result<Self, Error> {
        match head.text("x-amz-content-sha256")?.map(Self::parse).transpose()? {
            None => Ok(Self::Unsigned),
            Some(Self::StreamingSigned | Self::StreamingSignedTrailer) => {
                Err(Error::with_message(Code::InvalidRequest, "Signed chunks need a signed request"))
            }
            Some(other) => Ok(other),
        }
    }

    /// Whether the body is framed as aws-chunked.
    pub const fn is_streaming(&self) -> bool {
        !matches!(self, Self::Unsigned | Self::Signed(_))
    }
}

/// The value in the header and in the canonical request.
impl fmt::Display for PayloadHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsigned => f.write_str(UNSIGNED),
            Self::Signed(hash) => f.write_str(&hex::encode(hash)),
            Self::StreamingSigned => f.write_str(STREAMING_SIGNED),
            Self::StreamingSignedTrailer => f.write_str(STREAMING_SIGNED_TRAILER),
            Self::StreamingUnsignedTrailer => f.write_str(STREAMING_UNSIGNED_TRAILER),
        }
    }
}
