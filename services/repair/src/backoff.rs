//! Contents that are left for a while.

use std::collections::HashMap;
use std::time::Duration;

use events::ids::ContentId;
use tokio::time::Instant;

/// Contents that are remembered, at most. Of further ones nothing is remembered: they are tried again in the next round.
const CONTENTS_MAX: usize = 16 * 1024;

/// The longest time for which a content is left.
const PAUSE_MAX: Duration = Duration::from_mins(10);

/// The reason why a content was not repaired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Reason {
    /// Too few nodes have room for its shards, or take them.
    NoRoom,
    /// Too few of its shards can be read.
    TooFewShards,
    /// Nodes have altered more shards of it than can be told apart.
    Altered,
    /// A secret is missing here that its tags need.
    NoSecret,
    /// The log did not take new shards of it: it, or a node, is not what it was when they were written.
    Refused,
    /// Another shard of it is being written by another loop.
    Claimed,
    /// Something else: a defect, or memory that was short.
    Other,
}

impl Reason {
    /// Every reason.
    pub(crate) const ALL: [Self; 7] =
        [Self::NoRoom, Self::TooFewShards, Self::Altered, Self::NoSecret, Self::Refused, Self::Claimed, Self::Other];

    /// The reason, for metrics.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::NoRoom => "no_room",
            Self::TooFewShards => "too_few_shards",
            Self::Altered => "altered",
            Self::NoSecret => "no_secret",
            Self::Refused => "refused",
            Self::Claimed => "claimed",
            Self::Other => "other",
        }
    }

    /// The reason, for people.
    pub(crate) fn sentence(self) -> &'static str {
        match self {
            Self::NoRoom => "too few nodes have room",
            Self::TooFewShards => "too few of their shards can be read",
            Self::Altered => "nodes have altered too many of their shards",
            Self::NoSecret => "a secret for their tags is missing here",
            Self::Refused => "they, or nodes, were not as they had been when their shards were written",
            Self::Claimed => "another shard of them is on its way to an emptier node",
            Self::Other => "of an error; see the log",
        }
    }

    /// The first pause. Each further one is twice as long.
    fn pause(self) -> Duration {
        match self {
            Self::Refused | Self::Claimed | Self::Other => Duration::from_secs(2),
            Self::NoRoom | Self::TooFewShards => Duration::from_secs(10),
            Self::Altered | Self::NoSecret => Duration::from_mins(5),
        }
    }
}

/// Contents that are left for a while, each by its reason.
#[derive(Debug, Default)]
pub(crate) struct Backoff(HashMap<ContentId, Left>);

#[derive(Debug, Clone, Copy)]
struct Left {
    reason: Reason,
    pause: Duration,
    /// `None` once its time has come: then it is tried in the round that is under way, and forgotten after that.
    until: Option<Instant>,
}

impl Backoff {
    /// Leaves a content that could not be repaired at `now`.
    pub(crate) fn leave(&mut self, content: ContentId, reason: Reason, now: Instant) {
        let before = self.0.get(&content).filter(|left| left.reason == reason).map(|left| left.pause * 2);
        let pause = before.unwrap_or_else(|| reason.pause()).min(PAUSE_MAX);
        if self.0.len() < CONTENTS_MAX || self.0.contains_key(&content) {
            self.0.insert(content, Left { reason, pause, until: Some(now + pause) });
        }
    }

    /// A content was repaired.
    pub(crate) fn forget(&mut self, content: &ContentId) {
        self.0.remove(content);
    }

    /// Whether a content is to be left at `now`.
    pub(crate) fn is_left(&self, content: &ContentId, now: Instant) -> bool {
        self.0.get(content).and_then(|left| left.until).is_some_and(|until| until > now)
    }

    /// The nodes are others: what failed because of them may work now.
    pub(crate) fn nodes_changed(&mut self) {
        self.0.retain(|_, left| !matches!(left.reason, Reason::NoRoom | Reason::TooFewShards | Reason::Refused));
    }

    /// How many contents are left, or released for the round that is under way; `None` if there were more than are
    /// remembered.
    pub(crate) fn count(&self) -> Option<usize> {
        (self.0.len() < CONTENTS_MAX).then_some(self.0.len())
    }

    /// When the first of them is to be tried again.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.0.values().filter_map(|left| left.until).min()
    }

    /// How many are left, by reason.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (Reason, usize)> {
        Reason::ALL.into_iter().map(|reason| (reason, self.0.values().filter(|left| left.reason == reason).count()))
    }

    /// How many cannot be repaired as long as nothing else happens, however much time passes.
    pub(crate) fn hopeless(&self) -> usize {
        let is_hopeless =
            |left: &&Left| matches!(left.reason, Reason::TooFewShards | Reason::Altered | Reason::NoSecret);
        self.0.values().filter(is_hopeless).count()
    }

    /// Has contents tried in the round that begins now, if their time has come. Returns them.
    pub(crate) fn release(&mut self, now: Instant) -> Vec<ContentId> {
        let due = self.0.iter_mut().filter_map(|(content, left)| {
            left.until.take_if(|until| *until <= now)?;
            Some(*content)
        });
        due.collect()
    }

    /// A round has ended. What was released for it, and was not left anew, is owed nothing any more, or does not exist.
    pub(crate) fn forget_released(&mut self) {
        self.0.retain(|_, left| left.until.is_some());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::owed::tests::content;

    #[tokio::test(start_paused = true)]
    async fn a_content_is_left_for_longer_each_time_by_its_reason() {
        let mut backoff = Backoff::default();
        let mut pauses = Vec::new();
        for reason in [Reason::NoRoom, Reason::NoRoom, Reason::NoRoom, Reason::TooFewShards] {
            let now = Instant::now();
            backoff.leave(content(), reason, now);
            let pause = backoff.next().unwrap() - now;
            assert!(backoff.is_left(&content(), now) && !backoff.is_left(&content(), now + pause));
            pauses.push(pause.as_secs());
        }
        assert_eq!(pauses, [10, 20, 40, 10]);
        (0..20).for_each(|_| backoff.leave(content(), Reason::NoRoom, Instant::now()));
        assert_eq!(backoff.next().unwrap() - Instant::now(), PAUSE_MAX);
    }

    #[tokio::test(start_paused = true)]
    async fn other_nodes_are_a_new_chance_for_what_failed_because_of_them() {
        let mut backoff = Backoff::default();
        backoff.leave(content(), Reason::NoRoom, Instant::now());
        backoff.nodes_changed();
        assert!(!backoff.is_left(&content(), Instant::now()));
        backoff.leave(content(), Reason::Altered, Instant::now());
        backoff.nodes_changed();
        assert!(backoff.is_left(&content(), Instant::now()));
        backoff.forget(&content());
        assert_eq!(backoff.next(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_content_whose_time_has_come_asks_for_one_round_and_is_forgotten_unless_it_fails_anew() {
        let mut backoff = Backoff::default();
        backoff.leave(content(), Reason::NoRoom, Instant::now());
        assert_eq!(backoff.release(Instant::now()), []);
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!(backoff.release(Instant::now()), [content()]);
        assert_eq!((backoff.next(), backoff.release(Instant::now())), (None, vec![]), "one round is enough");
        backoff.leave(content(), Reason::NoRoom, Instant::now());
        backoff.forget_released();
        assert_eq!(backoff.next().map(|next| next - Instant::now()), Some(Duration::from_secs(20)));
        tokio::time::advance(Duration::from_secs(20)).await;
        backoff.release(Instant::now());
        backoff.forget_released();
        assert_eq!(backoff.counts().map(|(_, count)| count).sum::<usize>(), 0);
    }
}
