//! One connection to a NATS server, and its state.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use async_nats::Event;
use tokio::sync::watch;
use zeroize::Zeroizing;

use crate::OpenError;
use crate::refusals::Refusals;

/// Time a first connection attempt may take.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);

/// Longest pause between two attempts to reconnect.
const RECONNECT_PAUSE_MAX: Duration = Duration::from_secs(1);

/// The interval of pings on an idle connection; two lost pings end the connection. A server whose host is gone closes
/// nothing, and appends wait until another server of its cluster is tried.
const PING_INTERVAL: Duration = Duration::from_secs(2);

/// The user of a connection. `Debug` never prints the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The NATS user.
    pub user: String,
    /// The user's password; its memory is wiped when it is dropped.
    pub password: Zeroizing<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}

/// The settings of a connection to a NATS server.
#[derive(Debug, Clone)]
pub struct ConnectOptions {
    /// `host:port` of the server, or of each server of a cluster, separated by commas: see [`servers`].
    pub address: String,
    /// A file in PEM with the certificates that the server's own must chain to. With it, only TLS is spoken.
    pub ca: Option<PathBuf>,
    /// The user.
    pub credentials: Credentials,
    /// The name under which the server lists this connection, such as `gateway log`.
    pub name: String,
    /// Subject prefix of this connection's replies, such as `_INBOX_gateway`, so that permissions can keep
    /// others from reading them.
    pub inbox_prefix: String,
}

/// The state of a connection, and the number of times it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Connection {
    /// Whether the connection stands now.
    pub connected: bool,
    /// The number of times it was made; more than one means that it was lost in between.
    pub made: u64,
}

impl Connection {
    fn after(self, event: &Event) -> Self {
        match event {
            Event::Connected => Self { connected: true, made: self.made + 1 },
            Event::Disconnected | Event::Closed => Self { connected: false, ..self },
            _ => self,
        }
    }
}

/// The addresses in a list that is separated by commas. Any of the servers will do, and after a loss the others are tried.
pub fn servers(addresses: &str) -> Vec<&str> {
    addresses.split(',').collect()
}

/// The settings that all connections of a process to NATS have. They reconnect for as long as the client lives.
pub fn client_options(options: &ConnectOptions) -> async_nats::ConnectOptions {
    let Credentials { user, password } = options.credentials.clone();
    let client = async_nats::ConnectOptions::with_user_and_password(user, password.to_string())
        .name(&options.name)
        .custom_inbox_prefix(&options.inbox_prefix)
        .connection_timeout(CONNECT_TIME_MAX)
        .ping_interval(PING_INTERVAL)
        .max_reconnects(None)
        .reconnect_delay_callback(reconnect_pause);
    match &options.ca {
        Some(ca) => client.require_tls(true).add_root_certificates(ca.clone()),
        None => client,
    }
}

/// Connects, and keeps reconnecting for as long as the client lives.
///
/// # Errors
/// [`OpenError::Connect`] if there is no connection within [`CONNECT_TIME_MAX`].
pub(crate) async fn connect(
    options: &ConnectOptions,
) -> Result<(async_nats::Client, watch::Receiver<Connection>, Refusals), OpenError> {
    let refusals = Refusals::default();
    let heard = refusals.clone();
    let (state, watched) = watch::channel(Connection::default());
    let connecting = client_options(options).event_callback(move |event| {
        if let Event::ServerError(error) = &event {
            heard.hear(&error.to_string());
        }
        let connection = state.borrow().after(&event);
        if connection.connected && connection.made > 1 && !state.borrow().connected {
            metrics::counter!("planetstore_log_reconnects_total").increment(1);
        }
        state.send_replace(connection);
        async {}
    });
    let client = Box::pin(connecting.connect(servers(&options.address))).await;
    let client =
        client.map_err(|error| OpenError::Connect { address: options.address.clone(), reason: error.to_string() })?;
    let mut standing = watched.clone();
    // The event of the first connection comes through a channel and may be under way still.
    standing.wait_for(|connection| connection.made > 0).await.map_err(|_| OpenError::Connect {
        address: options.address.clone(),
        reason: "the connection was closed".into(),
    })?;
    Ok((client, watched, refusals))
}

fn reconnect_pause(attempts: usize) -> Duration {
    let doubled = 1_u64 << attempts.min(10);
    Duration::from_millis(doubled).min(RECONNECT_PAUSE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_counted_each_time_it_is_made() {
        let after = |events: &[Event]| events.iter().fold(Connection::default(), Connection::after);
        assert_eq!(after(&[Event::Connected]), Connection { connected: true, made: 1 });
        assert_eq!(after(&[Event::Connected, Event::Disconnected]), Connection { connected: false, made: 1 });
        assert_eq!(
            after(&[Event::Connected, Event::Disconnected, Event::Connected, Event::SlowConsumer(1)]),
            Connection { connected: true, made: 2 }
        );
    }

    #[test]
    fn a_list_of_servers_is_taken_apart() {
        assert_eq!(servers("host:4222"), ["host:4222"]);
        assert_eq!(servers("tls://a:1,tls://b:2"), ["tls://a:1", "tls://b:2"]);
    }

    #[test]
    fn the_pause_before_reconnecting_grows_and_is_bounded() {
        assert_eq!(reconnect_pause(0), Duration::from_millis(1));
        assert_eq!(reconnect_pause(5), Duration::from_millis(32));
        assert_eq!(reconnect_pause(usize::MAX), RECONNECT_PAUSE_MAX);
    }

    #[test]
    fn a_password_is_never_printed() {
        let credentials = Credentials { user: "someone".into(), password: "secret".to_owned().into() };
        assert_eq!(format!("{credentials:?}"), "Credentials { user: \"someone\", .. }");
    }
}
