//! A store as a separate process, and waits for conditions.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};
use serde_json::Value;
use tempfile::TempDir;
use testkit::nats::nats_server;

/// The maximum time to wait for anything in a test.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// The pause between two checks of a condition.
const LOOK_PAUSE: Duration = Duration::from_millis(20);

/// The last line that a store prints once it serves.
const LAST_LINE: &str = "rclone lsd ps:";

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The binary, without variables of this process's environment that it would read.
pub(crate) fn planetstore<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(arguments: I) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_planetstore"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PLANETSTORE_") {
            command.env_remove(name);
        }
    }
    command.args(arguments).env("PLANETSTORE_NATS_SERVER", nats_server()).stdin(Stdio::null());
    command
}

/// Runs it to its end.
pub(crate) fn run<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(arguments: I) -> Output {
    planetstore(arguments).output().unwrap()
}

/// Runs a command that must fail with a reason on stderr and no output.
pub(crate) fn refuses(mut command: Command, code: i32, reasons: &[&str]) {
    let output = command.output().unwrap();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(reasons.iter().all(|reason| said.contains(reason)), "{said}");
    assert!(output.stdout.is_empty(), "{}", text(&output.stdout));
}

/// A serving process, stopped when this is dropped.
pub(crate) struct Serving {
    pub(crate) child: Child,
    pub(crate) s3: String,
    pub(crate) console: String,
    /// Its output at the start.
    pub(crate) banner: String,
    stderr: PathBuf,
}

impl Serving {
    /// Starts it, and waits until it reports that it serves.
    pub(crate) fn start(mut command: Command, stderr: &Path) -> Self {
        let log = File::options().create(true).append(true).open(stderr).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let (sender, lines) = channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let mut banner = String::new();
        let deadline = Instant::now() + PATIENCE;
        loop {
            match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    banner.push_str(&line);
                    banner.push('\n');
                    if line.trim() == LAST_LINE {
                        break;
                    }
                }
                Err(error) => {
                    child.kill().unwrap();
                    panic!("it does not serve ({error}): {banner}{}", std::fs::read_to_string(stderr).unwrap());
                }
            }
        }
        let address = |name: &str| {
            let line = banner.lines().find(|line| line.trim().starts_with(name)).unwrap();
            line.split_once("http://").unwrap().1.split_whitespace().next().unwrap().to_owned()
        };
        let (s3, console) = (address("S3 endpoint"), address("Console"));
        Self { child, s3, console, banner, stderr: stderr.into() }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for its end; returns the exit code, or `None` after a signal.
    pub(crate) fn ended(mut self) -> Option<i32> {
        gone(self.child.id());
        self.child.wait().unwrap().code()
    }

    /// Stops it as a user does.
    pub(crate) fn stop(self) {
        self.signal(Signal::TERM);
        let stderr = self.stderr.clone();
        assert_eq!(self.ended(), Some(0), "{}", std::fs::read_to_string(stderr).unwrap());
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // Both fail only if it has ended, which is fine.
        let _killed = self.child.kill();
        let _collected = self.child.wait();
    }
}

/// A data folder and a store's output, both removed when this is dropped.
pub(crate) struct Fixture {
    pub(crate) outer: TempDir,
    pub(crate) data: PathBuf,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let outer = tempfile::tempdir().unwrap();
        let data = outer.path().join("data");
        Self { outer, data }
    }

    /// `dev` on free ports.
    pub(crate) fn dev(&self) -> Command {
        let mut command = planetstore(["dev", "--listen", "127.0.0.1:0", "--console", "127.0.0.1:0", "--data"]);
        command.arg(&self.data);
        command
    }

    pub(crate) fn start(&self) -> Serving {
        self.serve(self.dev())
    }

    pub(crate) fn serve(&self, command: Command) -> Serving {
        Serving::start(command, &self.outer.path().join("stderr"))
    }

    /// A command on this data folder.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = planetstore(arguments);
        command.arg("--data").arg(&self.data);
        command
    }

    /// The output of a command on this data folder, as JSON.
    pub(crate) fn json(&self, arguments: &[&str]) -> (Option<i32>, Value) {
        let output = self.command(arguments).args(["-o", "json"]).output().unwrap();
        let answer = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output.stderr)));
        (output.status.code(), answer)
    }

    /// The process id of the private nats-server.
    pub(crate) fn nats_server(&self) -> u32 {
        std::fs::read_to_string(self.data.join("nats/server.pid")).unwrap().trim().parse().unwrap()
    }

    /// The access key and secret key in the file.
    pub(crate) fn credentials(&self) -> (String, String) {
        let text = std::fs::read_to_string(self.data.join("credentials")).unwrap();
        let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
        (value("PLANETSTORE_ROOT_USER="), value("PLANETSTORE_ROOT_PASSWORD="))
    }
}

/// Waits until a process has ended, whichever process started it.
pub(crate) fn gone(pid: u32) {
    let pid = Pid::from_raw(pid.try_into().unwrap()).unwrap();
    let Ok(process) = pidfd_open(pid, PidfdFlags::empty()) else { return };
    let mut polled = [PollFd::new(&process, PollFlags::IN)];
    let ended = poll(&mut polled, Some(&Timespec::try_from(PATIENCE).unwrap())).unwrap();
    assert_eq!(ended, 1, "process {pid:?} does not end");
}

/// Checks a condition until it holds.
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what} does not happen");
        std::thread::sleep(LOOK_PAUSE);
    }
}
