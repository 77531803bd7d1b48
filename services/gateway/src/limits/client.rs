use std::net::IpAddr;
use std::str::FromStr;

use http::HeaderMap;
use ipnet::IpNet;

/// The header in which proxies say for whom they ask, the last of them last.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// Addresses and networks of proxies whose word counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

impl FromStr for TrustedProxies {
    type Err = String;

    /// Reads a list with commas, of addresses and of networks such as `10.0.0.0/8`.
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

/// Whose request it is: that of the peer, or of the last address in the chain that no trusted proxy has. What
/// stands before it, the client could have written.
pub(crate) fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &TrustedProxies) -> IpAddr {
    let mut client = peer.to_canonical();
    let lines = headers.get_all(FORWARDED_FOR).iter().rev();
    let hops = lines.flat_map(|line| line.to_str().unwrap_or_default().rsplit(','));
    for hop in hops {
        if !trusted.contain(client) {
            break;
        }
        let Ok(address) = hop.trim().parse::<IpAddr>() else { break };
        client = address.to_canonical();
    }
    client
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &[&str], trusted: &str) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(FORWARDED_FOR, line.parse().unwrap());
        }
        let trusted = if trusted.is_empty() { TrustedProxies::default() } else { trusted.parse().unwrap() };
        client_address(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn a_stranger_is_not_believed() {
        assert_eq!(client("192.0.2.1", &["10.0.0.1"], ""), "192.0.2.1");
        assert_eq!(client("192.0.2.1", &["10.0.0.1"], "10.0.0.0/8"), "192.0.2.1");
    }

    #[test]
    fn a_trusted_proxy_is_believed_and_its_client_is_not() {
        assert_eq!(client("10.0.0.1", &["192.0.2.9"], "10.0.0.1"), "192.0.2.9");
        assert_eq!(client("10.0.0.1", &["1.2.3.4, 192.0.2.9"], "10.0.0.0/8"), "192.0.2.9");
        assert_eq!(client("10.0.0.1", &["1.2.3.4", "192.0.2.9, 10.0.0.2"], "10.0.0.0/8"), "192.0.2.9");
        assert_eq!(client("::ffff:10.0.0.1", &["2001:db8::1"], "10.0.0.0/8"), "2001:db8::1");
    }

    #[test]
    fn what_is_no_address_ends_the_chain() {
        assert_eq!(client("10.0.0.1", &["192.0.2.9, unknown"], "10.0.0.0/8"), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &[], "10.0.0.0/8"), "10.0.0.1");
    }

    #[test]
    fn lists_of_proxies_are_read_whole() {
        assert!("10.0.0.1, fd00::/8".parse::<TrustedProxies>().is_ok());
        for bad in ["", "10.0.0.0/33", "proxy.example", "10.0.0.1,"] {
            assert!(bad.parse::<TrustedProxies>().is_err(), "{bad}");
        }
    }
}
