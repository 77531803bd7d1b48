//! One run of the server: from its start to its end.

use std::ffi::{OsStr, OsString};
use std::io::{self, BufRead, BufReader, PipeReader, Read};
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use serde::Deserialize;

use super::ServerOptions;
use super::environment::emptied;
use super::output::Output;

/// Pause between two tries to connect to a server that is starting.
const CONNECT_PAUSE: Duration = Duration::from_millis(20);

/// Time a server may take to greet a connection.
const GREETING_TIME_MAX: Duration = Duration::from_secs(2);

/// Bytes of a greeting, at most.
const GREETING_BYTES_MAX: u64 = 64 << 10;

/// Time a server has to end after SIGTERM, before it is killed. One that is killed loses no event; the next start
/// takes longer.
const STOP_TIME_MAX: Duration = Duration::from_secs(5);

/// The end of a wait.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Woken {
    Ended,
    Stop,
    Time,
}

/// A server process. Dropping it kills it.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    handle: OwnedFd,
    output: Output,
    reader: Option<JoinHandle<()>>,
}

impl Process {
    pub(super) fn spawn(options: &ServerOptions, program: &Path, configuration: &Path) -> io::Result<Self> {
        let words = options.launcher.iter().map(OsString::as_os_str).chain([program.as_os_str()]);
        let mut words = words.chain([OsStr::new("-c"), configuration.as_os_str()]);
        let first = words.next().unwrap_or_default();
        let mut child = emptied(&mut Command::new(first))
            .args(words)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            // Ctrl-C in a terminal is for us; the server is stopped last.
            .process_group(0)
            .spawn()?;
        let output = Output::default();
        let reader = child.stderr.take().map(|source| {
            let output = output.clone();
            std::thread::spawn(move || output.pass_on(source))
        });
        match pidfd_open(Pid::from_child(&child), PidfdFlags::empty()) {
            Ok(handle) => Ok(Self { child, handle, output, reader }),
            Err(errno) => {
                child.kill()?;
                child.wait()?;
                Err(errno.into())
            }
        }
    }

    /// Returns the server's message about a write that failed, if there was one.
    pub(super) fn write_failure(&self) -> Option<String> {
        self.output.write_failure()
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the server's end or for the wish to stop it, for a time at most.
    pub(super) fn wait(&self, stop: &PipeReader, time: Option<Duration>) -> io::Result<Woken> {
        let ready = wait_for(&[self.handle.as_fd(), stop.as_fd()], time)?;
        Ok(if ready[0] {
            Woken::Ended
        } else if ready[1] {
            Woken::Stop
        } else {
            Woken::Time
        })
    }

    /// Waits until the server accepts connections.
    pub(super) fn wait_until_up(
        &self,
        stop: &PipeReader,
        name: &str,
        address: &str,
        time: Duration,
    ) -> io::Result<Woken> {
        let deadline = Instant::now() + time;
        loop {
            match self.wait(stop, Some(CONNECT_PAUSE))? {
                Woken::Time if greets(name, address) => return Ok(Woken::Time),
                Woken::Time if Instant::now() < deadline => {}
                Woken::Time => {
                    return Err(io::Error::new(
                        io::ErrorKind::TimedOut,
                        format!("it accepts no connection for {time:?}"),
                    ));
                }
                woken => return Ok(woken),
            }
        }
    }

    /// Asks the server to end, kills it if it does not, and says how it ended.
    pub(super) fn stop(mut self) -> io::Result<String> {
        pidfd_send_signal(&self.handle, Signal::TERM)?;
        if !ended_within(&self.handle, STOP_TIME_MAX)? {
            tracing::warn!(pid = self.pid(), "nats-server does not stop; killing it");
            self.child.kill()?;
        }
        self.ended()
    }

    /// Collects a server that has ended, and says how.
    pub(super) fn ended(&mut self) -> io::Result<String> {
        let status = self.child.wait()?;
        if let Some(reader) = self.reader.take() {
            // It only ends with the pipe, and the pipe with the server.
            let _read = reader.join();
        }
        let said = self.output.last();
        Ok(if said.is_empty() { status.to_string() } else { format!("{status}: {said}") })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only if it has been collected already.
        let _killed = self.child.kill();
        let _collected = self.child.wait();
    }
}

/// Waits for the end of a process, and returns whether it came within a time.
pub(super) fn ended_within(process: &OwnedFd, time: Duration) -> io::Result<bool> {
    Ok(wait_for(&[process.as_fd()], Some(time))?[0])
}

/// Waits for the other end of a pipe to close, and returns whether it did within a time.
pub(super) fn is_closed_within(pipe: &PipeReader, time: Duration) -> io::Result<bool> {
    Ok(wait_for(&[pipe.as_fd()], Some(time))?[0])
}

/// Waits until one of the descriptors has something to read or is closed at its other end.
fn wait_for<const N: usize>(descriptors: &[BorrowedFd<'_>; N], time: Option<Duration>) -> io::Result<[bool; N]> {
    let deadline = time.map(|time| Instant::now() + time);
    let mut polled = descriptors.map(|descriptor| PollFd::from_borrowed_fd(descriptor, PollFlags::IN));
    loop {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let left = left.map(Timespec::try_from).transpose().map_err(io::Error::other)?;
        match poll(&mut polled, left.as_ref()) {
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
            Ok(_) => return Ok(std::array::from_fn(|n| !polled[n].revents().is_empty())),
        }
    }
}

#[derive(Deserialize)]
struct Greeting {
    server_name: String,
    #[serde(default)]
    jetstream: bool,
}

/// Returns whether our server, and not another that took its port, greets a connection with JetStream ready.
fn greets(name: &str, address: &str) -> bool {
    let greeting = || -> io::Result<String> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(GREETING_TIME_MAX))?;
        let mut line = String::new();
        BufReader::new(stream.take(GREETING_BYTES_MAX)).read_line(&mut line)?;
        Ok(line)
    };
    greeting().is_ok_and(|line| is_greeting(&line, name))
}

fn is_greeting(line: &str, name: &str) -> bool {
    let greeting = line.strip_prefix("INFO ").and_then(|json| serde_json::from_str::<Greeting>(json).ok());
    greeting.is_some_and(|greeting| greeting.server_name == name && greeting.jetstream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_server_is_taken_for_ours() {
        assert!(is_greeting("INFO {\"server_name\":\"a\",\"jetstream\":true,\"port\":1}\r\n", "a"));
        assert!(!is_greeting("INFO {\"server_name\":\"b\",\"jetstream\":true}\r\n", "a"));
        assert!(!is_greeting("INFO {\"server_name\":\"a\"}\r\n", "a"));
        assert!(!is_greeting("SSH-2.0\r\n", "a"));
        assert!(!is_greeting("", "a"));
    }

    #[test]
    fn a_wait_ends_with_the_process_the_wish_to_stop_or_the_time() {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("server");
        std::fs::write(&script, "echo '[1] [FTL] cannot' >&2; read -r line < \"$0.wait\"\n").unwrap();
        let fifo = folder.path().join("server.wait");
        assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        let options = ServerOptions {
            folder: folder.path().into(),
            program: None,
            launcher: vec!["sh".into()],
            start_time_max: GREETING_TIME_MAX,
            region: "test".parse().unwrap(),
            nodes: Vec::new(),
            consumer_issuer: None,
        };
        let mut process = Process::spawn(&options, &script, Path::new("conf")).unwrap();
        let (stop, stopper) = io::pipe().unwrap();
        assert_eq!(process.wait(&stop, Some(Duration::ZERO)).unwrap(), Woken::Time);
        drop(stopper);
        assert_eq!(process.wait(&stop, None).unwrap(), Woken::Stop);
        std::fs::write(&fifo, "go on\n").unwrap();
        assert!(ended_within(&process.handle, GREETING_TIME_MAX).unwrap());
        assert_eq!(process.wait(&stop, None).unwrap(), Woken::Ended);
        assert!(process.ended().unwrap().ends_with("[1] [FTL] cannot"));
    }
}
