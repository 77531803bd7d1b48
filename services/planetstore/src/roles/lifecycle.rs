//! Following lifecycle rules.

use domain::lifecycle::Day;
use ledger::Ledger;
use tokio::task::JoinHandle;

use crate::sources::sources;

/// Rules that are followed, until this is stopped or dropped.
#[derive(Debug)]
pub(crate) struct LifecycleRole {
    task: JoinHandle<lifecycle::Stopped>,
}

impl LifecycleRole {
    /// Begins to follow the rules of all buckets.
    pub(crate) fn start(day: Day, ledger: Ledger) -> Self {
        Self { task: tokio::spawn(lifecycle::run(lifecycle::Options { day, sources: sources() }, ledger)) }
    }

    /// Waits until it ends without being asked to.
    pub(crate) async fn ended(&mut self) -> anyhow::Error {
        match (&mut self.task).await {
            Ok(stopped) => anyhow::Error::new(stopped).context("lifecycle rules are not followed any more"),
            Err(error) => anyhow::Error::new(error).context("the task that follows lifecycle rules"),
        }
    }
}

impl Drop for LifecycleRole {
    fn drop(&mut self) {
        self.task.abort();
    }
}
