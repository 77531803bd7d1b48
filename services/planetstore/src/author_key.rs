//! The keys with which processes prove their events.
//!
//! A gateway derives all of them from the region's master key. Other roles get only those they need.

use std::path::Path;

use admin::HeldMasterKey;
use anyhow::Context;
use events::Author;
use events::ids::RegionName;
use identity::{MasterKey, MasterKeys};
use ledger::{AuthorKey, Keyring};

use crate::folder::Paths;
use crate::key_source::KeySource;
use crate::master_key;

/// The variable with the key, as `planetstore author-key` writes it.
pub(crate) const KEY_ENV: &str = "PLANETSTORE_AUTHOR_KEY";

/// The variable with the path of a file that holds it.
const FILE_ENV: &str = "PLANETSTORE_AUTHOR_KEY_FILE";

const SOURCE: KeySource = KeySource { name: "author key", variable: KEY_ENV, file_variable: FILE_ENV };

/// The last key of an author under each of the region's master keys. All earlier ones are derived from it.
fn last(masters: &MasterKeys, author: Author) -> AuthorKey {
    let under = |master: &MasterKey| {
        AuthorKey::last(match author {
            Author::Gateway => *master.gateway_events(),
            Author::Lifecycle => *master.lifecycle_events(),
            Author::Maintenance => *master.maintenance_events(),
        })
    };
    let (first, rest) = masters.first_and_rest();
    rest.fold(under(first), |keys, master| keys.followed_by(under(master)))
}

/// A gateway's keys.
pub(crate) fn of_gateway(masters: &MasterKeys) -> Keyring {
    let of = |author| last(masters, author);
    Keyring::Gateway {
        gateway: of(Author::Gateway),
        lifecycle: of(Author::Lifecycle),
        maintenance: of(Author::Maintenance),
    }
}

/// The public part of the master keys that a gateway holds.
pub(crate) fn held(masters: &MasterKeys, region: &RegionName) -> anyhow::Result<Vec<HeldMasterKey>> {
    let authors = [Author::Gateway, Author::Lifecycle, Author::Maintenance];
    let [gateway, lifecycle, maintenance] = authors.map(|author| last(masters, author));
    let held = (0..).zip(masters.iter()).map(|(number, master)| {
        let key = master.key_id().parse().ok();
        let [gateway, lifecycle, maintenance] =
            [&gateway, &lifecycle, &maintenance].map(|keys| keys.check(number, region));
        Some(HeldMasterKey { key: key?, gateway: gateway?, lifecycle: lifecycle?, maintenance: maintenance? })
    });
    held.collect::<Option<_>>().context("a master key has no id")
}

/// A key to distribute: for each master key the one with the number at its position, or the first one if no number is
/// given. `None` for gateways, which have the master keys.
pub(crate) fn to_hand_over(masters: &MasterKeys, author: Author, numbers: &[u32]) -> Option<AuthorKey> {
    let under = |master: &MasterKey| last(&MasterKeys::first(master.clone()), author);
    let mut numbers = numbers.iter().copied().chain(std::iter::repeat(0));
    let mut next = |master| under(master).of_number(numbers.next()?);
    let (first, mut rest) = masters.first_and_rest();
    let first = next(first)?;
    rest.try_fold(first, |keys, master| Some(keys.followed_by(next(master)?)))
}

/// The keys of an author other than the gateways, from the environment or the data folder.
pub(crate) fn of_author(author: Author, paths: &Paths) -> anyhow::Result<Keyring> {
    let file = paths.author_key();
    find_among(author, |name| std::env::var(name).ok(), &file)?.with_context(|| {
        format!(
            "there is no author key, by which gateways know what this process writes: \
             `planetstore author-key {} --data DIR` on a gateway's data folder writes it; set {KEY_ENV}, or \
             {FILE_ENV} to the path of a file with it, or put the line {KEY_ENV}=... into {}",
            author.as_str(),
            file.display()
        )
    })
}

/// The keys in this data folder, for commands that read the log while no process uses it.
pub(crate) fn of_folder(paths: &Paths) -> anyhow::Result<Keyring> {
    if let Some(masters) = master_key::find(&paths.master_key())? {
        return Ok(of_gateway(&masters));
    }
    let variable = |name: &str| std::env::var(name).ok();
    let of_whom = |text: &str| {
        let of_author = |author| Keyring::parse(text, author);
        Ok(of_author(Author::Lifecycle).or_else(|_| of_author(Author::Maintenance))?)
    };
    match SOURCE.find(variable, &paths.author_key(), of_whom)? {
        Some((keyring, _)) => Ok(keyring),
        None => Err(master_key::missing(&paths.master_key())),
    }
}

fn find_among(
    author: Author,
    variable: impl Fn(&str) -> Option<String>,
    file: &Path,
) -> anyhow::Result<Option<Keyring>> {
    let parse = |text: &str| Ok(Keyring::parse(text, author)?);
    Ok(SOURCE.find(variable, file, parse)?.map(|(keyring, _)| keyring))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_handed_over_and_found() {
        let key = |first: u8| MasterKey::new(std::array::from_fn(|at| first + u8::try_from(at).unwrap()));
        let masters = MasterKeys::first(key(0));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("author.key");
        let none = |_: &str| None;
        assert!(find_among(Author::Lifecycle, none, &file).unwrap().is_none());
        let text = to_hand_over(&masters, Author::Lifecycle, &[2]).unwrap().to_text(Author::Lifecycle);
        for written in [text.to_string(), format!("# whose\n{KEY_ENV}={}\n", *text)] {
            std::fs::write(&file, written).unwrap();
            let found = find_among(Author::Lifecycle, none, &file).unwrap();
            assert!(find_among(Author::Maintenance, none, &file).is_err(), "it is another author's");
            assert!(matches!(found, Some(Keyring::Lifecycle(key)) if key.number() == 2));
        }
        std::fs::write(&file, text.replace("lifecycle:", "gateway:")).unwrap();
        let refused = format!("{:#}", find_among(Author::Lifecycle, none, &file).unwrap_err());
        assert!(refused.contains("author key in") && !refused.contains(text.rsplit(':').next().unwrap()), "{refused}");
    }

    #[test]
    fn each_master_key_has_keys_of_its_own() {
        let key = |first: u8| MasterKey::new(std::array::from_fn(|at| first + u8::try_from(at).unwrap()));
        let mut masters = MasterKeys::first(key(0));
        let before = to_hand_over(&masters, Author::Lifecycle, &[3]).unwrap().to_text(Author::Lifecycle);
        masters.push(key(1)).unwrap();
        let both = to_hand_over(&masters, Author::Lifecycle, &[3]).unwrap().to_text(Author::Lifecycle);
        let (first, second) = both.split_once(',').unwrap();
        assert_eq!(first, before.as_str());
        assert!(second.starts_with("lifecycle:0:"), "the number under the second one is 0 unless it is said");
        assert!(to_hand_over(&masters, Author::Lifecycle, &[0, 1_024]).is_none());
        let region = "eu-1".parse().unwrap();
        let held = held(&masters, &region).unwrap();
        let Keyring::Gateway { gateway, lifecycle, .. } = of_gateway(&masters) else {
            unreachable!("it is a gateway's")
        };
        assert_eq!((held.len(), held[1].key.to_string()), (2, key(1).key_id()));
        assert_eq!(
            (Some(held[1].gateway), Some(held[1].lifecycle)),
            (gateway.check(1, &region), lifecycle.check(1, &region))
        );
        assert_ne!(held[0].gateway, held[1].gateway);
    }
}
