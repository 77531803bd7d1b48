use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ::telemetry::{Aggregate, Joined, LineRing};
use domain::View;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use jiff::Timestamp;
use ledger::{Ledger, Sources};
use shards::{Admission, Membership, NodeView};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::points::Points;
use super::tick::{NodeFigures, Present};
use super::{POINT_SECONDS, Telemetry, Tick};

/// How often there is a tick.
const TICK_INTERVAL: Duration = Duration::from_secs(1);

/// Operations of a tick, and of a point, of which there are many.
const TICK_OPERATIONS_MAX: usize = 40;
const POINT_OPERATIONS_MAX: usize = 10;

/// Nodes of a tick.
const NODES_MAX: usize = 64;

/// What makes ticks and points of what is heard.
pub(crate) struct Follow {
    pub(crate) telemetry: Telemetry,
    pub(crate) ledger: Ledger,
    pub(crate) membership: Membership,
    pub(crate) sources: Sources,
}

/// What was heard since the last tick, or the last point.
struct Gathered {
    joined: Joined,
    since: Instant,
}

impl Gathered {
    fn begin() -> Self {
        Self { joined: Joined::default(), since: Instant::now() }
    }

    /// What it makes, and begins anew.
    fn end(&mut self, time: Timestamp, operations_max: usize, present: &Present) -> Tick {
        let gathered = std::mem::replace(self, Self::begin());
        let seconds = gathered.since.elapsed().as_secs_f64();
        Tick::of(time, seconds, gathered.joined.traffic(operations_max), present)
    }
}

impl Follow {
    /// Goes on until nothing more can be heard of all processes, and keeps points in a file. It may be dropped at any
    /// moment.
    pub(crate) async fn run(self, mut heard: BoxStream<'static, Aggregate>, file: PathBuf) {
        let mut file = self.open(file).await;
        let (mut tick, mut point) = (Gathered::begin(), Gathered::begin());
        let mut seconds = interval(TICK_INTERVAL);
        seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first is at once.
        seconds.tick().await;
        loop {
            tokio::select! {
                aggregate = heard.next() => {
                    let Some(aggregate) = aggregate else { return };
                    tick.joined.add(&aggregate);
                    point.joined.add(&aggregate);
                    let now = (self.sources.now)();
                    self.telemetry.users().add(&aggregate.users, now);
                    self.telemetry.readers().add(&aggregate.readers, now);
                }
                _ = seconds.tick() => {
                    let now = (self.sources.now)();
                    let present = self.present(now);
                    self.telemetry.0.ticks.send_replace(Some(Arc::new(tick.end(now, TICK_OPERATIONS_MAX, &present))));
                    if point.since.elapsed() >= Duration::from_secs(POINT_SECONDS) {
                        let point = point.end(now, POINT_OPERATIONS_MAX, &present);
                        file = self.keep(file, &point, now).await;
                    }
                }
            }
        }
    }

    /// Reads the points of earlier runs. Without a file, they are kept in memory.
    async fn open(&self, path: PathBuf) -> Option<LineRing> {
        let now = (self.sources.now)();
        let opened = tokio::task::spawn_blocking(move || Points::open(&path, now)).await;
        match opened.map_err(std::io::Error::other).flatten() {
            Ok((file, points)) => {
                *self.telemetry.lock_points() = points;
                Some(file)
            }
            Err(error) => {
                tracing::warn!(%error, "the telemetry of the last day cannot be read, and is not kept");
                None
            }
        }
    }

    async fn keep(&self, file: Option<LineRing>, point: &Tick, now: Timestamp) -> Option<LineRing> {
        let json = match serde_json::to_string(point) {
            Ok(json) => json,
            Err(error) => {
                tracing::error!(%error, "a point of telemetry cannot be written");
                return file;
            }
        };
        self.telemetry.lock_points().push(point.time, &json, now);
        let mut file = file?;
        let pushed = tokio::task::spawn_blocking(move || file.push(&json).map(|()| file)).await;
        match pushed.map_err(std::io::Error::other).flatten() {
            Ok(file) => Some(file),
            Err(error) => {
                tracing::warn!(%error, "the telemetry is not kept any more");
                None
            }
        }
    }

    fn present(&self, now: Timestamp) -> Present {
        let snapshot = self.ledger.latest();
        let totals = snapshot.totals().inspect_err(|error| tracing::warn!(%error, "the totals cannot be read"));
        let totals = totals.ok().map(|totals| (totals.objects, totals.logical_bytes, totals.shard_bytes));
        let nodes = self.membership.nodes();
        let nodes = nodes.iter().filter(|node| node.admission == Admission::Accepted).take(NODES_MAX).map(figures);
        Present {
            nodes: nodes.collect(),
            active_users: self.telemetry.users().count(now),
            sequence: self.ledger.progress().borrow().cursor.sequence,
            totals,
        }
    }
}

fn figures(node: &NodeView) -> NodeFigures {
    let heartbeat = &node.heartbeat;
    let latency = heartbeat.disk.as_ref().and_then(|disk| disk.read.or(disk.sync));
    let milliseconds = |micros: u32| f64::from(micros) / 1_000.0;
    NodeFigures {
        node: heartbeat.node.to_string(),
        p50_ms: latency.map(|latency| milliseconds(latency.p50_us)),
        p99_ms: latency.map(|latency| milliseconds(latency.p99_us)),
        free_bytes: heartbeat.free_bytes,
        total_bytes: heartbeat.total_bytes,
    }
}
