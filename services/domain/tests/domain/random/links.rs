//! Commands about links to other regions.

use domain::{Command, LinkCommand};
use events::ids::Sealed;

pub(crate) fn name(n: u8) -> String {
    format!("region-{n}")
}

pub(crate) fn add(name: &str, secret: Sealed) -> Command {
    let (link, access_key) = (name.parse().unwrap(), "AKIA1".to_owned());
    LinkCommand::Add { link, url: "https://s3.example.com".into(), access_key, secret, shares_identities: true }.into()
}

pub(crate) fn note(name: &str, added: u64, up_to: u64) -> Command {
    LinkCommand::NoteIdentities { link: name.parse().unwrap(), added, up_to }.into()
}

pub(crate) fn remove(name: &str) -> Command {
    LinkCommand::Remove { link: name.parse().unwrap() }.into()
}

pub(crate) fn reseal(name: &str, from: Sealed, to: Sealed) -> Command {
    LinkCommand::Reseal { link: name.parse().unwrap(), from, to }.into()
}
