//! Progress on a terminal, and nothing anywhere else.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How far something is that takes a while.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Progress over so many things.
    pub(crate) fn of_items(what: &'static str, count: u64) -> Self {
        Self::new(what, count, "{msg} {bar:32} {human_pos}/{human_len} {eta}")
    }

    /// Progress over so many bytes.
    pub(crate) fn of_bytes(what: impl Into<std::borrow::Cow<'static, str>>, bytes: u64) -> Self {
        Self::new(what, bytes, "{msg} {bar:32} {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec} {eta}")
    }

    fn new(what: impl Into<std::borrow::Cow<'static, str>>, length: u64, template: &str) -> Self {
        let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
        // Anywhere but on a terminal it draws nothing by itself; this saves it the work.
        if !std::io::stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(what);
        Self(bar)
    }

    pub(crate) fn add(&self, count: u64) {
        self.0.inc(count);
    }

    /// More of it has come in sight.
    pub(crate) fn expect(&self, count: u64) {
        self.0.inc_length(count);
    }

    /// Prints something above it.
    pub(crate) fn above<T>(&self, print: impl FnOnce() -> T) -> T {
        self.0.suspend(print)
    }

    pub(crate) fn end(&self) {
        self.0.finish_and_clear();
    }
}
