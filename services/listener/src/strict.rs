//! A stream that passes no ambiguous heads to hyper.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use http::header::HeaderName;
use http::{HeaderMap, StatusCode};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::framing::{Framing, Refusal};

/// A request with this header replaces a refused head, and says why it is refused. A client that sends the header
/// itself is refused as well.
const REFUSED: HeaderName = HeaderName::from_static("x-planetstore-refused");

impl Refusal {
    const ALL: [Self; 4] = [Self::BareLineFeed, Self::TransferCoding, Self::TwoLengths, Self::TooLong];

    const fn name(self) -> &'static str {
        match self {
            Self::BareLineFeed => "bare-line-feed",
            Self::TransferCoding => "transfer-coding",
            Self::TwoLengths => "two-lengths",
            Self::TooLong => "too-long",
        }
    }

    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::TooLong => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::BareLineFeed | Self::TransferCoding | Self::TwoLengths => StatusCode::BAD_REQUEST,
        }
    }

    pub(crate) const fn message(self) -> &'static str {
        match self {
            Self::BareLineFeed => "A line of the request's head ends with a bare line feed: end it with CR and LF.\n",
            Self::TransferCoding => "The only supported transfer coding is `chunked`, given once.\n",
            Self::TwoLengths => "A request must not have both a Content-Length and a Transfer-Encoding.\n",
            Self::TooLong => "The request's head is too long: the request line and the headers together.\n",
        }
    }

    /// The request that replaces the head.
    fn request(self) -> BytesMut {
        let (header, name) = (REFUSED, self.name());
        let head = format!("GET / HTTP/1.1\r\nhost: refused\r\nconnection: close\r\n{header}: {name}\r\n\r\n");
        head.as_bytes().into()
    }

    /// Why a request replaces another one, if it does.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let name = headers.get(REFUSED)?;
        Some(Self::ALL.into_iter().find(|refusal| refusal.name() == name).unwrap_or(Self::BareLineFeed))
    }
}

/// Whether a connection has switched to another protocol. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Switched(Arc<AtomicBool>);

impl Switched {
    pub(crate) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Forwards everything from a stream except refused heads and everything after them.
#[derive(Debug)]
pub(crate) struct Strict<S> {
    stream: S,
    framing: Framing,
    /// Read and not yet passed on: the start of a head, or bytes before it.
    waiting: BytesMut,
    /// Bytes of it that may be passed on.
    sound: usize,
    /// The client sends nothing more.
    has_ended: bool,
    switched: Switched,
}

impl<S> Strict<S> {
    pub(crate) fn new(stream: S, head_bytes_max: usize, switched: Switched) -> Self {
        Self {
            stream,
            framing: Framing::new(head_bytes_max),
            waiting: BytesMut::new(),
            sound: 0,
            has_ended: false,
            switched,
        }
    }

    /// Passes on the waiting bytes that may be; returns false if there are none.
    fn hand_out(&mut self, buffer: &mut ReadBuf<'_>) -> bool {
        if self.sound == 0 && self.switched.get() {
            self.sound = self.waiting.len();
        } else if self.sound == 0 && !self.waiting.is_empty() {
            let looked = self.framing.pass(&self.waiting);
            self.sound = looked.unwrap_or_else(|refusal| self.refuse(refusal));
        }
        let bytes = self.sound.min(buffer.remaining());
        buffer.put_slice(&self.waiting[..bytes]);
        self.waiting.advance(bytes);
        self.sound -= bytes;
        if self.waiting.is_empty() {
            // An idle connection uses no memory.
            self.waiting = BytesMut::new();
        }
        bytes > 0
    }

    /// Leaves in the buffer the bytes after `before` that may be passed on, and keeps the rest.
    fn sort(&mut self, buffer: &mut ReadBuf<'_>, before: usize) {
        let fresh = &buffer.filled()[before..];
        let looked = if self.waiting.is_empty() { self.framing.pass(fresh) } else { Ok(0) };
        let sound = match looked {
            Ok(sound) => {
                self.waiting.extend_from_slice(&fresh[sound..]);
                sound
            }
            Err(refusal) => {
                self.refuse(refusal);
                0
            }
        };
        buffer.set_filled(before + sound);
    }

    /// Replaces all waiting bytes by the reason. Returns its length.
    fn refuse(&mut self, refusal: Refusal) -> usize {
        metrics::counter!("planetstore_heads_refused_total", "reason" => refusal.name()).increment(1);
        self.framing.end();
        self.waiting = refusal.request();
        self.sound = self.waiting.len();
        self.sound
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Strict<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        loop {
            if this.hand_out(buffer) {
                return Poll::Ready(Ok(()));
            }
            if this.switched.get() {
                return Pin::new(&mut this.stream).poll_read(context, buffer);
            }
            if this.has_ended {
                return Poll::Ready(Ok(()));
            }
            if this.framing.is_over() {
                // The last request is answered, and the connection ends with that.
                return Poll::Pending;
            }
            ready!(Pin::new(&mut this.stream).poll_read(context, buffer))?;
            if buffer.filled().len() == before {
                // A head without an end is incomplete. If the end of the stream is all that follows a request, hyper
                // takes the client for gone.
                this.has_ended = true;
                this.sound = this.waiting.len();
            } else {
                this.sort(buffer, before);
                if buffer.filled().len() > before {
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Strict<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}
