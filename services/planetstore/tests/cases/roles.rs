//! Each role in its own process, with an external NATS server.

use std::path::PathBuf;
use std::process::{self, Child, Stdio};
use std::sync::Arc;

use domain::Command;
use eventlog::{ConnectOptions, Credentials, JetStreamLog, StreamOptions};
use events::Fact;
use events::ids::RegionName;
use identity::MasterKey;
use ledger::{AuthorKey, Keyring, Ledger, Options};
use testkit::commands::origin;
use testkit::ledgers::options;
use testkit::nats;

use super::clients::{both_are_there, http, put_two, s3};
use super::process::{Fixture, Serving, planetstore, until};

/// A nats-server like an operator's, stopped when this is dropped.
struct OtherServer {
    child: Child,
    url: String,
    credentials: PathBuf,
}

impl OtherServer {
    fn start(fixture: &Fixture) -> Self {
        Self::start_that_denies(fixture, "nobody.publishes.here")
    }

    /// A server whose permissions are from an older release: it denies publishing on this subject.
    fn start_that_denies(fixture: &Fixture, subject: &str) -> Self {
        let folder = fixture.outer.path().join("other-nats");
        std::fs::create_dir(&folder).unwrap();
        let configuration = folder.join("conf");
        let conf = format!(
            "listen: \"127.0.0.1:-1\"\nports_file_dir: \"{}\"\njetstream {{ store_dir: \"{}\", sync_interval: always }}\n\
             accounts {{ A {{ jetstream: enabled, users: [ {{ user: ours, password: \"not a secret\",\n\
             permissions: {{ publish: {{ deny: [{subject:?}] }} }} }} ] }} }}\n",
            folder.display(),
            folder.join("store").display()
        );
        std::fs::write(&configuration, conf).unwrap();
        let credentials = folder.join("credentials");
        std::fs::write(&credentials, "PLANETSTORE_NATS_USER=ours\nPLANETSTORE_NATS_PASSWORD=not a secret\n").unwrap();
        let child = nats::command().arg("-c").arg(&configuration).spawn().unwrap();
        let url = nats::url_of(&child, &folder);
        Self { child, url, credentials }
    }

    /// Writes to the log of a region like a gateway of a release with one more level.
    fn upgrade_past_this_release(&self, fixture: &Fixture, region: &RegionName) {
        let connect = ConnectOptions {
            address: self.url.trim_start_matches("nats://").into(),
            credentials: Credentials { user: "ours".into(), password: "not a secret".to_owned().into() },
            ca: None,
            name: "newer release".into(),
            inbox_prefix: "_INBOX_ours".into(),
        };
        let master = std::fs::read_to_string(fixture.data.join("master.key")).unwrap();
        let master = MasterKey::parse(master.lines().find_map(|line| line.split_once('=')).unwrap().1).unwrap();
        let options = Options {
            region: region.clone(),
            keyring: Keyring::Gateway {
                gateway: AuthorKey::last(*master.gateway_events()),
                lifecycle: AuthorKey::last(*master.lifecycle_events()),
                maintenance: AuthorKey::last(*master.maintenance_events()),
            },
            releases: false,
            ..options(&fixture.outer.path().join("newer.redb"), false)
        };
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let log = JetStreamLog::open(&connect, &StreamOptions::new(region.clone())).await.unwrap();
            let ledger = Ledger::open(options, Arc::new(log)).await.unwrap();
            let (region, level) = (region.clone(), Fact::LEVEL + 1);
            let upgrade = Command::UpgradeRegion { region, level, release: "9.8.7".into() };
            ledger.commit(upgrade, origin()).await.unwrap();
            ledger.stop().await;
        });
    }

    fn join(&self, command: &mut process::Command) {
        command.args(["--nats-url", &self.url, "--nats-credentials"]).arg(&self.credentials);
    }
}

impl Drop for OtherServer {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// A process that is stopped at the end of the test.
struct Role(Child);

impl Drop for Role {
    fn drop(&mut self) {
        // Both fail only if it has ended.
        let _killed = self.0.kill();
        let _collected = self.0.wait();
    }
}

fn node(fixture: &Fixture, server: &OtherServer, n: usize) -> Role {
    let name = format!("disk-{n}");
    let mut command = planetstore(["run", "node", "--node", &name, "--zone", "here", "--data"]);
    command.arg(fixture.outer.path().join(&name));
    server.join(&mut command);
    Role(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
}

fn gateway(fixture: &Fixture, server: &OtherServer) -> Serving {
    let mut command = planetstore(["run", "gateway", "--listen", "127.0.0.1:0", "--console", "127.0.0.1:0", "--data"]);
    command.arg(&fixture.data);
    server.join(&mut command);
    fixture.serve(command)
}

fn give_credentials(fixture: &Fixture) {
    std::fs::create_dir(&fixture.data).unwrap();
    let made = fixture.dev().env("PLANETSTORE_NATS_SERVER", "/nowhere").output().unwrap();
    assert_eq!(made.status.code(), Some(1), "a folder with credentials and nothing else");
}

#[test]
fn two_gateways_and_six_nodes_serve_one_region() {
    let fixture = Fixture::new();
    let other = Fixture::new();
    give_credentials(&fixture);
    let server = OtherServer::start(&fixture);
    let nodes: Vec<Role> = (1..=6).map(|n| node(&fixture, &server, n)).collect();
    let first = gateway(&fixture, &server);
    until("readiness", || http(&first.console, "GET", "/readyz", &[], b"").status == 200);
    put_two(&first, &fixture);

    std::fs::create_dir(&other.data).unwrap();
    std::fs::write(other.data.join("version"), "1\n").unwrap();
    for file in ["credentials", "master.key"] {
        std::fs::copy(fixture.data.join(file), other.data.join(file)).unwrap();
    }
    let second = gateway(&other, &server);
    until("readiness", || http(&second.console, "GET", "/readyz", &[], b"").status == 200);
    both_are_there(&second, &fixture);
    // Every write that one gateway acks is visible on the other at once.
    for n in 0..20 {
        let (body, path) = (format!("body {n}"), format!("/bucket/turn-{n}"));
        assert_eq!(s3(&first, &fixture, "PUT", &path, body.as_bytes()).status, 200);
        assert_eq!(s3(&second, &fixture, "GET", &path, b"").body, body.as_bytes());
    }
    first.stop();
    both_are_there(&second, &fixture);
    second.stop();
    drop(nodes);
}

/// A restart does not help, so a supervisor must be able to recognise this exit.
#[test]
fn a_release_that_is_too_old_for_its_region_ends_with_a_code_of_its_own() {
    let fixture = Fixture::new();
    give_credentials(&fixture);
    let server = OtherServer::start(&fixture);
    let running = gateway(&fixture, &server);
    let region = "us-east-1".parse().unwrap();
    server.upgrade_past_this_release(&fixture, &region);
    assert_eq!(running.ended(), Some(6), "it follows the log");
    let said = std::fs::read_to_string(fixture.outer.path().join("stderr")).unwrap();
    let level = format!("at level {} since release 9.8.7", Fact::LEVEL + 1);
    assert!(said.contains(&level) && said.contains("start release 9.8.7 or a newer one"), "{said}");

    let key = fixture.outer.path().join("author.key");
    std::fs::write(&key, fixture.command(&["author-key", "lifecycle"]).output().unwrap().stdout).unwrap();
    for role in ["gateway", "lifecycle"] {
        let mut command = planetstore(["run", role, "--data"]);
        if role == "gateway" {
            command.arg(&fixture.data).args(["--listen", "127.0.0.1:0", "--console", "127.0.0.1:0"]);
        } else {
            command.arg(fixture.outer.path().join("lifecycle")).env("PLANETSTORE_AUTHOR_KEY_FILE", &key);
        }
        server.join(&mut command);
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(6), "{role}: {said}");
        assert!(said.contains(&level), "{role}: {said}");
    }
}

/// NATS permissions are written by hand, and may be older than the newest kind of fact.
#[test]
fn a_gateway_that_may_not_raise_the_level_serves_all_the_same() {
    let fixture = Fixture::new();
    give_credentials(&fixture);
    let server = OtherServer::start_that_denies(&fixture, "ps.*.region.>");
    let store = gateway(&fixture, &server);
    let said = std::fs::read_to_string(fixture.outer.path().join("stderr")).unwrap();
    assert!(said.contains("the region's level cannot be raised now"), "{said}");
    assert!(said.contains("refused a publish of this user"), "{said}");
    until("readiness of the log", || s3(&store, &fixture, "PUT", "/bucket", b"").status == 200);
    let raised = fixture.command(&["admin", "region", "upgrade"]).output().unwrap();
    let said = String::from_utf8_lossy(&raised.stderr).into_owned();
    assert!(raised.status.code() == Some(1) && said.contains("takes no writes at the moment"), "{said}");
    store.stop();
}

#[test]
fn dev_uses_a_server_of_the_user() {
    let fixture = Fixture::new();
    let server = OtherServer::start(&fixture);
    for round in 0..2 {
        let mut command = fixture.dev();
        server.join(&mut command);
        let store = fixture.serve(command);
        if round == 0 {
            put_two(&store, &fixture);
        }
        both_are_there(&store, &fixture);
        store.stop();
    }
    assert!(!fixture.data.join("nats").exists());
}
