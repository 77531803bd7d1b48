use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// Who is at the other end of a connection. Every request carries it in its extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Peer {
    /// Its address, IPv4 as such also where the listener is an IPv6 one. Of a proxy, if there is one.
    pub address: SocketAddr,
    /// How the connection is encrypted, if it is.
    pub tls: Option<TlsVersion>,
}

/// A version of TLS that is spoken here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are those of the versions")]
pub enum TlsVersion {
    V1_2,
    V1_3,
}

impl TlsVersion {
    /// As policies write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1_2 => "1.2",
            Self::V1_3 => "1.3",
        }
    }
}

/// The bits of an IPv6 address that one customer has for itself.
///
/// Source: RFC 6177, section 2.
const OWN_BITS: u32 = 64;

/// An IPv4 address that was seen through an IPv6 socket, as the address it is.
pub(crate) fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// What connections are counted by: the address, or its network where one peer has a whole one.
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
