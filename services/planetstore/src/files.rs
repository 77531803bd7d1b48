//! Small files of the data folder: written completely or not at all, and readable only by their owner.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use zeroize::Zeroizing;

/// The permissions of every file that this crate writes.
const PRIVATE_FILE: u32 = 0o600;

/// The suffix of a file that is being written.
pub(crate) const DRAFT: &str = "draft";

/// The longest small file that is read, in bytes.
const SMALL_FILE_BYTES_MAX: u64 = 64 << 10;

/// Writes a file and makes it durable before renaming it to its name.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = path.with_added_extension(DRAFT);
    // A draft that a crash left may have other permissions.
    remove(&draft)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(PRIVATE_FILE).open(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// Overwrites an existing file in place, which needs no more room on a full disk. A crash may leave parts of both.
pub(crate) fn overwrite(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).open(path)?;
    file.write_all(bytes)?;
    file.set_len(bytes.len() as u64)?;
    file.sync_all()
}

/// Reads a small file; `None` if it does not exist. It may contain a secret, so the text is wiped when it is dropped.
pub(crate) fn read(path: &Path) -> io::Result<Option<Zeroizing<String>>> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
        Ok(metadata) if metadata.len() > SMALL_FILE_BYTES_MAX => {
            Err(io::Error::new(io::ErrorKind::InvalidData, "it is too long"))
        }
        Ok(_) => fs::read_to_string(path).map(|text| Some(text.into())),
    }
}

/// Removes a file if it exists.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The values of some names in lines of `NAME=value`; empty lines and `#` comments are skipped. This is the form of
/// environment files, so systemd and container runtimes can read the same file.
pub(crate) fn variables<const N: usize>(text: &str, names: [&str; N]) -> [Option<String>; N] {
    names.map(|name| {
        text.lines()
            .map(str::trim)
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split_once('='))
            .find(|(found, _)| found.trim() == name)
            .map(|(_, value)| value.trim().to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn files_are_private_and_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        assert_eq!(read(&path).unwrap(), None);
        fs::write(path.with_added_extension(DRAFT), "left by a crash").unwrap();
        for text in ["one", "two"] {
            write_private(&path, text.as_bytes()).unwrap();
            assert_eq!(read(&path).unwrap().unwrap().as_str(), text);
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        remove(&path).unwrap();
        remove(&path).unwrap();
    }

    #[test]
    fn variables_are_found_by_name() {
        let text = "# comment\nB=2=2\n\n A = 1 \nNOTHING\n";
        assert_eq!(variables(text, ["A", "B", "C"]), [Some("1".into()), Some("2=2".into()), None]);
    }
}
