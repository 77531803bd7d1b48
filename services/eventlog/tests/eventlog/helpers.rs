//! What this binary does when a test runs it as another process. Run as tests without being asked, they do
//! nothing.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use eventlog::server::{Server, ServerOptions, exec_with_parent};

use crate::support::server_options;

const PARENT: &str = "EVENTLOG_TEST_PARENT";
const FOLDER: &str = "EVENTLOG_TEST_FOLDER";
const LAUNCHER: &str = "EVENTLOG_TEST_LAUNCHER";

/// This crate's own launcher, for programs that die with the process `parent`.
pub(crate) fn launcher(parent: u32) -> Vec<OsString> {
    let helper = ["--exact", "--nocapture", "helpers::launch", "--"];
    let exe = std::env::current_exe().unwrap().into_os_string();
    let begin = ["env".into(), format!("{PARENT}={parent}").into(), exe];
    begin.into_iter().chain(helper.map(OsString::from)).collect()
}

#[test]
fn launch() {
    let Ok(parent) = std::env::var(PARENT) else { return };
    let mut words = std::env::args_os().skip_while(|word| word != "--").skip(1);
    let program = words.next().unwrap();
    let error = exec_with_parent(parent.parse().unwrap(), &program, &words.collect::<Vec<_>>());
    panic!("{error}");
}

/// Runs a server in a process of its own; returns that process and the server's process id.
pub(crate) fn host_elsewhere(folder: &Path, launcher: &str) -> (Child, u32) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", "helpers::host"])
        .env(FOLDER, folder)
        .env(LAUNCHER, launcher)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let up = lines.map(Result::unwrap).find_map(|line| Some(line.split_once("UP ")?.1.parse().unwrap()));
    (child, up.expect("the server comes up"))
}

#[tokio::test]
async fn host() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let launcher = match std::env::var(LAUNCHER).unwrap().as_str() {
        "ours" => launcher(std::process::id()),
        "none" => vec!["env".into()],
        other => panic!("{other}"),
    };
    let server = Server::start(ServerOptions { launcher, ..server_options(Path::new(&folder)) }).await.unwrap();
    let eventlog::server::ServerState::Up { pid } = *server.state().borrow() else { panic!("it is not up") };
    println!("UP {pid}");
    // This runs until it is killed, or its parent is.
    let _end = std::io::stdin().read(&mut [0]);
    server.stop().await;
}
