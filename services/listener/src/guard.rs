//! Ends a connection whose peer reads nothing of what it is sent.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::patience::Patience;
use crate::slots::Activity;

/// The error inside the [`io::Error`] that ends a connection whose peer reads nothing.
#[derive(Debug, thiserror::Error)]
#[error("the peer read nothing for {} s", .0.as_secs_f64())]
pub(crate) struct Stalled(Duration);

impl Stalled {
    /// Whether such an error caused this one.
    pub(crate) fn is_in(error: &(dyn std::error::Error + 'static)) -> bool {
        std::iter::successors(Some(error), |error| error.source())
            .filter_map(|error| error.downcast_ref::<io::Error>())
            .any(|error| error.get_ref().is_some_and(|inner| inner.downcast_ref::<Self>().is_some()))
    }
}

/// A stream that can be ended without delivering pending bytes.
pub(crate) trait Abandon {
    /// Pending bytes are discarded when the stream is dropped.
    fn abandon(&self);
}

impl Abandon for TcpStream {
    fn abandon(&self) {
        // Otherwise the kernel would keep them, and offer them to the peer for minutes.
        if let Err(error) = self.set_zero_linger() {
            tracing::debug!(%error, "a connection is not reset");
        }
    }
}

/// Forwards everything to a stream. Writing fails once the stream has accepted no byte for longer than the patience,
/// while there were bytes to send. `T` is kept for as long as the stream.
#[derive(Debug)]
pub(crate) struct Guarded<S, T> {
    stream: S,
    patience: Patience,
    /// Notified when everything is sent.
    activity: Option<Activity>,
    /// The time since which the stream accepts nothing, if it does not.
    stalled_since: Option<Instant>,
    /// It is not reset with every byte that is sent: when it fires, it may have to run for the rest of the time.
    timer: Option<Pin<Box<Sleep>>>,
    _kept: T,
}

impl<S: Abandon, T> Guarded<S, T> {
    pub(crate) fn new(stream: S, patience: Patience, activity: Option<Activity>, kept: T) -> Self {
        Self { stream, patience, activity, stalled_since: None, timer: None, _kept: kept }
    }

    /// Turns a wait that is too long into an error, and wakes the task when this one will be.
    fn watch<R>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<R>>) -> Poll<io::Result<R>> {
        if written.is_ready() {
            self.stalled_since = None;
            return written;
        }
        let since = *self.stalled_since.get_or_insert_with(Instant::now);
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(since + self.patience.step())));
        loop {
            ready!(timer.as_mut().poll(context));
            let (now, patience) = (Instant::now(), self.patience.now());
            if since + patience <= now {
                self.stream.abandon();
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, Stalled(patience))));
            }
            // The patience may become shorter meanwhile.
            let next = (since + self.patience.step()).max((now + self.patience.step()).min(since + patience));
            timer.as_mut().reset(next);
        }
    }
}

impl<S: AsyncRead + Unpin, T: Unpin> AsyncRead for Guarded<S, T> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Abandon + Unpin, T: Unpin> AsyncWrite for Guarded<S, T> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(context, bytes);
        this.watch(context, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write_vectored(context, slices);
        this.watch(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.stream).poll_flush(context);
        if let (Poll::Ready(Ok(())), Some(activity)) = (&flushed, &this.activity) {
            activity.flushed();
        }
        // A finished flush took no bytes: only a pending one counts.
        if flushed.is_ready() { flushed } else { this.watch(context, flushed) }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let shut = Pin::new(&mut this.stream).poll_shutdown(context);
        this.watch(context, shut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::time::{advance, timeout};

    impl Abandon for DuplexStream {
        fn abandon(&self) {}
    }

    const LIMIT: Duration = Duration::from_secs(30);
    const ALMOST: Duration = Duration::from_secs(29);
    const SHORT: Duration = Duration::from_secs(5);
    const SOON: Duration = Duration::from_secs(2);

    fn pair() -> (Guarded<DuplexStream, Arc<()>>, DuplexStream) {
        let (ours, theirs) = duplex(16);
        (Guarded::new(ours, Patience::new(LIMIT, SHORT), None, Arc::default()), theirs)
    }

    #[tokio::test(start_paused = true)]
    async fn while_others_wait_patience_is_short() {
        let (mut ours, _theirs) = pair();
        let waiting = Arc::new(AtomicUsize::new(0));
        ours.patience.shorten_while(Arc::clone(&waiting));
        ours.write_all(&[0; 16]).await.unwrap();
        let begun = Instant::now();
        let blocked = tokio::spawn(async move { ours.write_all(&[0; 16]).await });
        tokio::time::sleep(Duration::from_secs(12)).await;
        assert!(!blocked.is_finished(), "nobody waits");
        waiting.store(1, Ordering::Relaxed);
        assert!(Stalled::is_in(&blocked.await.unwrap().unwrap_err()));
        assert!(begun.elapsed() <= Duration::from_secs(12) + SHORT, "{:?}", begun.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_nothing_is_given_up_when_the_time_is_over_and_not_before() {
        let (mut ours, _theirs) = pair();
        ours.write_all(&[0; 16]).await.unwrap();
        let begun = Instant::now();
        let error = ours.write_all(&[0; 16]).await.unwrap_err();
        assert_eq!((error.kind(), begun.elapsed().as_secs()), (io::ErrorKind::TimedOut, LIMIT.as_secs()));
        assert!(Stalled::is_in(&error) && !Stalled::is_in(&io::Error::from(io::ErrorKind::TimedOut)));
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_a_byte_now_and_then_goes_on() {
        let (mut ours, mut theirs) = pair();
        let reader = tokio::spawn(async move {
            for _ in 0..50 {
                tokio::time::sleep(ALMOST).await;
                theirs.read_u8().await.unwrap();
            }
            theirs
        });
        ours.write_all(&[0; 16 + 50]).await.unwrap();
        let _theirs = reader.await.unwrap();
        assert!(Stalled::is_in(&ours.write_all(&[0; 1]).await.unwrap_err()), "and not for ever");
    }

    #[tokio::test(start_paused = true)]
    async fn time_without_anything_to_take_does_not_count() {
        let (mut ours, mut theirs) = pair();
        let mut taken = [0; 16];
        ours.write_all(&taken).await.unwrap();
        // To start the timer.
        assert!(ours.write_all(&[0]).now_or_never().is_none());
        theirs.read_exact(&mut taken).await.unwrap();
        ours.write_all(&taken).await.unwrap();
        advance(LIMIT * 3).await;
        ours.flush().await.unwrap();
        assert!(timeout(ALMOST, ours.write_all(&[0])).await.is_err(), "it waits anew");
        assert!(timeout(SOON, ours.write_all(&[0])).await.unwrap().is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn reading_has_no_such_limit() {
        let (mut ours, mut theirs) = pair();
        let read = tokio::spawn(async move { ours.read_u8().await.unwrap() });
        advance(LIMIT * 3).await;
        theirs.write_u8(7).await.unwrap();
        assert_eq!(read.await.unwrap(), 7);
    }
}
