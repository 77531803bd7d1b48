//! The addresses and logins of NATS, and the connections that carry shards and telemetry.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, bail};
use async_nats::ServerAddr;
use clap::Args;
use eventlog::server::{Role, Users};
use eventlog::{Credentials, Gate};

use crate::{files, trust};

/// The NATS login and the authority it trusts. Secrets are never on the command line, where every user of the host could
/// read them.
#[derive(Debug, Args)]
pub(crate) struct NatsAccessArgs {
    /// File with the lines `PLANETSTORE_NATS_USER=` and `PLANETSTORE_NATS_PASSWORD=` [default: these variables]
    #[arg(long, env = "PLANETSTORE_NATS_CREDENTIALS", value_name = "FILE")]
    pub(crate) nats_credentials: Option<PathBuf>,
    /// PEM file of the certificate authorities to trust for the NATS server; implies TLS [default: with a `tls://` URL,
    /// the authorities of this system; else no TLS]
    #[arg(long, env = "PLANETSTORE_NATS_CA", value_name = "FILE")]
    pub(crate) nats_ca: Option<PathBuf>,
}

/// The connection to the log.
#[derive(Debug, Args)]
pub(crate) struct NatsLoginArgs {
    #[command(flatten)]
    pub(crate) access: NatsAccessArgs,
    /// Number of servers of the NATS cluster that keep a copy of the log
    #[arg(long, env = "PLANETSTORE_LOG_REPLICAS", default_value_t = 1, value_name = "N",
          value_parser = clap::value_parser!(u8).range(1..=5))]
    pub(crate) log_replicas: u8,
}

/// The variables of an address and a login.
pub(crate) const URL_ENV: &str = "PLANETSTORE_NATS_URL";
pub(crate) const USER_ENV: &str = "PLANETSTORE_NATS_USER";
pub(crate) const PASSWORD_ENV: &str = "PLANETSTORE_NATS_PASSWORD";

/// Servers of one cluster that may be named.
const SERVERS_MAX: usize = 16;

/// Messages that may wait in one of our subscriptions before further ones are dropped.
const SUBSCRIPTION_MESSAGES_MAX: usize = 64 * 1024;

/// The addresses of the servers of one NATS cluster, `nats://host:port` or `tls://host:port`, separated by commas, without
/// a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NatsUrl(String);

impl FromStr for NatsUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let servers = eventlog::servers(text);
        if servers.len() > SERVERS_MAX {
            return Err(format!("these are more than {SERVERS_MAX} servers"));
        }
        let schemes = servers.iter().map(|server| scheme(server)).collect::<Result<Vec<_>, _>>()?;
        if schemes.windows(2).any(|two| two[0] != two[1]) {
            return Err(format!("{text:?} has servers with TLS and without: give all of them the same scheme"));
        }
        Ok(Self(text.to_owned()))
    }
}

/// The scheme of one server's address, which is checked.
fn scheme(text: &str) -> Result<String, String> {
    let address: ServerAddr = text.parse().map_err(|error| format!("{text:?} is not a NATS address: {error}"))?;
    if address.has_user_pass() {
        return Err("a user and password in the address could be read by every user of this host: \
                    put them into a file and give it with --nats-credentials"
            .into());
    }
    if !["nats", "tls"].contains(&address.scheme()) || address.host().is_empty() {
        return Err(format!("{text:?} is not nats://HOST:PORT or tls://HOST:PORT"));
    }
    Ok(address.scheme().to_owned())
}

/// The address and the logins of NATS.
#[derive(Debug, Clone)]
pub(crate) struct NatsEndpoint {
    pub(crate) address: String,
    /// The certificate authorities of the server, if TLS is used.
    pub(crate) ca: Option<PathBuf>,
    pub(crate) logins: Logins,
    /// The gate of the log, if this process runs the server.
    pub(crate) gate: Gate,
}

/// The logins of connections.
#[derive(Debug, Clone)]
pub(crate) enum Logins {
    /// The one user that this process was given, for its role.
    One(Credentials),
    /// A user of the private server for each role.
    OfRoles(Users),
}

/// The role of a connection, taken from the beginning of its name: `gateway log`, `node node-1`. Every other connection
/// is the operator's.
fn role(connection: &str) -> Role {
    let mut words = connection.split(' ');
    match (words.next(), words.next().and_then(|name| name.parse().ok())) {
        (Some("gateway"), _) => Role::Gateway,
        (Some("integration-owner"), _) => Role::IntegrationOwner,
        (Some("lifecycle"), _) => Role::Lifecycle,
        (Some("maintenance" | "repair" | "gc" | "health" | "notify"), _) => Role::Maintenance,
        (Some("node"), Some(node)) => Role::Node(node),
        _ => Role::Operator,
    }
}

impl NatsEndpoint {
    /// An external server. Without credentials nothing is started.
    pub(crate) fn external(url: &NatsUrl, access: &NatsAccessArgs) -> anyhow::Result<Self> {
        let NatsAccessArgs { nats_credentials, nats_ca } = access;
        if let Some(ca) = nats_ca {
            // An unreadable file would look like an unreachable server while connections are retried.
            trust::certificates(ca).context("--nats-ca")?;
        }
        let logins = Logins::One(find_credentials(nats_credentials.as_deref())?);
        Ok(Self { address: url.0.clone(), ca: nats_ca.clone(), logins, gate: Gate::default() })
    }

    /// Like [`external`](Self::external), for commands that also work with the private server.
    pub(crate) fn external_if(url: Option<&NatsUrl>, login: &NatsLoginArgs) -> anyhow::Result<Option<Self>> {
        url.map(|url| Self::external(url, &login.access)).transpose()
    }

    /// Whether the operator has a user of its own.
    pub(crate) fn has_operator(&self) -> bool {
        matches!(self.logins, Logins::OfRoles(_))
    }

    fn login(&self, connection: &str) -> anyhow::Result<Credentials> {
        match &self.logins {
            Logins::One(credentials) => Ok(credentials.clone()),
            Logins::OfRoles(users) => users
                .of(&role(connection))
                .cloned()
                .with_context(|| format!("the private nats-server has no user for {connection}")),
        }
    }

    /// The options of a connection, such as the log's.
    pub(crate) fn options(&self, name: &str) -> anyhow::Result<eventlog::ConnectOptions> {
        let credentials = self.login(name)?;
        Ok(eventlog::ConnectOptions {
            address: self.address.clone(),
            ca: self.ca.clone(),
            inbox_prefix: inbox_prefix(&credentials.user, name),
            credentials,
            name: name.into(),
        })
    }

    /// A connection for anything except the log. It reconnects for as long as it exists.
    pub(crate) async fn connect(&self, name: &str) -> anyhow::Result<async_nats::Client> {
        let client = eventlog::client_options(&self.options(name)?).subscription_capacity(SUBSCRIPTION_MESSAGES_MAX);
        // Its future is large, and this one is a part of many.
        let connected = Box::pin(client.connect(eventlog::servers(&self.address))).await;
        connected.with_context(|| format!("cannot connect to the NATS server at {} as {name}", self.address))
    }
}

/// Every user has its own inbox prefix, `_INBOX_<user>.>`, so that permissions can keep others from reading its
/// replies. Below it, every connection has its own.
fn inbox_prefix(user: &str, connection: &str) -> String {
    let token = |text: &str| text.replace([' ', '.', '*', '>'], "-");
    format!("_INBOX_{}.{}", token(user), token(connection))
}

fn find_credentials(file: Option<&Path>) -> anyhow::Result<Credentials> {
    let found = match file {
        Some(file) => {
            let text = files::read(file).with_context(|| format!("cannot read {}", file.display()))?;
            let text = text.with_context(|| format!("there is no file {} (--nats-credentials)", file.display()))?;
            files::variables(&text, [USER_ENV, PASSWORD_ENV])
        }
        None => [USER_ENV, PASSWORD_ENV].map(|name| std::env::var(name).ok()),
    };
    let [Some(user), Some(password)] = found.map(|value| value.filter(|value| !value.is_empty())) else {
        bail!(
            "there are no credentials for the NATS server: set {USER_ENV} and {PASSWORD_ENV}, \
             or put both into a file and give it with --nats-credentials"
        );
    };
    Ok(Credentials { user, password: password.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_without_credentials_only() {
        for good in
            ["nats://127.0.0.1:4222", "host", "host:4222", "tls://nats.example:4222", "nats://a:1,nats://b:2,c:3"]
        {
            assert!(good.parse::<NatsUrl>().is_ok(), "{good}");
        }
        for bad in [
            "http://host:4222",
            "nats://u:p@host",
            "ws://host",
            "nats://",
            "nats://a,",
            "nats://a,tls://b",
            "tls://a:1,tls://u:p@b",
        ] {
            assert!(bad.parse::<NatsUrl>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_connection_has_the_role_its_name_begins_with_and_replies_of_its_user() {
        assert_eq!(role("gateway log"), Role::Gateway);
        assert_eq!(role("node node-1"), Role::Node("node-1".parse().unwrap()));
        assert_eq!(role("node node-1 health"), Role::Node("node-1".parse().unwrap()));
        assert_eq!(role("integration-owner"), Role::IntegrationOwner);
        for maintenance in ["gc data", "repair data", "health telemetry", "maintenance"] {
            assert_eq!(role(maintenance), Role::Maintenance, "{maintenance}");
        }
        for other in ["operator log", "version", "node", "", "gateways"] {
            assert_eq!(role(other), Role::Operator, "{other}");
        }
        assert_eq!(inbox_prefix("gateway", "gateway data 1"), "_INBOX_gateway.gateway-data-1");
        assert_eq!(inbox_prefix("a.b >*", "x"), "_INBOX_a-b---.x");
    }

    #[test]
    fn credentials_come_from_a_file_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("nats");
        assert!(find_credentials(Some(&file)).unwrap_err().to_string().contains("there is no file"));
        std::fs::write(&file, format!("{USER_ENV}=u\n{PASSWORD_ENV}=\n")).unwrap();
        assert!(find_credentials(Some(&file)).unwrap_err().to_string().contains("no credentials"));
        std::fs::write(&file, format!("{USER_ENV}=u\n{PASSWORD_ENV}=p\n")).unwrap();
        assert_eq!(
            find_credentials(Some(&file)).unwrap(),
            Credentials { user: "u".into(), password: "p".to_owned().into() }
        );
    }
}
