//! Keeps the server running, from a thread of its own.

use std::io::PipeReader;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use tokio::sync::{oneshot, watch};

use super::configuration::{self, Configuration};
use super::folder::Folder;
use super::health::{Health, Verdict};
use super::process::{Process, Woken};
use super::room::Room;
use super::{Endpoint, ServerError, ServerOptions, ServerState, binary};
use crate::GateKeeper;
use crate::gate::Shut;

/// Runs in a row that may fail before one comes up.
const FAILURES_MAX: u32 = 8;

/// Pause after the first failed run; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// Longest pause before a run.
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// The interval at which the server and the room on its disk are checked.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);

type Started = oneshot::Sender<Result<Endpoint, ServerError>>;

/// Runs the server until it is to stop, or cannot be kept alive.
pub(super) fn supervise(
    options: &ServerOptions,
    stop: PipeReader,
    state: watch::Sender<ServerState>,
    keeper: GateKeeper,
    started: Started,
) {
    let supervisor = match Supervisor::prepare(options, stop, state, keeper) {
        Ok(supervisor) => supervisor,
        Err(error) => return tell(started, Err(error)),
    };
    supervisor.run(started);
}

/// Reports the result of the start. A caller that does not wait any more has dropped the other end of the stop pipe,
/// too.
fn tell(started: Started, outcome: Result<Endpoint, ServerError>) {
    let _heard = started.send(outcome);
}

struct Supervisor<'a> {
    options: &'a ServerOptions,
    program: PathBuf,
    folder: Folder,
    name: String,
    endpoint: Endpoint,
    stop: PipeReader,
    state: watch::Sender<ServerState>,
    keeper: GateKeeper,
    health: Health,
}

/// The end of one run of the server.
enum Run {
    /// The server was asked to stop.
    Stopped,
    /// The server ended, before it was up or after: by itself, or because it could not write.
    Ended { was_up: bool, reason: String },
}

/// The reason why a server is not supervised any more.
enum Watched {
    Woken(Woken),
    CannotWrite(String),
}

impl<'a> Supervisor<'a> {
    fn prepare(
        options: &'a ServerOptions,
        stop: PipeReader,
        state: watch::Sender<ServerState>,
        keeper: GateKeeper,
    ) -> Result<Self, ServerError> {
        let program = binary::find(options.program.as_deref())?;
        let folder = Folder::open(&options.folder)?;
        folder.end_orphans()?;
        let (name, endpoint) = Self::configure(options, &folder)?;
        Ok(Self { options, program, folder, name, endpoint, stop, state, keeper, health: Health::default() })
    }

    fn configure(options: &ServerOptions, folder: &Folder) -> Result<(String, Endpoint), ServerError> {
        let port = folder.port()?;
        let (name, endpoint) = configuration::fresh(port, &options.nodes)
            .map_err(|error| ServerError::Start { reason: error.to_string() })?;
        let (users, region) = (&endpoint.users, &options.region);
        let consumer_issuer = options.consumer_issuer.as_deref();
        Configuration { folder, server_name: &name, port, users, region, consumer_issuer }.write()?;
        Ok((name, endpoint))
    }

    fn run(mut self, started: Started) {
        let mut started = Some(started);
        let mut failures = 0;
        let last = loop {
            let (was_up, reason) = match self.run_once(&mut started) {
                Ok(Run::Stopped) => break ServerState::Stopped,
                Ok(Run::Ended { was_up, reason }) => (was_up, reason),
                Err(error) => (false, error.to_string()),
            };
            failures = if was_up { 0 } else { failures + 1 };
            tracing::error!(reason, failures, "nats-server ended");
            // The first run fails where somebody waits for it; only a port that was just taken is tried again.
            if started.is_some() && (failures > 1 || self.reconfigure().is_err())
                || failures > FAILURES_MAX && !self.health.is_short()
            {
                break ServerState::Failed { reason };
            }
            metrics::counter!("planetstore_log_server_restarts_total").increment(1);
            self.state.send_replace(ServerState::Restarting { reason });
            if self.is_stopped_within(pause(failures)) {
                break ServerState::Stopped;
            }
        };
        if let (Some(started), ServerState::Failed { reason }) = (started, &last) {
            tell(started, Err(ServerError::Start { reason: reason.clone() }));
        }
        let state = self.state.clone();
        // The folder is free again before the state says that the server has stopped.
        drop(self);
        state.send_replace(last);
    }

    /// A new port, for a server that nobody knows yet.
    fn reconfigure(&mut self) -> Result<(), ServerError> {
        self.folder.forget_port()?;
        (self.name, self.endpoint) = Self::configure(self.options, &self.folder)?;
        Ok(())
    }

    fn run_once(&mut self, started: &mut Option<Started>) -> std::io::Result<Run> {
        self.folder.sync().map_err(std::io::Error::other)?;
        let mut process = Process::spawn(self.options, &self.program, &self.folder.configuration())?;
        let address = &self.endpoint.address;
        let mut woken = process.wait_until_up(&self.stop, &self.name, address, self.options.start_time_max)?;
        let was_up = woken == Woken::Time;
        if was_up {
            tracing::info!(pid = process.pid(), address, "nats-server is up");
            self.state.send_replace(ServerState::Up { pid: process.pid() });
            if let Some(started) = started.take() {
                tell(started, Ok(self.endpoint.clone()));
            }
            match self.watch(&process)? {
                Watched::Woken(other) => woken = other,
                Watched::CannotWrite(reason) => return self.replace(process, reason),
            }
        }
        if woken == Woken::Ended {
            return Ok(Run::Ended { was_up, reason: process.ended()? });
        }
        let how = process.stop()?;
        tracing::info!(how, "nats-server was stopped");
        Ok(Run::Stopped)
    }

    /// Supervises a running server until it ends, is to be stopped, or cannot write any more.
    fn watch(&mut self, process: &Process) -> std::io::Result<Watched> {
        self.health.run_ended();
        loop {
            let room = Room::of(&self.folder.store());
            if let Ok(room) = &room {
                #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
                metrics::gauge!("planetstore_log_room_bytes").set(room.bytes as f64);
            }
            match self.health.look(Instant::now(), room, process.write_failure()) {
                Verdict::Writable => self.say(None),
                Verdict::Closed(shut) => self.say(Some(shut)),
                Verdict::Restart(why) => {
                    self.say(Some(Shut::ToAll(why.as_str().into())));
                    return Ok(Watched::CannotWrite(why));
                }
            }
            match process.wait(&self.stop, Some(LOOK_INTERVAL))? {
                Woken::Time => {}
                woken => return Ok(Watched::Woken(woken)),
            }
        }
    }

    /// Opens or closes the log to appends.
    fn say(&self, shut: Option<Shut>) {
        if self.keeper.set(shut.clone()) {
            return;
        }
        metrics::gauge!("planetstore_log_closed").set(f64::from(u8::from(matches!(shut, Some(Shut::ToAll(_))))));
        match shut {
            Some(Shut::ToAll(why)) => tracing::error!(%why, "the log accepts no events"),
            Some(Shut::ToMuch(why)) => tracing::error!(%why, "the log accepts deletes only"),
            None => tracing::info!("the log accepts events again"),
        }
    }

    /// Ends a server that cannot write, so that the next run shows what is on the disk.
    fn replace(&self, process: Process, reason: String) -> std::io::Result<Run> {
        process.stop()?;
        self.folder.forget_cached().map_err(std::io::Error::other)?;
        Ok(Run::Ended { was_up: true, reason })
    }

    fn is_stopped_within(&self, time: Duration) -> bool {
        super::process::is_closed_within(&self.stop, time).unwrap_or(true)
    }
}

fn pause(failures: u32) -> Duration {
    match failures.checked_sub(1) {
        None => Duration::ZERO,
        Some(doublings) => FIRST_PAUSE.saturating_mul(1 << doublings.min(10)).min(PAUSE_MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_was_up_is_restarted_at_once_and_one_that_fails_ever_later() {
        assert_eq!(pause(0), Duration::ZERO);
        assert_eq!(pause(1), FIRST_PAUSE);
        assert_eq!(pause(3), FIRST_PAUSE * 4);
        assert_eq!(pause(FAILURES_MAX), PAUSE_MAX);
    }
}
