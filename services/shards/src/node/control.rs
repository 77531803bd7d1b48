//! Messages to nodes that are no requests for bytes: what is held of them, and that they are to stop.

use std::time::Duration;

use async_nats::client::{Request, RequestErrorKind};
use bytes::Bytes;
use events::ids::{NodeId, RegionName};

use super::telemetry::Ruling;

/// The payload that asks a node to stop.
pub const STOP: &[u8] = b"stop";

/// The reply to [`STOP`], once the node accepts no more requests and has answered all accepted ones.
pub const STOPPED: &[u8] = b"stopped";

/// How long a node may take to answer what it accepted, once it is to stop.
const STOP_TIME_MAX: Duration = Duration::from_secs(30);

/// The control subject of a node, on which it receives [`STOP`] and rulings.
pub fn control_subject(region: &RegionName, node: &NodeId) -> String {
    format!("ps.{region}.control.{node}")
}

/// The way to the nodes of a region, on a connection that no shards can hold up.
#[derive(Debug, Clone)]
pub struct NodeControl {
    client: async_nats::Client,
    region: RegionName,
}

/// Why a node was not stopped, or is not known to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StopError {
    /// Nobody listens under its name.
    #[error("no node of this name is running")]
    NotRunning,
    /// It answered something else.
    #[error("the node gave an unexpected answer")]
    Unexpected,
    /// It did not answer.
    #[error("{0}")]
    Unanswered(String),
}

/// Why a node was not told something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TellError(String);

impl NodeControl {
    /// By way of a connection.
    pub fn new(client: async_nats::Client, region: RegionName) -> Self {
        Self { client, region }
    }

    /// Stops a node, and waits until it has answered what it accepted.
    ///
    /// # Errors
    /// [`StopError`].
    pub async fn stop(&self, node: &NodeId) -> Result<(), StopError> {
        let request = Request::new().payload(Bytes::from_static(STOP)).timeout(Some(STOP_TIME_MAX));
        match self.client.send_request(control_subject(&self.region, node), request).await {
            Ok(message) if message.payload == STOPPED => Ok(()),
            Ok(_) => Err(StopError::Unexpected),
            Err(error) if error.kind() == RequestErrorKind::NoResponders => Err(StopError::NotRunning),
            Err(error) => Err(StopError::Unanswered(error.to_string())),
        }
    }

    /// Tells whoever serves under the name of a node what is held of it.
    ///
    /// # Errors
    /// If the connection takes nothing.
    pub async fn tell(&self, node: &NodeId, ruling: &Ruling) -> Result<(), TellError> {
        let ruling = serde_json::to_vec(ruling).map_err(|error| TellError(error.to_string()))?;
        let told = self.client.publish(control_subject(&self.region, node), ruling.into()).await;
        told.map_err(|error| TellError(error.to_string()))
    }
}
