use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use events::ids::{ProcessId, WorkerName};
use tokio::time::Instant;

use crate::Report;

/// How long a process counts as there after its last report.
const SILENCE_MAX: Duration = Duration::from_secs(10);

/// Workers of other processes that are known at once; those of further ones are not.
const WORKERS_MAX: usize = 1_024;

/// What other processes said of their workers.
#[derive(Debug, Default)]
pub(crate) struct Heard(Mutex<HashMap<(ProcessId, WorkerName), (Report, Instant)>>);

impl Heard {
    fn present(&self, now: Instant) -> MutexGuard<'_, HashMap<(ProcessId, WorkerName), (Report, Instant)>> {
        let mut reports = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        reports.retain(|_, (_, at)| now.saturating_duration_since(*at) <= SILENCE_MAX);
        reports
    }

    pub(crate) fn hear(&self, report: Report, now: Instant) {
        let key = (report.process.process, report.worker.clone());
        let mut reports = self.present(now);
        if reports.len() < WORKERS_MAX || reports.contains_key(&key) {
            reports.insert(key, (report, now));
        }
    }

    pub(crate) fn reports(&self, now: Instant) -> Vec<Report> {
        self.present(now).values().map(|(report, _)| report.clone()).collect()
    }
}
