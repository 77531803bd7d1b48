//! The doctor on a running store, on a stopped one, and on damaged ones.

use serde_json::Value;

use super::clients::put_two;
use super::process::Fixture;

const PORTS: [&str; 4] = ["--listen", "127.0.0.1:0", "--console", "127.0.0.1:0"];

fn examine(fixture: &Fixture, more: &[&str]) -> (Option<i32>, Value) {
    let arguments: Vec<&str> = ["doctor"].iter().chain(&PORTS).chain(more).copied().collect();
    fixture.json(&arguments)
}

fn finding<'a>(findings: &'a Value, check: &str) -> &'a Value {
    let found = findings.as_array().unwrap().iter().find(|finding| finding["check"] == check);
    found.unwrap_or_else(|| panic!("{check} is not in {findings}"))
}

#[test]
fn a_healthy_store_is_found_healthy_running_or_not() {
    let fixture = Fixture::new();
    let (code, none) = examine(&fixture, &[]);
    assert_eq!((code, &finding(&none, "data folder")["state"]), (Some(0), &Value::from("warning")));
    assert!(!fixture.data.exists(), "looking makes nothing");

    let store = fixture.start();
    put_two(&store, &fixture);
    let (code, running) = examine(&fixture, &[]);
    assert_eq!(code, Some(0), "{running}");
    for check in
        ["clock", "data folder", "permissions", "free space", "fsync", "process", "log", "projection", "level", "nodes"]
    {
        assert_ne!(finding(&running, check)["state"], "failed", "{running}");
    }
    store.stop();

    let (code, stopped) = examine(&fixture, &[]);
    assert_eq!(code, Some(0), "{stopped}");
    for (check, says) in [
        ("nats-server", "version 2."),
        ("log", "dense up to "),
        ("projection", "folded up to "),
        ("nodes", "6 folders"),
        ("port", "is free"),
    ] {
        let what = finding(&stopped, check)["what"].as_str().unwrap().to_owned();
        assert!(what.contains(says), "{what}");
    }
    fixture.start().stop();
}

#[test]
fn a_log_that_lost_its_tail_is_refused_explained_and_repaired() {
    let fixture = Fixture::new();
    let store = fixture.start();
    assert_eq!(super::clients::s3(&store, &fixture, "PUT", "/early", b"").status, 200);
    store.stop();
    let (log, earlier) = (fixture.data.join("nats/store"), fixture.outer.path().join("earlier"));
    copy(&log, &earlier);
    let store = fixture.start();
    put_two(&store, &fixture);
    store.stop();
    std::fs::remove_dir_all(&log).unwrap();
    std::fs::rename(&earlier, &log).unwrap();

    super::process::refuses(fixture.dev(), 1, &["lost its tail", "planetstore doctor"]);
    let (code, ill) = examine(&fixture, &[]);
    assert_eq!((code, &finding(&ill, "projection")["state"]), (Some(5), &Value::from("failed")));
    assert!(finding(&ill, "projection")["advice"].as_str().unwrap().contains("--fix"));

    let (code, fixed) = examine(&fixture, &["--fix"]);
    assert_eq!(code, Some(0), "{fixed}");
    assert!(finding(&fixed, "projection")["what"].as_str().unwrap().contains(" events"), "{fixed}");
    let store = fixture.start();
    super::clients::both_are_there(&store, &fixture);
    store.stop();
    let rebuilt = fixture.command(&["rebuild"]).output().unwrap();
    assert_eq!(rebuilt.status.code(), Some(0), "{}", String::from_utf8_lossy(&rebuilt.stdout));
}

#[test]
fn open_permissions_are_closed_by_fix() {
    use std::os::unix::fs::PermissionsExt;
    let fixture = Fixture::new();
    fixture.start().stop();
    std::fs::set_permissions(&fixture.data, std::fs::Permissions::from_mode(0o755)).unwrap();
    let (code, open) = examine(&fixture, &[]);
    assert_eq!((code, &finding(&open, "permissions")["state"]), (Some(5), &Value::from("failed")));
    assert_eq!(examine(&fixture, &["--fix"]).0, Some(0));
    assert_eq!(examine(&fixture, &[]).0, Some(0));
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
