//! A folder as a list of keys, in the order in which a store lists them.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::super::place::DRAFT_PREFIX;
use super::entry::{Entry, Found, State};

/// The files below a folder. One folder's names at a time, and those of the folders above it, are in memory.
pub(super) struct Walk {
    open: Vec<Open>,
    /// Keys below these are not known: what should be there cannot be read.
    unread: Vec<String>,
}

/// A folder whose names are told.
struct Open {
    /// What keys in it begin with.
    prefix: String,
    names: std::vec::IntoIter<Name>,
}

struct Name {
    /// As it is sorted and told: that of a folder ends with a slash.
    key: String,
    path: PathBuf,
    kind: Kind,
}

enum Kind {
    File,
    Folder,
    Link,
    Other,
    /// The name is not UTF-8.
    Unnamed,
}

impl Walk {
    pub(super) fn new(folder: &Path) -> anyhow::Result<Self> {
        let names = names(folder).map_err(|error| anyhow::anyhow!("cannot read {}: {error}", folder.display()))?;
        Ok(Self { open: vec![Open { prefix: String::new(), names: names.into_iter() }], unread: Vec::new() })
    }

    /// Whether something of this key may be there and could not be read.
    pub(super) fn is_unknown(&self, key: &str) -> bool {
        self.unread.iter().any(|prefix| key.starts_with(prefix))
    }

    pub(super) fn next(&mut self) -> Option<Found> {
        loop {
            let open = self.open.last_mut()?;
            let Some(Name { key, path, kind }) = open.names.next() else {
                self.open.pop();
                continue;
            };
            let key = format!("{}{key}", open.prefix);
            match kind {
                Kind::File => return Some(self.file(key, &path)),
                Kind::Link => return Some(Found::Skipped(key, "it is a link")),
                Kind::Other => return Some(Found::Skipped(key, "it is no file")),
                Kind::Unnamed => return Some(Found::Failed(key, "its name is not UTF-8, and keys are".into())),
                Kind::Folder => match names(&path) {
                    Err(error) => return Some(self.failed(key, &error)),
                    Ok(names) if names.is_empty() => return Some(Found::Skipped(key, "it is an empty folder")),
                    Ok(names) => self.open.push(Open { prefix: key, names: names.into_iter() }),
                },
            }
        }
    }

    fn file(&mut self, key: String, path: &Path) -> Found {
        match fs::metadata(path) {
            Err(error) => self.failed(key, &error),
            Ok(metadata) => {
                let modified = metadata.modified().ok().and_then(|time| Timestamp::try_from(time).ok());
                let state = State { size: metadata.len(), modified, ..State::default() };
                Found::Entry(Entry { key, states: vec![state] })
            }
        }
    }

    fn failed(&mut self, key: String, error: &std::io::Error) -> Found {
        self.unread.push(key.clone());
        Found::Failed(key, format!("it cannot be read: {error}"))
    }
}

/// What is in a folder, in the order of whole keys: that of a folder is sorted with its slash.
fn names(folder: &Path) -> std::io::Result<Vec<Name>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let (name, kind) = match entry.file_name().into_string() {
            Err(name) => (name.to_string_lossy().into_owned(), Kind::Unnamed),
            Ok(name) if name.starts_with(DRAFT_PREFIX) => continue,
            Ok(name) if kind.is_dir() => (format!("{name}/"), Kind::Folder),
            Ok(name) if kind.is_symlink() => (name, Kind::Link),
            Ok(name) if kind.is_file() => (name, Kind::File),
            Ok(name) => (name, Kind::Other),
        };
        names.push(Name { key: name, path: entry.path(), kind });
    }
    names.sort_by(|one, other| one.key.cmp(&other.key));
    Ok(names)
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    #[test]
    fn files_are_told_in_the_order_of_keys_and_the_rest_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for file in ["a/x", "a-b", "a.b", "b ü/☃", ".planetstore-draft-1"] {
            fs::create_dir_all(at(file).parent().unwrap()).unwrap();
            fs::write(at(file), file).unwrap();
        }
        fs::create_dir(at("empty")).unwrap();
        std::os::unix::fs::symlink("a", at("link")).unwrap();
        fs::write(folder.path().join(OsStr::from_bytes(b"z\xff")), "").unwrap();
        let mut walk = Walk::new(folder.path()).unwrap();
        let told: Vec<String> = std::iter::from_fn(|| walk.next())
            .map(|found| match found {
                Found::Entry(entry) => entry.key,
                Found::Skipped(key, why) => format!("{key}: {why}"),
                Found::Failed(key, _) => format!("{key} failed"),
            })
            .collect();
        let named = ["empty/: it is an empty folder", "link: it is a link", "z\u{fffd} failed"];
        assert_eq!(told, [&["a-b", "a.b", "a/x", "b ü/☃"][..], &named].concat());
    }
}
