//! Binds addresses before anything else is started.

use std::io::ErrorKind;
use std::net::SocketAddr;

use anyhow::{Context, anyhow};
use tokio::net::TcpListener;

/// Binds an address. The error says why that is not possible, and what to do.
pub(crate) async fn bind(address: SocketAddr, what: &str, flag: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| anyhow!("{}", sentence(address, what, flag, &error)))
}

/// The address that was bound, where the port was chosen by the system.
pub(crate) fn address(listener: &TcpListener) -> anyhow::Result<SocketAddr> {
    listener.local_addr().context("the address of the listener is unknown")
}

fn sentence(address: SocketAddr, what: &str, flag: &str, error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::AddrInUse => format!(
            "{address} is already in use by another program, so {what} cannot listen there: \
             stop that program (`ss -ltnp 'sport = :{}'` names it) or give another address with {flag}",
            address.port()
        ),
        ErrorKind::AddrNotAvailable => {
            format!("{address} is not an address of this machine: pass one with {flag}")
        }
        ErrorKind::PermissionDenied => {
            format!(
                "port {} is reserved for privileged programs: pass a port of 1024 or more with {flag}",
                address.port()
            )
        }
        _ => format!("{what} cannot listen on {address} ({flag}): {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_taken_port_is_named_with_what_to_do() {
        let taken = bind("127.0.0.1:0".parse().unwrap(), "S3", "--listen").await.unwrap();
        let address = address(&taken).unwrap();
        let error = bind(address, "the S3 endpoint", "--listen").await.unwrap_err().to_string();
        assert!(error.contains(&address.to_string()) && error.contains("--listen"), "{error}");
    }
}
