use std::time::Duration;

/// The limits of a listener. Its creator sets each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections open at once. Beyond that, connections without a request in flight make room; if there are none, new
    /// ones wait in the listener's queue.
    pub connections_max: usize,
    /// Connections open at once from one address, or from one /64 network of IPv6; more are closed at once. The limit
    /// is lower when few are free: no address has more than are left for others. All clients behind a proxy or an
    /// address translator count as one address.
    pub connections_per_address_max: usize,
    /// Connections open at once that follow something, beside those that a service is asked over. They do not count for
    /// their addresses: the service limits how many a user has.
    pub followers_max: usize,
    /// How long a follower may read nothing of what is sent to it.
    pub follower_stall_time_max: Duration,
    /// How long a TLS handshake may take.
    pub handshake_time_max: Duration,
    /// How long a connection may be open before its first byte arrives.
    pub first_byte_time_max: Duration,
    /// How long a connection may wait for the complete head of its next request, including the first.
    pub head_time_max: Duration,
    /// Bytes of a request's head: its first line and its headers.
    pub head_bytes_max: usize,
    /// Bytes that are buffered for a connection. The head of a request must fit.
    pub buffer_bytes_max: usize,
    /// Headers of a request.
    pub headers_max: usize,
    /// How long a client may send no byte of a request's body; then reading it is an error. `None` if the service has
    /// such a timeout itself.
    pub body_silence_time_max: Option<Duration>,
    /// How long a client may read nothing of what is sent to it; then it is cut off.
    pub stall_time_max: Duration,
    /// The shorter timeout while others wait for the memory that its response holds, if the service says so.
    pub stall_time_hurried: Duration,
    /// Bytes that a client may still send of a request whose response leaves its body unread. Beyond that the
    /// connection is reset, and the response may be lost.
    pub linger_bytes_max: u64,
    /// How long it may send them.
    pub linger_time_max: Duration,
    /// How long requests in flight may continue after the order to stop.
    pub drain_time_max: Duration,
}
