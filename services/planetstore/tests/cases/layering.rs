//! Which crate may import which, and which external crates may be imported where.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// The crates that each library may import. A crate that is not named here is a role: it may import every library, and
/// no role.
const LIBRARIES: [(&str, &[&str]); 21] = [
    ("events", &[]),
    ("s3", &[]),
    ("identity", &[]),
    ("listener", &[]),
    ("ratelimit", &[]),
    ("vfs", &[]),
    ("md5batch", &[]),
    ("domain", &["events"]),
    ("policy", &["events"]),
    ("eventlog", &["events"]),
    ("shards", &["events", "domain", "identity"]),
    ("ledger", &["events", "domain", "eventlog"]),
    ("rights", &["events", "domain", "policy", "ledger"]),
    ("evidence", &["events", "identity"]),
    ("feed", &["events", "domain", "ledger", "evidence"]),
    ("worker", &["events", "domain", "ledger"]),
    ("consumers", &["events", "domain", "eventlog", "identity", "ledger"]),
    ("telemetry", &["events"]),
    ("accesslog", &["eventlog"]),
    ("inventory", &["events", "domain", "ledger", "shards"]),
    ("plaintext", &["events", "domain", "identity", "shards"]),
];

/// What tests share. It may import every library, and nothing imports it but tests.
const FOR_TESTS: &str = "testkit";

/// The binary, which may import everything.
const BINARY: &str = "planetstore";

/// The only crates that may import an external one.
const KEPT_APART: [(&str, &[&str]); 12] = [
    ("redb", &["ledger"]),
    ("async-nats", &["eventlog", "shards", "worker", "node", "consumers", "notify", "telemetry", BINARY]),
    ("metrics-exporter-prometheus", &["admin"]),
    ("cloudevents-sdk", &["events"]),
    ("reed-solomon-erasure", &["shards"]),
    ("quick-xml", &["s3"]),
    ("anyhow", &[BINARY]),
    ("argon2", &["identity"]),
    ("aws-lc-rs", &["identity"]),
    ("jsonwebtoken", &["identity"]),
    ("tokio-rustls", &["listener", "notify", "replicate", BINARY]),
    ("rcgen", &[BINARY]),
];

/// Licences of shipped crates. Any alternative of an expression will do.
const LICENCES: [&str; 13] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Zlib",
];

/// Crates with a licence file in place of an expression, and the file's licence.
const LICENCE_FILES: [(&str, &str); 1] = [("cloudevents-sdk", "Apache-2.0")];

/// The output of a cargo command.
fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The package graph of this platform. A build downloads no other platform's crates, so without the filter the graph
/// cannot be read offline on a machine that has built nothing else.
fn metadata(more: &[&str]) -> Value {
    let version = cargo(&["--version", "--verbose"]);
    let platform = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let fixed =
        ["metadata", "--format-version=1", "--offline", "--filter-platform", platform, "--manifest-path", manifest];
    serde_json::from_str(&cargo(&[&fixed, more].concat())).unwrap()
}

/// Our crates, with the imports of each outside of its tests.
fn imports() -> BTreeMap<String, BTreeSet<String>> {
    let name = |value: &Value| value["name"].as_str().unwrap().to_owned();
    let packages = metadata(&["--no-deps"])["packages"].as_array().unwrap().clone();
    let imported = |package: &Value| {
        let dependencies = package["dependencies"].as_array().unwrap();
        dependencies.iter().filter(|dependency| dependency["kind"] != "dev").map(name).collect()
    };
    packages.iter().map(|package| (name(package), imported(package))).collect()
}

#[test]
fn imports_go_down_only() {
    let crates = imports();
    let libraries = BTreeMap::from(LIBRARIES);
    for (library, _) in LIBRARIES {
        assert!(crates.contains_key(library), "{library} is gone: is this test still about this tree?");
    }
    for (name, imported) in &crates {
        let ours = imported.iter().filter(|imported| crates.contains_key(*imported));
        for other in ours.filter(|_| name != BINARY) {
            let may = match libraries.get(name.as_str()) {
                Some(allowed) => allowed.contains(&other.as_str()),
                None => libraries.contains_key(other.as_str()),
            };
            assert!(may, "{name} must not import {other}");
        }
    }
}

#[test]
fn what_is_for_tests_is_in_no_program() {
    let crates = imports();
    assert!(crates.contains_key(FOR_TESTS), "is this test still about this tree?");
    for (name, imported) in &crates {
        assert!(!imported.contains(FOR_TESTS), "{name} must not import {FOR_TESTS} outside of its tests");
    }
}

/// The rows of the map that name a crate, with the imports they name.
fn mapped() -> BTreeMap<String, BTreeSet<String>> {
    let map = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../ARCHITECTURE.md")).unwrap();
    let row = |line: &str| {
        let [_, path, _, imports, _] = line.split('|').map(str::trim).collect::<Vec<_>>()[..] else { return None };
        let path = path.strip_prefix('`')?.strip_suffix('`')?;
        let is_crate = path == "events" || path.starts_with("services/");
        let imports = imports.split(", ").filter(|import| *import != "nothing").map(str::to_owned).collect();
        is_crate.then(|| (path.trim_start_matches("services/").to_owned(), imports))
    };
    map.lines().filter_map(row).collect()
}

#[test]
fn the_map_of_the_architecture_is_true() {
    let crates = imports();
    let of_ours = |imported: &BTreeSet<String>| -> BTreeSet<String> {
        imported.iter().filter(|imported| crates.contains_key(*imported)).cloned().collect()
    };
    let mut real: BTreeMap<_, _> = crates.iter().map(|(name, imported)| (name.clone(), of_ours(imported))).collect();
    real.insert(BINARY.to_owned(), BTreeSet::from(["all".to_owned()]));
    assert_eq!(mapped(), real, "ARCHITECTURE.md, and what the crates import");
}

#[test]
fn what_is_kept_apart_is_imported_in_its_place_only() {
    for (name, imported) in imports() {
        for (kept, places) in KEPT_APART {
            assert!(places.contains(&name.as_str()) || !imported.contains(kept), "{name} must not import {kept}");
        }
    }
}

/// Each module of the gateway, with the modules that its files name outside of their tests.
fn modules_of_the_gateway() -> BTreeMap<String, BTreeSet<String>> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../gateway/src");
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    let root = read(&source.join("lib.rs"));
    let lines = root.lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
    let modules: BTreeSet<String> = lines.map(str::to_owned).collect();
    // The root's re-exports, with the module of each.
    let shown = root.lines().filter_map(|line| line.strip_prefix("pub use ")?.split_once("::"));
    let shown: BTreeMap<&str, &str> =
        shown.flat_map(|(module, names)| words(names).map(move |name| (name, module))).collect();
    let mut files = Vec::new();
    for module in &modules {
        let file = source.join(format!("{module}.rs"));
        if file.exists() { files.push(file) } else { super::tidy::files(&source.join(module), &mut files) }
    }
    let mut named: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in files {
        let within = file.strip_prefix(&source).unwrap().with_extension("");
        let module = within.iter().next().unwrap().to_string_lossy().into_owned();
        let text = read(&file);
        let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let paths = code.flat_map(|line| line.split("crate::").skip(1)).filter_map(|rest| words(rest).next());
        let others = paths.map(|name| shown.get(name).copied().unwrap_or(name));
        let others: Vec<_> = others.filter(|other| modules.contains(*other) && **other != *module).collect();
        named.entry(module).or_default().extend(others.into_iter().map(str::to_owned));
    }
    named
}

/// The words of a text that may be names.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphanumeric() && letter != '_').filter(|word| !word.is_empty())
}

#[test]
fn modules_of_the_gateway_do_not_depend_on_one_another_in_circles() {
    let mut left = modules_of_the_gateway();
    assert!(left.len() > 20 && left["verb"].contains("request"), "is this test still about this tree? {left:#?}");
    while let Some(free) = left.iter().find(|(_, others)| !others.iter().any(|other| left.contains_key(other))) {
        let free = free.0.clone();
        left.remove(&free);
    }
    assert!(left.is_empty(), "each of these depends on itself by way of the others: {left:#?}");
}

#[test]
fn everything_shipped_has_a_licence_we_take() {
    let metadata = metadata(&[]);
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 50);
    for package in packages {
        let of_file = LICENCE_FILES.iter().find(|(name, _)| package["name"] == *name).map(|(_, licence)| *licence);
        let licence = package["license"].as_str().or(of_file).unwrap_or_default();
        assert!(is_taken(licence), "{} has the licence {licence:?}", package["name"]);
    }
}

/// `OR` needs one side, `AND` both; `/` is an old way to write `OR`.
fn is_taken(expression: &str) -> bool {
    let expression = expression.replace('/', " OR ");
    let expression = expression.trim();
    if let Some(at) = outside(expression, " AND ") {
        return is_taken(&expression[..at]) && is_taken(&expression[at + 5..]);
    }
    if let Some(at) = outside(expression, " OR ") {
        return is_taken(&expression[..at]) || is_taken(&expression[at + 4..]);
    }
    match expression.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')) {
        Some(inner) => is_taken(inner),
        None => LICENCES.contains(&expression.split_whitespace().collect::<Vec<_>>().join(" ").as_str()),
    }
}

/// The position of a word outside of brackets. `AND` is searched first: it must not bind less than `OR` here, because
/// accepting too little is safe and accepting too much is not.
fn outside(expression: &str, word: &str) -> Option<usize> {
    let open = |at: usize| {
        expression[..at].bytes().fold(0_i32, |depth, byte| match byte {
            b'(' => depth + 1,
            b')' => depth - 1,
            _ => depth,
        })
    };
    expression.match_indices(word).map(|(at, _)| at).find(|at| open(*at) == 0)
}

#[test]
fn licence_expressions_are_read() {
    for good in ["MIT", "MIT/Apache-2.0", "(GPL-3.0 OR MIT) AND ISC", "Apache-2.0 WITH LLVM-exception OR GPL-2.0"] {
        assert!(is_taken(good), "{good}");
    }
    for bad in ["", "AGPL-3.0", "MIT AND GPL-3.0", "(MIT OR ISC) AND (GPL-2.0 OR AGPL-3.0)"] {
        assert!(!is_taken(bad), "{bad}");
    }
}
