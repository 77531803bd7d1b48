//! A request's payload: the body without its aws-chunked framing, if it has one.

use std::time::{Duration, Instant};

use axum::body::Body;
use bytes::Bytes;
use http_body_util::BodyExt;
use s3::checksum::Checksum;
use s3::chunked::{Decoder, Event, Mode};
use s3::request::{DocumentBody, Payload as Declared};
use s3::sigv4::PayloadHash;
use s3::{Code, Error, Operation};

use crate::failure::Failure;
use crate::fetch::ObjectReadError;
use crate::hashes::{sha256, verify_sha256};
use crate::limits::Pace;
use crate::request::Request;
use crate::room::Gather;

/// How long a client may send no byte of a body.
const SILENCE_TIME_MAX: Duration = Duration::from_mins(1);

/// How long a client may take for its body at any rate; after that it must keep up [`RATE_BYTES_MIN`].
const SLOW_TIME_MAX: Duration = Duration::from_secs(30);

/// The average bytes per second that a client must send, because an upload holds memory while it lasts.
const RATE_BYTES_MIN: u64 = 4 * 1024;

/// A payload that is read piece by piece.
pub(crate) struct Payload {
    body: Body,
    pace: Pace,
    hash: PayloadHash,
    decoder: Option<Decoder>,
    framed: Bytes,
    declared: Option<u64>,
    received: u64,
    /// Bytes of the body that arrived, framing included, and how long they took.
    arrived: u64,
    waited: Duration,
    trailing: Option<Checksum>,
}

impl Payload {
    /// The payload of an object or a part.
    pub(crate) fn new(body: Body, request: &Request<'_>, declared: &Declared) -> Result<Self, Error> {
        let caller = request.caller;
        declared.check_framing(&caller.payload)?;
        let mode = Mode::of(caller.payload, caller.chunk_signer.clone());
        let length = declared.object_length();
        let decoder = match mode {
            None => None,
            Some(mode) => {
                let length = length.ok_or_else(|| Error::new(Code::MissingContentLength))?;
                Some(Decoder::new(mode, length, declared.trailer))
            }
        };
        Ok(Self {
            body,
            pace: request.pace.clone(),
            hash: caller.payload,
            decoder,
            framed: Bytes::new(),
            declared: length,
            received: 0,
            arrived: 0,
            waited: Duration::ZERO,
            trailing: None,
        })
    }

    /// A payload that the client did not send: bytes of another object.
    pub(crate) fn of_object(body: Body, length: u64) -> Self {
        Self {
            body,
            pace: Pace::default(),
            hash: PayloadHash::Unsigned,
            decoder: None,
            framed: Bytes::new(),
            declared: Some(length),
            received: 0,
            arrived: 0,
            waited: Duration::ZERO,
            trailing: None,
        }
    }

    /// The payload hash that the signature declares.
    pub(crate) fn hash(&self) -> PayloadHash {
        self.hash
    }

    /// The next bytes; `None` once all declared bytes were read and the framing is complete.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            if let Some(decoder) = &mut self.decoder
                && !self.framed.is_empty()
            {
                match decoder.feed(&mut self.framed)? {
                    Some(Event::Data(bytes)) => {
                        self.received += bytes.len() as u64;
                        return Ok(Some(bytes));
                    }
                    Some(Event::End(trailers)) => {
                        self.trailing = trailers.checksum;
                        continue;
                    }
                    None => {}
                }
            }
            match self.frame().await? {
                Some(bytes) if bytes.is_empty() => {}
                Some(bytes) if self.decoder.is_some() => self.framed = bytes,
                Some(bytes) => {
                    self.received += bytes.len() as u64;
                    return Ok(Some(bytes));
                }
                None => return self.end().map(|()| None),
            }
        }
    }

    /// The checksum in the trailer of the payload.
    pub(crate) fn trailing_checksum(&self) -> Option<&Checksum> {
        self.trailing.as_ref()
    }

    async fn frame(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            let begun = Instant::now();
            let frame = tokio::time::timeout(SILENCE_TIME_MAX, self.body.frame()).await;
            let frame = frame.map_err(|_| Error::new(Code::RequestTimeout))?;
            self.waited += begun.elapsed();
            if self.waited > SLOW_TIME_MAX && self.arrived < self.waited.as_secs() * RATE_BYTES_MIN {
                return Err(Error::new(Code::RequestTimeout));
            }
            match frame {
                None => return Ok(None),
                Some(Ok(frame)) => {
                    if let Ok(bytes) = frame.into_data() {
                        self.arrived += bytes.len() as u64;
                        // This wait is not measured: it is not the client's slowness.
                        self.pace.wait(bytes.len()).await;
                        return Ok(Some(bytes));
                    }
                }
                Some(Err(error)) => return Err(told(&error)),
            }
        }
    }

    fn end(&self) -> Result<(), Error> {
        match (&self.decoder, self.declared) {
            (Some(decoder), _) => decoder.finish(),
            (None, Some(declared)) if declared != self.received => Err(Error::new(Code::IncompleteBody)),
            (None, _) => Ok(()),
        }
    }
}

/// The error of a failed body: what the decoder of the surrounding form said, why the bytes of another object cannot be
/// read, or that the body ended early. hyper ends a body with an error when the connection closes before its length is
/// reached.
fn told(error: &axum::Error) -> Error {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(told) = error.downcast_ref::<Error>() {
            return told.clone();
        }
        if let Some(unread) = error.downcast_ref::<ObjectReadError>() {
            return Failure::from(unread).error;
        }
        cause = error.source();
    }
    Error::new(Code::IncompleteBody)
}

/// What the checksum headers of a request with a document refer to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sums {
    /// The document.
    OfDocument,
    /// The object that the document belongs to.
    OfObject,
}

/// Reads a small document whole and verifies the headers about it. A request without a length has no document.
pub(crate) async fn read_document(body: Body, request: &Request<'_>, sums: Sums) -> Result<Bytes, Error> {
    let (head, caller) = (request.head(), request.caller);
    let declared = if caller.payload.is_streaming() {
        Declared::parse(&head)?
    } else {
        Declared { content_length: head.number("content-length")?, ..Declared::default() }
    };
    let too_long = || Error::new(Code::MaxMessageLengthExceeded);
    let bytes_max = match request.operation {
        Operation::DeleteObjects => s3::xml::DELETE_BYTES_MAX,
        _ => s3::xml::BODY_BYTES_MAX,
    };
    if declared.object_length().is_some_and(|length| length > bytes_max as u64) {
        return Err(too_long());
    }
    let mut payload = Payload::new(body, request, &declared)?;
    let mut gather = Gather::new(request.memory());
    while let Some(bytes) = payload.next().await? {
        if gather.len() + bytes.len() > bytes_max {
            return Err(too_long());
        }
        gather.push(bytes).await?;
    }
    let (document, _room) = gather.take().await?.whole();
    if let PayloadHash::Signed(declared) = caller.payload {
        verify_sha256(&declared, &sha256(&document))?;
    }
    if sums == Sums::OfDocument {
        let mut declared = DocumentBody::parse(&head)?;
        declared.checksum = declared.checksum.or(payload.trailing);
        declared.verify(&document)?;
    }
    Ok(document)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn to_be_held_back_is_not_to_be_slow() {
        let bytes = Bytes::from(vec![7; 768 * 1024 + 1]);
        let mut payload = Payload::of_object(Body::from(bytes.clone()), bytes.len() as u64);
        payload.pace = Pace::per_second(512 * 1024);
        let begun = Instant::now();
        assert_eq!(payload.next().await, Ok(Some(bytes)));
        assert!(begun.elapsed() >= Duration::from_millis(400), "{:?}", begun.elapsed());
        assert!(payload.waited < Duration::from_millis(100), "{:?}", payload.waited);
    }
}
