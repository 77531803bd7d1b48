//! The parts of this process: started in order, watched together, and stopped in the reverse order.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use admin::{Check, Console, Hosts};
use anyhow::{Context, bail};
use clap::Args;
use identity::Secret;
use listener::Listener;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::signals::Stop;
use crate::{files, listen};

/// The host names of the console, and who may read the metrics from another host.
#[derive(Debug, Args)]
pub(crate) struct ConsoleAccessArgs {
    /// Host name that the console accepts besides its address, `localhost` and the domains; repeatable
    #[arg(long, env = "PLANETSTORE_CONSOLE_HOSTS", value_delimiter = ',', value_name = "NAME")]
    pub(crate) console_host: Vec<String>,
    /// File with the token by which a collector on another host reads the metrics, and nothing else
    #[arg(long, env = "PLANETSTORE_METRICS_TOKEN_FILE", value_name = "FILE")]
    pub(crate) metrics_token_file: Option<PathBuf>,
}

/// The shortest token, in bytes: nobody may find it by trying.
const METRICS_TOKEN_BYTES_MIN: usize = 32;

impl ConsoleAccessArgs {
    /// The token for the metrics, if there is one.
    pub(crate) fn metrics_token(&self) -> anyhow::Result<Option<Secret>> {
        let Some(path) = &self.metrics_token_file else { return Ok(None) };
        let text = files::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let text = text.with_context(|| format!("there is no file {} (--metrics-token-file)", path.display()))?;
        let token = text.trim();
        if token.len() < METRICS_TOKEN_BYTES_MIN {
            bail!("the token in {} is shorter than {METRICS_TOKEN_BYTES_MIN} characters", path.display());
        }
        Ok(Some(Secret::new(token.to_owned())))
    }
}

/// How long to wait for the end of a part that is dropped.
const DROP_TIME_MAX: Duration = Duration::from_secs(1);

/// A part of this process that runs until it is asked to stop: a role, or something that roles need.
pub(crate) struct Running {
    name: &'static str,
    stop: oneshot::Sender<()>,
    stop_time_max: Duration,
    task: JoinHandle<anyhow::Result<()>>,
    check: Option<Arc<dyn Check>>,
}

/// The receiving end of a part's request to stop.
pub(crate) struct Shutdown(oneshot::Receiver<()>);

impl Shutdown {
    /// Waits until the part is asked to stop.
    pub(crate) async fn requested(self) {
        // Dropping the other end is a request to stop as well.
        let _requested = self.0.await;
    }
}

impl Running {
    /// Starts a part. `run` ends once it is asked to stop, and has `stop_time_max` to clean up. If it ends earlier, so
    /// does the process, with its outcome.
    pub(crate) fn start<F>(name: &'static str, stop_time_max: Duration, run: impl FnOnce(Shutdown) -> F) -> Self
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let (stop, stopped) = oneshot::channel();
        Self { name, stop, stop_time_max, task: tokio::spawn(run(Shutdown(stopped))), check: None }
    }

    /// Starts a part that may be dropped at any moment, and is dropped once it is asked to stop. If `run` ends earlier,
    /// so does the process, with its outcome.
    pub(crate) fn droppable<F>(name: &'static str, run: F) -> Self
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        Self::start(name, DROP_TIME_MAX, async move |shutdown| {
            tokio::select! {
                () = shutdown.requested() => Ok(()),
                outcome = run => outcome,
            }
        })
    }

    /// Adds a check for the console.
    pub(crate) fn checked(mut self, check: impl Check + 'static) -> Self {
        self.check = Some(Arc::new(check));
        self
    }

    async fn stop(self) {
        // It may have ended already.
        let _told = self.stop.send(());
        let abort = self.task.abort_handle();
        if abort.is_finished() {
            return;
        }
        match tokio::time::timeout(self.stop_time_max, self.task).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => {
                tracing::warn!(
                    part = self.name,
                    error = format!("{error:#}"),
                    "a part of the process failed while stopping"
                );
            }
            Ok(Err(error)) => tracing::warn!(part = self.name, %error, "its task"),
            Err(_) => {
                tracing::warn!(part = self.name, "a part of the process does not stop in time");
                abort.abort();
            }
        }
    }
}

/// Everything that runs in this process.
pub(crate) struct Process {
    console: Option<Console>,
    running: Vec<Running>,
}

impl Process {
    /// Starts the parts, waits until the process is asked to stop or a part ends, and stops them all.
    pub(crate) async fn run(
        console: Option<Console>,
        stop: Stop,
        start: impl AsyncFnOnce(&mut Self) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut process = Self { console, running: Vec::new() };
        let outcome = tokio::select! {
            biased;
            () = stop.requested() => Ok(()),
            outcome = process.go(start) => outcome,
        };
        if let Err(error) = &outcome {
            // Also for who reads the log later: `main` tells only who started the process.
            tracing::error!(error = format!("{error:#}"), "the process is ending");
        }
        process.stop().await;
        if outcome.is_ok() {
            tracing::info!("stopped");
        }
        outcome
    }

    /// Adds a started part. It is stopped before all that were added earlier.
    pub(crate) fn add(&mut self, running: Running) {
        if let (Some(console), Some(check)) = (&self.console, &running.check) {
            console.check(Arc::clone(check));
        }
        self.running.push(running);
    }

    /// The console of this process, if it has one.
    pub(crate) fn console(&self) -> Option<&Console> {
        self.console.as_ref()
    }

    async fn go(&mut self, start: impl AsyncFnOnce(&mut Self) -> anyhow::Result<()>) -> anyhow::Result<()> {
        Box::pin(start(self)).await?;
        if let Some(console) = &self.console {
            console.started();
        }
        self.ended().await
    }

    /// Waits for the first part that ends without being asked to.
    async fn ended(&mut self) -> anyhow::Result<()> {
        std::future::poll_fn(|context| {
            for running in &mut self.running {
                if let Poll::Ready(ended) = Pin::new(&mut running.task).poll(context) {
                    let name = running.name;
                    return Poll::Ready(ended.with_context(|| format!("the task of {name}")).flatten());
                }
            }
            Poll::Pending
        })
        .await
    }

    async fn stop(self) {
        if let Some(console) = &self.console {
            console.stopping();
        }
        for running in self.running.into_iter().rev() {
            running.stop().await;
        }
        if let Some(console) = self.console {
            console.stop().await;
        }
    }
}

/// Opens the console of a role that has only health and metrics to show, if an address is given.
pub(crate) async fn open_console(
    address: Option<SocketAddr>,
    access: &ConsoleAccessArgs,
) -> anyhow::Result<Option<Console>> {
    let Some(address) = address else { return Ok(None) };
    let listener = listen::bind(address, "the console", "--console").await?;
    let address = listen::address(&listener)?;
    tracing::info!(%address, "health and metrics");
    let hosts = Hosts::new(address.ip(), &access.console_host);
    let listener = Listener::new("console", listener, admin::LIMITS);
    Ok(Some(Console::start(listener, hosts, None, access.metrics_token()?)?))
}

/// Raises the limit of open files to the maximum: shards are files, and clients are sockets.
pub(crate) fn raise_open_files() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
    {
        tracing::warn!(%error, ?current, "the limit of open files could not be raised");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    type Said = Arc<Mutex<Vec<&'static str>>>;

    /// A minimal role: it does nothing until it is asked to stop, and records that.
    fn idle(name: &'static str, said: &Said) -> Running {
        let said = Arc::clone(said);
        Running::start(name, Duration::from_secs(1), async move |shutdown| {
            shutdown.requested().await;
            said.lock().unwrap().push(name);
            Ok(())
        })
    }

    fn failing(name: &'static str) -> Running {
        Running::start(name, Duration::from_secs(1), async |_| Err(anyhow::anyhow!("it broke")))
    }

    #[tokio::test]
    async fn the_first_part_that_ends_ends_the_others_in_the_reverse_order() {
        let said = Said::default();
        let start = async |process: &mut Process| {
            for name in ["first", "second", "third"] {
                process.add(idle(name, &said));
            }
            process.add(failing("broken"));
            Ok(())
        };
        let error = Process::run(None, Stop::listen().unwrap(), start).await.unwrap_err();
        assert_eq!(error.to_string(), "it broke");
        assert_eq!(*said.lock().unwrap(), ["third", "second", "first"]);
    }

    #[tokio::test]
    async fn a_start_that_fails_stops_what_was_started() {
        let said = Said::default();
        let start = async |process: &mut Process| {
            process.add(idle("first", &said));
            Err(anyhow::anyhow!("no room"))
        };
        let error = Process::run(None, Stop::listen().unwrap(), start).await.unwrap_err();
        assert_eq!((error.to_string().as_str(), said.lock().unwrap().as_slice()), ("no room", ["first"].as_slice()));
    }

    #[tokio::test]
    async fn a_part_that_panics_is_named() {
        let start = async |process: &mut Process| {
            process.add(Running::start("fragile", Duration::from_secs(1), async |_| panic!("a defect")));
            Ok(())
        };
        let error = Process::run(None, Stop::listen().unwrap(), start).await.unwrap_err();
        assert_eq!(error.to_string(), "the task of fragile");
    }

    #[tokio::test(start_paused = true)]
    async fn a_part_that_does_not_stop_is_ended_and_the_others_are_stopped() {
        let said = Said::default();
        let start = async |process: &mut Process| {
            process.add(idle("first", &said));
            process.add(Running::start("stubborn", Duration::from_mins(1), async |_| std::future::pending().await));
            process.add(Running::start("brief", Duration::from_secs(1), async |_| Ok(())));
            Ok(())
        };
        Process::run(None, Stop::listen().unwrap(), start).await.unwrap();
        assert_eq!(*said.lock().unwrap(), ["first"]);
    }
}
