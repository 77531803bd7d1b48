use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// The other end of a connection. Every request has it in its extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Peer {
    /// Its address, which may be a proxy's. An IPv4 address is shown as such even if the listener is an IPv6 one.
    pub address: SocketAddr,
    /// How the connection is encrypted, if it is.
    pub tls: Option<TlsVersion>,
}

/// A supported version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are those of the versions")]
pub enum TlsVersion {
    V1_2,
    V1_3,
}

impl TlsVersion {
    /// The version as policies write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1_2 => "1.2",
            Self::V1_3 => "1.3",
        }
    }
}

/// The bits of an IPv6 address that identify one customer.
///
/// Source: RFC 6177, section 2.
const OWN_BITS: u32 = 64;

/// Converts an IPv4-mapped address of an IPv6 socket into the IPv4 address.
pub(crate) fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// The origin that a connection counts for: the address, or its network where one customer has a whole one.
pub fn origin(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << OWN_BITS)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_ipv6_is_one_origin_and_an_address_of_ipv4_is() {
        let of = |text: &str| origin(text.parse().unwrap());
        assert_eq!(of("2001:db8::1:2:3:4"), of("2001:db8::5:6:7:8"));
        assert_ne!(of("2001:db8:0:1::1"), of("2001:db8:0:2::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(canonical("[::ffff:192.0.2.1]:9".parse().unwrap()), "192.0.2.1:9".parse().unwrap());
    }
}
