//! The users that may connect: one for each role, with the subjects that `nats/permissions.json` declares.

use std::collections::BTreeMap;

use events::ids::{NodeId, RegionName};
use serde::Deserialize;

use super::ServerError;
use super::configuration::{quoted, random_hex};
use crate::Credentials;

const DECLARATION: &str = include_str!("../../../../nats/permissions.json");

/// Bytes of randomness in a password.
const PASSWORD_BYTES: usize = 32;

/// The number of replies that a node may send to a request, and the time in which it may.
const ANSWERS: &str = "{ max: 1, expires: \"1m\" }";

/// The role of a connection.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Appends events, reads the log, asks every node.
    Gateway,
    /// Appends what lifecycle rules end, reads the log.
    Lifecycle,
    /// Appends what becomes of shards and nodes, reads the log, asks every node.
    Maintenance,
    /// A storage node: answers what it is asked, and says that it is there.
    Node(NodeId),
    /// Reads the log and telemetry, and nothing else.
    Feed,
    /// Creates and changes the stream, and looks after the log.
    Operator,
    /// Reads the facts that hold no secrets, in an account of its own.
    Integration,
    /// Makes the mirror that an integration reads, in the account of that.
    IntegrationOwner,
}

/// The roles of the account that the log is in, but for the nodes.
const OF_THE_REGION: [Role; 5] = [Role::Gateway, Role::Lifecycle, Role::Maintenance, Role::Feed, Role::Operator];

/// The roles of the account that an integration has for itself.
const OF_AN_INTEGRATION: [Role; 2] = [Role::Integration, Role::IntegrationOwner];

impl Role {
    /// The name of its user, which is also how the subjects of its replies begin: `_INBOX_<user>.`.
    pub fn user(&self) -> &str {
        match self {
            Self::Node(node) => node.as_str(),
            role => role.declared(),
        }
    }

    /// Its name in the declaration.
    fn declared(&self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Lifecycle => "lifecycle",
            Self::Maintenance => "maintenance",
            Self::Node(_) => "node",
            Self::Feed => "feed",
            Self::Operator => "operator",
            Self::Integration => "integration",
            Self::IntegrationOwner => "integration-owner",
        }
    }
}

/// The users of one server, and their passwords.
#[derive(Debug, Clone)]
pub struct Users(BTreeMap<Role, Credentials>);

impl Users {
    /// A user with a fresh password for every role, and for each of the nodes.
    pub(super) fn fresh(nodes: &[NodeId]) -> Result<Self, getrandom::Error> {
        let roles = OF_THE_REGION.into_iter().chain(OF_AN_INTEGRATION).chain(nodes.iter().cloned().map(Role::Node));
        let with_password = |role: Role| {
            let credentials =
                Credentials { user: role.user().into(), password: random_hex::<PASSWORD_BYTES>()?.into() };
            Ok((role, credentials))
        };
        roles.map(with_password).collect::<Result<_, _>>().map(Self)
    }

    /// Returns the user of a role; `None` for a node that this server does not know.
    pub fn of(&self, role: &Role) -> Option<&Credentials> {
        self.0.get(role)
    }

    /// The names of all users.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.values().map(|credentials| credentials.user.as_str())
    }

    /// The users of the log's account and those of the integration's, as the server's configuration has them.
    pub(super) fn render(&self, region: &RegionName) -> Result<[String; 2], ServerError> {
        let declared = declared()?;
        let render = |of_integration| {
            let users = self.0.iter().filter(|(role, _)| OF_AN_INTEGRATION.contains(role) == of_integration);
            let users = users.map(|(role, credentials)| {
                user(role, &format!("\"{}\"", quoted(&credentials.password)), region, &declared)
            });
            users.collect()
        };
        Ok([render(false), render(true)])
    }
}

/// The declared permissions of a role.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Permissions {
    publish: Vec<String>,
    subscribe: Vec<String>,
    #[serde(default)]
    answers: bool,
}

type Declared = BTreeMap<String, Permissions>;

fn declared() -> Result<Declared, ServerError> {
    let unusable = |error: serde_json::Error| ServerError::Start { reason: format!("nats/permissions.json: {error}") };
    serde_json::from_str(DECLARATION).map_err(unusable)
}

/// One user in the server's configuration language. `password` is written without quotes, so that it may be a variable.
/// A role that is not declared may do nothing.
fn user(role: &Role, password: &str, region: &RegionName, declared: &Declared) -> String {
    let none = Permissions { publish: Vec::new(), subscribe: Vec::new(), answers: false };
    let permissions = declared.get(role.declared()).unwrap_or(&none);
    let mut lines = vec![
        "      {".to_owned(),
        format!("        user: \"{}\"", role.user()),
        format!("        password: {password}"),
        "        permissions {".to_owned(),
    ];
    for (what, subjects) in [("publish", &permissions.publish), ("subscribe", &permissions.subscribe)] {
        let subjects: Vec<String> = subjects.iter().flat_map(|subject| filled(subject, role, region)).collect();
        if subjects.is_empty() {
            // The server takes an empty list for no limit.
            lines.push(format!("          {what} {{ deny: \">\" }}"));
        } else {
            lines.push(format!("          {what} {{ allow: ["));
            lines.extend(subjects.iter().map(|subject| format!("            \"{}\"", quoted(subject))));
            lines.push("          ] }".to_owned());
        }
    }
    if permissions.answers {
        lines.push(format!("          allow_responses: {ANSWERS}"));
    }
    lines.extend(["        }".to_owned(), "      }".to_owned(), String::new()]);
    lines.join("\n")
}

/// The subjects that a declared one stands for.
fn filled(subject: &str, role: &Role, region: &RegionName) -> Vec<String> {
    let subject = subject.replace("{region}", region.as_str()).replace("{user}", role.user());
    let subject = match role {
        Role::Node(node) => subject.replace("{node}", node.as_str()),
        _ => subject,
    };
    if subject.contains("{noun}") {
        events::SUBJECT_NOUNS.iter().map(|noun| subject.replace("{noun}", noun)).collect()
    } else {
        vec![subject]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPOSE: &str = include_str!("../../../../nats/compose.conf");

    fn node(n: usize) -> Role {
        Role::Node(format!("node-{n}").parse().unwrap())
    }

    #[test]
    fn every_role_is_declared_and_everything_filled_in() {
        let declared = declared().unwrap();
        let roles: Vec<_> = OF_THE_REGION.into_iter().chain(OF_AN_INTEGRATION).chain([node(1)]).collect();
        assert_eq!(declared.len(), roles.len());
        for role in roles {
            assert!(declared.contains_key(role.declared()), "{role:?}");
            let text = user(&role, "$P", &"eu-1".parse().unwrap(), &declared);
            for place in ["{region}", "{noun}", "{node}", "{user}"] {
                assert!(!text.contains(place), "{place} in {text}");
            }
            assert!(!text.contains("\">\""), "nobody may do everything: {text}");
        }
    }

    /// A server keeps for a while what its users may answer to and may not publish to anyway, and goes through that again
    /// and again: each event that is read has such a subject.
    #[test]
    fn whoever_answers_and_reads_the_log_may_publish_to_the_reply_subjects_of_events() {
        let answering: Vec<_> = declared().unwrap().into_iter().filter(|(_, declared)| declared.answers).collect();
        assert_eq!(answering.len(), 2);
        for (role, Permissions { publish, .. }) in answering {
            let may = |wanted: &str| publish.iter().any(|subject| subject.starts_with(wanted));
            assert_eq!(may("$JS.API.CONSUMER.MSG.NEXT.EVENTS_"), may("$JS.ACK.EVENTS_"), "{role}");
        }
    }

    #[test]
    fn a_role_that_is_not_declared_may_do_nothing() {
        let text = user(&Role::Feed, "$P", &"eu-1".parse().unwrap(), &Declared::new());
        assert_eq!(text.matches("{ deny: \">\" }").count(), 2, "{text}");
    }

    #[test]
    fn passwords_differ_and_are_not_shown() {
        let users = Users::fresh(&["node-1".parse().unwrap()]).unwrap();
        let mut passwords: Vec<_> = users.0.values().map(|credentials| credentials.password.to_string()).collect();
        passwords.sort();
        passwords.dedup();
        assert_eq!(passwords.len(), 8);
        let shown = format!("{users:?}");
        assert!(passwords.iter().all(|password| !shown.contains(password)));
        assert_eq!(users.of(&node(1)).unwrap().user, "node-1");
        assert!(users.of(&node(2)).is_none());
    }

    #[test]
    fn the_composition_has_the_declared_users() {
        let (region, declared) = ("us-east-1".parse().unwrap(), declared().unwrap());
        let render = |role| {
            let variable = format!("$PLANETSTORE_NATS_{}_PASSWORD", Role::user(&role).to_uppercase().replace('-', "_"));
            user(&role, &variable, &region, &declared)
        };
        let of_region: String = OF_THE_REGION.into_iter().chain((1..=6).map(node)).map(render).collect();
        let of_integration: String = OF_AN_INTEGRATION.into_iter().map(render).collect();
        for users in [of_region, of_integration] {
            assert!(COMPOSE.contains(&users), "nats/compose.conf should have these users:\n{users}");
        }
    }
}
