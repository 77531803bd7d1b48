use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ProtocolVersion;

use crate::admission::Admission;
use crate::follower::Follower;
use crate::guard::{Guarded, Stalled};
use crate::linger::{Lingering, NotUpgraded, Unread};
use crate::patience::Patience;
use crate::peer::canonical;
use crate::slots::{ConnectionSlot, ConnectionSlots};
use crate::strict::{Strict, Switched};
use crate::{Certificates, Limits, Peer, RequestBody, TlsVersion};

/// Older versions than these two are not supported.
fn tls_version(spoken: Option<ProtocolVersion>) -> TlsVersion {
    if spoken == Some(ProtocolVersion::TLSv1_3) { TlsVersion::V1_3 } else { TlsVersion::V1_2 }
}

/// The pause when no connection can be accepted, for instance for lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Bytes of a response that the kernel accepts before it sends them. By default it would accept megabytes. Whether the
/// peer reads anything shows only in thirds of that, so a slow peer would look like a stalled one.
const UNSENT_BYTES_MAX: u32 = 128 * 1024;

/// A socket and the limits of its connections.
pub struct Listener {
    /// Its name in logs and metrics.
    name: &'static str,
    socket: TcpListener,
    limits: Limits,
    tls: Option<TlsAcceptor>,
}

impl Listener {
    /// A listener on a socket that is bound already.
    pub fn new(name: &'static str, socket: TcpListener, limits: Limits) -> Self {
        Self { name, socket, limits, tls: None }
    }

    /// From now on, accepts only TLS 1.2 and 1.3, with these certificates.
    #[must_use]
    pub fn with_tls(self, certificates: &Certificates) -> Self {
        Self { tls: Some(certificates.config().into()), ..self }
    }

    /// Serves until `shutdown`, then lets requests under way end, for as long as the limits allow. Connections that
    /// were upgraded to something else have a slot, and go on until what uses them ends them.
    ///
    /// The service finds a [`Peer`] in the extensions of each request. An error of one connection ends nothing else.
    pub async fn serve<S, B>(self, service: S, shutdown: impl Future<Output = ()>)
    where
        S: tower::Service<Request<RequestBody>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
        S::Future: Send + 'static,
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let Limits { connections_max, connections_per_address_max, followers_max, .. } = self.limits;
        let slots = ConnectionSlots::new(connections_max, connections_per_address_max, followers_max);
        let terms = Arc::new(Terms { name: self.name, limits: self.limits, tls: self.tls });
        let stopping = watch::Sender::new(());
        let mut connections = JoinSet::new();
        let mut shutdown = pin!(shutdown);
        loop {
            let accepted = tokio::select! {
                () = &mut shutdown => break,
                accepted = accept(&self.socket, &slots, &terms) => accepted,
            };
            while let Some(ended) = connections.try_join_next() {
                report(&ended);
            }
            let Some((stream, address, slot)) = accepted else { continue };
            connections.spawn(Arc::clone(&terms).converse(
                stream,
                address,
                slot,
                service.clone(),
                stopping.subscribe(),
            ));
        }
        drop(self.socket);
        stopping.send_replace(());
        let drained = async {
            while let Some(ended) = connections.join_next().await {
                report(&ended);
            }
        };
        if tokio::time::timeout(self.limits.drain_time_max, drained).await.is_err() {
            tracing::warn!(listener = self.name, "disconnected requests that were still in flight");
            connections.shutdown().await;
        }
    }
}

/// A panic of a service ends only its connection, and is logged.
fn report(ended: &Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "serving a connection");
    }
}

async fn accept(
    socket: &TcpListener,
    slots: &ConnectionSlots,
    terms: &Terms,
) -> Option<(TcpStream, SocketAddr, ConnectionSlot)> {
    match socket.accept().await {
        Ok((stream, address)) => {
            let address = canonical(address);
            let Some(claim) = slots.claim(address.ip()) else {
                terms.cut("too_many");
                tracing::debug!(listener = terms.name, %address, "too many connections from one address");
                return None;
            };
            let slot = slots.slot(claim).await?;
            metrics::counter!("planetstore_connections_total", "listener" => terms.name).increment(1);
            Some((stream, address, slot))
        }
        Err(error) => {
            tracing::warn!(listener = terms.name, %error, "a connection cannot be accepted");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

/// The settings of all connections of a listener.
struct Terms {
    name: &'static str,
    limits: Limits,
    tls: Option<TlsAcceptor>,
}

impl Terms {
    /// The life of a connection.
    async fn converse<S, B>(
        self: Arc<Self>,
        stream: TcpStream,
        address: SocketAddr,
        slot: ConnectionSlot,
        service: S,
        mut stopping: watch::Receiver<()>,
    ) where
        S: tower::Service<Request<RequestBody>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
        S::Future: Send + 'static,
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        if let Err(error) = prepare(&stream) {
            tracing::debug!(%address, %error, "a connection keeps the kernel's defaults");
        }
        let activity = slot.activity();
        let begins = tokio::select! {
            begins = self.begins(&stream) => begins,
            () = activity.has_to_go() => self.made_room(address),
            _stop = stopping.changed() => false,
        };
        if !begins {
            return;
        }
        let unread = Unread::default();
        let patience = Patience::new(self.limits.stall_time_max, self.limits.stall_time_hurried);
        let stream = Guarded::new(stream, patience.clone(), Some(activity.clone()), slot);
        let (bytes_max, time_max) = (self.limits.linger_bytes_max, self.limits.linger_time_max);
        let stream = Lingering::new(stream, unread.clone(), bytes_max, time_max);
        let admission = |tls| Admission {
            service,
            peer: Peer { address, tls },
            unread,
            not_upgraded: NotUpgraded::default(),
            switched: Switched::default(),
            activity: activity.clone(),
            follower: Follower::new(activity.clone(), patience.clone(), self.limits.follower_stall_time_max),
            patience,
            body_silence_time_max: self.limits.body_silence_time_max,
        };
        let Some(tls) = &self.tls else { return self.http(stream, admission(None), stopping).await };
        let shaken = tokio::select! {
            shaken = tokio::time::timeout(self.limits.handshake_time_max, tls.accept(stream)) => shaken,
            () = activity.has_to_go() => {
                self.made_room(address);
                return;
            }
            _stop = stopping.changed() => return,
        };
        match shaken {
            Ok(Ok(stream)) => {
                let version = tls_version(stream.get_ref().1.protocol_version());
                self.http(stream, admission(Some(version)), stopping).await;
            }
            Ok(Err(error)) => {
                self.cut("handshake");
                tracing::debug!(listener = self.name, %address, %error, "the TLS handshake with a client failed");
            }
            Err(_late) => self.cut("handshake"),
        }
    }

    async fn http<I, S, B>(&self, stream: I, admission: Admission<S>, mut stopping: watch::Receiver<()>)
    where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        S: tower::Service<Request<RequestBody>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
        S::Future: Send + 'static,
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let address = admission.peer.address;
        let activity = admission.activity.clone();
        let not_upgraded = admission.not_upgraded.clone();
        let stream = Strict::new(stream, self.limits.head_bytes_max, admission.switched.clone());
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.head_time_max)
            .max_headers(self.limits.headers_max)
            .max_buf_size(self.limits.buffer_bytes_max)
            .serve_connection(TokioIo::new(stream), admission)
            .with_upgrades();
        let mut connection = pin!(connection);
        let ended = tokio::select! {
            biased;
            ended = connection.as_mut() => ended,
            // The part of a head that it has sent is lost with it.
            () = activity.has_to_go() => {
                self.made_room(address);
                return;
            }
            _stop = stopping.changed() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        match ended {
            Ok(()) => {
                if let Err(error) = not_upgraded.end().await {
                    tracing::debug!(listener = self.name, %address, %error, "a connection ended early");
                }
            }
            Err(error) if Stalled::is_in(&error) => {
                self.cut("stalled");
                tracing::info!(listener = self.name, %address, "disconnected a client that read nothing of its response");
            }
            Err(error) => {
                tracing::debug!(listener = self.name, %address, %error, "a connection ended early");
            }
        }
    }

    /// Whether the first byte arrives in time.
    async fn begins(&self, stream: &TcpStream) -> bool {
        let Limits { first_byte_time_max, handshake_time_max, head_time_max, .. } = self.limits;
        let time_max = first_byte_time_max.min(if self.tls.is_some() { handshake_time_max } else { head_time_max });
        match tokio::time::timeout(time_max, stream.peek(&mut [0])).await {
            Ok(peeked) => peeked.is_ok_and(|bytes| bytes > 0),
            Err(_late) => {
                self.cut("silent");
                false
            }
        }
    }

    /// A connection is closed so that another one has its slot.
    fn made_room(&self, address: SocketAddr) -> bool {
        self.cut("idle");
        tracing::debug!(listener = self.name, %address, "closed an idle connection to accept another one");
        false
    }

    fn cut(&self, reason: &'static str) {
        metrics::counter!("planetstore_connections_cut_total", "listener" => self.name, "reason" => reason)
            .increment(1);
    }
}

fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    SockRef::from(stream).set_tcp_notsent_lowat(UNSENT_BYTES_MAX)
}
