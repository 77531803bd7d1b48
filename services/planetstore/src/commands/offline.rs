//! The log of a data folder that no process uses.

use std::sync::Arc;

use eventlog::JetStreamLog;
use eventlog::server::Server;
use events::ids::RegionName;

use crate::folder::DataFolder;
use crate::nats::{NatsEndpoint, NatsLoginArgs, NatsUrl};
use crate::roles::{open_log, start_server};

/// The server of the log: a private one that was started for this command, or an external one.
pub(crate) struct OfflineServer {
    server: Option<Server>,
    endpoint: NatsEndpoint,
}

impl OfflineServer {
    pub(crate) async fn start(
        folder: &DataFolder,
        url: Option<&NatsUrl>,
        login: &NatsLoginArgs,
    ) -> anyhow::Result<Self> {
        if let Some(endpoint) = NatsEndpoint::external_if(url, login)? {
            return Ok(Self { server: None, endpoint });
        }
        let (server, endpoint) = start_server(folder, None).await?;
        Ok(Self { server: Some(server), endpoint })
    }

    pub(crate) fn address(&self) -> &str {
        &self.endpoint.address
    }

    /// The version that the server reports.
    pub(crate) async fn version(&self) -> anyhow::Result<String> {
        Ok(self.endpoint.connect("version").await?.server_info().version)
    }

    pub(crate) async fn log(&self, region: &RegionName, replicas: u8) -> anyhow::Result<Arc<JetStreamLog>> {
        open_log(&self.endpoint, "gateway log", region, replicas).await
    }

    pub(crate) async fn stop(self) {
        if let Some(server) = self.server {
            server.stop().await;
        }
    }
}
