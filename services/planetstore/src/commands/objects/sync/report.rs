//! What was done, key by key, and all of it in one line.

use serde_json::{Value, json};

use super::entry::State;
use crate::commands::Verdict;
use crate::commands::admin::show;
use crate::commands::objects::format::{Format, Rows, done, text};
use crate::units::ByteSize;

/// Rows of a table that are printed together.
const ROWS_A_PAGE: u64 = 100;

/// What became of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Send,
    Remove,
    Skip,
    Fail,
}

/// A line of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    action: Action,
    key: String,
    version: Option<String>,
    bytes: Option<u64>,
    reason: Option<String>,
}

impl Row {
    fn new(action: Action, key: &str) -> Self {
        Self { action, key: key.to_owned(), version: None, bytes: None, reason: None }
    }

    pub(super) fn sent(key: &str, state: &State) -> Self {
        let reason = state.is_deleted.then(|| "a delete marker".to_owned());
        let bytes = (!state.is_deleted).then_some(state.size);
        Self { version: state.version.clone(), bytes, reason, ..Self::new(Action::Send, key) }
    }

    pub(super) fn removed(key: &str) -> Self {
        Self::new(Action::Remove, key)
    }

    pub(super) fn skipped(key: &str, reason: &str) -> Self {
        Self { reason: Some(reason.to_owned()), ..Self::new(Action::Skip, key) }
    }

    pub(super) fn failed(key: &str, reason: String) -> Self {
        Self { reason: Some(reason), ..Self::new(Action::Fail, key) }
    }
}

/// How often something was done.
#[derive(Debug, Default)]
struct Totals {
    sent: u64,
    bytes: u64,
    removed: u64,
    skipped: u64,
    failed: u64,
    same: u64,
}

/// What is printed.
pub(super) struct Report {
    format: Format,
    is_dry: bool,
    rows: Rows<5>,
    totals: Totals,
}

impl Report {
    pub(super) fn new(format: Format, is_dry: bool) -> Self {
        let columns = [
            ("ACTION", action as fn(&Value) -> String),
            ("SIZE", |row| show::bytes(&row["bytes"])),
            ("VERSION", |row| text(&row["version_id"])),
            ("KEY", |row| text(&row["key"])),
            ("REASON", |row| text(&row["reason"])),
        ];
        Self { format, is_dry, rows: Rows::new(format, columns), totals: Totals::default() }
    }

    pub(super) fn same(&mut self, count: u64) {
        self.totals.same += count;
    }

    pub(super) fn push(&mut self, row: Row) -> anyhow::Result<()> {
        let Row { action, key, version, bytes, reason } = row;
        let (word, total) = match action {
            Action::Send => ("send", &mut self.totals.sent),
            Action::Remove => ("remove", &mut self.totals.removed),
            Action::Skip => ("skip", &mut self.totals.skipped),
            Action::Fail => ("fail", &mut self.totals.failed),
        };
        *total += 1;
        self.totals.bytes += bytes.unwrap_or_default();
        self.rows
            .push(json!({ "action": word, "key": key, "version_id": version, "bytes": bytes, "reason": reason }))?;
        let Totals { sent, removed, skipped, failed, .. } = self.totals;
        if (sent + removed + skipped + failed).is_multiple_of(ROWS_A_PAGE) {
            self.rows.page()?;
        }
        Ok(())
    }

    /// Prints the last line, and says whether all went well.
    pub(super) fn end(mut self) -> anyhow::Result<Verdict> {
        let Totals { sent, bytes, removed, skipped, failed, same } = self.totals;
        if self.format != Format::Table {
            self.rows.push(json!({
                "action": "summary", "sent": sent, "bytes": bytes, "removed": removed, "same": same,
                "skipped": skipped, "failed": failed, "dry_run": self.is_dry,
            }))?;
        }
        self.rows.end()?;
        let would = if self.is_dry { "would have " } else { "" };
        let size = ByteSize(bytes);
        done(
            self.format,
            &format!(
                "{would}sent {sent} ({size}), removed {removed}; {same} the same, {skipped} skipped, {failed} failed"
            ),
        )?;
        Ok(Verdict::well_if(failed == 0))
    }
}

fn action(row: &Value) -> String {
    text(&row["action"])
}
