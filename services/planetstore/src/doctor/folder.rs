use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use super::Finding;
use crate::folder::{FORMAT, PRIVATE_FOLDER, Paths};

/// The state of a data folder.
pub(super) struct FolderState {
    pub(super) findings: Vec<Finding>,
    /// It is a data folder whose format this program knows.
    pub(super) usable: bool,
}

/// Whether the folder exists, has a known format, and is closed to other users.
pub(super) fn check(paths: &Paths, fix: bool) -> FolderState {
    let folder = paths.folder().display();
    let not = |finding| FolderState { findings: vec![finding], usable: false };
    match paths.format() {
        Err(error) => not(Finding::failed(
            "data folder",
            format!("{error:#}"),
            "run as the user that owns the folder, or restore the file from a copy",
        )),
        Ok(None) => not(Finding::warning(
            "data folder",
            format!("there is no data folder at {folder}"),
            "`planetstore dev` creates it; if it should exist already, pass the right --data",
        )),
        Ok(Some(found)) if found > FORMAT => not(Finding::failed(
            "data folder",
            format!("{folder} has format {found}; this program reads formats up to {FORMAT}"),
            "use the newer planetstore that wrote it",
        )),
        Ok(Some(found)) => {
            let known = Finding::ok("data folder", format!("{folder} has format {found}"));
            FolderState { findings: vec![known, permissions(paths, fix)], usable: true }
        }
    }
}

fn permissions(paths: &Paths, fix: bool) -> Finding {
    const CHECK: &str = "permissions";
    let folder = paths.folder();
    let advice = || format!("`planetstore doctor --fix` or `chmod 700 {}`", folder.display());
    let mode = match fs::metadata(folder) {
        Ok(metadata) => metadata.mode() & 0o777,
        Err(error) => return Finding::failed(CHECK, format!("cannot be checked: {error}"), advice()),
    };
    if mode & !PRIVATE_FOLDER == 0 {
        return Finding::ok(CHECK, format!("mode {mode:o}: other users have no access"));
    }
    if !fix {
        return Finding::failed(CHECK, format!("mode {mode:o}: other users have access to the folder"), advice());
    }
    match fs::set_permissions(folder, Permissions::from_mode(PRIVATE_FOLDER)) {
        Ok(()) => Finding::ok(CHECK, format!("changed from mode {mode:o} to {PRIVATE_FOLDER:o}")),
        Err(error) => Finding::failed(CHECK, format!("mode {mode:o}, which cannot be changed: {error}"), advice()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folder::DataFolder;

    #[test]
    fn open_permissions_are_found_and_fixed() {
        let outer = tempfile::tempdir().unwrap();
        let paths = Paths::new(outer.path());
        assert!(!check(&paths, false).usable);
        drop(DataFolder::create(outer.path()).unwrap());
        fs::set_permissions(outer.path(), Permissions::from_mode(0o755)).unwrap();
        let failures = |fix| check(&paths, fix).findings.iter().filter(|finding| finding.is_failure()).count();
        assert_eq!((failures(false), failures(true), failures(false)), (1, 0, 0));
        fs::write(paths.version(), "9").unwrap();
        assert!(!check(&paths, true).usable);
    }
}
