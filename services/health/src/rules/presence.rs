//! Whether a node is there.

use std::collections::VecDeque;

use super::hearing::Counts;
use super::ticks;
use worker::Silence;

/// Ticks without a sign after which a node is offline: three seconds, so that the fact is on the log within five of the last
/// sign.
pub(crate) const OFFLINE_TICKS: u32 = ticks(3);

/// Ticks without a sign after which the roll is called, to give it another chance.
pub(crate) const DOUBT_TICKS: u32 = 3;

/// Ticks without a sign after which it begins anew to be heard. A heartbeat that comes half a second late is no gap.
const GAP_TICKS: u32 = 5;

/// How long a node is heard without a gap before it is online again.
const ONLINE_TICKS: u32 = ticks(2);

/// Each loss within this time doubles that.
const LOSSES_TICKS: u32 = ticks(600);

/// How often it is doubled at most: to about a minute.
const DOUBLINGS_MAX: u32 = 5;

/// Whether a node is there, by what was heard of it.
#[derive(Debug, Default)]
pub(crate) struct PresenceRule {
    silence: Silence,
    silent: u32,
    /// Ticks since it is heard without a gap.
    heard: u32,
    /// What is held of it, if anything is yet.
    is_online: Option<bool>,
    /// At which ticks it was lost of late.
    losses: VecDeque<u32>,
}

impl PresenceRule {
    /// A tick. `sign`: it was heard since the last one. Returns what is held of it.
    pub(crate) fn tick(&mut self, tick: u32, counts: Counts, sign: bool) -> Option<bool> {
        match (sign, counts) {
            (true, _) => {
                self.silence.broken();
                self.silent = 0;
                self.heard += 1;
            }
            (false, Counts::AsSilence) => {
                self.silent = self.silence.tick(true);
                let is_gap = self.silent >= GAP_TICKS;
                self.heard = if is_gap || self.heard == 0 { 0 } else { self.heard + 1 };
            }
            (false, Counts::ForNothing) => {}
            (false, Counts::AsBegin) => {
                self.silent = self.silence.tick(false);
                self.heard = 0;
            }
        }
        if self.silent >= OFFLINE_TICKS && self.is_online != Some(false) {
            self.is_online = Some(false);
            self.losses.push_back(tick);
        } else if sign && self.is_online != Some(true) && self.heard >= self.needed(tick) {
            // In the middle of a silence nobody comes back.
            self.is_online = Some(true);
        }
        self.is_online
    }

    /// The log says so now. If another process said it, the contrary has to show itself from here on.
    pub(crate) fn told(&mut self, tick: u32, is_online: bool) {
        if self.is_online == Some(is_online) {
            return;
        }
        self.is_online = Some(is_online);
        if !is_online {
            self.losses.push_back(tick);
        }
        self.silence.broken();
        (self.silent, self.heard) = (0, 0);
    }

    /// Whether it may be silent.
    pub(crate) fn is_in_doubt(&self) -> bool {
        self.silent >= DOUBT_TICKS && self.is_online != Some(false)
    }

    /// Whether it is heard now.
    pub(crate) fn is_heard(&self) -> bool {
        self.heard > 0
    }

    /// How long it has to be heard before it is online: the longer, the oftener it was lost.
    fn needed(&mut self, tick: u32) -> u32 {
        while self.losses.len() > DOUBLINGS_MAX as usize + 1
            || self.losses.front().is_some_and(|loss| tick - loss > LOSSES_TICKS)
        {
            self.losses.pop_front();
        }
        let repeated = u32::try_from(self.losses.len().saturating_sub(1)).unwrap_or(DOUBLINGS_MAX);
        ONLINE_TICKS << repeated.min(DOUBLINGS_MAX)
    }
}
