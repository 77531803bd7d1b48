//! Ends a connection whose client still sends: what it sends is read and dropped for a while.
//!
//! A socket that is closed with unread bytes resets its connection, and a reset discards the response that the client
//! has not read yet. Most clients read nothing before they have sent everything. So the client sees a refusal that
//! leaves a body unread only if the rest of the body is read from it, or if it stops by itself. A client whose head
//! cannot be parsed is not waited for.
//!
//! Source: RFC 9112, section 9.6.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::upgrade::OnUpgrade;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::{Sleep, sleep};

/// Bytes that are dropped at a time.
const PIECE_BYTES: usize = 16 * 1024;

/// Whether the body of a connection's last request was not read to its end. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Unread(Arc<AtomicBool>);

impl Unread {
    pub(crate) fn set(&self, is_unread: bool) {
        self.0.store(is_unread, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The connection of a client that asked for another protocol and did not get it. hyper hands such a connection out
/// instead of ending it. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct NotUpgraded(Arc<Mutex<Option<OnUpgrade>>>);

impl NotUpgraded {
    pub(crate) fn keep(&self, upgrade: OnUpgrade) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(upgrade);
    }

    /// Ends the connection as others end, once it is over.
    pub(crate) async fn end(&self) -> io::Result<()> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(upgrade) = kept else { return Ok(()) };
        // Without a connection to hand out it has ended already.
        let Ok(mut stream) = upgrade.await else { return Ok(()) };
        hyper_util::rt::TokioIo::new(&mut stream).shutdown().await
    }
}

/// Forwards everything to a stream. Shutting it down ends sending at once. If something is unread, it then waits until
/// the peer ends too, within the limits of bytes and time.
#[derive(Debug)]
pub(crate) struct Lingering<S> {
    stream: S,
    unread: Unread,
    bytes_left: u64,
    time_max: Duration,
    /// Runs once nothing is sent any more.
    timer: Option<Pin<Box<Sleep>>>,
}

impl<S: AsyncRead + Unpin> Lingering<S> {
    pub(crate) fn new(stream: S, unread: Unread, bytes_max: u64, time_max: Duration) -> Self {
        Self { stream, unread, bytes_left: bytes_max, time_max, timer: None }
    }

    /// Ready when the peer has ended, or has reached the limits.
    fn poll_drop(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(self.time_max)));
        let mut piece = [MaybeUninit::uninit(); PIECE_BYTES];
        while timer.as_mut().poll(context).is_pending() {
            let mut buffer = ReadBuf::uninit(&mut piece);
            let read = ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer));
            let bytes = buffer.filled().len() as u64;
            if read.is_err() || bytes == 0 || bytes > self.bytes_left {
                break;
            }
            self.bytes_left -= bytes;
        }
        Poll::Ready(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Lingering<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Lingering<S> {
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
        let this = self.get_mut();
        // Only once: if the peer is gone by the second time, it would be an error.
        if this.timer.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(context))?;
        }
        if this.unread.get() { this.poll_drop(context).map(Ok) } else { Poll::Ready(Ok(())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::time::Instant;

    const BYTES_MAX: usize = 100_000;
    const TIME_MAX: Duration = Duration::from_secs(30);

    fn pair(is_unread: bool) -> (Lingering<DuplexStream>, DuplexStream) {
        let (ours, theirs) = duplex(1_000);
        let unread = Unread::default();
        unread.set(is_unread);
        (Lingering::new(ours, unread, BYTES_MAX as u64, TIME_MAX), theirs)
    }

    /// Sends this many bytes and then reads until the end.
    async fn send_first(mut theirs: DuplexStream, bytes: usize) -> io::Result<String> {
        theirs.write_all(&vec![0; bytes]).await?;
        let mut said = String::new();
        theirs.read_to_string(&mut said).await?;
        Ok(said)
    }

    #[tokio::test(start_paused = true)]
    async fn who_sends_all_before_it_reads_gets_its_answer() {
        for bytes in [0, 1, BYTES_MAX] {
            let (mut ours, theirs) = pair(true);
            let client = tokio::spawn(send_first(theirs, bytes));
            ours.write_all(b"no").await.unwrap();
            let begun = Instant::now();
            ours.shutdown().await.unwrap();
            assert_eq!(begun.elapsed(), Duration::ZERO, "the client ended by itself");
            drop(ours);
            assert_eq!(client.await.unwrap().unwrap(), "no", "{bytes}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_sends_more_than_allowed_is_not_heard_to_its_end() {
        let (mut ours, theirs) = pair(true);
        let client = tokio::spawn(send_first(theirs, BYTES_MAX + 2_000));
        ours.shutdown().await.unwrap();
        drop(ours);
        assert_eq!(client.await.unwrap().unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_end_is_left_when_the_time_is_over() {
        let (mut ours, mut theirs) = pair(true);
        let client = tokio::spawn(async move {
            while theirs.write_u8(0).await.is_ok() {
                sleep(TIME_MAX / 100).await;
            }
        });
        let begun = Instant::now();
        ours.shutdown().await.unwrap();
        assert_eq!(begun.elapsed().as_secs(), TIME_MAX.as_secs());
        drop(ours);
        client.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_where_nothing_is_unread() {
        let (mut ours, _theirs) = pair(false);
        let begun = Instant::now();
        ours.shutdown().await.unwrap();
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }
}
