//! Publishes that the server refused for lack of permission: it reports them beside the replies, and never answers such
//! a publish.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::watch;

/// The refusals that are kept for callers that wait for an answer.
const REFUSALS_KEPT: usize = 64;

#[derive(Debug, Default)]
struct State {
    count: u64,
    /// The subjects of the last ones, the newest at the end.
    subjects: VecDeque<String>,
}

/// The refusals of one connection. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Refusals(Arc<watch::Sender<State>>);

impl Default for Refusals {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(State::default())))
    }
}

impl Refusals {
    /// Takes in an error of the server, which may be one.
    pub(crate) fn hear(&self, error: &str) {
        let Some(subject) = subject_of(error) else { return };
        tracing::error!(subject, "the NATS server refused a publish of this user");
        self.0.send_modify(|state| {
            if state.subjects.len() == REFUSALS_KEPT {
                state.subjects.pop_front();
            }
            state.subjects.push_back(subject.to_owned());
            state.count += 1;
        });
    }

    /// Returns the number of refusals so far.
    pub(crate) fn count(&self) -> u64 {
        self.0.borrow().count
    }

    /// Waits for a refusal of this subject after the first `before`.
    pub(crate) async fn of(&self, subject: &str, before: u64) {
        let is_refused = |state: &State| {
            let new = usize::try_from(state.count - before).unwrap_or(usize::MAX);
            state.subjects.iter().rev().take(new).any(|refused| refused == subject)
        };
        let mut state = self.0.subscribe();
        // The sender is here, so the channel is open.
        let _heard = state.wait_for(is_refused).await;
    }
}

/// The subject of `Permissions Violation for Publish to "<subject>"`, as nats-server writes it.
fn subject_of(error: &str) -> Option<&str> {
    error.split_once("Permissions Violation for Publish to \"")?.1.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[test]
    fn a_refusal_concerns_its_subject_and_what_was_sent_before_it() {
        let refusals = Refusals::default();
        let is_refused = |subject: &str, before| refusals.of(subject, before).now_or_never().is_some();
        refusals.hear("nats: 'Permissions Violation for Publish to \"ps.a.object.b%2Ec.put\"'");
        refusals.hear("nats: 'Permissions Violation for Subscription to \"ps.a.shards\"'");
        refusals.hear("nats: slow consumer");
        assert_eq!(refusals.count(), 1);
        assert!(is_refused("ps.a.object.b%2Ec.put", 0));
        assert!(!is_refused("ps.a.object.b%2Ec.put", 1), "it was of an earlier one");
        assert!(!is_refused("ps.a.shards", 0));
        for _ in 0..REFUSALS_KEPT {
            refusals.hear("Permissions Violation for Publish to \"x\"");
        }
        assert!(is_refused("x", 0) && is_refused("x", refusals.count() - 1) && !is_refused("x", refusals.count()));
    }
}
