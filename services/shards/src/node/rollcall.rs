//! Calls the roll. Every node answers with a heartbeat that names the call; and the caller hears itself, so it knows whether
//! it would have heard the nodes.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use async_nats::Client;
use async_nats::connection::State;
use events::ids::RegionName;
use futures_util::StreamExt;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::node::telemetry::rollcall_subject;
use crate::node::transport::TransportError;

/// The longest call that a node repeats in its heartbeat, in bytes. To a longer one it answers without a name.
pub const CALL_BYTES_MAX: usize = 64;

/// One who calls the roll.
#[derive(Debug)]
pub struct RollCall {
    client: Client,
    subject: String,
    caller: Uuid,
    heard: Arc<AtomicU64>,
    listening: JoinHandle<()>,
}

impl RollCall {
    /// Begins to listen for own calls, over the connection on which heartbeats come. `caller` is a name that no other
    /// process has.
    ///
    /// # Errors
    /// If the subscription fails.
    pub async fn open(client: Client, region: &RegionName, caller: Uuid) -> Result<Self, TransportError> {
        let subject = rollcall_subject(region);
        let calls = client.subscribe(subject.clone()).await;
        let mut calls = calls.map_err(|error| TransportError::Connection(error.to_string()))?;
        let heard = Arc::new(AtomicU64::new(0));
        let own = Arc::clone(&heard);
        let listening = tokio::spawn(async move {
            while let Some(call) = calls.next().await {
                let text = std::str::from_utf8(&call.payload).unwrap_or_default();
                if let Some(number) = number_of(text, caller) {
                    own.fetch_max(number, Relaxed);
                }
            }
        });
        Ok(Self { client, subject, caller, heard, listening })
    }

    /// The name of the caller.
    pub fn caller(&self) -> Uuid {
        self.caller
    }

    /// Calls the roll, if there is a connection: what would wait for one is of no use then.
    pub async fn call(&self, number: u64) {
        if self.connection().is_none() {
            return;
        }
        let call = call_of(self.caller, number);
        if let Err(error) = self.client.publish(self.subject.clone(), call.into()).await {
            tracing::debug!(%error, "the roll call failed");
        }
    }

    /// The greatest number of an own call that was heard.
    pub fn heard(&self) -> u64 {
        self.heard.load(Relaxed)
    }

    /// The number of the connection, if there is one.
    pub fn connection(&self) -> Option<u64> {
        let is_up = self.client.connection_state() == State::Connected;
        is_up.then(|| self.client.statistics().connects.load(Relaxed))
    }
}

impl Drop for RollCall {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// A call, as it is sent and repeated in heartbeats.
pub(crate) fn call_of(caller: Uuid, number: u64) -> String {
    format!("{}.{number}", caller.simple())
}

/// The number of a call, if this caller made it.
pub(crate) fn number_of(call: &str, caller: Uuid) -> Option<u64> {
    let (name, number) = call.split_once('.')?;
    if Uuid::try_parse(name) == Ok(caller) { number.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_known_by_its_caller_alone() {
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let call = call_of(one, u64::MAX);
        assert!(call.len() <= CALL_BYTES_MAX);
        assert_eq!(number_of(&call, one), Some(u64::MAX));
        assert_eq!(number_of(&call, other), None);
        for strange in ["", ".", "7", "00000000-0000-0000-0000-000000000001.x"] {
            assert_eq!(number_of(strange, one), None, "{strange}");
        }
    }
}
