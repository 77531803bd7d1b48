//! The keys by which processes prove what they write to the log.
//!
//! A gateway makes all of them of the region's master key. What follows lifecycle rules is given its own alone.

use std::path::Path;

use anyhow::{Context, bail};
use events::Author;
use identity::MasterKey;
use ledger::{AuthorKey, Keyring};

use crate::files;
use crate::folder::Paths;
use crate::master_key;

/// Variable with the key, as `planetstore author-key` writes it.
pub(crate) const KEY_ENV: &str = "PLANETSTORE_AUTHOR_KEY";

/// Variable with the path of a file that holds it.
const FILE_ENV: &str = "PLANETSTORE_AUTHOR_KEY_FILE";

/// The last key of an author, of which all others are made.
fn last(master: &MasterKey, author: Author) -> AuthorKey {
    AuthorKey::last(match author {
        Author::Gateway => *master.gateway_events(),
        Author::Lifecycle => *master.lifecycle_events(),
    })
}

/// A gateway's keys.
pub(crate) fn of_gateway(master: &MasterKey) -> Keyring {
    Keyring::Gateway { gateway: last(master, Author::Gateway), lifecycle: last(master, Author::Lifecycle) }
}

/// A key to hand over. It goes without saying for a gateway, which is given the master key.
pub(crate) fn to_hand_over(master: &MasterKey, author: Author, number: u32) -> Option<AuthorKey> {
    last(master, author).of_number(number)
}

/// The keys of what follows lifecycle rules, from the environment or the data folder.
pub(crate) fn of_lifecycle(paths: &Paths) -> anyhow::Result<Keyring> {
    let file = paths.author_key();
    find_among(|name| std::env::var(name).ok(), &file)?.with_context(|| {
        format!(
            "there is no author key, by which gateways know what this process writes: \
             `planetstore author-key lifecycle --data DIR` on a gateway's data folder writes it; set {KEY_ENV}, or \
             {FILE_ENV} to the path of a file with it, or put the line {KEY_ENV}=... into {}",
            file.display()
        )
    })
}

/// The keys of whoever has this data folder, for those who look at it while nobody uses it.
pub(crate) fn of_folder(paths: &Paths) -> anyhow::Result<Keyring> {
    if let Some(master) = master_key::find(&paths.master_key())? {
        return Ok(of_gateway(&master));
    }
    match find_among(|name| std::env::var(name).ok(), &paths.author_key())? {
        Some(keyring) => Ok(keyring),
        None => Err(master_key::missing(&paths.master_key())),
    }
}

fn find_among(variable: impl Fn(&str) -> Option<String>, file: &Path) -> anyhow::Result<Option<Keyring>> {
    let set = |name| variable(name).filter(|value| !value.is_empty());
    match (set(KEY_ENV), set(FILE_ENV)) {
        (Some(_), Some(_)) => bail!("{KEY_ENV} and {FILE_ENV} are both set: set only one of them"),
        (Some(text), None) => parse(&text).context(KEY_ENV).map(Some),
        (None, Some(path)) => {
            let path = Path::new(&path);
            let key = of_file(path)?;
            Ok(Some(key.with_context(|| format!("there is no file {} ({FILE_ENV})", path.display()))?))
        }
        (None, None) => of_file(file),
    }
}

/// A file holds the key alone, as secret managers mount it, or in a line as environment files have it.
fn of_file(file: &Path) -> anyhow::Result<Option<Keyring>> {
    let text = files::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let Some(text) = text else { return Ok(None) };
    let [named] = files::variables(&text, [KEY_ENV]);
    let key = parse(named.as_deref().unwrap_or(&text));
    key.map(Some).with_context(|| format!("the author key in {}", file.display()))
}

fn parse(text: &str) -> anyhow::Result<Keyring> {
    Ok(Keyring::Lifecycle(AuthorKey::parse(text, Author::Lifecycle)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_handed_over_and_found() {
        let master = MasterKey::new(std::array::from_fn(|at| u8::try_from(at).unwrap()));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("author.key");
        let none = |_: &str| None;
        assert!(find_among(none, &file).unwrap().is_none());
        let text = to_hand_over(&master, Author::Lifecycle, 2).unwrap().to_text(Author::Lifecycle);
        for written in [text.to_string(), format!("# whose\n{KEY_ENV}={}\n", *text)] {
            std::fs::write(&file, written).unwrap();
            let found = find_among(none, &file).unwrap();
            assert!(matches!(found, Some(Keyring::Lifecycle(key)) if key.number() == 2));
        }
        std::fs::write(&file, text.replace("lifecycle:", "gateway:")).unwrap();
        let refused = format!("{:#}", find_among(none, &file).unwrap_err());
        assert!(refused.contains("author key in") && !refused.contains(text.rsplit(':').next().unwrap()), "{refused}");
    }
}
