//! Where a target is: a URL or a NATS subject, checked as text.

use events::target::Kind;

/// The longest address, in bytes.
pub const ADDRESS_BYTES_MAX: usize = 2_048;

/// What every NATS subject of a target begins with, before the region. No part of the store listens there.
pub const NATS_ROOT: &str = "notify";

/// An address that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A webhook.
    Webhook(Url),
    /// A NATS subject.
    Nats(String),
}

/// The parts of a URL that a request needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    /// Whether TLS is spoken there.
    pub is_tls: bool,
    /// A name, or an IP address without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Host and port as the URL has them, for the `Host` header.
    pub authority: String,
    /// Path and query, beginning with a slash.
    pub path: String,
}

/// Why a text is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum InvalidAddress {
    #[error("an address has at most {ADDRESS_BYTES_MAX} bytes")]
    TooLong,
    #[error("a webhook's URL begins with https:// or http://")]
    Scheme,
    #[error("the URL holds a character that has to be percent-encoded, or a fragment")]
    Character,
    #[error("a user and a password in the URL are not used: requests are signed instead")]
    UserInfo,
    #[error("the URL names no host")]
    Host,
    #[error("the port is a number from 1 to 65535")]
    Port,
    #[error("a NATS subject has tokens of A-Z, a-z, 0-9, '_' and '-' between dots, and begins with `notify.`")]
    Subject,
}

/// Parses the address of a target.
///
/// # Errors
/// [`InvalidAddress`].
pub fn parse_address(kind: Kind, text: &str) -> Result<Address, InvalidAddress> {
    if text.len() > ADDRESS_BYTES_MAX {
        return Err(InvalidAddress::TooLong);
    }
    match kind {
        Kind::Webhook => url(text).map(Address::Webhook),
        Kind::Nats => subject(text).map(Address::Nats),
    }
}

fn url(text: &str) -> Result<Url, InvalidAddress> {
    use InvalidAddress as E;
    let (scheme, rest) = text.split_once("://").ok_or(E::Scheme)?;
    let is_tls = match scheme.to_ascii_lowercase().as_str() {
        "https" => true,
        "http" => false,
        _ => return Err(E::Scheme),
    };
    let is_of_urls = |byte: u8| byte.is_ascii_graphic() && !b"\"#<>\\^`{|}".contains(&byte);
    if !rest.bytes().all(is_of_urls) {
        return Err(E::Character);
    }
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    if authority.contains('@') {
        return Err(E::UserInfo);
    }
    let (host, port) = match authority.strip_prefix('[') {
        Some(bracketed) => {
            let (host, after) = bracketed.split_once(']').ok_or(E::Host)?;
            host.parse::<std::net::Ipv6Addr>().map_err(|_| E::Host)?;
            let port = if after.is_empty() { None } else { Some(after.strip_prefix(':').ok_or(E::Port)?) };
            (host, port)
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:".contains(&byte);
    if host.is_empty() || !host.bytes().all(is_name) {
        return Err(E::Host);
    }
    let port = match port {
        Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            port.parse().ok().filter(|port| *port > 0).ok_or(E::Port)?
        }
        Some(_) => return Err(E::Port),
        None if is_tls => 443,
        None => 80,
    };
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    Ok(Url { is_tls, host: host.to_owned(), port, authority: authority.to_owned(), path })
}

fn subject(text: &str) -> Result<String, InvalidAddress> {
    let is_token = |token: &str| {
        !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let mut tokens = text.split('.');
    let is_subject = tokens.next() == Some(NATS_ROOT) && text.contains('.') && tokens.all(is_token);
    if is_subject { Ok(text.to_owned()) } else { Err(InvalidAddress::Subject) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart() {
        let parts = |text: &str| {
            let Ok(Address::Webhook(url)) = parse_address(Kind::Webhook, text) else { panic!("{text} is a URL") };
            (url.is_tls, url.host, url.port, url.authority, url.path)
        };
        let of = |is_tls, host: &str, port, authority: &str, path: &str| {
            (is_tls, host.to_owned(), port, authority.to_owned(), path.to_owned())
        };
        assert_eq!(parts("https://a.example"), of(true, "a.example", 443, "a.example", "/"));
        assert_eq!(parts("HTTP://a.example:8080/x/y?z=1"), of(false, "a.example", 8080, "a.example:8080", "/x/y?z=1"));
        assert_eq!(parts("http://a?b"), of(false, "a", 80, "a", "/?b"));
        assert_eq!(parts("http://[::1]:9/"), of(false, "::1", 9, "[::1]:9", "/"));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        use InvalidAddress as E;
        let refused = |kind, text: &str| parse_address(kind, text).unwrap_err();
        for (text, why) in [
            ("", E::Scheme),
            ("a.example", E::Scheme),
            ("ftp://a", E::Scheme),
            ("file:///etc/passwd", E::Scheme),
            ("http://", E::Host),
            ("http:///x", E::Host),
            ("http://:80", E::Host),
            ("http://[::1", E::Host),
            ("http://[a]", E::Host),
            ("http://a b", E::Character),
            ("http://a/\r\nx: y", E::Character),
            ("http://a/#x", E::Character),
            ("http://\u{e4}", E::Character),
            ("http://u:p@a", E::UserInfo),
            ("http://a:", E::Port),
            ("http://a:0", E::Port),
            ("http://a:65536", E::Port),
            ("http://a:+1", E::Port),
            ("http://[::1]x", E::Port),
        ] {
            assert_eq!(refused(Kind::Webhook, text), why, "{text}");
        }
        assert_eq!(refused(Kind::Webhook, &format!("http://a/{}", "x".repeat(2_048))), E::TooLong);
        for text in ["", "notify", "notify.", "notify..a", "notify.*", "notify.>", "ps.eu-1.object", "notify.a b"] {
            assert_eq!(refused(Kind::Nats, text), E::Subject, "{text}");
        }
        assert_eq!(parse_address(Kind::Nats, "notify.eu-1.x"), Ok(Address::Nats("notify.eu-1.x".into())));
    }
}
