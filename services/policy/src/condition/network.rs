//! Networks of addresses.

use std::net::IpAddr;

/// Addresses with a common prefix: `10.0.0.0/8`, `2001:db8::/32`, or a single address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Network {
    address: IpAddr,
    bits: u32,
}

/// Networks with shorter prefixes are too broad to identify callers, as on AWS.
const NARROW_BITS_V4: u32 = 8;
const NARROW_BITS_V6: u32 = 32;

impl Network {
    /// Parses CIDR notation. Bits after the prefix need not be zero. An IPv4-mapped IPv6 network is parsed as IPv4.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            None => (text, None),
            Some((address, bits)) if bits.bytes().all(|byte| byte.is_ascii_digit()) => (address, Some(bits)),
            Some(_) => return None,
        };
        let address: IpAddr = address.parse().ok()?;
        let width = width(address);
        let bits = bits.map_or(Some(width), |bits| bits.parse().ok()).filter(|bits| *bits <= width)?;
        match address.to_canonical() {
            mapped @ IpAddr::V4(_) if address.is_ipv6() => Some(Self { address: mapped, bits: bits.checked_sub(96)? }),
            _ => Some(Self { address, bits }),
        }
    }

    pub(crate) fn has(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                (own.to_bits() ^ other.to_bits()).checked_shr(32 - self.bits).unwrap_or(0) == 0
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                (own.to_bits() ^ other.to_bits()).checked_shr(128 - self.bits).unwrap_or(0) == 0
            }
            _ => false,
        }
    }

    pub(crate) fn is_narrow(&self) -> bool {
        self.bits >= if self.address.is_ipv4() { NARROW_BITS_V4 } else { NARROW_BITS_V6 }
    }
}

const fn width(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_have_the_addresses_that_begin_like_them() {
        let has = |network: &str, address: &str| Network::parse(network).unwrap().has(address.parse().unwrap());
        assert!(has("10.0.0.0/8", "10.255.0.1"));
        assert!(has("10.1.2.3/8", "10.255.0.1"));
        assert!(!has("10.0.0.0/8", "11.0.0.0"));
        assert!(has("0.0.0.0/0", "255.1.1.1"));
        assert!(has("192.0.2.7", "192.0.2.7"));
        assert!(!has("192.0.2.7", "192.0.2.6"));
        assert!(has("192.0.2.7/32", "::ffff:192.0.2.7"));
        assert!(has("::ffff:192.0.2.0/120", "192.0.2.7"));
        assert!(has("2001:db8::/32", "2001:db8:1::1"));
        assert!(!has("2001:db8::/32", "2001:db9::1"));
        assert!(has("::/0", "::1"));
        assert!(!has("::/0", "192.0.2.7"));
        assert!(!has("0.0.0.0/0", "2001:db8::1"));
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for bad in [
            "",
            "10",
            "10.0.0.0/",
            "10.0.0.0/33",
            "::/129",
            "10.0.0.0/+8",
            "10.0.0.0/8/8",
            "a/8",
            "10.0.0.0/-1",
            "::ffff:1.2.3.4/95",
            "010.0.0.1",
        ] {
            assert_eq!(Network::parse(bad), None, "{bad}");
        }
    }
}
