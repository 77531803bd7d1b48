//! Sends a body's bytes to the nodes: encrypted if need be, gathered into stripes, and staged stripe by stripe.

use bytes::Bytes;
use events::ids::{BucketName, Generation, Sha256Digest};
use s3::checksum::Algorithm;
use s3::request::Payload as Declared;
use s3::sigv4::PayloadHash;
use s3::{Code, Error};
use shards::piece::STRIPE_BYTES;
use shards::{AnyTransport, StoredContent, Writer, Written};

use super::sealing::{Sealed, Sealing};
use super::taken::{Staged, Taken, known_bytes};
use crate::failure::Failure;
use crate::request::Request;
use crate::room::Gather;

/// Bytes on their way to the nodes. A stripe is gathered here, however slow the client is, and is sent at once when
/// more bytes follow. So a slow client never holds memory of the writers.
pub(super) struct Intake<'a> {
    request: &'a Request<'a>,
    bucket: &'a BucketName,
    sealing: Option<Sealing>,
    gather: Gather,
    /// The writer of whole stripes, once there is more than one.
    streaming: Option<Streaming>,
    /// The hash that the client declares for the bytes as they are stored.
    declared: Option<Sha256Digest>,
}

/// The writer to the nodes. Without a writer nothing is kept, because the bytes are stored already.
struct Streaming {
    generation: Generation,
    writer: Option<Writer<AnyTransport>>,
    stored: u64,
}

impl<'a> Intake<'a> {
    pub(super) fn new(
        request: &'a Request<'a>,
        bucket: &'a BucketName,
        (signed, declared): (PayloadHash, &Declared),
        sealing: Option<Sealing>,
    ) -> Self {
        let declared = match (signed, &declared.checksum) {
            (PayloadHash::Signed(sha256), _) => Some(sha256),
            (_, Some(sent)) if sent.algorithm() == Algorithm::Sha256 => sent.bytes().try_into().ok(),
            _ => None,
        };
        // Ciphertext under a fresh key is never stored already.
        let declared = declared.filter(|_| sealing.is_none()).map(Sha256Digest);
        let gather = Gather::new(request.memory());
        Self { request, bucket, sealing, gather, streaming: None, declared }
    }

    pub(super) async fn push(&mut self, plain: Bytes) -> Result<(), Failure> {
        let bytes = match &mut self.sealing {
            Some(sealing) => sealing.push(&plain)?,
            None => plain,
        };
        self.put(bytes).await
    }

    async fn put(&mut self, mut bytes: Bytes) -> Result<(), Failure> {
        while !bytes.is_empty() {
            if self.gather.len() == STRIPE_BYTES {
                self.flush().await?;
            }
            let fitting = bytes.split_to(bytes.len().min(STRIPE_BYTES - self.gather.len()));
            self.gather.push(fitting).await?;
        }
        Ok(())
    }

    /// Ends the ciphertext, if the bytes are encrypted.
    pub(super) async fn end(&mut self) -> Result<Option<Sealed>, Failure> {
        let Some(sealing) = self.sealing.take() else { return Ok(None) };
        let (last, sealed) = sealing.finish()?;
        self.put(last).await?;
        Ok(Some(sealed))
    }

    /// Finishes the bytes, whose computed hash is `sha256`, and says where they are.
    pub(super) async fn finish(mut self, sha256: Sha256Digest) -> Result<Taken, Failure> {
        if self.streaming.is_none() {
            let (bytes, room) = self.gather.take().await?.whole();
            return Ok(Taken::InMemory(bytes, room));
        }
        let gateway = self.request.gateway;
        let found = if gateway.0.holdings.has(self.request.caller, sha256) {
            let found = known_bytes(gateway, self.bucket, sha256).await?;
            if let Some(known) = found.shown() {
                return Ok(Taken::Known(known)); // a dropped writer discards what it staged
            }
            self.flush().await?;
            found
        } else {
            // Both run at once, so that it takes the same time whether or not another user has these bytes.
            let (found, flushed) =
                futures_util::future::join(known_bytes(gateway, self.bucket, sha256), self.flush()).await;
            flushed?;
            found?
        };
        let Streaming { generation, writer, stored } = self.streaming.ok_or_else(|| Error::new(Code::InternalError))?;
        // The nodes confirmed the content before the bytes were sent, and do not now: the next attempt stores them.
        let Written { placement, chosen_at, .. } = writer.ok_or_else(no_longer_shown)?.finish().await?;
        let bucket = self.bucket.clone();
        let stored = StoredContent { bucket, sha256, generation, size: stored, placement, moved: Vec::new() };
        Ok(Taken::Staged(Staged { stored, chosen_at, instead_of: found.hidden() }))
    }

    /// Sends the gathered bytes to the nodes.
    async fn flush(&mut self) -> Result<(), Failure> {
        let streaming = match &mut self.streaming {
            Some(streaming) => streaming,
            None => self.streaming.insert(Streaming::begin(
                self.request,
                self.bucket,
                self.is_known_by_declaration().await?,
            )?),
        };
        let Some(writer) = &mut streaming.writer else {
            self.gather = Gather::new(self.request.memory());
            return Ok(());
        };
        // There is little memory to read bytes back from the file into, so they must not wait there for the nodes.
        writer.ready().await?;
        let gathered = self.gather.take().await?;
        for piece in gathered.pieces {
            streaming.stored += piece.len() as u64;
            writer.write(piece).await?;
        }
        Ok(writer.send_on().await?)
    }

    /// Whether a SHA-256 that the client declares avoids the staging. It is verified at the end like any other.
    async fn is_known_by_declaration(&self) -> Result<bool, Failure> {
        match self.declared {
            Some(sha256) if self.request.gateway.0.holdings.has(self.request.caller, sha256) => {
                Ok(known_bytes(self.request.gateway, self.bucket, sha256).await?.shown().is_some())
            }
            Some(_) | None => Ok(false),
        }
    }
}

impl Streaming {
    fn begin(request: &Request<'_>, bucket: &BucketName, is_known: bool) -> Result<Self, Failure> {
        let generation = request.generation()?;
        let writer = (!is_known).then(|| request.gateway.0.store.writer(bucket.clone(), generation));
        Ok(Self { generation, writer, stored: 0 })
    }
}

fn no_longer_shown() -> Error {
    Error::with_message(Code::SlowDown, "The storage nodes no longer confirm these bytes. Send them again.")
}
