//! Links, by which this region replicates to others.

use std::net::IpAddr;

use domain::row::LinkRow;
use domain::{Address, LinkCommand, Url, View, parse_address};
use events::ids::{AccessKeyId, RegionName};
use events::target::Kind;
use identity::{Secret, link_context};
use jiff::Timestamp;
use policy::Action;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::access::{Access, Caller};
use super::answer::Answer;
use super::asked::Asked;
use super::method::Method;
use super::operation::{Handler, Operation, known};
use super::refusal::Refusal;
use super::shape::secret;

/// The path parameter that names a link.
const LINK: &str = "link";

const LINKS: &str = "/api/v1/links";
const ONE: &str = "/api/v1/links/{link}";

/// The longest secret key, in bytes.
const SECRET_KEY_BYTES_MAX: usize = 128;

/// A link to add.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewLink {
    /// The name of the region that it leads to.
    name: RegionName,
    /// The URL of that region's S3 address: `https://`, or `http://` if the address is of the loopback.
    url: String,
    /// The access key id of a user of that region who may replicate.
    access_key: AccessKeyId,
    /// The secret key that belongs to it.
    #[schemars(schema_with = "secret")]
    secret_key: Secret,
    /// Whether that region is the same operator's, and is to have the users, keys, groups and policies of this one.
    #[serde(default)]
    shares_identities: bool,
}

/// A link.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Link {
    name: RegionName,
    url: String,
    access_key: String,
    #[schemars(with = "String", extend("format" = "date-time"))]
    added: Timestamp,
    /// Whether users, keys, groups and policies are sent there.
    shares_identities: bool,
    /// The sequence in the log up to which that region has all of them; absent until it has those from before the link.
    #[serde(skip_serializing_if = "Option::is_none")]
    identities_sent: Option<u64>,
}

/// All links.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Links {
    links: Vec<Link>,
}

pub(super) fn operations() -> Vec<Operation> {
    use Method::{Delete, Get, Post};
    let new = Operation::new;
    vec![
        new("listLinks", Get, LINKS, known!(AdminListLinks, list), "List the links to other regions").gives::<Links>(),
        new("addLink", Post, LINKS, known!(AdminAddLink, add), "Add a link to another region")
            .takes::<NewLink>()
            .makes::<Link>(),
        new(
            "removeLink",
            Delete,
            ONE,
            known!(AdminRemoveLink, remove),
            "Remove a link: what it was to carry waits until a link to that region is added again",
        ),
    ]
}

async fn list(asked: Asked, _: Caller) -> Result<Answer, Refusal> {
    let links = asked.read().await?.links()?.into_iter().map(|(name, row)| shape(name, row)).collect();
    Answer::of(&Links { links })
}

async fn add(mut asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let NewLink { name, url, access_key, secret_key, shares_identities } = asked.json().await?;
    // Such a link takes all passwords and keys with it: its right cannot be handed on.
    if shares_identities && !caller.is_admin() {
        return Err(Refusal::forbidden("a link that shares users and keys needs an admin"));
    }
    check(&url)?;
    if name == asked.admin.0.region {
        return Err(Refusal::invalid("a link leads to another region"));
    }
    if secret_key.expose().is_empty() || secret_key.expose().len() > SECRET_KEY_BYTES_MAX {
        return Err(Refusal::invalid(format!("a secret key has 1 to {SECRET_KEY_BYTES_MAX} bytes")));
    }
    let secret = asked.admin.seal(&secret_key, &link_context(name.as_str()))?;
    let access_key = access_key.as_str().to_owned();
    let command = LinkCommand::Add { link: name.clone(), url, access_key, secret, shares_identities };
    let committed = asked.commit(&caller, command.into()).await?;
    let row = asked.read().await?.link(&name)?.ok_or_else(none)?;
    Answer::created(&shape(name, row), committed.sequence)
}

async fn remove(asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let link = asked.name(LINK)?;
    let committed = asked.commit(&caller, LinkCommand::Remove { link }.into()).await?;
    Ok(Answer::done(committed.sequence))
}

/// What leaves the region is encrypted, unless it does not leave the host.
fn check(url: &str) -> Result<(), Refusal> {
    let address = parse_address(Kind::Webhook, url).map_err(|error| Refusal::invalid(error.to_string()))?;
    let Address::Webhook(Url { is_tls, host, path, .. }) = address else {
        return Err(Refusal::invalid("a link has the URL of an S3 address"));
    };
    if path != "/" {
        return Err(Refusal::invalid("the URL of a link has neither path nor query"));
    }
    if !is_tls && !is_loopback(&host) {
        return Err(Refusal::invalid("a link to another host is encrypted: its URL begins with https://"));
    }
    Ok(())
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn none() -> Refusal {
    Refusal::not_found("there is no such link")
}

fn shape(name: RegionName, row: LinkRow) -> Link {
    let LinkRow { url, access_key, added, shares_identities, identities_sent, .. } = row;
    Link { name, url, access_key, added, shares_identities, identities_sent }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_encrypted_unless_it_stays_on_the_host() {
        let good = ["https://s3.eu-1.example.com", "https://s3.example.com:9000/", "http://127.0.0.1:9010"];
        let good = good.into_iter().chain(["http://[::1]:9000", "http://localhost:9000"]);
        assert!(good.map(check).all(|checked| checked.is_ok()));
        let bad = ["http://s3.example.com", "http://10.0.0.1:9000", "http://127.0.0.1.example.com", "nats://a"];
        let bad = bad.into_iter().chain(["https://s3.example.com/bucket", "https://s3.example.com/?x"]);
        assert!(bad.map(check).all(|checked| checked.is_err()));
    }
}
