//! The data folder: its lock, and the files in it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{Advice, FlockOperation, fadvise, flock, syncfs};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::ServerError;
use super::process::ended_within;

/// Time a server of an earlier run has to end after SIGTERM, and again after SIGKILL.
const ORPHAN_TIME_MAX: Duration = Duration::from_secs(10);

/// A data folder that is ours alone until this is dropped.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// Holds the lock for as long as it is open.
    _lock: File,
}

impl Folder {
    /// Makes the folder if it is absent, and takes it.
    pub(super) fn open(path: &Path) -> Result<Self, ServerError> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|e| failed("create", path, e))?;
        let path = path.canonicalize().map_err(|e| failed("find", path, e))?;
        let lock = lock(&path)?;
        let folder = Self { path, _lock: lock };
        let store = folder.store();
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&store).map_err(|e| failed("create", &store, e))?;
        Ok(folder)
    }

    pub(super) fn configuration(&self) -> PathBuf {
        self.path.join("server.conf")
    }

    pub(super) fn pid_file(&self) -> PathBuf {
        self.path.join("server.pid")
    }

    pub(super) fn store(&self) -> PathBuf {
        self.path.join("store")
    }

    fn port_file(&self) -> PathBuf {
        self.path.join("port")
    }

    /// Makes durable what a killed server had written but not synced: the next server takes it for durable.
    pub(super) fn sync(&self) -> Result<(), ServerError> {
        let sync = || Ok(syncfs(File::open(self.store())?)?);
        sync().map_err(|error| failed("sync", &self.path, error))
    }

    /// Makes the kernel forget what it keeps of the store in memory, so that what is read next is on the disk: after
    /// a write or sync that failed, memory may hold more than the disk does.
    pub(super) fn forget_cached(&self) -> Result<(), ServerError> {
        let store = self.store();
        forget_under(&store).map_err(|error| failed("read", &store, error))
    }

    /// The port of the last time if it is free, else one that is.
    pub(super) fn port(&self) -> Result<u16, ServerError> {
        self.port_by(free_port)
    }

    /// [`Self::port`] with what finds a free port: the one that is asked for, or any for zero.
    fn port_by(&self, free_port: impl Fn(u16) -> io::Result<u16>) -> Result<u16, ServerError> {
        let file = self.port_file();
        let last = fs::read_to_string(&file).ok().and_then(|text| text.trim().parse().ok());
        let free = last.and_then(|port| free_port(port).ok()).map_or_else(|| free_port(0), Ok);
        let port = free.map_err(|error| failed("find a port for", &self.path, error))?;
        write_private(&file, format!("{port}\n").as_bytes())?;
        Ok(port)
    }

    /// Forgets the port, because somebody else took it.
    pub(super) fn forget_port(&self) -> Result<(), ServerError> {
        fs::remove_file(self.port_file()).map_err(|error| failed("remove", &self.port_file(), error))
    }

    /// Ends a server of an earlier run that outlived its process. It is ours if it was started with the
    /// configuration in this folder, which is locked by us.
    pub(super) fn end_orphans(&self) -> Result<(), ServerError> {
        let error = |e| failed("look for processes that use", &self.path, e);
        for pid in fs::read_dir("/proc")
            .map_err(error)?
            .filter_map(Result::ok)
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok().and_then(Pid::from_raw))
        {
            if self.is_served_by(pid) {
                self.end_orphan(pid)?;
            }
        }
        Ok(())
    }

    fn is_served_by(&self, pid: Pid) -> bool {
        // A process that has ended meanwhile has no command line.
        let line = fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero())).unwrap_or_default();
        let configuration = self.configuration();
        let mut words = line.split(|b| *b == 0).rev().skip(1);
        words.next() == Some(configuration.as_os_str().as_encoded_bytes()) && words.next() == Some(b"-c")
    }

    fn end_orphan(&self, pid: Pid) -> Result<(), ServerError> {
        let orphan = ServerError::Orphan { folder: self.path.clone(), pid: pid.as_raw_nonzero().get().unsigned_abs() };
        let Ok(process) = pidfd_open(pid, PidfdFlags::empty()) else { return Ok(()) };
        // Asked once more, now that the id cannot be given to another.
        if !self.is_served_by(pid) {
            return Ok(());
        }
        tracing::warn!(pid = %pid.as_raw_nonzero(), "stopping a nats-server of an earlier run");
        for signal in [Signal::TERM, Signal::KILL] {
            // One that has just ended cannot be signalled, which the wait will see.
            let _sent = pidfd_send_signal(&process, signal);
            if ended_within(&process, ORPHAN_TIME_MAX).unwrap_or(false) {
                return Ok(());
            }
        }
        Err(orphan)
    }
}

fn forget_under(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            forget_under(&entry.path())?;
        } else if kind.is_file() {
            fadvise(File::open(entry.path())?, 0, None, Advice::DontNeed)?;
        }
    }
    Ok(())
}

/// Writes a file that its owner alone may read, whole or not at all.
pub(super) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), ServerError> {
    let draft = path.with_extension("draft");
    let write = || {
        // A draft that was left behind may have been made with other rights.
        match fs::remove_file(&draft) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&draft, path)
    };
    write().map_err(|error| failed("write", path, error))
}

/// The error for something that cannot be done with a file or folder.
pub(super) fn failed(what: &'static str, path: &Path, error: io::Error) -> ServerError {
    ServerError::Folder { what, path: path.into(), error }
}

fn lock(folder: &Path) -> Result<File, ServerError> {
    let path = folder.join("lock");
    let error = |what, error| failed(what, &path, error);
    let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
    let mut file = open.map_err(|e| error("open", e))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => {
            let mut holder = String::new();
            // The process id only helps to find the process.
            let _length = file.read_to_string(&mut holder);
            return Err(ServerError::Locked { folder: folder.into(), holder: holder.trim().into() });
        }
        Err(errno) => return Err(error("lock", errno.into())),
    }
    file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(|e| error("write", e))?;
    Ok(file)
}

fn free_port(port: u16) -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, port))?.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Stdio;

    #[test]
    fn a_folder_is_taken_once() {
        let outer = tempfile::tempdir().unwrap();
        let folder = Folder::open(outer.path()).unwrap();
        match Folder::open(outer.path()) {
            Err(ServerError::Locked { holder, .. }) => assert_eq!(holder, std::process::id().to_string()),
            other => panic!("{other:?}"),
        }
        drop(folder);
        Folder::open(outer.path()).unwrap();
    }

    #[test]
    fn a_port_is_kept_unless_it_is_taken() {
        let outer = tempfile::tempdir().unwrap();
        let folder = Folder::open(outer.path()).unwrap();
        // Other processes take and leave real ports at any moment.
        let all_are_free = |port| Ok(if port == 0 { 4_001 } else { port });
        let the_last_is_taken = |port| if port == 0 { Ok(4_002) } else { Err(io::ErrorKind::AddrInUse.into()) };
        assert_eq!(folder.port_by(all_are_free).unwrap(), 4_001);
        assert_eq!(folder.port_by(all_are_free).unwrap(), 4_001);
        assert_eq!(folder.port_by(the_last_is_taken).unwrap(), 4_002);
        assert_eq!(folder.port_by(all_are_free).unwrap(), 4_002);
    }

    #[test]
    fn a_free_port_is_not_one_that_is_taken() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        free_port(taken.local_addr().unwrap().port()).unwrap_err();
        assert_ne!(free_port(0).unwrap(), 0);
    }

    #[test]
    fn a_process_is_ours_by_the_end_of_its_command_line() {
        let outer = tempfile::tempdir().unwrap();
        let folder = Folder::open(outer.path()).unwrap();
        let run = |last: &Path| {
            let mut command = std::process::Command::new("sh");
            command.args(["-c", "echo it runs; read -r line", "-c"]).arg(last);
            let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
            // Its command line is there for sure only once it runs.
            child.stdout.take().unwrap().read_exact(&mut [0; 7]).unwrap();
            child
        };
        let (mut ours, mut other) = (run(&folder.configuration()), run(outer.path()));
        let is_ours = |child: &std::process::Child| folder.is_served_by(Pid::from_child(child));
        assert!(is_ours(&ours) && !is_ours(&other));
        folder.end_orphans().unwrap();
        assert!(!ours.wait().unwrap().success());
        assert!(other.try_wait().unwrap().is_none());
        other.kill().unwrap();
        other.wait().unwrap();
    }
}
