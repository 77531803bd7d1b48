//! What is counted of all workers.

use events::ids::WorkerName;
use events::lease::Lease;
use metrics::{counter, describe_counter, describe_gauge, gauge};

use crate::{Report, State};

pub(crate) fn describe() {
    describe_gauge!("planetstore_worker_state", "1 for the state that a background worker of this process is in");
    describe_gauge!("planetstore_worker_left", "Units that a worker has left to do, where that is known");
    describe_gauge!("planetstore_worker_rate_limit", "Units a second that a worker keeps to; 0 without a limit");
    describe_counter!("planetstore_worker_done_total", "Units that a worker did");
    describe_counter!("planetstore_worker_failures_total", "Steps of a worker that failed and were taken again");
    describe_gauge!("planetstore_worker_lease_owned", "1 while this process owns a lease");
}

pub(crate) fn done(worker: &WorkerName, units: u64) {
    counter!("planetstore_worker_done_total", "worker" => worker.to_string()).increment(units);
}

pub(crate) fn failed(worker: &WorkerName) {
    counter!("planetstore_worker_failures_total", "worker" => worker.to_string()).increment(1);
}

#[expect(clippy::cast_precision_loss, reason = "Prometheus has floating point numbers only")]
pub(crate) fn observe(report: &Report) {
    let worker = || report.worker.to_string();
    for name in State::NAMES {
        let is_so = u8::from(report.state.name() == name);
        gauge!("planetstore_worker_state", "worker" => worker(), "state" => name).set(f64::from(is_so));
    }
    if let Some(left) = report.left {
        gauge!("planetstore_worker_left", "worker" => worker()).set(left as f64);
    }
    let rate = report.rate.map_or(0, std::num::NonZeroU64::get);
    gauge!("planetstore_worker_rate_limit", "worker" => worker()).set(rate as f64);
}

pub(crate) fn observe_lease(lease: Lease, is_owned: bool) {
    gauge!("planetstore_worker_lease_owned", "lease" => lease.as_str()).set(f64::from(u8::from(is_owned)));
}
