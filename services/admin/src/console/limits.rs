//! Connections of the console: what is allowed on them.

use std::time::Duration;

use listener::Limits;

/// Connections at once. For further ones, those without a request make room.
const CONNECTIONS_MAX: usize = 256;

/// Connections at once from one address: a browser and some command lines, or a proxy.
const CONNECTIONS_PER_ADDRESS_MAX: usize = 128;

/// How long a TLS handshake may take.
const HANDSHAKE_TIME_MAX: Duration = Duration::from_secs(5);

/// How long a client may be connected before its first byte comes.
const FIRST_BYTE_TIME_MAX: Duration = Duration::from_secs(5);

/// How long a client may take to send the head of a request.
const HEAD_TIME_MAX: Duration = Duration::from_secs(10);

/// Bytes of a request's head.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Bytes that may be buffered of one connection.
const BUFFER_BYTES_MAX: usize = 64 * 1024;

/// Headers of one request.
const HEADERS_MAX: usize = 100;

/// How long a client may leave a body without a byte.
const BODY_SILENCE_TIME_MAX: Duration = Duration::from_secs(10);

/// How long a client may take nothing of an answer.
const STALL_TIME_MAX: Duration = Duration::from_secs(10);

/// Bytes that a client may still send after it was refused.
const LINGER_BYTES_MAX: u64 = 1024 * 1024;

/// How long that may take.
const LINGER_TIME_MAX: Duration = Duration::from_secs(5);

/// How long requests under way may take once the console stops.
const DRAIN_TIME_MAX: Duration = Duration::from_secs(3);

/// What the console allows on its listener.
pub const LIMITS: Limits = Limits {
    connections_max: CONNECTIONS_MAX,
    connections_per_address_max: CONNECTIONS_PER_ADDRESS_MAX,
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
