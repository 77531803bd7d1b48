//! The second region of `dev --regions 2`: a process of this program, with a log, nodes, ports and credentials of its own.
//!
//! It is started by a thread of its own, because the kernel kills it when the thread that started it ends. If it crashes, it
//! is started again, and the first region serves meanwhile.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use events::ids::RegionName;
use rustix::process::{Pid, Signal, kill_process};
use tokio::sync::oneshot;

use super::server::OWN_PROGRAM;
use crate::process::Running;

/// How far the ports of the second region are from those of the first.
const PORTS_APART: u16 = 10;

/// How long the second region may take to stop, as one region may.
const STOP_TIME_MAX: Duration = Duration::from_mins(1);

/// The first pause before it is started again; it doubles with each end.
const PAUSE_MIN: Duration = Duration::from_secs(1);

/// The longest such pause.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// Bytes of a line that it prints.
const LINE_BYTES_MAX: usize = 64 << 10;

/// The names of the second region. The first of them that is not the name of the first region is taken.
const NAMES: [&str; 2] = ["us-west-2", "us-east-1"];

/// The variables of the first region that would be wrong in the second one.
const OWN_VARIABLES: [&str; 3] = ["PLANETSTORE_REGIONS", "PLANETSTORE_S3_URL", "PLANETSTORE_INTEGRATION"];

/// How the second region is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SecondRegion {
    region: RegionName,
    folder: PathBuf,
    listen: SocketAddr,
    console: SocketAddr,
    nodes: u16,
    tls: Vec<OsString>,
}

impl SecondRegion {
    /// The region beside a first one, whose settings are given. `regions`: the folder of all further regions; `tls`: the
    /// flags by which the first region has its certificate.
    pub(crate) fn beside(
        first: &RegionName,
        regions: &Path,
        (listen, console): (SocketAddr, SocketAddr),
        nodes: u16,
        tls: Vec<OsString>,
    ) -> anyhow::Result<Self> {
        let name = NAMES.into_iter().find(|name| *name != first.as_str()).context("there is no name for it")?;
        let region: RegionName = name.parse().context("the name of the second region")?;
        let folder = regions.join(region.as_str());
        let (listen, console) = (apart(listen, "--listen")?, apart(console, "--console")?);
        Ok(Self { region, folder, listen, console, nodes, tls })
    }

    /// Its name, and its data folder.
    pub(super) fn place(&self) -> (String, &Path) {
        (self.region.to_string(), self.folder.as_path())
    }

    fn command(&self) -> Command {
        let own_id = std::process::id().to_string();
        let mut command = Command::new(OWN_PROGRAM);
        command
            .args(["exec-with-parent", &own_id, OWN_PROGRAM, "dev", "--regions", "1"])
            .args(["--region", self.region.as_str(), "--nodes", &self.nodes.to_string()])
            .args(["--listen", &self.listen.to_string(), "--console", &self.console.to_string()])
            .arg("--data")
            .arg(&self.folder)
            .args(&self.tls)
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        for name in OWN_VARIABLES {
            command.env_remove(name);
        }
        // Ctrl-C in a terminal is for this process, which stops the other one.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command
    }
}

/// The address of the second region for one of the first. A port that the system chooses is chosen for both.
fn apart(mut address: SocketAddr, flag: &str) -> anyhow::Result<SocketAddr> {
    if address.port() != 0 {
        let port = address.port().checked_add(PORTS_APART);
        let why = || format!("the second region has ports {PORTS_APART} above the first: give a lower one with {flag}");
        address.set_port(port.with_context(why)?);
    }
    Ok(address)
}

/// What the thread that runs the second region, and whoever stops it, know of it.
#[derive(Default)]
struct Shared {
    standing: Mutex<Standing>,
    changed: Condvar,
}

#[derive(Default)]
struct Standing {
    /// The process, until its end was collected: until then no other process can have its id.
    process: Option<Pid>,
    is_stopping: bool,
}

impl Shared {
    /// Notes the process that runs now. Returns whether it is to stop.
    fn runs(&self, process: Option<Pid>) -> bool {
        let mut standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        standing.process = process;
        standing.is_stopping
    }

    /// Asks the process to stop, and nobody to start another one.
    fn stop(&self) {
        let mut standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        standing.is_stopping = true;
        self.changed.notify_all();
        if let Some(process) = standing.process {
            terminate(process);
        }
    }

    /// Waits for a time. Returns whether it is to stop meanwhile.
    fn pause(&self, time: Duration) -> bool {
        let standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(standing, time, |standing| !standing.is_stopping);
        waited.unwrap_or_else(PoisonError::into_inner).0.is_stopping
    }
}

fn terminate(process: Pid) {
    if let Err(error) = kill_process(process, Signal::TERM) {
        tracing::warn!(%error, "the second region cannot be asked to stop");
    }
}

/// Starts it, and waits until it serves. Its lines go to the stdout of this process.
pub(super) async fn start(second: SecondRegion) -> anyhow::Result<Running> {
    let shared = Arc::new(Shared::default());
    let (serves, served) = oneshot::channel();
    let (ends, ended) = oneshot::channel();
    let of_thread = Arc::clone(&shared);
    let region = second.region.clone();
    let begun = thread::Builder::new().name("second region".into()).spawn(move || {
        // Whoever waits may be gone: then the process ends, and this thread with it.
        let _told = ends.send(supervise(&second, &of_thread, serves));
    });
    begun.context("cannot start a thread for the second region")?;
    let stopped = StopsWhenDropped(Arc::clone(&shared));
    if served.await.is_err() {
        let why = ended.await.context("the thread of the second region")?;
        why.with_context(|| format!("the second region, {region}"))?;
        bail!("the second region, {region}, was stopped before it served");
    }
    Ok(Running::start("second region", STOP_TIME_MAX, async move |shutdown| {
        shutdown.requested().await;
        drop(stopped);
        ended.await.context("the thread of the second region")?
    }))
}

/// Asks the second region to stop at the latest when whoever started it is dropped.
struct StopsWhenDropped(Arc<Shared>);

impl Drop for StopsWhenDropped {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// Runs the process, and again whenever it ends, until it is to stop. One that ends before it ever served is not started
/// again: something is wrong that an operator has to see.
fn supervise(second: &SecondRegion, shared: &Shared, serves: oneshot::Sender<()>) -> anyhow::Result<()> {
    let (mut serves, mut pause) = (Some(serves), PAUSE_MIN);
    loop {
        let mut child = second.command().spawn().context("cannot be started")?;
        let process = Pid::from_child(&child);
        if shared.runs(Some(process)) {
            terminate(process);
        }
        let has_served = pass_on(&mut child, &mut serves);
        // Until the status is collected the id is not another process's, so it is forgotten before.
        wait_without_collecting(process)?;
        let is_stopping = shared.runs(None);
        let status = child.wait().context("its end")?;
        if is_stopping {
            return Ok(());
        }
        if serves.is_some() {
            return Err(anyhow!("it does not start ({status}); its words are above"));
        }
        pause = if has_served { PAUSE_MIN } else { (pause * 2).min(PAUSE_MAX) };
        tracing::error!(region = %second.region, %status, "the second region ended; it is started again");
        if shared.pause(pause) {
            return Ok(());
        }
    }
}

/// Waits for the end of a process, and leaves its status where it is.
fn wait_without_collecting(process: Pid) -> anyhow::Result<()> {
    use rustix::process::{WaitId, WaitIdOptions, waitid};
    loop {
        match waitid(WaitId::Pid(process), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {
            Ok(_) => return Ok(()),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error).context("cannot wait for the second region"),
        }
    }
}

/// Prints what the process prints, until it prints no more, and says once that it serves: that is when it prints its
/// addresses. Returns whether it did.
fn pass_on(child: &mut Child, serves: &mut Option<oneshot::Sender<()>>) -> bool {
    let Some(source) = child.stdout.take() else { return false };
    let (mut source, mut line, mut has_served) = (BufReader::new(source), Vec::new(), false);
    loop {
        line.clear();
        let read = std::io::Read::take(&mut source, LINE_BYTES_MAX as u64).read_until(b'\n', &mut line);
        if !read.is_ok_and(|length| length > 0) {
            return has_served;
        }
        let mut stdout = std::io::stdout().lock();
        if let Err(error) = stdout.write_all(&line).and_then(|()| stdout.flush()) {
            tracing::debug!(%error, "a line of the second region could not be printed");
        }
        has_served = true;
        if let Some(serves) = serves.take() {
            // Nobody waits for it any more if the process is about to stop.
            let _told = serves.send(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beside(first: &str, port: u16) -> anyhow::Result<SecondRegion> {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        SecondRegion::beside(&first.parse().unwrap(), Path::new("/d/regions"), (address, address), 6, Vec::new())
    }

    #[test]
    fn it_has_a_name_a_folder_and_ports_of_its_own() {
        let second = beside("us-east-1", 9000).unwrap();
        assert_eq!((second.region.as_str(), second.listen.port()), ("us-west-2", 9010));
        assert_eq!(second.folder, PathBuf::from("/d/regions/us-west-2"));
        assert_eq!(beside("us-west-2", 0).unwrap().region.as_str(), "us-east-1");
        assert_eq!(beside("us-west-2", 0).unwrap().listen.port(), 0);
        assert!(beside("eu-1", u16::MAX - 9).unwrap_err().to_string().contains("--listen"));
    }

    #[test]
    fn whoever_is_to_stop_does_not_wait() {
        let shared = Shared::default();
        assert!(!shared.pause(Duration::ZERO));
        shared.stop();
        assert!(shared.pause(Duration::from_hours(1)) && shared.runs(None));
    }
}
