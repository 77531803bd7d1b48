//! The mirror for integrations: the facts that hold no secrets, in a NATS account of its own.

use std::path::Path;

use anyhow::Context;
use eventlog::server::{Role, Users};
use events::ids::RegionName;

use crate::files;
use crate::nats::{Logins, NatsEndpoint, PASSWORD_ENV, URL_ENV, USER_ENV};

/// The name of the connection that creates the mirror, and of its user.
const OWNER: &str = "integration-owner";

/// Creates the mirror, and returns the name of its stream.
pub(crate) async fn mirror(endpoint: &NatsEndpoint, region: &RegionName, replicas: u8) -> anyhow::Result<String> {
    let connect = endpoint.options(OWNER)?;
    eventlog::ensure_facts(&connect, region, replicas.into()).await.context("the mirror of an integration")
}

/// Creates the mirror on the private server, and writes the login of the integration to a file. The server has new
/// passwords after every start.
pub(super) async fn hand_over(endpoint: &NatsEndpoint, region: &RegionName, file: &Path) -> anyhow::Result<()> {
    let Logins::OfRoles(users) = &endpoint.logins else { return Ok(()) };
    let stream = mirror(endpoint, region, 1).await?;
    let text = login(&endpoint.address, users).context("the private nats-server has no user for an integration")?;
    let file = std::path::absolute(file)?;
    files::write_private(&file, text.as_bytes()).with_context(|| format!("cannot write {}", file.display()))?;
    tracing::info!(stream, file = %file.display(), "an integration may read the mirror");
    Ok(())
}

fn login(address: &str, users: &Users) -> Option<String> {
    let user = users.of(&Role::Integration)?;
    let (address, name, password) = (format!("nats://{address}"), &user.user, &*user.password);
    Some(format!("{URL_ENV}={address}\n{USER_ENV}={name}\n{PASSWORD_ENV}={password}\n"))
}
