//! The limits of the console's connections.

use std::time::Duration;

use listener::Limits;

/// Connections open at once. When all are taken, one without a request in flight makes room.
const CONNECTIONS_MAX: usize = 256;

/// Connections open at once from one address: a browser and some command lines, or a proxy.
const CONNECTIONS_PER_ADDRESS_MAX: usize = 128;

/// Connections open at once that follow events, telemetry or logs, beside the others. `api/history/streams.rs` says how
/// many of them a user may have.
const FOLLOWERS_MAX: usize = 2_048;

/// How long a follower may read nothing: a browser whose tab sleeps comes back.
const FOLLOWER_STALL_TIME_MAX: Duration = Duration::from_mins(10);

/// How long a TLS handshake may take.
const HANDSHAKE_TIME_MAX: Duration = Duration::from_secs(5);

/// How long a client may be connected before its first byte arrives.
const FIRST_BYTE_TIME_MAX: Duration = Duration::from_secs(5);

/// How long a client may take to send the head of a request.
const HEAD_TIME_MAX: Duration = Duration::from_secs(10);

/// Bytes of a request's head.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Bytes that may be buffered for one connection.
const BUFFER_BYTES_MAX: usize = 64 * 1024;

/// Headers of one request.
const HEADERS_MAX: usize = 100;

/// How long a client may send no byte of a body.
const BODY_SILENCE_TIME_MAX: Duration = Duration::from_secs(10);

/// How long a client may read nothing of a response.
const STALL_TIME_MAX: Duration = Duration::from_secs(10);

/// Bytes that a client may still send after a refusal.
const LINGER_BYTES_MAX: u64 = 1024 * 1024;

/// How long it may send them.
const LINGER_TIME_MAX: Duration = Duration::from_secs(5);

/// How long requests in flight may take once the console stops.
const DRAIN_TIME_MAX: Duration = Duration::from_secs(3);

/// The limits of the console's listener.
pub const LIMITS: Limits = Limits {
    connections_max: CONNECTIONS_MAX,
    connections_per_address_max: CONNECTIONS_PER_ADDRESS_MAX,
    followers_max: FOLLOWERS_MAX,
    follower_stall_time_max: FOLLOWER_STALL_TIME_MAX,
    handshake_time_max: HANDSHAKE_TIME_MAX,
    first_byte_time_max: FIRST_BYTE_TIME_MAX,
    head_time_max: HEAD_TIME_MAX,
    head_bytes_max: HEAD_BYTES_MAX,
    buffer_bytes_max: BUFFER_BYTES_MAX,
    headers_max: HEADERS_MAX,
    body_silence_time_max: Some(BODY_SILENCE_TIME_MAX),
    stall_time_max: STALL_TIME_MAX,
    stall_time_hurried: STALL_TIME_MAX,
    linger_bytes_max: LINGER_BYTES_MAX,
    linger_time_max: LINGER_TIME_MAX,
    drain_time_max: DRAIN_TIME_MAX,
};
