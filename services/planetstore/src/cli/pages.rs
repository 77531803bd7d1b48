//! Whatever the admin API does, a page of the console does, or it is said here why none does.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::parity::described;

/// Operations that no page asks for, and why.
const NO_PAGE: [(&str, &str); 11] = [
    ("changeAuthorKey", "processes without the next key stop: it is done where the keys are distributed"),
    ("exportEvents", "a file for auditors, who verify it without the store: `planetstore events export`"),
    ("getGroup", "the list of groups has the members of each"),
    ("getNode", "the list of nodes has all of each"),
    ("getPolicy", "the list of policies has the document of each"),
    ("getQuota", "the bucket has its quota"),
    ("getTarget", "the list of targets has all of each"),
    ("openapi", "it is for programs"),
    ("streamLogs", "a page follows lines over its socket, with all else that it follows"),
    ("upgradeRegion", "processes of older releases stop: it is done where they are upgraded"),
    ("whoami", "the login tells it"),
];

/// What imports of the generated module begin and end with.
const IMPORT_END: &str = "} from \"@/generated/api\"";

/// Where paths of the API begin.
const ROOT: &str = "/api/v1/";

fn pages(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "generated" {
                pages(&path, found);
            }
        } else if !name.contains(".test.") && path.extension().is_some_and(|end| end == "ts" || end == "tsx") {
            found.push(path);
        }
    }
}

/// The operations that a file of the pages imports, by their names.
fn imported(text: &str) -> impl Iterator<Item = &str> {
    let (before, _) = text.rsplit_once(IMPORT_END).unwrap_or_default();
    let lists = before.split(IMPORT_END).filter_map(|before| before.rsplit_once("import ").map(|(_, list)| list));
    let names = lists.flat_map(|list| list.split(['{', ',', '\n']));
    names.map(|name| name.trim().trim_start_matches("type ").split(" as ").next().unwrap_or_default())
}

/// The paths that a file of the pages asks for, with `{}` for everything that is filled in.
fn asked(text: &str) -> impl Iterator<Item = String> {
    text.match_indices(ROOT).map(move |(begin, _)| {
        let end = text[begin..].find(['"', '`', '?', '\n']).map_or(text.len(), |length| begin + length);
        shape(&text[begin..end].replace("${", "{"))
    })
}

/// A path with `{}` for every parameter.
fn shape(path: &str) -> String {
    let parts = path.split('/').map(|part| match part.split_once('{') {
        Some(("", _)) => "{}",
        // What is put behind a name is the query.
        Some((name, _)) => name,
        None => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

#[test]
fn each_operation_of_the_api_has_a_page() {
    let mut files = Vec::new();
    pages(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/src"), &mut files);
    let texts: Vec<_> = files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
    let names: BTreeSet<&str> = texts.iter().flat_map(|text| imported(text)).collect();
    let paths: BTreeSet<String> = texts.iter().flat_map(|text| asked(text)).collect();
    assert!(names.len() > 40 && paths.len() > 10, "the pages are not read as they are written");
    let operations = described();
    let has_page = |name: &str, path: &str| names.contains(name) || paths.contains(&shape(path));
    let excused = |name: &str| NO_PAGE.iter().any(|(known, _)| *known == name);
    let without: Vec<_> = operations
        .iter()
        .filter(|(name, path)| !has_page(name, path) && !excused(name))
        .map(|(name, _)| name)
        .collect();
    assert!(without.is_empty(), "operations without a page: {without:?}; add one, or say here why there is none");
    let gone: Vec<_> = NO_PAGE.iter().map(|(name, _)| *name).filter(|name| !operations.contains_key(*name)).collect();
    assert!(gone.is_empty(), "there are no such operations: {gone:?}");
    let excused: Vec<_> = NO_PAGE.iter().map(|(name, _)| *name).filter(|name| names.contains(name)).collect();
    assert!(excused.is_empty(), "these have a page by now: {excused:?}");
}

#[test]
fn pages_are_read_as_they_are_written() {
    let text = "import { call } from \"./call\";\nimport {\n  listUsers,\n  type User,\n} from \"@/generated/api\";\n";
    let names: Vec<_> = imported(text).filter(|name| !name.is_empty()).collect();
    assert!(names.contains(&"listUsers") && names.contains(&"User") && !names.contains(&"call"), "{names:?}");
    let asked: Vec<_> = asked("ask(`/api/v1/workers/${encode(worker)}/${change}`); ask(\"/api/v1/status\"").collect();
    assert_eq!(asked, ["/api/v1/workers/{}/{}", "/api/v1/status"]);
    assert_eq!(shape("/api/v1/events{search}"), "/api/v1/events");
    assert_eq!(shape("/api/v1/workers/{worker}/{change}"), "/api/v1/workers/{}/{}");
}
