use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use http::HeaderMap;
use ipnet::IpNet;

/// The header in which proxies name the client, the nearest proxy last.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// Addresses and networks of trusted proxies, whose forwarding headers are believed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

impl FromStr for TrustedProxies {
    type Err = String;

    /// Parses a comma-separated list of addresses and of networks such as `10.0.0.0/8`.
    fn from_str(text: &str) -> Result<Self, String> {
        let one = |text: &str| -> Result<IpNet, String> {
            let text = text.trim();
            let net = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
            net.map_err(|_| format!("{text:?} is neither an address nor a network such as 10.0.0.0/8"))
        };
        text.split(',').map(one).collect::<Result<_, _>>().map(Self)
    }
}

impl TrustedProxies {
    fn contain(&self, address: IpAddr) -> bool {
        self.0.iter().any(|net| net.contains(&address))
    }
}

/// The client of a request, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    /// The address of the client. `None` if a trusted proxy sends text that is not an address: then the client is
    /// unknown, and is certainly not the proxy itself.
    pub address: Option<IpAddr>,
    /// The address that limits count: the client's, or that of the nearest proxy to it whose address is known.
    pub counted: IpAddr,
}

impl Client {
    /// The peer, or the last address in the chain that is no trusted proxy. The client could have written everything
    /// before that one, so it need not even be readable.
    pub fn of(peer: IpAddr, headers: &HeaderMap, trusted: &TrustedProxies) -> Self {
        let mut counted = peer.to_canonical();
        let lines = headers.get_all(FORWARDED_FOR).iter().rev();
        for hop in lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b',')) {
            if !trusted.contain(counted) {
                break;
            }
            let Some(address) = address(hop.trim_ascii()) else { return Self { address: None, counted } };
            counted = address.to_canonical();
        }
        Self { address: Some(counted), counted }
    }
}

/// The address of a hop. Some proxies add a port, or brackets around the address.
fn address(hop: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(hop).ok()?;
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::from);
    let with_port = || text.parse::<SocketAddr>().ok().map(|socket| socket.ip());
    text.parse().ok().or_else(with_port).or_else(bracketed)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn found(peer: &str, forwarded: &[&str], trusted: &str) -> Client {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(FORWARDED_FOR, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        let trusted = if trusted.is_empty() { TrustedProxies::default() } else { trusted.parse().unwrap() };
        Client::of(peer.parse().unwrap(), &headers, &trusted)
    }

    /// The client's address, which must be known.
    fn client(peer: &str, forwarded: &[&str], trusted: &str) -> String {
        let found = found(peer, forwarded, trusted);
        assert_eq!(found.address, Some(found.counted));
        found.counted.to_string()
    }

    #[test]
    fn a_stranger_is_not_believed() {
        assert_eq!(client("192.0.2.1", &["10.0.0.1"], ""), "192.0.2.1");
        assert_eq!(client("192.0.2.1", &["10.0.0.1"], "10.0.0.0/8"), "192.0.2.1");
        assert_eq!(client("192.0.2.1", &["\u{e4}"], "10.0.0.0/8"), "192.0.2.1");
    }

    #[test]
    fn a_trusted_proxy_is_believed_and_its_client_is_not() {
        assert_eq!(client("10.0.0.1", &["192.0.2.9"], "10.0.0.1"), "192.0.2.9");
        assert_eq!(client("10.0.0.1", &["1.2.3.4, 192.0.2.9"], "10.0.0.0/8"), "192.0.2.9");
        assert_eq!(client("10.0.0.1", &["1.2.3.4", "192.0.2.9, 10.0.0.2"], "10.0.0.0/8"), "192.0.2.9");
        assert_eq!(client("::ffff:10.0.0.1", &["2001:db8::1"], "10.0.0.0/8"), "2001:db8::1");
        assert_eq!(client("10.0.0.1", &[], "10.0.0.0/8"), "10.0.0.1");
    }

    #[test]
    fn what_the_client_wrote_makes_no_proxy_the_client() {
        for written in ["\u{e4}", "unknown", "", "1.2.3.4:5", ",", "\u{e4}, 10.0.0.9"] {
            let appended = format!("{written}, 192.0.2.9");
            assert_eq!(client("10.0.0.1", &[&appended], "10.0.0.1"), "192.0.2.9", "{written}");
            assert_eq!(client("10.0.0.1", &[written, "192.0.2.9"], "10.0.0.1"), "192.0.2.9", "{written}");
        }
    }

    #[test]
    fn ports_and_brackets_are_no_part_of_an_address() {
        for (hop, address) in [
            ("192.0.2.9:443", "192.0.2.9"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[::ffff:192.0.2.9]:1", "192.0.2.9"),
        ] {
            assert_eq!(client("10.0.0.1", &[hop], "10.0.0.1"), address, "{hop}");
        }
    }

    #[test]
    fn a_hop_that_no_address_can_be_read_of_is_nobody_s_and_counts_for_the_proxy() {
        for hop in [
            "unknown",
            "",
            "192.0.2.9, ",
            "\u{e4}",
            "192.0.2.9\u{e4}",
            "192.0.2.9:",
            "192.0.2.9:99999",
            "fe80::1%e",
            "_x",
        ] {
            let found = found("10.0.0.1", &[hop], "10.0.0.1");
            assert_eq!((found.address, found.counted.to_string()), (None, "10.0.0.1".to_owned()), "{hop}");
        }
        let behind = found("10.0.0.1", &["unknown, 10.0.0.2"], "10.0.0.0/8");
        assert_eq!((behind.address, behind.counted.to_string()), (None, "10.0.0.2".to_owned()));
    }

    #[test]
    fn lists_of_proxies_are_read_whole() {
        assert!("10.0.0.1, fd00::/8".parse::<TrustedProxies>().is_ok());
        for bad in ["", "10.0.0.0/33", "proxy.example", "10.0.0.1,"] {
            assert!(bad.parse::<TrustedProxies>().is_err(), "{bad}");
        }
    }
}
