//! Checks that the server which says where the log ends still leads the stream. See ADR 14.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Deserialize;

/// The age of a quorum's last sign up to which the answer of a leader counts. A leader hears its followers every
/// second.
const QUORUM_HEARD_TIME_MAX: Duration = Duration::from_millis(1_500);

/// The time without a question after which a leader has to answer twice. Together with the time above this is shorter
/// than the 4 s of silence after which its followers elect another.
const UNASKED_TIME_MAX: Duration = Duration::from_secs(2);

/// The time between these two questions, in which a leader that was paused hears its followers.
pub(super) const CONFIRMATION_PAUSE: Duration = Duration::from_millis(250);

/// The servers with copies of the stream, as the server that answers sees them.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Cluster {
    leader: Option<String>,
    #[serde(default)]
    replicas: Vec<Replica>,
}

#[derive(Debug, Deserialize)]
struct Replica {
    /// Nanoseconds since it was last heard; 0 if it never was.
    active: u64,
}

/// A leader that was believed, and until when.
#[derive(Debug)]
struct Known {
    name: String,
    /// The time at which the first of its answers in a row came.
    since: Instant,
    /// The time at which the last question that it answered was asked.
    asked: Instant,
}

/// The leader that answered last.
#[derive(Debug, Default)]
pub(super) struct Leader(Mutex<Option<Known>>);

impl Leader {
    /// Returns the reason why an answer at `now` to a question of `asked` may lack appended events, if there is one.
    pub(super) fn doubt(&self, cluster: &Cluster, asked: Instant, now: Instant) -> Option<&'static str> {
        if cluster.replicas.is_empty() {
            return None;
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(doubt) = cluster.doubt() {
            *known = None;
            return Some(doubt);
        }
        let name = cluster.leader.as_deref().unwrap_or_default();
        match &mut *known {
            Some(known) if known.name == name && now.duration_since(known.asked) <= UNASKED_TIME_MAX => {
                known.asked = known.asked.max(asked);
                let is_confirmed = asked >= known.since + CONFIRMATION_PAUSE;
                (!is_confirmed).then_some("the stream's leader has to confirm that it still leads")
            }
            // It may have been paused while nobody asked, and not have heard yet that another was elected.
            known => {
                *known = Some(Known { name: name.to_owned(), since: now, asked });
                Some("the stream's leader has to confirm that it still leads")
            }
        }
    }
}

impl Cluster {
    /// Returns the reason why the server that answers may lack appended events, as far as it knows itself: it does not
    /// lead the stream any more, or leads it and hears too few others.
    fn doubt(&self) -> Option<&'static str> {
        if self.leader.as_ref().is_none_or(String::is_empty) {
            return Some("the stream has no leader");
        }
        let is_heard =
            |replica: &&Replica| replica.active > 0 && u128::from(replica.active) <= QUORUM_HEARD_TIME_MAX.as_nanos();
        let with_leader = self.replicas.iter().filter(is_heard).count() + 1;
        let copies = self.replicas.len() + 1;
        (2 * with_leader <= copies).then_some("the stream's leader does not hear a quorum of its copies")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(leader: Option<&str>, milliseconds: &[u64]) -> Cluster {
        let replica = |ms: &u64| serde_json::json!({ "name": "s", "current": true, "active": ms * 1_000_000 });
        let replicas: Vec<_> = milliseconds.iter().map(replica).collect();
        serde_json::from_value(serde_json::json!({ "name": "c", "leader": leader, "replicas": replicas })).unwrap()
    }

    #[test]
    fn a_leader_that_hears_no_quorum_is_not_believed() {
        let doubt = |leader, milliseconds: &[u64]| cluster(leader, milliseconds).doubt();
        assert_eq!(doubt(Some("s1"), &[50, 50]), None);
        assert_eq!(doubt(Some("s1"), &[1_200, 90_000]), None, "one of three is away");
        assert_eq!(doubt(Some("s1"), &[0, 1_200]), None, "and was never heard");
        assert!(doubt(Some("s1"), &[1_600, 1_600]).unwrap().contains("quorum"));
        assert!(doubt(Some("s1"), &[0, 0]).unwrap().contains("quorum"), "it was elected and heard nobody since");
        assert!(doubt(Some("s1"), &[100, 9_000, 9_000, 9_000]).unwrap().contains("quorum"));
        assert!(doubt(None, &[100, 100]).unwrap().contains("no leader"), "it answers all the same");
    }

    #[test]
    fn a_leader_that_nobody_asked_for_a_while_answers_twice() {
        let (leader, start) = (Leader::default(), Instant::now());
        let at = |ms| start + Duration::from_millis(ms);
        let is_believed =
            |name, asked, now| leader.doubt(&cluster(Some(name), &[50, 50]), at(asked), at(now)).is_none();
        assert!(!is_believed("s1", 0, 5), "the first answer");
        assert!(!is_believed("s1", 1, 6), "and whatever was asked with it");
        assert!(is_believed("s1", 255, 260));
        assert!(is_believed("s1", 2_000, 2_010), "all in a row");
        assert!(!is_believed("s2", 2_020, 2_030), "another leader");
        assert!(is_believed("s2", 2_300, 2_310));
        assert!(!is_believed("s2", 4_290, 4_301), "it was silent for two seconds");
        assert!(!is_believed("s2", 4_400, 6_500), "and is now while it answers");
        assert_eq!(leader.doubt(&Cluster::default(), at(0), at(9_000)), None, "a server alone has nobody to lose");
    }
}
