//! Errors that prevent a start are reported with a remedy, before anything is started.

use std::net::TcpListener;

use super::clients::s3_as;
use super::process::{Fixture, planetstore, refuses, run, text};

#[test]
fn a_taken_port_is_named_before_anything_is_started() {
    let fixture = Fixture::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for flag in ["--listen", "--console"] {
        let other = if flag == "--listen" { "--console" } else { "--listen" };
        let mut command = planetstore(["dev", flag, &address, other, "127.0.0.1:0", "--data"]);
        command.arg(&fixture.data);
        refuses(command, 1, &[&address, "already in use", flag]);
        assert!(!fixture.data.join("nats").exists() && !fixture.data.join("nodes").exists());
    }
}

#[test]
fn a_folder_has_one_process_at_a_time() {
    let fixture = Fixture::new();
    let store = fixture.start();
    let holder = format!("in use by process {}", store.child.id());
    refuses(fixture.dev(), 1, &[&holder, "--data"]);
    refuses(fixture.command(&["rebuild"]), 1, &[&holder]);
    store.stop();
}

#[test]
fn a_newer_or_foreign_folder_is_left_alone() {
    let fixture = Fixture::new();
    std::fs::create_dir(&fixture.data).unwrap();
    std::fs::write(fixture.data.join("version"), "2\n").unwrap();
    refuses(fixture.dev(), 1, &["has format 2", "knows up to 1", "newer planetstore"]);
    assert_eq!(std::fs::read_dir(&fixture.data).unwrap().count(), 1, "nothing was added");
    std::fs::rename(fixture.data.join("version"), fixture.data.join("letter")).unwrap();
    refuses(fixture.dev(), 1, &["neither empty nor a data folder", "letter"]);
    assert_eq!(std::fs::read_dir(&fixture.data).unwrap().count(), 1, "nothing was added");
}

#[test]
fn a_folder_belongs_to_one_region() {
    let fixture = Fixture::new();
    let mut first = fixture.dev();
    first.args(["--region", "eu-1"]);
    fixture.serve(first).stop();
    let mut other = fixture.dev();
    other.args(["--region", "eu-2"]);
    refuses(other, 1, &["belongs to the region eu-1"]);
    let again = fixture.start();
    assert!(again.banner.contains("serves region eu-1"), "{}", again.banner);
    again.stop();
}

#[test]
fn credentials_of_the_environment_are_checked_used_and_never_shown() {
    let fixture = Fixture::new();
    let with = |user: &str, password: &str| {
        let mut command = fixture.dev();
        command.env("PLANETSTORE_ROOT_USER", user).env("PLANETSTORE_ROOT_PASSWORD", password);
        command
    };
    refuses(with("root", "short"), 1, &["PLANETSTORE_ROOT_PASSWORD has 5 characters", "8 to 128"]);
    refuses(with("root", ""), 1, &["set both or neither"]);

    let (user, password) = ("the-root-user", "the-secret-of-this-test");
    let store = fixture.serve(with(user, password));
    assert!(!fixture.data.join("credentials").exists());
    assert_eq!(s3_as(&store, (user, password), "PUT", "/bucket", b"").status, 200);
    assert_eq!(s3_as(&store, (user, "the-secret-of-another"), "PUT", "/other", b"").status, 403);
    let stderr = std::fs::read_to_string(fixture.outer.path().join("stderr")).unwrap();
    assert!(!store.banner.contains(password) && !stderr.contains(password));

    refuses(fixture.command(&["status"]), 1, &["does not accept these credentials"]);
    let mut status = fixture.command(&["status"]);
    status.env("PLANETSTORE_ROOT_USER", user).env("PLANETSTORE_ROOT_PASSWORD", password);
    assert_eq!(status.output().unwrap().status.code(), Some(0));
    store.stop();
}

#[test]
fn roles_without_credentials_refuse_to_start() {
    let fixture = Fixture::new();
    let url = ["--nats-url", "nats://127.0.0.1:1"];
    let node = || fixture.command(&["run", "node", "--node", "n1", url[0], url[1]]);
    let gateway = || fixture.command(&["run", "gateway", url[0], url[1]]);
    let dev = || {
        let mut command = fixture.dev();
        command.args(url);
        command
    };
    for command in [node(), gateway(), dev()] {
        refuses(command, 1, &["no credentials for the NATS server", "PLANETSTORE_NATS_USER"]);
    }
    let mut command = node();
    command.args(["--nats-credentials", "/nowhere/nats"]);
    refuses(command, 1, &["there is no file /nowhere/nats"]);
    let mut command = gateway();
    command.env("PLANETSTORE_NATS_USER", "u").env("PLANETSTORE_NATS_PASSWORD", "p");
    refuses(command, 1, &["no root credentials", "PLANETSTORE_ROOT_USER"]);
}

#[test]
fn wrong_usage_is_told_from_an_error() {
    refuses(planetstore(["dev", "--nodes", "2"]), 2, &["--nodes"]);
    refuses(planetstore(["no-such-command"]), 2, &["no-such-command"]);
    refuses(planetstore(["dev", "--nats-url", "nats://user:secret@host"]), 2, &["--nats-credentials"]);
    let mut filter = planetstore(["status"]);
    filter.env("PLANETSTORE_LOG", "a=b=c");
    refuses(filter, 1, &["PLANETSTORE_LOG"]);
    let version = run(["version"]);
    assert_eq!(text(&version.stdout), format!("planetstore {}\n", env!("CARGO_PKG_VERSION")));
}
