use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::mpsc;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::line::{FIELD_CHARS_MAX, FIELDS_MAX, Line, MESSAGE_CHARS_MAX, cut};

/// Lines that wait to be sent. Further ones are dropped and counted.
const LINES_WAITING_MAX: usize = 1_024;

/// Crates that log, at some level, when lines are sent or followed: sending those lines would cause more of them without end.
const NOT_TOLD: [&str; 6] = ["async_nats", "telemetry", "tungstenite", "tokio_tungstenite", "hyper", "hyper_util"];

/// Takes every line that the filter of the process lets through.
#[derive(Debug)]
pub struct LogLayer {
    now: fn() -> Timestamp,
    lines: mpsc::Sender<Line>,
    dropped: Arc<AtomicU64>,
}

/// The lines that a layer took.
#[derive(Debug)]
pub struct LogSource {
    pub(super) lines: mpsc::Receiver<Line>,
    pub(super) dropped: Arc<AtomicU64>,
}

/// A layer, and where its lines come out.
pub fn log_layer(now: fn() -> Timestamp) -> (LogLayer, LogSource) {
    let (sender, lines) = mpsc::channel(LINES_WAITING_MAX);
    let dropped = Arc::<AtomicU64>::default();
    (LogLayer { now, lines: sender, dropped: Arc::clone(&dropped) }, LogSource { lines, dropped })
}

impl<S: Subscriber> Layer<S> for LogLayer {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        let part = metadata.target().split("::").next().unwrap_or_default();
        if NOT_TOLD.contains(&part) {
            return;
        }
        let mut line = Line {
            time: (self.now)(),
            level: (*metadata.level()).into(),
            target: metadata.target().to_owned(),
            message: String::new(),
            fields: std::collections::BTreeMap::new(),
        };
        event.record(&mut Taken(&mut line));
        if self.lines.try_send(line).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Takes the fields of an event.
struct Taken<'a>(&'a mut Line);

impl Taken<'_> {
    fn take(&mut self, field: &Field, value: Value) {
        if self.0.fields.len() < FIELDS_MAX {
            self.0.fields.insert(field.name().to_owned(), value);
        }
    }

    fn take_text(&mut self, field: &Field, text: &str) {
        if field.name() == "message" {
            self.0.message = cut(text, MESSAGE_CHARS_MAX);
        } else {
            self.take(field, cut(text, FIELD_CHARS_MAX).into());
        }
    }
}

impl Visit for Taken<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.take_text(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.take_text(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.take(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.take(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.take(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.take(field, value.into());
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt;

    use super::super::Level;
    use super::*;

    #[test]
    fn lines_are_taken_with_their_fields_and_dropped_ones_are_counted() {
        let (layer, mut source) = log_layer(|| Timestamp::UNIX_EPOCH);
        let subscriber = tracing_subscriber::registry().with(layer);
        tracing::subscriber::with_default(subscriber, || {
            let long = "é".repeat(5_000);
            tracing::warn!(target: "gateway", count = 3, name = %"x", is_so = true, long, "what {} says", "it");
            tracing::info!(target: "async_nats::client", "not told");
            for number in 0..LINES_WAITING_MAX + 9 {
                tracing::debug!(target: "gateway", number, "more");
            }
        });
        let line = source.lines.try_recv().unwrap();
        assert_eq!((line.level, line.message.as_str()), (Level::Warn, "what it says"));
        assert_eq!((&line.fields["count"], &line.fields["name"]), (&3.into(), &"x".into()));
        assert_eq!(line.fields["is_so"], true);
        assert_eq!(line.fields["long"].as_str().unwrap().chars().count(), FIELD_CHARS_MAX + 1);
        assert_eq!(source.lines.try_recv().unwrap().fields["number"], 0);
        assert_eq!(source.dropped.load(Ordering::Relaxed), 10);
    }
}
