//! The addresses of a host.

use std::io;
use std::net::SocketAddr;

use futures_util::future::BoxFuture;

/// Looks up the addresses of hosts. It is a trait so that tests can be other names' servers.
pub trait Resolve: Send + Sync + 'static {
    /// The addresses of a host at a port.
    ///
    /// # Errors
    /// There are none, or nobody can be asked.
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>>;
}

/// The resolver of the system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
    }
}
