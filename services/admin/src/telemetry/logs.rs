//! The newest log lines of all processes, and the errors that they remember.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ::telemetry::{Heard, Level, Line};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::broadcast;

/// Lines that are remembered, of all processes together.
const LINES_MAX: usize = 2_000;

/// Errors and warnings that are remembered of a role. No role makes room for its own at the cost of another's.
const ERRORS_PER_ROLE_MAX: usize = 200;

/// Roles of which errors are remembered: storage nodes and a few more.
const ROLES_MAX: usize = 512;

/// Lines that a follower may be behind. One that is further behind learns how many it missed.
const LINES_WAITING_MAX: usize = 1_024;

/// The target of lines that this process adds.
const OWN_TARGET: &str = "telemetry";

/// A log line, with the process that wrote it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct LogLine {
    /// The time at which it was logged, by the clock of the process.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub(crate) time: Timestamp,
    /// The level: `trace`, `debug`, `info`, `warn` or `error`.
    #[schemars(with = "String")]
    pub(crate) level: Level,
    /// The role of the process, or the name of the storage node.
    pub(crate) role: String,
    /// The part of the program that logged it.
    pub(crate) target: String,
    /// The message.
    pub(crate) message: String,
    /// The further fields of the line.
    pub(crate) fields: BTreeMap<String, Value>,
}

impl LogLine {
    fn of(role: &str, line: Line) -> Self {
        let Line { time, level, target, message, fields } = line;
        Self { time, level, role: role.to_owned(), target, message, fields }
    }
}

/// Which lines are asked for. Each part that is given has to fit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LogFilter {
    /// Lines of this level and of those that matter more.
    pub(crate) level: Option<Level>,
    /// Lines of this role.
    pub(crate) role: Option<String>,
    /// Lines that have this text somewhere, in whatever case.
    pub(crate) text: Option<String>,
}

impl LogFilter {
    pub(crate) fn fits(&self, line: &LogLine) -> bool {
        self.level.is_none_or(|level| line.level >= level)
            && self.role.as_ref().is_none_or(|role| is_of(line, role))
            && self.text.as_ref().is_none_or(|text| has_text(line, &text.to_lowercase()))
    }
}

/// Whether a line is a role's. Where several roles share a process, its part of the program says it, or the node that it
/// names.
fn is_of(line: &LogLine, role: &str) -> bool {
    line.role == role
        || line.target.split("::").next() == Some(role)
        || line.fields.get("node").and_then(Value::as_str) == Some(role)
}

fn has_text(line: &LogLine, text: &str) -> bool {
    let has = |part: &str| part.to_lowercase().contains(text);
    has(&line.message)
        || has(&line.target)
        || line.fields.iter().any(|(name, value)| has(name) || has(&value.to_string()))
}

/// The newest lines.
#[derive(Debug)]
pub(super) struct Logs {
    kept: Mutex<Kept>,
    news: broadcast::Sender<Arc<LogLine>>,
}

#[derive(Debug, Default)]
struct Kept {
    lines: VecDeque<Arc<LogLine>>,
    /// Those of each role, the oldest first.
    errors: BTreeMap<String, VecDeque<Arc<LogLine>>>,
}

impl Logs {
    pub(super) fn new() -> Self {
        Self { kept: Mutex::default(), news: broadcast::Sender::new(LINES_WAITING_MAX) }
    }

    /// The newest lines that fit, the oldest first, and those that come after them.
    pub(super) fn follow(
        &self,
        filter: &LogFilter,
        limit: usize,
    ) -> (Vec<Arc<LogLine>>, broadcast::Receiver<Arc<LogLine>>) {
        let kept = self.kept();
        // No line comes between the two, because lines are added under this lock.
        (newest(kept.lines.iter(), filter, limit), self.news.subscribe())
    }

    /// Takes up what processes tell, until nothing more can be heard.
    pub(super) async fn collect(&self, mut heard: BoxStream<'static, Heard>, now: impl Fn() -> Timestamp) {
        while let Some(heard) = heard.next().await {
            self.hear(heard, now());
        }
    }

    fn hear(&self, heard: Heard, now: Timestamp) {
        let Heard { role, dropped, recalled, lines } = heard;
        let mut kept = self.kept();
        if dropped > 0 {
            let message = format!("{dropped} log lines were dropped, because they came too fast");
            let (target, fields) = (OWN_TARGET.to_owned(), BTreeMap::new());
            let line = Line { time: now, level: Level::Warn, target, message, fields };
            self.push(&mut kept, LogLine::of(&role, line));
        }
        for line in lines {
            let line = LogLine::of(&role, line);
            if recalled { kept.recall(line) } else { self.push(&mut kept, line) }
        }
    }

    fn push(&self, kept: &mut Kept, line: LogLine) {
        let line = Arc::new(line);
        if line.level >= Level::Warn
            && let Some(errors) = kept.errors_of(&line.role)
        {
            push(errors, Arc::clone(&line), ERRORS_PER_ROLE_MAX);
        }
        push(&mut kept.lines, Arc::clone(&line), LINES_MAX);
        // Nobody may follow.
        let _followers = self.news.send(line);
    }

    /// The newest lines that fit, the oldest first.
    pub(super) fn lines(&self, filter: &LogFilter, limit: usize) -> Vec<Arc<LogLine>> {
        newest(self.kept().lines.iter(), filter, limit)
    }

    /// The newest errors and warnings that fit, the oldest first.
    pub(super) fn errors(&self, filter: &LogFilter, limit: usize) -> Vec<Arc<LogLine>> {
        let mut errors: Vec<_> =
            self.kept().errors.values().flatten().filter(|line| filter.fits(line)).cloned().collect();
        errors.sort_by_key(|line| line.time);
        errors.split_off(errors.len().saturating_sub(limit))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // A change that stopped half-way costs a line.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// The errors of a role, unless there are too many roles.
    fn errors_of(&mut self, role: &str) -> Option<&mut VecDeque<Arc<LogLine>>> {
        if !self.errors.contains_key(role) && self.errors.len() >= ROLES_MAX {
            return None;
        }
        Some(self.errors.entry(role.to_owned()).or_default())
    }

    /// Takes up an error of before, where it belongs by its time, unless it is there.
    fn recall(&mut self, line: LogLine) {
        let Some(errors) = self.errors_of(&line.role) else { return };
        let after = errors.partition_point(|kept| kept.time < line.time);
        let mut of_that_time = errors.iter().skip(after).take_while(|kept| kept.time == line.time);
        if of_that_time.any(|kept| **kept == line) {
            return;
        }
        errors.insert(after, Arc::new(line));
        if errors.len() > ERRORS_PER_ROLE_MAX {
            errors.pop_front();
        }
    }
}

fn push(lines: &mut VecDeque<Arc<LogLine>>, line: Arc<LogLine>, max: usize) {
    lines.push_back(line);
    if lines.len() > max {
        lines.pop_front();
    }
}

fn newest<'a>(
    lines: impl DoubleEndedIterator<Item = &'a Arc<LogLine>>,
    filter: &LogFilter,
    limit: usize,
) -> Vec<Arc<LogLine>> {
    let mut found: Vec<_> = lines.rev().filter(|line| filter.fits(line)).take(limit).cloned().collect();
    found.reverse();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(second: i64, level: Level, message: &str) -> Line {
        let time = Timestamp::from_second(second).unwrap();
        let fields = BTreeMap::from([("node".to_owned(), Value::from("node-3"))]);
        Line { time, level, target: "ledger::writer".into(), message: message.into(), fields }
    }

    fn heard(role: &str, recalled: bool, lines: Vec<Line>) -> Heard {
        Heard { role: role.into(), dropped: 0, recalled, lines }
    }

    fn messages(lines: &[Arc<LogLine>]) -> Vec<&str> {
        lines.iter().map(|line| line.message.as_str()).collect()
    }

    #[test]
    fn lines_are_found_by_level_role_and_text() {
        let logs = Logs::new();
        let (before, mut news) = logs.follow(&LogFilter::default(), 10);
        assert_eq!(messages(&before), [""; 0]);
        logs.hear(heard("gateway", false, vec![line(1, Level::Info, "Began")]), Timestamp::UNIX_EPOCH);
        logs.hear(heard("node-1", false, vec![line(2, Level::Error, "broke")]), Timestamp::UNIX_EPOCH);
        let found = |filter: LogFilter| messages(&logs.lines(&filter, 10)).join(" ");
        assert_eq!(found(LogFilter::default()), "Began broke");
        assert_eq!(found(LogFilter { level: Some(Level::Warn), ..LogFilter::default() }), "broke");
        for (role, expected) in [("gateway", "Began"), ("node-1", "broke"), ("ledger", "Began broke"), ("node", "")] {
            assert_eq!(found(LogFilter { role: Some(role.into()), ..LogFilter::default() }), expected, "{role}");
        }
        for (text, expected) in [("BEGAN", "Began"), ("writer", "Began broke"), ("node-3", "Began broke"), ("x", "")] {
            assert_eq!(found(LogFilter { text: Some(text.into()), ..LogFilter::default() }), expected, "{text}");
        }
        assert_eq!(messages(&logs.lines(&LogFilter::default(), 1)), ["broke"], "the newest");
        assert_eq!(messages(&logs.follow(&LogFilter::default(), 1).0), ["broke"]);
        assert_eq!(news.try_recv().unwrap().message, "Began");
    }

    #[test]
    fn errors_that_are_recalled_are_there_once_and_in_order() {
        let logs = Logs::new();
        let errors = vec![line(1, Level::Error, "a"), line(3, Level::Warn, "c")];
        logs.hear(
            heard("node-1", false, vec![line(2, Level::Error, "b"), line(4, Level::Info, "d")]),
            Timestamp::UNIX_EPOCH,
        );
        for _ in 0..2 {
            logs.hear(heard("node-1", true, errors.clone()), Timestamp::UNIX_EPOCH);
        }
        assert_eq!(messages(&logs.errors(&LogFilter::default(), 10)), ["a", "b", "c"]);
        assert_eq!(messages(&logs.lines(&LogFilter::default(), 10)), ["b", "d"], "what is recalled is no news");
    }

    #[test]
    fn memory_is_bounded_and_what_was_dropped_is_said() {
        let logs = Logs::new();
        for second in 0..i64::try_from(LINES_MAX + 10).unwrap() {
            logs.hear(heard("gateway", second % 2 == 0, vec![line(second, Level::Error, "x")]), Timestamp::UNIX_EPOCH);
            logs.hear(heard("gateway", false, vec![line(second, Level::Error, "y")]), Timestamp::UNIX_EPOCH);
        }
        assert_eq!(logs.kept().lines.len(), LINES_MAX);
        assert_eq!(logs.kept().errors["gateway"].len(), ERRORS_PER_ROLE_MAX);
        for role in 0..ROLES_MAX + 10 {
            logs.hear(heard(&format!("node-{role}"), false, vec![line(1, Level::Error, "x")]), Timestamp::UNIX_EPOCH);
        }
        assert_eq!(logs.kept().errors.len(), ROLES_MAX);
        assert_eq!(logs.kept().errors["gateway"].len(), ERRORS_PER_ROLE_MAX, "nobody else's make room");
        let dropped = Heard { dropped: 7, ..heard("gateway", false, Vec::new()) };
        logs.hear(dropped, Timestamp::UNIX_EPOCH);
        assert!(logs.lines(&LogFilter::default(), 1)[0].message.starts_with("7 log lines"));
    }
}
