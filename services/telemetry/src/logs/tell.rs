//! Sends and receives log lines over core NATS.

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_nats::Client;
use async_nats::connection::State;
use events::ids::RegionName;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use serde::{Deserialize, Serialize};

use super::errors::Errors;
use super::{Line, LogSource};

/// Lines of a message. Each has less than 20 KiB, and NATS takes a mebibyte.
const LINES_MAX: usize = 32;

/// The pause after a message: so a process sends 1,600 lines a second at most.
const PAUSE: Duration = Duration::from_millis(20);

/// How long a message may wait for the connection.
const SEND_TIME_MAX: Duration = Duration::from_secs(1);

/// Bytes of a message that is read.
const MESSAGE_BYTES_MAX: usize = 1 << 20;

/// The subject on which a process sends its lines: that of its role, or of its name for a storage node.
pub fn log_subject(region: &RegionName, role: &str) -> String {
    format!("ps.{region}.telemetry.log.{role}")
}

/// The subject on which processes are asked for the errors that they remember.
pub fn recall_subject(region: &RegionName) -> String {
    format!("ps.{region}.telemetry.recall")
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Message {
    /// Lines that were dropped before these.
    #[serde(default)]
    dropped: u64,
    /// They are kept errors, which were sent before.
    #[serde(default)]
    recalled: bool,
    lines: Vec<Line>,
}

/// The lines that a process sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    /// Its role, or the name of the node.
    pub role: String,
    /// Lines that it dropped.
    pub dropped: u64,
    /// They are kept errors, which were sent before.
    pub recalled: bool,
    /// The lines.
    pub lines: Vec<Line>,
}

/// Sends the lines of this process for ever, and keeps its errors and warnings in a file. It may be dropped at any moment,
/// and then keeps those that still wait.
pub async fn tell_logs(source: LogSource, client: Client, region: RegionName, role: String, file: PathBuf) {
    let mut teller = Teller { source, errors: Errors::open(file).await };
    let outlet = Outlet { client: client.clone(), subject: log_subject(&region, &role) };
    let mut asked = match client.subscribe(recall_subject(&region)).await {
        Ok(asked) => asked.boxed(),
        // The client has ended, and nothing can be sent.
        Err(_) => futures_util::stream::pending().boxed(),
    };
    // Whoever listens already knows nothing of an earlier run.
    outlet.recall(&teller.errors).await;
    let mut lines = Vec::with_capacity(LINES_MAX);
    loop {
        tokio::select! {
            count = teller.source.lines.recv_many(&mut lines, LINES_MAX) => {
                if count == 0 {
                    return;
                }
                // Errors are kept first, also while nothing can be sent.
                teller.errors.keep(&lines).await;
                let (count, dropped) = (lines.len() as u64, teller.source.dropped.swap(0, Ordering::Relaxed));
                let message = Message { dropped, recalled: false, lines: std::mem::take(&mut lines) };
                if !outlet.tell(&message).await {
                    teller.source.dropped.fetch_add(dropped + count, Ordering::Relaxed);
                }
            }
            Some(_) = asked.next() => outlet.recall(&teller.errors).await,
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// The lines of a process, and what it keeps of them.
struct Teller {
    source: LogSource,
    errors: Errors,
}

impl Drop for Teller {
    /// What was logged last says why a process ended.
    fn drop(&mut self) {
        let waiting: Vec<_> = std::iter::from_fn(|| self.source.lines.try_recv().ok()).collect();
        self.errors.keep_last(&waiting);
    }
}

struct Outlet {
    client: Client,
    subject: String,
}

impl Outlet {
    async fn recall(&self, errors: &Errors) {
        for lines in errors.lines().chunks(LINES_MAX) {
            self.tell(&Message { dropped: 0, recalled: true, lines: lines.to_vec() }).await;
        }
    }

    /// Whether it was sent. Nothing waits for a connection that is lost, and what cannot be sent is not logged: that would
    /// make another line.
    async fn tell(&self, message: &Message) -> bool {
        let Ok(payload) = serde_json::to_vec(message) else { return false };
        if self.client.connection_state() != State::Connected {
            return false;
        }
        let sent = self.client.publish(self.subject.clone(), payload.into());
        tokio::time::timeout(SEND_TIME_MAX, sent).await.is_ok_and(|sent| sent.is_ok())
    }
}

/// Asks every process for the errors that it remembers.
pub async fn recall(client: &Client, region: &RegionName) {
    if let Err(error) = client.publish(recall_subject(region), Vec::new().into()).await {
        tracing::debug!(%error, "earlier errors were not requested");
    }
}

/// The lines of all processes of the region.
///
/// # Errors
/// The client has ended.
pub async fn collect_logs(
    client: &Client,
    region: &RegionName,
) -> Result<BoxStream<'static, Heard>, async_nats::SubscribeError> {
    let messages = client.subscribe(log_subject(region, "*")).await?;
    Ok(messages.filter_map(|message| std::future::ready(read(&message.subject, &message.payload))).boxed())
}

/// The sender is taken from the subject: a node may publish on no other's.
fn read(subject: &str, payload: &[u8]) -> Option<Heard> {
    if payload.len() > MESSAGE_BYTES_MAX {
        return None;
    }
    let role = subject.rsplit('.').next()?.to_owned();
    let Message { dropped, recalled, lines } = serde_json::from_slice(payload).ok()?;
    let lines = lines.into_iter().take(LINES_MAX).map(Line::bounded).collect();
    Some(Heard { role, dropped, recalled, lines })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;

    use super::super::Level;
    use super::*;

    fn line(message: &str) -> Line {
        let (time, target) = (Timestamp::UNIX_EPOCH, "test".to_owned());
        Line { time, level: Level::Warn, target, message: message.to_owned(), fields: BTreeMap::new() }
    }

    #[test]
    fn who_tells_is_said_by_the_subject() {
        let message = Message { lines: vec![line("x")], ..Message::default() };
        let payload = serde_json::to_vec(&message).unwrap();
        assert_eq!(read("ps.eu-1.telemetry.log.node-1", &payload).unwrap().role, "node-1");
        for wrong in [&b""[..], b"{}", &payload[..9], &vec![b' '; MESSAGE_BYTES_MAX + 1]] {
            assert!(read("ps.eu-1.telemetry.log.node-1", wrong).is_none());
        }
    }

    #[test]
    fn a_process_that_says_more_than_it_may_is_cut_short() {
        let message = Message { lines: vec![line(&"é".repeat(5_000)); LINES_MAX + 1], ..Message::default() };
        let heard = read("ps.eu-1.telemetry.log.node-1", &serde_json::to_vec(&message).unwrap()).unwrap();
        assert_eq!(heard.lines.len(), LINES_MAX);
        assert_eq!(heard.lines[0].message.chars().count(), 1_001);
    }
}
