//! Two lists side by side, in the order of their keys.

use std::cmp::Ordering;

use super::entry::{Entry, Found, State};
use super::filter::Filter;
use super::keys::Keys;
use super::walk::Walk;

/// A list of one side.
pub(super) enum List<'a> {
    Bucket(Keys<'a>),
    Folder(Walk),
    /// There is nothing yet.
    Nothing,
}

impl List<'_> {
    async fn next(&mut self) -> anyhow::Result<Option<Found>> {
        match self {
            Self::Bucket(keys) => Ok(keys.next().await?.map(Found::Entry)),
            Self::Folder(walk) => Ok(walk.next()),
            Self::Nothing => Ok(None),
        }
    }

    fn is_unknown(&self, key: &str) -> bool {
        matches!(self, Self::Folder(walk) if walk.is_unknown(key))
    }
}

/// A key, and what it has on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) key: String,
    pub(super) source: Vec<State>,
    pub(super) target: Vec<State>,
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    Pair(Pair),
    Skipped(String, &'static str),
    Failed(String, String),
}

/// Both lists.
pub(super) struct Pairs<'a> {
    source: List<'a>,
    target: List<'a>,
    filter: &'a Filter,
    next_source: Option<Entry>,
    next_target: Option<Entry>,
}

impl<'a> Pairs<'a> {
    pub(super) fn new(source: List<'a>, target: List<'a>, filter: &'a Filter) -> Self {
        Self { source, target, filter, next_source: None, next_target: None }
    }

    pub(super) async fn next(&mut self) -> anyhow::Result<Option<Step>> {
        while self.next_source.is_none() {
            match self.source.next().await? {
                None => break,
                Some(Found::Entry(entry)) => {
                    self.next_source = Some(entry).filter(|entry| self.filter.allows(&entry.key));
                }
                Some(Found::Skipped(key, why)) if self.filter.allows(&key) => return Ok(Some(Step::Skipped(key, why))),
                Some(Found::Failed(key, why)) if self.filter.allows(&key) => return Ok(Some(Step::Failed(key, why))),
                Some(_) => {}
            }
        }
        while self.next_target.is_none() {
            // What is in the target's folder and is no file is in nobody's way.
            let Some(found) = self.target.next().await? else { break };
            if let Found::Entry(entry) = found {
                self.next_target = Some(entry).filter(|entry| self.filter.allows(&entry.key));
            }
        }
        Ok(self.pair().map(Step::Pair))
    }

    fn pair(&mut self) -> Option<Pair> {
        let order = match (&self.next_source, &self.next_target) {
            (None, None) => return None,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(source), Some(target)) => source.key.cmp(&target.key),
        };
        let source = self.next_source.take_if(|_| order.is_le());
        let target = self.next_target.take_if(|_| order.is_ge());
        let key = source.as_ref().or(target.as_ref())?.key.clone();
        let states = |entry: Option<Entry>| entry.map(|entry| entry.states).unwrap_or_default();
        let (source, mut target) = (states(source), states(target));
        if source.is_empty() && self.source.is_unknown(&key) {
            // It may be at the source, so it is left as it is.
            target.clear();
        }
        Some(Pair { key, source, target })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[tokio::test]
    async fn keys_of_both_sides_meet_and_those_of_one_side_come_alone() {
        let (left, right) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for (folder, names) in [(&left, ["a", "c", "d"]), (&right, ["b", "c", "x"])] {
            for name in names {
                fs::write(folder.path().join(name), name).unwrap();
            }
        }
        let filter = Filter::new(Vec::new(), vec!["x".parse().unwrap()]);
        let list = |folder: &tempfile::TempDir| List::Folder(Walk::new(folder.path()).unwrap());
        let mut pairs = Pairs::new(list(&left), list(&right), &filter);
        let mut told = Vec::new();
        while let Some(Step::Pair(pair)) = pairs.next().await.unwrap() {
            told.push((pair.key, pair.source.len(), pair.target.len()));
        }
        let expected = [("a", 1, 0), ("b", 0, 1), ("c", 1, 1), ("d", 1, 0)];
        assert_eq!(told, expected.map(|(key, source, target)| (key.to_owned(), source, target)));
    }
}
