//! Requests to stop the process: Ctrl-C or SIGTERM.

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Becomes true once the process is asked to stop. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Starts to listen for signals. A second one ends the process at once, and the nats-server with it.
    pub(crate) fn listen() -> anyhow::Result<Self> {
        let mut interrupts = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
        let mut terminations = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
        let (sender, receiver) = watch::channel(false);
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = interrupts.recv() => {}
                    _ = terminations.recv() => {}
                }
                if sender.send_replace(true) {
                    eprintln!("planetstore: stopped by the second signal, with requests in flight");
                    std::process::exit(1);
                }
                tracing::info!("stopping after requests in flight; a second signal stops at once");
            }
        });
        Ok(Self(receiver))
    }

    /// Waits until the process is asked to stop.
    pub(crate) async fn requested(mut self) {
        // The sender lives as long as the runtime; without it there is nothing left to run.
        let _requested = self.0.wait_for(|stop| *stop).await;
    }
}
