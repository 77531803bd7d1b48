use std::time::Duration;

/// What a listener allows. Whoever opens one names each of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections open at once. For further ones those make room on which no request is under way; where there are none,
    /// they wait in the listener's queue.
    pub connections_max: usize,
    /// Connections open at once from one address, or of IPv6 one /64 network; further ones are closed at once. It is
    /// less where fewer are free: nobody has more than are left for others.
    /// Everything behind a proxy or an address translator is one address.
    pub connections_per_address_max: usize,
    /// How long a TLS handshake may take.
    pub handshake_time_max: Duration,
    /// How long a connection may be open before its first byte comes.
    pub first_byte_time_max: Duration,
    /// How long a connection may wait for the whole head of its next request, the first included.
    pub head_time_max: Duration,
    /// Bytes of a request's head: its first line and its headers.
    pub head_bytes_max: usize,
    /// Bytes of a connection that are buffered. The head of a request must fit.
    pub buffer_bytes_max: usize,
    /// Headers of a request.
    pub headers_max: usize,
    /// How long a client may leave a request's body without a byte; then reading it is an error. `None` if the
    /// service has such a rule itself.
    pub body_silence_time_max: Option<Duration>,
    /// How long a client may take nothing of what is sent to it; then it is cut off.
    pub stall_time_max: Duration,
    /// The same while others wait for what its answer holds, if the service says so.
    pub stall_time_hurried: Duration,
    /// Bytes that a client may still send of a request whose answer leaves its body unread; then the connection is
    /// reset, and the answer may be lost on its way.
    pub linger_bytes_max: u64,
    /// How long that may take.
    pub linger_time_max: Duration,
    /// How long requests under way may go on after the order to stop.
    pub drain_time_max: Duration,
}
