use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;

use eventlog::Log;
use eventlog::server::{Server, ServerError, ServerOptions, ServerState};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::helpers::{host_elsewhere, launcher};
use crate::support::{Fixture, PATIENCE, messages, patiently, server_options};

fn handle(pid: u32) -> OwnedFd {
    pidfd_open(Pid::from_raw(pid.try_into().unwrap()).unwrap(), PidfdFlags::empty()).unwrap()
}

fn ends(process: &OwnedFd, time: Duration) -> bool {
    let time = Timespec::try_from(time).unwrap();
    poll(&mut [PollFd::new(process, PollFlags::IN)], Some(&time)).unwrap() == 1
}

#[tokio::test]
async fn a_server_that_dies_is_started_again_at_the_same_address() {
    let fixture = Fixture::start().await;
    let log = fixture.log().await;
    let address = fixture.server.address().to_owned();
    for last in 0..3 {
        patiently(log.connection().wait_for(|now| now.connected && now.made > last)).await.unwrap();
        log.append(last, &messages(1)).await.unwrap();
        fixture.kill_and_wait().await;
    }
    assert_eq!(fixture.server.address(), address);
    let folder = fixture.stop().await;

    let server = Server::start(server_options(folder.path())).await.unwrap();
    assert_eq!(server.address(), address, "and after a stop, if nobody took it");
    let fixture = Fixture { server, folder };
    assert_eq!(fixture.log().await.tail().await.unwrap().last_sequence, 3);
    fixture.stop().await;
}

#[tokio::test]
async fn the_server_dies_with_a_process_that_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let (mut host, pid) = host_elsewhere(folder.path(), "ours");
    let server = handle(pid);
    assert!(!ends(&server, Duration::ZERO));
    host.kill().unwrap();
    host.wait().unwrap();
    assert!(ends(&server, PATIENCE));

    let server = Server::start(server_options(folder.path())).await.unwrap();
    Fixture { server, folder }.stop().await;
}

#[tokio::test]
async fn a_server_of_an_earlier_run_is_ended_first() {
    let folder = tempfile::tempdir().unwrap();
    let (mut host, pid) = host_elsewhere(folder.path(), "none");
    let orphan = handle(pid);
    host.kill().unwrap();
    host.wait().unwrap();
    assert!(!ends(&orphan, Duration::ZERO), "nothing told it to end");

    let server = Server::start(server_options(folder.path())).await.unwrap();
    assert!(ends(&orphan, Duration::ZERO));
    Fixture { server, folder }.stop().await;
}

#[tokio::test]
async fn our_own_launcher_runs_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let launcher = launcher(std::process::id());
    let server = Server::start(ServerOptions { launcher, ..server_options(folder.path()) }).await.unwrap();
    Fixture { server, folder }.stop().await;
}

#[test]
fn nothing_is_run_for_a_parent_that_is_gone() {
    let run = |parent: u32| {
        let words = launcher(parent);
        let output = Command::new(&words[0]).args(&words[1..]).args(["echo", "it runs"]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().contains("it runs")
    };
    assert!(run(std::process::id()));
    assert!(!run(1));
}

#[tokio::test]
async fn a_server_that_cannot_start_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("nats-server");
    let script = "#!/bin/sh\n[ \"$1\" = --version ] && { echo nats-server: v2.99.0; exit; }\necho '[7] [FTL] no room' >&2; exit 3\n";
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let options = ServerOptions { program: Some(program), ..server_options(&folder.path().join("data")) };
    match patiently(Server::start(options)).await {
        Err(ServerError::Start { reason }) => assert!(reason.contains("no room") && reason.contains('3'), "{reason}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_server_that_is_dropped_stops() {
    let fixture = Fixture::start().await;
    let (process, mut state) = (handle(fixture.pid()), fixture.server.state());
    drop(fixture.server);
    patiently(state.wait_for(|state| *state == ServerState::Stopped)).await.unwrap();
    assert!(ends(&process, Duration::ZERO));
}
