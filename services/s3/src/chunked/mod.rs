//! The aws-chunked framing of streamed uploads.
//!
//! Source: "Transferring Payload in Multiple Chunks (Chunked Upload)" and "Using trailing headers",
//! Amazon S3 API Reference.
//!
//! ```text
//! 10000;chunk-signature=<64 hex>\r\n    the size in hex; the signature only in signed modes
//! <65536 bytes>\r\n
//! 0;chunk-signature=<64 hex>\r\n        a chunk of no bytes ends the payload
//! x-amz-checksum-crc32c:<base64>\r\n    trailers, in the trailer modes
//! x-amz-trailer-signature:<64 hex>\r\n  only in the signed trailer mode
//! \r\n
//! ```

mod decoder;
mod encoder;
mod trailer;

pub use decoder::{Decoder, Event, LINE_BYTES_MAX, Mode};
pub use encoder::Encoder;
pub use trailer::{TRAILER_BYTES_MAX, Trailers};
