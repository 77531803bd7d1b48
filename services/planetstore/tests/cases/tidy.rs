//! Rules about the source tree that no compiler checks.

use std::path::{Path, PathBuf};

/// The maximum number of lines in a source file.
const LINES_MAX: usize = 500;

/// The longest file that is checked, in bytes; only lock files are longer.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// What is not part of the tree. In a worktree of git, `.git` is a file.
const LEFT_OUT: [&str; 10] = [
    "target",
    ".git",
    ".tools",
    ".venv",
    "node_modules",
    "__pycache__",
    "planetstore-data",
    "peers-data",
    "dist",
    "generated",
];

/// Modules beside their folders that are on their way into them.
const BEING_MOVED: [&str; 1] = ["services/shards/src/nodes.rs"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

pub(super) fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let kind = entry.file_type().unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        if LEFT_OUT.contains(&name.as_str()) {
            continue;
        }
        if kind.is_dir() {
            files(&entry.path(), found);
        } else if kind.is_file() && entry.metadata().unwrap().len() <= FILE_BYTES_MAX {
            found.push(entry.path());
        }
    }
}

/// Every text of the tree, with its path from the root.
fn texts() -> Vec<(String, String)> {
    let (root, mut found) = (root(), Vec::new());
    files(&root, &mut found);
    let name = |path: &Path| path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
    let texts: Vec<_> =
        found.iter().filter_map(|path| Some((name(path), std::fs::read_to_string(path).ok()?))).collect();
    assert!(texts.len() > 100, "the tree was found");
    texts
}

fn has_ending(name: &str, endings: &[&str]) -> bool {
    let ending = Path::new(name).extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| endings.contains(&ending))
}

#[test]
fn no_file_of_code_is_too_long_to_read() {
    let too_long: Vec<String> = texts()
        .into_iter()
        .filter(|(name, _)| has_ending(name, &["rs", "sh", "py", "ts", "tsx", "js", "css"]))
        .map(|(name, text)| (name, text.lines().count()))
        .filter(|(_, lines)| *lines > LINES_MAX)
        .map(|(name, lines)| format!("{name} has {lines} lines"))
        .collect();
    assert!(too_long.is_empty(), "{too_long:#?}");
}

#[test]
fn nothing_is_left_to_be_done_and_nothing_names_a_machine() {
    // Assembled here, so that this file does not contain them.
    let unfinished = ["todo", "unimplemented", "dbg"].map(|word| format!("{word}!("));
    let machines = ["home", "root", "Users", "work"].map(|folder| format!("/{folder}/"));
    let mut wrong = Vec::new();
    for (name, text) in texts() {
        for (number, line) in text.lines().enumerate() {
            let unfinished = has_ending(&name, &["rs"]) && unfinished.iter().any(|word| line.contains(word));
            let machine = machines.iter().any(|path| names_path(line, path));
            if unfinished || machine {
                wrong.push(format!("{name}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Whether the line contains an absolute path with this prefix; inside a longer path it is another name.
fn names_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|c| !c.is_alphanumeric() && !"._-}/*".contains(c))
    })
}

#[test]
fn paths_of_machines_are_told_from_parts_of_other_paths() {
    let path = format!("/{}/", "work");
    assert!(names_path(&format!("at {path}x"), &path) && names_path(&format!("\"{path}"), &path));
    assert!(!names_path(&format!("docs{path}x"), &path) && !names_path("homework", &path));
}

/// Clippy uses only the nearest configuration, so a crate that adds to the tree's has a copy of it.
#[test]
fn clippy_configurations_agree() {
    let texts = texts();
    let (_, tree) = texts.iter().find(|(name, _)| name == "clippy.toml").unwrap();
    let copies: Vec<_> = texts.iter().filter(|(name, _)| name.ends_with("/clippy.toml")).collect();
    for (name, copy) in &copies {
        assert!(copy.starts_with(tree), "{name} does not begin with what holds for the whole tree");
        assert_eq!(copy, &copies[0].1, "{name} and {}", copies[0].0);
    }
}

/// Where a module with modules of its own is `name/mod.rs`, never `name.rs` beside `name/`. The root of a test is a
/// crate, whose modules are in the folder beside it.
#[test]
fn modules_of_folders_are_in_those_folders() {
    let texts = texts();
    let files: Vec<&str> =
        texts.iter().map(|(name, _)| name.as_str()).filter(|name| has_ending(name, &["rs"])).collect();
    let has_folder = |file: &str| {
        let folder = format!("{}/", file.strip_suffix(".rs").unwrap_or(file));
        files.iter().any(|other| other.starts_with(&folder))
    };
    let is_root = |file: &str| Path::new(file).parent().is_some_and(|folder| folder.ends_with("tests"));
    let beside: Vec<_> =
        files.iter().filter(|file| !is_root(file) && !BEING_MOVED.contains(file) && has_folder(file)).collect();
    assert!(beside.is_empty(), "{beside:#?}");
}

/// The targets of a page's links within the tree.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')').map(|(target, _)| target));
    let images = ["srcset=\"", "src=\""].into_iter().flat_map(|attribute| text.split(attribute).skip(1));
    let images = images.filter_map(|rest| rest.split_once('"').map(|(target, _)| target));
    targets.chain(images).filter(|target| !target.contains("://") && !target.starts_with("mailto:"))
}

/// The anchor of a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

#[test]
fn links_of_pages_lead_somewhere() {
    let root = root();
    let mut broken = Vec::new();
    for (name, text) in texts().into_iter().filter(|(name, _)| has_ending(name, &["md"])) {
        for target in links(&text) {
            let (path, heading) = target.split_once('#').unwrap_or((target, ""));
            let here = root.join(&name);
            let there = if path.is_empty() { here } else { here.parent().unwrap().join(path) };
            let page = std::fs::read_to_string(&there).unwrap_or_default();
            let has_heading = || {
                page.lines()
                    .filter_map(|line| line.strip_prefix("#"))
                    .any(|line| anchor(line.trim_start_matches('#')) == heading)
            };
            if !there.exists() || !heading.is_empty() && !has_heading() {
                broken.push(format!("{name}: {target}"));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn every_page_and_every_decision_is_in_its_index() {
    let docs = root().join("docs");
    for (folder, index) in
        [(docs.clone(), "README.md"), (docs.join("adr"), "README.md"), (docs.join("events"), "README.md")]
    {
        let listed = std::fs::read_to_string(folder.join(index)).unwrap();
        for entry in std::fs::read_dir(&folder).unwrap() {
            let name = entry.unwrap().file_name().to_string_lossy().into_owned();
            let is_page = has_ending(&name, &["md"]) && name != index;
            assert!(!is_page || listed.contains(&format!("({name}")), "{name} is not in {}", folder.display());
        }
    }
}
