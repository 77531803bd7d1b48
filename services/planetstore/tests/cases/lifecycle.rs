//! Starting, stopping, being killed, and restarting.

use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};

use super::clients::{begin_put, both_are_there, bytes, finish_put, http, put_two, s3};
use super::process::{Fixture, gone, until};

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_stopped_store_leaves_nothing_running_and_finds_everything_again() {
    let fixture = Fixture::new();
    let first = fixture.start();
    let (server, credentials) = (fixture.nats_server(), fixture.credentials());
    assert_eq!((mode(&fixture.data), mode(&fixture.data.join("credentials"))), (0o700, 0o600));
    assert_eq!(mode(&fixture.data.join("run.json")), 0o600);
    assert!(first.banner.contains(&credentials.0) && first.banner.contains(&credentials.1), "{}", first.banner);
    put_two(&first, &fixture);
    first.stop();
    assert!(!Path::new(&format!("/proc/{server}")).exists(), "the nats-server is gone and collected");
    assert!(!fixture.data.join("run.json").exists());

    let second = fixture.start();
    assert_eq!(fixture.credentials(), credentials);
    both_are_there(&second, &fixture);
    second.signal(Signal::INT);
    assert_eq!(second.ended(), Some(0));
}

#[test]
fn a_killed_store_takes_its_server_with_it_and_finds_everything_again() {
    let fixture = Fixture::new();
    let first = fixture.start();
    put_two(&first, &fixture);
    let server = fixture.nats_server();
    first.signal(Signal::KILL);
    assert_eq!(first.ended(), None);
    gone(server);

    let second = fixture.start();
    both_are_there(&second, &fixture);
    second.stop();
    let rebuilt = fixture.command(&["rebuild"]).output().unwrap();
    let said = String::from_utf8_lossy(&rebuilt.stdout).into_owned();
    assert_eq!(rebuilt.status.code(), Some(0), "{said}{}", String::from_utf8_lossy(&rebuilt.stderr));
    assert!(said.contains("equal"), "{said}");
    assert!(!fixture.data.join("rebuild.redb").exists());
}

#[test]
fn a_dead_nats_server_is_replaced_and_the_store_gets_ready_again() {
    let fixture = Fixture::new();
    let store = fixture.start();
    put_two(&store, &fixture);
    let server = fixture.nats_server();
    kill_process(Pid::from_raw(server.try_into().unwrap()).unwrap(), Signal::KILL).unwrap();
    gone(server);
    until("readiness", || http(&store.console, "GET", "/readyz", &[], b"").status == 200);
    // The nodes connect to the new server by themselves.
    for key in ["small", "large"] {
        until("a read", || s3(&store, &fixture, "GET", &format!("/bucket/{key}"), b"").status == 200);
    }
    both_are_there(&store, &fixture);
    until("a write", || s3(&store, &fixture, "PUT", "/bucket/after", b"after").status == 200);
    store.stop();
}

#[test]
fn a_signal_in_the_first_moments_stops_it_as_well() {
    let fixture = Fixture::new();
    let mut child =
        fixture.dev().stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
    until("a lock", || fixture.data.join("lock").exists() || child.try_wait().unwrap().is_some());
    let mut server = None;
    until("a nats-server", || {
        let written = std::fs::read_to_string(fixture.data.join("nats/server.pid")).ok();
        server = written.and_then(|text| text.trim().parse::<u32>().ok());
        server.is_some()
    });
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    gone(child.id());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    gone(server.unwrap());
    fixture.start().stop();
}

#[test]
fn a_request_under_way_is_finished_before_it_stops() {
    let fixture = Fixture::new();
    let store = fixture.start();
    assert_eq!(s3(&store, &fixture, "PUT", "/bucket", b"").status, 200);
    // More than the buffers on its way hold: the request is in flight until its rest is sent.
    let body = bytes(24 << 20, 3);
    let (first, rest) = body.split_at(body.len() / 2);
    let put = begin_put(&store, &fixture, "/bucket/late", body.len(), first);
    store.signal(Signal::TERM);
    until("that it takes no more connections", || TcpStream::connect(&store.s3).is_err());
    let answer = finish_put(put, rest);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(store.ended(), Some(0));

    let store = fixture.start();
    assert!(s3(&store, &fixture, "GET", "/bucket/late", b"").body == body, "what was acked is there");
    store.stop();
}
