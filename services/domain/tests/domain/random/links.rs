//! Commands about links to other regions.

use domain::{Command, LinkCommand};
use events::ids::{BucketName, Sealed};
use events::link::BoundBucket;
use jiff::Timestamp;

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

/// A bucket of which all is here, or none is known, by whether `second` is even.
pub(crate) fn bucket(name: &BucketName, second: u8) -> BoundBucket {
    let (bucket, source) = (name.clone(), "far".parse().unwrap());
    BoundBucket { bucket, source, waits: second % 2 == 1, before: None, copies: second % 3 == 1, refused: false }
}

pub(crate) fn bound(link: &str, second: u8, of: &BucketName) -> Command {
    moved(link, "ada", (second, second.into()), vec![bucket(of, second)])
}

pub(crate) fn moved(link: &str, user: &str, (second, up_to): (u8, u64), buckets: Vec<BoundBucket>) -> Command {
    let before = Timestamp::from_second(second.into()).unwrap();
    let (link, user) = (link.parse().unwrap(), user.parse().unwrap());
    LinkCommand::MoveBound { link, user, before, up_to, buckets }.into()
}
