//! How much clients ask of the region, and how much of its time that leaves to background work.
//!
//! Gateways tell once a second how many requests were under way. The fewer there are for each storage node, the more of its
//! time background work takes; it never takes less than a floor.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The part of its time that background work takes, however busy clients keep the nodes.
pub const SHARE_MIN: f64 = 0.1;

/// The same for work that cannot wait: the loss of one more node would lose bytes, or room runs out.
pub const SHARE_URGENT_MIN: f64 = 0.5;

/// As many requests under way for each node leave background work no more than the floor.
const REQUESTS_OF_NODE: f64 = 1.0;

/// Fewer nodes than this do not make fewer requests count as many: the other nodes are away.
const NODES_MIN: usize = 6;

/// The time over which requests are averaged. Each gateway tells once a second.
const WINDOW: Duration = Duration::from_secs(2);

/// The longest rest after one piece of work.
const REST_MAX: Duration = Duration::from_secs(5);

/// What is known of the requests of clients. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Clients(Arc<Mutex<Heard>>);

#[derive(Debug, Default)]
struct Heard {
    /// When a gateway told of how many requests under way, on average over a second.
    told: VecDeque<(Instant, f64)>,
    nodes: usize,
}

/// What gateways tell within the window, at most: of more the latest count.
const TOLD_MAX: usize = 4_096;

impl Clients {
    /// A gateway had so many requests under way in the last second, on average; so many nodes are online.
    pub fn told(&self, requests: f64, nodes: usize, now: Instant) {
        let mut heard = self.heard();
        heard.nodes = nodes;
        heard.told.push_back((now, requests));
        if heard.told.len() > TOLD_MAX {
            heard.told.pop_front();
        }
    }

    /// The part of its time that background work may take now.
    #[expect(clippy::cast_precision_loss, reason = "there are few nodes")]
    pub fn share(&self, urgency: Urgency, now: Instant) -> f64 {
        let mut heard = self.heard();
        while heard.told.front().is_some_and(|(at, _)| now.saturating_duration_since(*at) >= WINDOW) {
            heard.told.pop_front();
        }
        let requests: f64 = heard.told.iter().map(|(_, requests)| requests).sum::<f64>() / WINDOW.as_secs_f64();
        let busy = requests / (heard.nodes.max(NODES_MIN) as f64 * REQUESTS_OF_NODE);
        (1.0 - busy).clamp(urgency.floor(), 1.0)
    }

    /// How long to rest after work that took so long, so that it takes no more than its share.
    pub fn rest(&self, took: Duration, urgency: Urgency, now: Instant) -> Duration {
        took.mul_f64(1.0 / self.share(urgency, now) - 1.0).min(REST_MAX)
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether work can wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Urgency {
    /// It can.
    #[default]
    CanWait,
    /// It cannot: clients give way to it as much as it does to them.
    Urgent,
}

impl Urgency {
    /// The part of its time that the work takes at least.
    const fn floor(self) -> f64 {
        match self {
            Self::CanWait => SHARE_MIN,
            Self::Urgent => SHARE_URGENT_MIN,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORK: Duration = Duration::from_millis(100);

    fn close(one: f64, other: f64) -> bool {
        (one - other).abs() < 1e-9
    }

    #[test]
    fn background_work_has_the_time_that_clients_leave_and_a_floor() {
        let (clients, now) = (Clients::default(), Instant::now());
        assert!(close(clients.share(Urgency::CanWait, now), 1.0), "nobody asks for anything");
        for (requests, share) in [(1.5, 0.75), (3.0, 0.5), (6.0, SHARE_MIN), (1_000.0, SHARE_MIN)] {
            let clients = Clients::default();
            // Two seconds of one gateway.
            clients.told(requests, 6, now);
            clients.told(requests, 6, now);
            let found = clients.share(Urgency::CanWait, now);
            assert!(close(found, share), "{requests} requests leave {found}");
            assert!(clients.share(Urgency::Urgent, now) >= SHARE_URGENT_MIN);
        }
    }

    #[test]
    fn it_is_never_starved() {
        let (clients, mut now) = (Clients::default(), Instant::now());
        let (begun, mut worked) = (now, Duration::ZERO);
        while now - begun < Duration::from_mins(10) {
            clients.told(1e6, 6, now);
            worked += WORK;
            now += WORK + clients.rest(WORK, Urgency::CanWait, now);
        }
        let share = worked.as_secs_f64() / (now - begun).as_secs_f64();
        assert!((SHARE_MIN * 0.99..SHARE_MIN * 1.1).contains(&share), "{share}");
        assert_eq!(clients.rest(Duration::from_hours(1), Urgency::CanWait, now), REST_MAX);
    }

    #[test]
    fn requests_of_many_nodes_and_gateways_count_for_each_node() {
        let (clients, now) = (Clients::default(), Instant::now());
        for _second in 0..2 {
            // Three gateways.
            for _gateway in 0..3 {
                clients.told(10.0, 60, now);
            }
        }
        let share = clients.share(Urgency::CanWait, now);
        assert!(close(share, 0.5), "{share}");
    }

    #[test]
    fn what_was_told_counts_for_seconds() {
        let (clients, now) = (Clients::default(), Instant::now());
        clients.told(1_000.0, 6, now);
        assert_eq!(clients.rest(WORK, Urgency::CanWait, now), WORK * 9);
        assert_eq!(clients.rest(WORK, Urgency::CanWait, now + WINDOW), Duration::ZERO);
    }
}
