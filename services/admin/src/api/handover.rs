//! A page that is left while it goes on with its session never learns its next refresh token: the browser drops the answer
//! and its cookie. The page that comes after it shows the token that was spent, as a thief would. For some seconds it
//! is given the same next token again.
//!
//! A thief who is that quick has the token that the page has, too. Whichever of them uses it first, the other one's use of
//! it ends the session.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use events::ids::{SessionId, Sha256Digest};
use identity::RefreshToken;
use jiff::{SignedDuration, Timestamp};

/// How long a spent token is answered with the one that followed it.
const AGAIN_TIME_MAX: SignedDuration = SignedDuration::from_secs(10);

/// The most tokens that are kept for that.
const KEPT_MAX: usize = 1_024;

/// How many sessions may go on at the same time. Those that share a turn wait for one another.
const TURNS: usize = 64;

/// The refresh tokens that were just handed over in cookies.
pub(super) struct Handover {
    turns: [tokio::sync::Mutex<()>; TURNS],
    kept: Mutex<VecDeque<Handed>>,
}

struct Handed {
    spent: Sha256Digest,
    next: RefreshToken,
    expires: Timestamp,
    at: Timestamp,
}

impl Handover {
    pub(super) fn new() -> Self {
        Self { turns: std::array::from_fn(|_| tokio::sync::Mutex::default()), kept: Mutex::default() }
    }

    /// Waits until nobody else goes on with this session here.
    pub(super) async fn turn(&self, session: SessionId) -> tokio::sync::MutexGuard<'_, ()> {
        // The last bits of a session's id are random.
        let place = usize::try_from(session.0.as_u128() % TURNS as u128).unwrap_or_default();
        self.turns[place].lock().await
    }

    /// Keeps the token that followed a spent one.
    pub(super) fn keep(&self, spent: Sha256Digest, next: RefreshToken, expires: Timestamp, now: Timestamp) {
        let mut kept = self.kept();
        kept.retain(|handed| is_fresh(handed, now));
        if kept.len() >= KEPT_MAX {
            kept.pop_front();
        }
        kept.push_back(Handed { spent, next, expires, at: now });
    }

    /// The token that followed a spent one a moment ago, and when its session ends.
    pub(super) fn again(&self, spent: Sha256Digest, now: Timestamp) -> Option<(RefreshToken, Timestamp)> {
        let kept = self.kept();
        let handed = kept.iter().find(|handed| handed.spent == spent && is_fresh(handed, now))?;
        Some((handed.next.clone(), handed.expires))
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<Handed>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_fresh(handed: &Handed, now: Timestamp) -> bool {
    now.duration_since(handed.at).abs() <= AGAIN_TIME_MAX
}
