use std::fs;

use super::Finding;
use crate::folder::Paths;
use crate::roles::NODES_MIN;

/// The file that every complete node folder has.
const NODE_FILE: &str = "node.json";

/// Whether the folders of the nodes exist.
pub(super) fn check(paths: &Paths) -> Option<Finding> {
    const CHECK: &str = "nodes";
    let folder = paths.nodes();
    let entries = match fs::read_dir(&folder) {
        // A gateway without nodes has none.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        Err(error) => {
            let advice = "run as the user that owns the data folder";
            return Some(Finding::failed(CHECK, format!("cannot list {}: {error}", folder.display()), advice));
        }
        Ok(entries) => entries,
    };
    let folders: Vec<_> =
        entries.filter_map(Result::ok).map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    let (whole, broken): (Vec<_>, Vec<_>) = folders.iter().partition(|path| path.join(NODE_FILE).is_file());
    Some(if whole.len() < NODES_MIN {
        Finding::failed(
            CHECK,
            format!("{} complete node folders; writes need {NODES_MIN}", whole.len()),
            "restore the missing folders; empty folders in their place are refused until `planetstore node init`",
        )
    } else if let Some(broken) = broken.first() {
        Finding::warning(
            CHECK,
            format!("{} has no {NODE_FILE}", broken.display()),
            "restore the folder; an empty folder in its place is refused until `planetstore node init`",
        )
    } else {
        Finding::ok(CHECK, format!("{} folders", whole.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_folders_are_counted() {
        let outer = tempfile::tempdir().unwrap();
        let paths = Paths::new(outer.path());
        assert_eq!(check(&paths), None);
        let make = |n: usize| {
            let folder = paths.nodes().join(format!("node-{n}"));
            fs::create_dir_all(&folder).unwrap();
            folder
        };
        for n in 0..NODES_MIN {
            assert!(check(&paths).is_none_or(|finding| finding.is_failure()));
            fs::write(make(n).join(NODE_FILE), "{}").unwrap();
        }
        assert_eq!(check(&paths), Some(Finding::ok("nodes", format!("{NODES_MIN} folders"))));
        make(9);
        assert!(
            check(&paths).is_some_and(|finding| finding != Finding::ok("nodes", "3 folders") && !finding.is_failure())
        );
    }
}
