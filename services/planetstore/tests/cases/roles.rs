//! Each role in its own process, against a NATS server that is not ours.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use super::clients::{both_are_there, http, put_two};
use super::process::{Fixture, Serving, nats_server, planetstore, until};

/// A nats-server as an operator would run it, and ends with this value.
struct OtherServer {
    child: Child,
    url: String,
    credentials: PathBuf,
}

impl OtherServer {
    fn start(fixture: &Fixture) -> Self {
        let folder = fixture.outer.path().join("other-nats");
        std::fs::create_dir(&folder).unwrap();
        let configuration = folder.join("conf");
        let conf = format!(
            "listen: \"127.0.0.1:-1\"\nports_file_dir: \"{}\"\njetstream {{ store_dir: \"{}\", sync_interval: always }}\n\
             accounts {{ A {{ jetstream: enabled, users: [ {{ user: ours, password: \"not a secret\" }} ] }} }}\n",
            folder.display(),
            folder.join("store").display()
        );
        std::fs::write(&configuration, conf).unwrap();
        let credentials = folder.join("credentials");
        std::fs::write(&credentials, "PLANETSTORE_NATS_USER=ours\nPLANETSTORE_NATS_PASSWORD=not a secret\n").unwrap();
        let child = Command::new(nats_server())
            .arg("-c")
            .arg(&configuration)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let ports = folder.join(format!("nats-server_{}.ports", child.id()));
        let mut url = None;
        until("a nats-server", || {
            let read = std::fs::read_to_string(&ports).ok();
            let ports = read.and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok());
            url = ports.and_then(|ports| ports["nats"][0].as_str().map(str::to_owned));
            url.is_some()
        });
        Self { child, url: url.unwrap(), credentials }
    }

    fn join(&self, command: &mut Command) {
        command.args(["--nats-url", &self.url, "--nats-credentials"]).arg(&self.credentials);
    }
}

impl Drop for OtherServer {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// A process that is told to stop when the test is over.
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
    // What one gateway acks, the other one shows at once.
    for n in 0..20 {
        let (body, path) = (format!("body {n}"), format!("/bucket/turn-{n}"));
        assert_eq!(super::clients::s3(&first, &fixture, "PUT", &path, body.as_bytes()).status, 200);
        assert_eq!(super::clients::s3(&second, &fixture, "GET", &path, b"").body, body.as_bytes());
    }
    first.stop();
    both_are_there(&second, &fixture);
    second.stop();
    drop(nodes);
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
