//! A serving listener, and clients that send byte by byte.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use listener::{Certificates, Limits, Listener, Peer, RequestBody, TlsVersion};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// The maximum time to wait for anything in a test.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Limits that no test reaches by chance.
pub(crate) const WIDE: Limits = Limits {
    connections_max: 100,
    connections_per_address_max: 100,
    followers_max: 0,
    follower_stall_time_max: PATIENCE,
    handshake_time_max: PATIENCE,
    first_byte_time_max: PATIENCE,
    head_time_max: PATIENCE,
    head_bytes_max: 16 * 1024,
    buffer_bytes_max: 64 * 1024,
    headers_max: 20,
    body_silence_time_max: None,
    stall_time_max: PATIENCE,
    stall_time_hurried: PATIENCE,
    linger_bytes_max: u64::MAX,
    linger_time_max: PATIENCE,
    drain_time_max: PATIENCE,
};

/// Bytes of the response to `/large`: more than any kernel buffers.
pub(crate) const LARGE_BYTES: usize = 64 << 20;

/// One buffer for all responses, made before the first, so that only the listener is measured.
static LARGE: LazyLock<Vec<u8>> = LazyLock::new(|| vec![b'x'; LARGE_BYTES]);

pub(crate) type Answer = Response<Full<Bytes>>;

/// Counts the responses whose memory is still held.
#[derive(Clone, Default)]
pub(crate) struct Held(pub(crate) Arc<AtomicUsize>);

struct Hold(Held);

/// Bytes that are held until the last of them is in the kernel.
struct Kept {
    bytes: Bytes,
    _hold: Hold,
}

impl AsRef<[u8]> for Kept {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Held {
    fn hold(&self) -> Hold {
        self.0.fetch_add(1, Ordering::SeqCst);
        Hold(self.clone())
    }

    /// Waits until this many are held.
    pub(crate) async fn becomes(&self, count: usize) {
        let look = async {
            while self.0.load(Ordering::SeqCst) != count {
                tokio::task::yield_now().await;
            }
        };
        let held = || format!("{} answers are held, not {count}", self.0.load(Ordering::SeqCst));
        timeout(PATIENCE, look).await.unwrap_or_else(|_| panic!("{}", held()));
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A listener and its service: `/echo` returns the body, `/large` a large one, `/never` does not answer, and all other
/// paths return the peer and ignore the body.
pub(crate) struct Serving {
    pub(crate) address: SocketAddr,
    pub(crate) held: Held,
    stop: oneshot::Sender<()>,
    pub(crate) served: JoinHandle<()>,
}

impl Serving {
    pub(crate) async fn start(limits: Limits) -> Self {
        Self::start_with(limits, None).await
    }

    pub(crate) async fn start_with(limits: Limits, certificates: Option<&Certificates>) -> Self {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = socket.local_addr().unwrap();
        LazyLock::force(&LARGE);
        let held = Held::default();
        let (stop, stopped) = oneshot::channel();
        let answers = held.clone();
        let service = tower::service_fn(move |request| answer(request, answers.clone()));
        let listener = Listener::new("test", socket, limits);
        let listener = match certificates {
            Some(certificates) => listener.with_tls(certificates),
            None => listener,
        };
        let served = tokio::spawn(async move {
            listener.serve(service, async { stopped.await.unwrap_or_default() }).await;
        });
        Self { address, held, stop, served }
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes on a new connection, and reads until the listener closes it.
    pub(crate) async fn exchange(&self, raw: &[u8]) -> String {
        let mut stream = self.connect().await;
        // It may be refused before its end; a response says why.
        let _refused = stream.write_all(raw).await;
        to_end(&mut stream).await
    }

    /// Orders the listener to stop; the future ends when it has.
    pub(crate) fn stop(self) -> JoinHandle<()> {
        self.stop.send(()).unwrap();
        self.served
    }
}

async fn answer(request: Request<RequestBody>, held: Held) -> Result<Answer, Infallible> {
    let hold = held.hold();
    let bytes = match request.uri().path() {
        "/echo" => {
            let mut body = request.into_body();
            match (&mut body).collect().await {
                Ok(body) => body.to_bytes(),
                Err(error) => {
                    // Some clients poll again after an error, and find the end.
                    let ended = body.frame().now_or_never();
                    assert!(!matches!(ended, Some(Some(Ok(_)))), "something comes after an error");
                    Bytes::from(error.to_string())
                }
            }
        }
        "/large" => Bytes::from_static(LARGE.as_slice()),
        "/never" => std::future::pending().await,
        _ => {
            let peer = request.extensions().get::<Peer>().unwrap();
            Bytes::from(format!("{} {}", peer.address, peer.tls.map_or("plain", TlsVersion::as_str)))
        }
    };
    Ok(Response::new(Full::new(Bytes::from_owner(Kept { bytes, _hold: hold }))))
}

/// Everything that arrives until the connection ends in any way.
pub(crate) async fn to_end(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut taken = Vec::new();
    let mut piece = vec![0; 64 * 1024];
    let read = async {
        while let Ok(length @ 1..) = stream.read(&mut piece).await {
            taken.extend_from_slice(&piece[..length]);
        }
    };
    timeout(PATIENCE, read).await.expect("the connection is not closed");
    String::from_utf8_lossy(&taken).into_owned()
}

/// Reads this many bytes, or panics.
pub(crate) async fn take(stream: &mut (impl AsyncRead + Unpin), length: usize) -> Vec<u8> {
    let mut taken = vec![0; length];
    timeout(PATIENCE, stream.read_exact(&mut taken)).await.expect("nothing comes").unwrap();
    taken
}

/// A request without a body.
pub(crate) fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n").into_bytes()
}
