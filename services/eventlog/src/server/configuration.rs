//! The server's configuration file, filled in from `nats/server.conf`.

use events::ids::{NodeId, RegionName};

use super::folder::{Folder, write_private};
use super::roles::Users;
use super::{Endpoint, ServerError};

const TEMPLATE: &str = include_str!("../../../../nats/server.conf");

/// The part of the file that asks gateways about logins of durable consumers.
const CALLOUT: &str = include_str!("../../../../nats/callout.conf");

/// The values that are filled in.
pub(super) struct Configuration<'a> {
    pub(super) folder: &'a Folder,
    pub(super) server_name: &'a str,
    pub(super) port: u16,
    pub(super) users: &'a Users,
    pub(super) region: &'a RegionName,
    pub(super) consumer_issuer: Option<&'a str>,
}

impl Configuration<'_> {
    /// Writes the file, readable by its owner alone.
    pub(super) fn write(&self) -> Result<(), ServerError> {
        write_private(&self.folder.configuration(), self.render()?.as_bytes())
    }

    fn render(&self) -> Result<String, ServerError> {
        let [users, integration_users] = self.users.render(self.region)?;
        Ok([
            ("{region}", self.region.to_string()),
            ("{server_name}", quoted(self.server_name)),
            ("{port}", self.port.to_string()),
            ("{pid_file}", quoted(&self.folder.pid_file().to_string_lossy())),
            ("{store_dir}", quoted(&self.folder.store().to_string_lossy())),
            ("{users}", users),
            ("{integration_users}", integration_users),
            ("{callout}", self.callout()),
        ]
        .iter()
        .fold(TEMPLATE.to_owned(), |text, (place, value)| text.replace(place, value)))
    }

    /// The users of the configuration log in as it says; about everybody else a gateway is asked.
    fn callout(&self) -> String {
        let Some(issuer) = self.consumer_issuer else { return String::new() };
        let names = lines(self.users);
        CALLOUT.replace("{issuer}", &format!("\"{issuer}\"")).replace("{names}", &names)
    }
}

/// The names of users, one on each line of a list.
fn lines(users: &Users) -> String {
    users.names().flat_map(|name| ["      \"", name, "\"\n"]).collect()
}

/// Escapes a text for double quotes in the server's configuration language.
pub(super) fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

/// A fresh name, which tells our server from another on the same port, and users with fresh passwords.
pub(super) fn fresh(port: u16, nodes: &[NodeId]) -> Result<(String, Endpoint), getrandom::Error> {
    let name = format!("planetstore-{}", random_hex::<8>()?);
    Ok((name, Endpoint { address: format!("127.0.0.1:{port}"), users: Users::fresh(nodes)? }))
}

pub(super) fn random_hex<const BYTES: usize>() -> Result<String, getrandom::Error> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(hex::encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    const COMPOSE: &str = include_str!("../../../../nats/compose.conf");

    /// The private server and the composition have the same accounts, apart from the users.
    #[test]
    fn the_composition_has_the_account_of_an_integration_as_the_private_server_has() {
        let template = TEMPLATE.replace("{region}", "us-east-1");
        for (from, to) in [
            ("    # What the mirror", "    ]\n"),
            ("  INTEGRATION {", "    users: [\n"),
            ("  # The account of durable consumers", "  }\n"),
        ] {
            let at = template.find(from).unwrap();
            let end = at + template[at..].find(to).unwrap() + to.len();
            assert!(COMPOSE.contains(&template[at..end]), "nats/compose.conf should have:\n{}", &template[at..end]);
        }
    }

    #[test]
    fn the_composition_asks_gateways_about_all_but_its_own_users() {
        let nodes: Vec<NodeId> = (1..=6).map(|n| format!("node-{n}").parse().unwrap()).collect();
        let users = Users::fresh(&nodes).unwrap();
        let names = lines(&users);
        let wanted = CALLOUT.replace("{issuer}", "$PLANETSTORE_NATS_CONSUMER_ISSUER").replace("{names}", &names);
        assert!(COMPOSE.contains(&wanted), "nats/compose.conf should have:\n{wanted}");
    }

    #[test]
    fn everything_is_filled_in_and_only_the_owner_reads_it() {
        let outer = tempfile::tempdir().unwrap();
        let folder = Folder::open(&outer.path().join("with \"quotes\"")).unwrap();
        let (server_name, endpoint) = fresh(4999, &["node-1".parse().unwrap()]).unwrap();
        let (users, region) = (&endpoint.users, &"eu-1".parse().unwrap());
        let consumer_issuer = Some("AISSUER");
        let configuration =
            Configuration { folder: &folder, server_name: &server_name, port: 4999, users, region, consumer_issuer };
        configuration.write().unwrap();

        let text = std::fs::read_to_string(folder.configuration()).unwrap();
        assert!(text.contains("listen: \"127.0.0.1:4999\"") && text.contains("with \\\"quotes\\\""));
        for place in TEMPLATE.match_indices('{').map(|(at, _)| &TEMPLATE[at..]).filter_map(|rest| rest.split_once('}'))
        {
            let name = &place.0[1..];
            let is_place = !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            assert!(!is_place || name == "braces" || !text.contains(&format!("{{{name}}}")), "{name} is left");
        }
        assert_eq!(std::fs::metadata(folder.configuration()).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!text.contains("no_auth_user") && !text.contains("http"));
        assert!(text.contains("user: \"node-1\"") && text.contains("ps.eu-1.shards.node-1"));
        assert!(text.contains("issuer: \"AISSUER\"") && text.contains("      \"integration-owner\"\n"));
        let silent = Configuration { consumer_issuer: None, ..configuration }.render().unwrap();
        assert!(!silent.contains("auth_callout"), "nobody is asked where nobody answers");
    }
}
