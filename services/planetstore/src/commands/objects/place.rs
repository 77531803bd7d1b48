//! Places: in a store, or in files here.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context, bail};

/// What places in a store begin with.
const SCHEME: &str = "s3://";

/// What the names of files begin with that are not whole yet.
pub(super) const DRAFT_PREFIX: &str = ".planetstore-draft-";

/// A place in a store: a bucket, or a key or the beginning of keys in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) bucket: String,
    /// Empty for the bucket itself.
    pub(crate) key: String,
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let path = text.strip_prefix(SCHEME).unwrap_or(text);
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        if bucket.is_empty() {
            return Err(format!("{text:?} names no bucket: s3://bucket/key is a place"));
        }
        s3::address::validate_bucket(bucket).map_err(|_| format!("{bucket:?} cannot be the name of a bucket"))?;
        Ok(Self { bucket: bucket.to_owned(), key: key.to_owned() })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}/{}", self.bucket, self.key)
    }
}

impl Place {
    /// The place, if it is that of an object.
    pub(crate) fn object(self) -> anyhow::Result<Self> {
        if self.key.is_empty() {
            bail!("{self} is a bucket: name an object in it");
        }
        Ok(self)
    }

    /// The place of something below this one.
    pub(crate) fn below(&self, relative: &str) -> Self {
        Self { bucket: self.bucket.clone(), key: format!("{}{relative}", self.key) }
    }
}

/// One side of a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Side {
    /// In a store.
    Store(Place),
    /// A file or a folder here.
    Here(PathBuf),
    /// What this process reads or writes: `-`.
    Stream,
}

impl FromStr for Side {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "-" => Ok(Self::Stream),
            "" => Err("this names nothing".to_owned()),
            _ if text.starts_with(SCHEME) => text.parse().map(Self::Store),
            _ => Ok(Self::Here(text.into())),
        }
    }
}

/// The path of a key below a folder here. A key is bytes that others chose: none leads out of the folder.
pub(crate) fn file_name(relative: &str) -> anyhow::Result<PathBuf> {
    let mut path = PathBuf::new();
    for part in relative.split('/').filter(|part| !part.is_empty()) {
        if part == "." || part == ".." || part.contains('\0') {
            bail!("the key {relative:?} cannot be the name of a file: copy it by itself to a name of your own");
        }
        path.push(part);
    }
    (!path.as_os_str().is_empty()).then_some(path).context("an empty key cannot be the name of a file")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_with_and_without_their_scheme() {
        let place = |text: &str| text.parse::<Place>().map(|place| (place.bucket, place.key));
        let photo = Ok(("photos".to_owned(), "a//b".to_owned()));
        assert_eq!((place("s3://photos/a//b"), place("photos/a//b")), (photo.clone(), photo));
        assert_eq!(place("photos"), Ok(("photos".to_owned(), String::new())));
        for wrong in ["", "s3://", "/a", "No", "s3:///a"] {
            assert!(place(wrong).is_err(), "{wrong}");
        }
        assert_eq!("./photos/a".parse(), Ok(Side::Here("./photos/a".into())));
        assert_eq!("-".parse(), Ok(Side::Stream));
        assert!(matches!("s3://photos/a".parse(), Ok(Side::Store(_))));
    }

    #[test]
    fn no_key_leads_out_of_a_folder() {
        assert_eq!(file_name("a//b/c.txt").unwrap(), PathBuf::from("a/b/c.txt"));
        assert_eq!(file_name("/etc/passwd").unwrap(), PathBuf::from("etc/passwd"));
        for wrong in ["..", "a/../../b", "./a", "", "/", "a\0b"] {
            assert!(file_name(wrong).is_err(), "{wrong:?}");
        }
    }
}
