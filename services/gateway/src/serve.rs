//! Connections: what is allowed on them, and what answers.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use http::Request;
use listener::{Limits, Listener, RequestBody};

use crate::Gateway;
use crate::service::handle;

/// Connections open at once. For more, those without a request make room.
const CONNECTIONS_MAX: usize = 4_096;

/// Connections open at once from one address, which may be a host that runs many clients or a proxy in front of them;
/// fewer where fewer are left.
const CONNECTIONS_PER_ADDRESS_MAX: usize = 1_024;

/// How long a TLS handshake may take.
const HANDSHAKE_TIME_MAX: Duration = Duration::from_secs(10);

/// How long a client may be connected before its first byte comes.
const FIRST_BYTE_TIME_MAX: Duration = Duration::from_secs(10);

/// How long a client may take to send a request's head.
const HEAD_TIME_MAX: Duration = Duration::from_secs(30);

/// Bytes of a request's head. S3 allows 8 KiB of headers; a presigned URL may come to as much.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Bytes that may be buffered of one connection.
const BUFFER_BYTES_MAX: usize = 256 * 1024;

/// Headers of one request.
const HEADERS_MAX: usize = 128;

/// How long a client may take nothing of an answer: meanwhile the answer holds memory that all reads share.
const STALL_TIME_MAX: Duration = Duration::from_secs(30);

/// The same while others wait for the memory of reads: as the kernel takes what is sent in thirds of 128 KiB, a client
/// must take 9 kB a second then.
const STALL_TIME_HURRIED: Duration = Duration::from_secs(5);

/// Bytes that a client may still send after it was refused: a large part of an upload.
const LINGER_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// How long that may take.
const LINGER_TIME_MAX: Duration = Duration::from_secs(30);

/// How long requests under way may go on after the order to stop.
const DRAIN_TIME_MAX: Duration = Duration::from_secs(20);

/// What a gateway allows on its listener.
pub const LIMITS: Limits = Limits {
    connections_max: CONNECTIONS_MAX,
    connections_per_address_max: CONNECTIONS_PER_ADDRESS_MAX,
    handshake_time_max: HANDSHAKE_TIME_MAX,
    first_byte_time_max: FIRST_BYTE_TIME_MAX,
    head_time_max: HEAD_TIME_MAX,
    head_bytes_max: HEAD_BYTES_MAX,
    buffer_bytes_max: BUFFER_BYTES_MAX,
    headers_max: HEADERS_MAX,
    // `payload` has such a rule, and an answer of S3 for it.
    body_silence_time_max: None,
    stall_time_max: STALL_TIME_MAX,
    stall_time_hurried: STALL_TIME_HURRIED,
    linger_bytes_max: LINGER_BYTES_MAX,
    linger_time_max: LINGER_TIME_MAX,
    drain_time_max: DRAIN_TIME_MAX,
};

/// Serves S3 until `shutdown`, then lets requests under way end.
pub async fn serve(gateway: Gateway, listener: Listener, shutdown: impl Future<Output = ()> + Send) {
    let service = tower::service_fn(move |request: Request<RequestBody>| {
        let gateway = gateway.clone();
        async move { Ok::<_, Infallible>(handle(gateway, request.map(Body::new)).await) }
    });
    listener.serve(service, shutdown).await;
}
