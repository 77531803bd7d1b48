//! Gathers contents whose new shards are durable, so that few facts place many of them.

use std::time::Duration;

use shards::Transport;
use tokio::time::{Instant, sleep_until};

use crate::mend::Mended;

/// Contents wait for others up to this number ...
const READY_MAX: usize = 256;

/// ... or for this long.
const READY_TIME_MAX: Duration = Duration::from_secs(1);

/// Contents whose new shards are durable, and that wait to be placed.
pub(crate) struct Ready<T: Transport> {
    contents: Vec<Mended<T>>,
    due: Option<Instant>,
}

impl<T: Transport> Default for Ready<T> {
    fn default() -> Self {
        Self { contents: Vec::new(), due: None }
    }
}

impl<T: Transport> Ready<T> {
    pub(crate) fn push(&mut self, mended: Mended<T>) {
        self.due.get_or_insert_with(|| Instant::now() + READY_TIME_MAX);
        self.contents.push(mended);
    }

    /// Those that are to be placed now, if it is time. `is_last`: no others will come soon.
    pub(crate) fn take(&mut self, is_last: bool) -> Option<Vec<Mended<T>>> {
        let is_due = self.due.is_some_and(|due| due <= Instant::now());
        let is_time = is_due || is_last || self.contents.len() >= READY_MAX;
        (is_time && !self.contents.is_empty()).then(|| {
            self.due = None;
            std::mem::take(&mut self.contents)
        })
    }

    /// Waits until it is time.
    pub(crate) async fn due(&self) {
        match self.due {
            Some(due) => sleep_until(due).await,
            None => std::future::pending().await,
        }
    }
}
