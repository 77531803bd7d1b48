use std::collections::{BTreeMap, VecDeque};

use events::ids::UserName;
use jiff::{SignedDuration, Timestamp};

use crate::UserCount;

/// How long somebody is active after a request.
pub const ACTIVE_TIME: SignedDuration = SignedDuration::from_mins(5);

/// How exactly it is known when requests were.
const STEP: SignedDuration = SignedDuration::from_secs(10);

/// Keys of users that are remembered.
const KEYS_MAX: usize = 10_000;

/// Who was here in the last minutes.
#[derive(Debug, Default)]
pub struct ActiveUsers(BTreeMap<(UserName, Option<String>), Seen>);

/// Requests, in steps of time, the newest last.
#[derive(Debug)]
struct Seen {
    last: Timestamp,
    steps: VecDeque<(Timestamp, u64)>,
}

/// Somebody who was here, by one access key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActiveUser {
    /// Who.
    pub user: UserName,
    /// By which access key, if by one.
    pub key: Option<String>,
    /// The time of the last request.
    pub last_seen: Timestamp,
    /// How many there were.
    pub requests: u64,
}

impl ActiveUsers {
    /// Takes up requests, and forgets who is not active any more.
    pub fn add(&mut self, counts: &[UserCount], now: Timestamp) {
        self.forget(now);
        for UserCount { user, key, requests } in counts {
            let id = (user.clone(), key.clone());
            if self.0.len() >= KEYS_MAX && !self.0.contains_key(&id) {
                continue;
            }
            let seen = self.0.entry(id).or_insert_with(|| Seen { last: now, steps: VecDeque::new() });
            seen.last = now;
            match seen.steps.back_mut() {
                Some((begun, count)) if now.duration_since(*begun) < STEP => *count += requests,
                _ => seen.steps.push_back((now, *requests)),
            }
        }
    }

    /// How many users are active now.
    pub fn count(&mut self, now: Timestamp) -> usize {
        self.forget(now);
        let mut users: Vec<_> = self.0.keys().map(|(user, _)| user).collect();
        users.dedup();
        users.len()
    }

    /// Who is active now, whoever was here last first.
    pub fn list(&mut self, now: Timestamp) -> Vec<ActiveUser> {
        self.forget(now);
        let active = self.0.iter().map(|((user, key), seen)| ActiveUser {
            user: user.clone(),
            key: key.clone(),
            last_seen: seen.last,
            requests: seen.steps.iter().map(|(_, count)| count).sum(),
        });
        let mut active: Vec<_> = active.collect();
        active.sort_by_key(|user| std::cmp::Reverse(user.last_seen));
        active
    }

    fn forget(&mut self, now: Timestamp) {
        let is_old = |time: Timestamp| now.duration_since(time) >= ACTIVE_TIME;
        self.0.retain(|_, seen| {
            while seen.steps.front().is_some_and(|(begun, _)| is_old(*begun)) {
                seen.steps.pop_front();
            }
            !is_old(seen.last)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + second).unwrap()
    }

    fn by(user: &str, key: &str, requests: u64) -> UserCount {
        UserCount { user: user.parse().unwrap(), key: Some(key.into()), requests }
    }

    #[test]
    fn who_was_here_in_the_last_minutes_is_active_and_nobody_else() {
        let mut users = ActiveUsers::default();
        users.add(&[by("ada", "A", 1), by("ada", "B", 2), by("bob", "C", 3)], at(0));
        users.add(&[by("ada", "A", 10)], at(200));
        assert_eq!(users.count(at(299)), 2);
        let listed = users.list(at(299));
        assert_eq!((listed.len(), listed[0].requests, listed[0].last_seen), (3, 11, at(200)));
        assert_eq!((users.count(at(300)), users.list(at(300))[0].requests), (1, 10), "the oldest are forgotten");
        assert_eq!(users.count(at(500)), 0);
    }

    #[test]
    fn its_memory_is_bounded_whoever_comes() {
        let mut users = ActiveUsers::default();
        for second in 0..10_000 {
            users.add(&[by("ada", "A", 1)], at(second));
        }
        assert!(users.0.values().next().unwrap().steps.len() <= 31);
        let many: Vec<_> = (0..KEYS_MAX + 5).map(|number| by("eve", &number.to_string(), 1)).collect();
        users.add(&many, at(10_000));
        assert_eq!(users.0.len(), KEYS_MAX);
    }
}
