//! The limits of the S3 listener, and the service behind it.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use http::Request;
use listener::{Limits, Listener, RequestBody};

use crate::Gateway;
use crate::service::handle;

/// Connections open at once. When all are taken, one without a request in flight makes room.
const CONNECTIONS_MAX: usize = 4_096;

/// Connections open at once from one address, which may be a host with many clients or a proxy in front of them. An
/// address gets fewer when few are free.
const CONNECTIONS_PER_ADDRESS_MAX: usize = 1_024;

/// How long a TLS handshake may take.
const HANDSHAKE_TIME_MAX: Duration = Duration::from_secs(10);

/// How long a client may be connected before its first byte arrives.
const FIRST_BYTE_TIME_MAX: Duration = Duration::from_secs(10);

/// How long a client may take to send a request's head.
const HEAD_TIME_MAX: Duration = Duration::from_secs(30);

/// Bytes of a request's head. S3 allows 8 KiB of headers, and a presigned URL may be as long.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Bytes that may be buffered for one connection.
const BUFFER_BYTES_MAX: usize = 256 * 1024;

/// Headers of one request.
const HEADERS_MAX: usize = 128;

/// How long a client may read nothing of a response, which holds shared memory meanwhile.
const STALL_TIME_MAX: Duration = Duration::from_secs(30);

/// The shorter timeout while other requests wait for the memory of reads. The kernel takes data in thirds of 128 KiB,
/// so a client must then read 9 kB a second.
const STALL_TIME_HURRIED: Duration = Duration::from_secs(5);

/// Bytes that a client may still send after a refusal: a large part of an upload.
const LINGER_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// How long it may send them.
const LINGER_TIME_MAX: Duration = Duration::from_secs(30);

/// How long requests in flight may continue after the order to stop.
const DRAIN_TIME_MAX: Duration = Duration::from_secs(20);

/// The limits of a gateway's listener.
pub const LIMITS: Limits = Limits {
    connections_max: CONNECTIONS_MAX,
    connections_per_address_max: CONNECTIONS_PER_ADDRESS_MAX,
    followers_max: 0,
    follower_stall_time_max: STALL_TIME_MAX,
    handshake_time_max: HANDSHAKE_TIME_MAX,
    first_byte_time_max: FIRST_BYTE_TIME_MAX,
    head_time_max: HEAD_TIME_MAX,
    head_bytes_max: HEAD_BYTES_MAX,
    buffer_bytes_max: BUFFER_BYTES_MAX,
    headers_max: HEADERS_MAX,
    // `payload` has such a timeout, with an S3 error for it.
    body_silence_time_max: None,
    stall_time_max: STALL_TIME_MAX,
    stall_time_hurried: STALL_TIME_HURRIED,
    linger_bytes_max: LINGER_BYTES_MAX,
    linger_time_max: LINGER_TIME_MAX,
    drain_time_max: DRAIN_TIME_MAX,
};

/// Serves S3 until `shutdown`, then lets requests in flight end.
pub async fn serve(gateway: Gateway, listener: Listener, shutdown: impl Future<Output = ()> + Send) {
    let service = tower::service_fn(move |request: Request<RequestBody>| {
        let gateway = gateway.clone();
        async move { Ok::<_, Infallible>(handle(gateway, request.map(Body::new)).await) }
    });
    listener.serve(service, shutdown).await;
}
