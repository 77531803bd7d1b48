//! The region's master keys. Every secret in the log is sealed with one of them.

use std::path::Path;

use anyhow::Context;
use identity::{MASTER_KEY_BYTES, MasterKey, MasterKeys, PieceSecret, PieceSecrets};

use crate::files;
use crate::key_source::{KeyOrigin, KeySource};

/// The variable with the keys, hexadecimal or Base64, the first one first.
pub(crate) const KEY_ENV: &str = "PLANETSTORE_MASTER_KEY";

/// The variable with the path of a file that holds them.
const FILE_ENV: &str = "PLANETSTORE_MASTER_KEY_FILE";

const SOURCE: KeySource = KeySource { name: "master key", variable: KEY_ENV, file_variable: FILE_ENV };

/// The keys from the environment, else from the data folder's file; `None` if there are none.
pub(crate) fn find(file: &Path) -> anyhow::Result<Option<MasterKeys>> {
    Ok(find_with_origin(file)?.map(|(keys, _)| keys))
}

/// Like [`find`], with their source.
pub(crate) fn find_with_origin(file: &Path) -> anyhow::Result<Option<(MasterKeys, KeyOrigin)>> {
    find_among(|name| std::env::var(name).ok(), file)
}

/// The keys that [`find`] finds, or a fresh one that is stored in the file.
pub(crate) fn find_or_make(file: &Path) -> anyhow::Result<MasterKeys> {
    if let Some(keys) = find(file)? {
        return Ok(keys);
    }
    let keys = MasterKeys::first(fresh()?);
    write(file, keys.to_text().expose())?;
    Ok(keys)
}

/// A fresh random key.
pub(crate) fn fresh() -> anyhow::Result<MasterKey> {
    let mut random = [0; MASTER_KEY_BYTES];
    getrandom::fill(&mut random).context("the system provides no randomness for a master key")?;
    Ok(MasterKey::new(random))
}

/// Stores keys in a file, in the form in which they are read.
pub(crate) fn write(file: &Path, keys: &str) -> anyhow::Result<()> {
    let text = zeroize::Zeroizing::new(format!(
        "# The master keys of this region, the newest one last: without them, no access key and no password of its log \
         can be used. Keep a copy.\n{KEY_ENV}={keys}\n"
    ));
    files::write_private(file, text.as_bytes()).with_context(|| format!("cannot write {}", file.display()))
}

/// The secrets with which gateways tag pieces and verify them (ADR 16), by the numbers of their master keys. A content
/// that was stored under a former key cannot be read without it.
pub(crate) fn piece_secrets<'a>(keys: impl IntoIterator<Item = &'a MasterKey>) -> PieceSecrets {
    (0..).zip(keys).map(|(number, key)| (number, PieceSecret::new(&key.piece_tags()))).collect()
}

/// The error of a gateway that is started without a master key.
pub(crate) fn missing(file: &Path) -> anyhow::Error {
    anyhow::anyhow!(
        "there is no master key, and all gateways of a region need the same: set {KEY_ENV}, or {FILE_ENV} to the path \
         of a file with it, or put the line {KEY_ENV}=... into {}",
        file.display()
    )
}

fn find_among(
    variable: impl Fn(&str) -> Option<String>,
    file: &Path,
) -> anyhow::Result<Option<(MasterKeys, KeyOrigin)>> {
    SOURCE.find(variable, file, |text| Ok(MasterKeys::parse(text)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    #[test]
    fn a_key_is_made_once_and_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("master.key");
        let none = |_: &str| None;
        assert!(find_among(none, &file).unwrap().is_none());
        let made = find_or_make(&file).unwrap();
        let (found, origin) = find_among(none, &file).unwrap().unwrap();
        assert_eq!((ids(&found), origin), (ids(&made), KeyOrigin::File(file)));
    }

    fn ids(keys: &MasterKeys) -> Vec<String> {
        keys.iter().map(MasterKey::key_id).collect()
    }

    #[test]
    fn a_key_comes_from_one_place() {
        let folder = tempfile::tempdir().unwrap();
        let (file, absent) = (folder.path().join("key"), folder.path().join("absent"));
        std::fs::write(&file, format!("{KEY}\n")).unwrap();
        let path = file.to_str().unwrap().to_owned();
        let key = |key: Option<&str>, from: Option<&str>| {
            let variable = |name: &str| if name == KEY_ENV { key } else { from }.map(str::to_owned);
            find_among(variable, &absent).map(|found| found.map(|(keys, _)| ids(&keys)))
        };
        let id = key(Some(KEY), None).unwrap();
        assert!(id.is_some());
        assert_eq!(key(None, Some(&path)).unwrap(), id);
        assert_eq!(key(None, None).unwrap(), None);
        assert!(key(Some(KEY), Some(&path)).unwrap_err().to_string().contains("both set"));
        assert!(key(None, absent.to_str()).unwrap_err().to_string().contains("there is no file"));
        let wrong = key(Some("abc"), None).unwrap_err();
        assert!(!format!("{wrong:#}").contains("abc"), "it may be half of a secret");
    }
}
