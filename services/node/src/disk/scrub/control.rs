//! What a scrub is told and what it says, shared by its thread and those who ask.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use shards::protocol::{ScrubCommand, ScrubPass, ScrubPhase, ScrubStatus};
use uuid::Uuid;

use super::super::DiskError;
use super::state::{EndedPass, Pass, ScrubState};

/// What a scrub is told, and how far it is.
pub(crate) struct ScrubControl {
    inner: Mutex<Inner>,
    changed: Condvar,
}

struct Inner {
    is_paused: bool,
    pass: Option<Pass>,
    last: Option<EndedPass>,
    is_closed: bool,
    /// Grows with each command: what was decided before is out of date.
    commands: u64,
    /// The commands up to this one were saved, or could not be: `unsaved` says why.
    saved: u64,
    unsaved: Option<DiskError>,
    bytes_per_second: u64,
}

/// What a node holds.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Held {
    pub(crate) shards: u64,
    pub(crate) bytes: u64,
    /// Shards that are known to be damaged or unreadable.
    pub(crate) damaged: u64,
}

/// What the scrub's thread does next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Go on with this pass, as of this command.
    Work(Pass, u64),
    /// Wait for a command, so long at most.
    Wait(Duration),
    /// The node goes down.
    End,
}

/// The scrub was told something else than to go on.
pub(crate) struct Interrupted;

/// A scrub that waits looks at the clock this often: it may have been set.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// How long it may take to save what the scrub was told: less than those who ask wait for the answer.
const SAVE_TIME_MAX: Duration = Duration::from_secs(4);

impl ScrubControl {
    pub(crate) fn new(state: &ScrubState) -> Self {
        let ScrubState { is_paused, pass, last, .. } = *state;
        let inner = Inner {
            is_paused,
            pass,
            last,
            is_closed: false,
            commands: 0,
            saved: 0,
            unsaved: None,
            bytes_per_second: 0,
        };
        Self { inner: Mutex::new(inner), changed: Condvar::new() }
    }

    /// What to do at a moment, in milliseconds since 1970. A pass begins `period` after the one before began.
    pub(crate) fn next(&self, now_ms: u64, period: Duration) -> Step {
        let mut inner = self.lock();
        if inner.is_closed {
            return Step::End;
        }
        if inner.is_paused {
            return Step::Wait(WAIT_MAX);
        }
        if let Some(pass) = inner.pass {
            return Step::Work(pass, inner.commands);
        }
        let period_ms = u64::try_from(period.as_millis()).unwrap_or(u64::MAX);
        let due_ms = inner.last.map_or(0, |last| last.pass.begun_ms.saturating_add(period_ms));
        // A clock that was set back by more than a period must not stop it for long.
        let left_ms = due_ms.saturating_sub(now_ms).min(period_ms);
        if left_ms > 0 {
            return Step::Wait(Duration::from_millis(left_ms).min(WAIT_MAX));
        }
        let pass = Pass { begun_ms: now_ms, ..Pass::default() };
        inner.pass = Some(pass);
        Step::Work(pass, inner.commands)
    }

    /// Takes in how far a pass is, unless there was a command since.
    pub(crate) fn advance(&self, pass: Pass, as_of: u64) {
        let mut inner = self.lock();
        if inner.commands == as_of {
            inner.pass = Some(pass);
        }
    }

    /// A pass came to its end, unless there was a command since.
    pub(crate) fn end(&self, pass: Pass, ended_ms: u64, as_of: u64) {
        let mut inner = self.lock();
        if inner.commands == as_of {
            inner.last = Some(EndedPass { pass, ended_ms });
            inner.pass = None;
            inner.bytes_per_second = 0;
        }
    }

    pub(crate) fn set_rate(&self, bytes_per_second: u64) {
        self.lock().bytes_per_second = bytes_per_second;
    }

    /// Waits so long; not if there was a command after this one, and no longer than until there is one.
    pub(crate) fn wait(&self, pause: Duration, as_of: u64) -> Result<(), Interrupted> {
        let inner = self.lock();
        let undisturbed = |inner: &mut Inner| inner.commands == as_of && !inner.is_closed;
        let waited = self.changed.wait_timeout_while(inner, pause, undisturbed);
        let (mut inner, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if undisturbed(&mut inner) { Ok(()) } else { Err(Interrupted) }
    }

    /// Does what it is told, at a moment in milliseconds since 1970, and says how it is then, of a node that holds so
    /// much.
    pub(crate) fn command(&self, command: ScrubCommand, now_ms: u64, held: Held) -> ScrubStatus {
        let mut inner = self.lock();
        match command {
            ScrubCommand::Status => return inner.status(held),
            ScrubCommand::Start => {
                inner.is_paused = false;
                inner.pass = Some(Pass { begun_ms: now_ms, is_urgent: true, ..Pass::default() });
            }
            ScrubCommand::Pause => inner.is_paused = true,
            ScrubCommand::Resume => inner.is_paused = false,
        }
        inner.commands += 1;
        let status = inner.status(held);
        drop(inner);
        self.changed.notify_all();
        status
    }

    /// How many commands there were.
    pub(crate) fn commands(&self) -> u64 {
        self.lock().commands
    }

    /// The commands up to this one were saved, or could not be.
    pub(crate) fn saved(&self, commands: u64, outcome: Result<(), DiskError>) {
        let mut inner = self.lock();
        inner.saved = commands;
        inner.unsaved = outcome.err();
        drop(inner);
        self.changed.notify_all();
    }

    /// Waits until all commands so far are saved: who is answered may rely on that.
    pub(crate) fn wait_saved(&self) -> Result<(), DiskError> {
        let inner = self.lock();
        let as_of = inner.commands;
        let waited = self.changed.wait_timeout_while(inner, SAVE_TIME_MAX, |inner| inner.saved < as_of);
        let (inner, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if inner.saved < as_of {
            return Err(DiskError::Failed("what the scrub was told is not saved yet".into()));
        }
        inner.unsaved.clone().map_or(Ok(()), Err)
    }

    /// The node goes down.
    pub(crate) fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_all();
    }

    /// What is to be remembered over restarts, but for the damaged shards.
    pub(crate) fn state(&self) -> ScrubState {
        let inner = self.lock();
        ScrubState { is_paused: inner.is_paused, pass: inner.pass, last: inner.last, damaged: Vec::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn status(&self, Held { shards, bytes, damaged }: Held) -> ScrubStatus {
        let phase = match self.pass {
            _ if self.is_paused => ScrubPhase::Paused,
            Some(_) => ScrubPhase::Running,
            None => ScrubPhase::Waiting,
        };
        let said = |pass: Pass, ended_ms| ScrubPass {
            begun_ms: pass.begun_ms,
            ended_ms,
            shards: pass.shards,
            bytes: pass.bytes,
            damaged: pass.damaged,
        };
        ScrubStatus {
            phase,
            pass: self.pass.map(|pass| said(pass, 0)),
            last: self.last.map(|last| said(last.pass, last.ended_ms)),
            cursor: self.pass.map_or(Uuid::nil(), |pass| pass.cursor),
            bytes_per_second: if phase == ScrubPhase::Running { self.bytes_per_second } else { 0 },
            shards,
            bytes,
            damaged,
        }
    }
}

/// Milliseconds since 1970.
pub(crate) fn unix_ms(now: std::time::SystemTime) -> u64 {
    let since = now.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Says when a state was saved last, and whether it is time to do it again.
pub(crate) struct Saves {
    at: Instant,
}

/// How often the state is saved while a pass goes on: so much of it is done again after a kill.
const SAVE_INTERVAL: Duration = Duration::from_secs(30);

impl Saves {
    pub(crate) fn new(now: Instant) -> Self {
        Self { at: now }
    }

    pub(crate) fn is_due(&mut self, now: Instant) -> bool {
        let is_due = now.saturating_duration_since(self.at) >= SAVE_INTERVAL;
        if is_due {
            self.at = now;
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: Duration = Duration::from_secs(100);

    fn work(step: &Step) -> (Pass, u64) {
        match step {
            Step::Work(pass, as_of) => (*pass, *as_of),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn passes_begin_a_period_apart_whatever_the_clock_does() {
        let control = ScrubControl::new(&ScrubState::default());
        let (pass, as_of) = work(&control.next(5_000, PERIOD));
        assert_eq!((pass.begun_ms, pass.is_urgent), (5_000, false));
        let further = Pass { shards: 3, cursor: Uuid::from_u128(9), ..pass };
        control.advance(further, as_of);
        assert_eq!(control.next(200_000, PERIOD), Step::Work(further, as_of));
        control.end(further, 60_000, as_of);
        assert_eq!(control.next(104_000, PERIOD), Step::Wait(Duration::from_secs(1)));
        assert_eq!(control.next(60_000, PERIOD), Step::Wait(WAIT_MAX));
        assert_eq!(control.next(0, PERIOD), Step::Wait(WAIT_MAX), "set back");
        assert_eq!(work(&control.next(105_000, PERIOD)).0.begun_ms, 105_000);
    }

    #[test]
    fn it_does_what_it_is_told() {
        let control = ScrubControl::new(&ScrubState::default());
        let (pass, as_of) = work(&control.next(1, PERIOD));
        let told = |command, now_ms| control.command(command, now_ms, Held::default());
        assert_eq!(told(ScrubCommand::Pause, 2).phase, ScrubPhase::Paused);
        assert_eq!(control.next(3, PERIOD), Step::Wait(WAIT_MAX));
        assert!(control.wait(PERIOD, as_of).is_err(), "who works on is told at once");
        assert_eq!(told(ScrubCommand::Resume, 4).phase, ScrubPhase::Running);
        assert_eq!(work(&control.next(5, PERIOD)).0, pass);
        assert_eq!(told(ScrubCommand::Start, 6).pass.map(|pass| pass.begun_ms), Some(6));
        let (urgent, as_of_start) = work(&control.next(7, PERIOD));
        assert_eq!(urgent, Pass { begun_ms: 6, is_urgent: true, ..Pass::default() });
        control.advance(Pass { shards: 9, ..pass }, as_of);
        control.end(pass, 8, as_of);
        assert_eq!(work(&control.next(9, PERIOD)).0, urgent, "the former pass is out of date");
        assert_eq!(control.state().pass, Some(urgent));
        control.end(urgent, 10, as_of_start);
        assert_eq!(told(ScrubCommand::Status, 11).last.map(|last| (last.begun_ms, last.ended_ms)), Some((6, 10)));
        control.close();
        assert_eq!(control.next(200, PERIOD), Step::End);
        assert!(control.wait(PERIOD, control.commands()).is_err());
    }
}
