//! Durable consumers for programs outside of the store: their logins, and the durable consumers of JetStream.

use std::sync::Arc;

use ::consumers::{Consumers, Issuer, answer_logins};
use anyhow::Context;
use eventlog::JetStreamLog;
use events::ids::RegionName;
use identity::MasterKeys;
use ledger::Ledger;

use crate::nats::NatsEndpoint;
use crate::process::{Process, Running};
use crate::sources::sources;

/// The key pair with which the gateways of a region sign what consumers may do. It is that of the first master key, so
/// that a rotation changes no configuration of NATS servers: nobody is let in by this key alone.
pub(crate) fn issuer(masters: &MasterKeys) -> anyhow::Result<Issuer> {
    let (first, _) = masters.first_and_rest();
    Issuer::new(&first.consumer_logins()).context("the key for logins of consumers")
}

/// Starts to judge logins, and to look after the durable consumers.
pub(super) async fn start(
    endpoint: &NatsEndpoint,
    region: &RegionName,
    masters: &MasterKeys,
    (log, ledger): (Arc<JetStreamLog>, Ledger),
    process: &mut Process,
) -> anyhow::Result<Consumers> {
    let client = endpoint.connect("gateway consumers").await?;
    let with_scheme =
        |server: &str| if server.contains("://") { server.to_owned() } else { format!("nats://{server}") };
    let url = eventlog::servers(&endpoint.address).into_iter().map(with_scheme).collect::<Vec<_>>().join(",");
    let consumers = Consumers::new(ledger.clone(), log, region.clone(), url);
    let (looked_after, issuer, region) = (consumers.clone(), issuer(masters)?, region.clone());
    process.add(Running::droppable("consumers", async {
        looked_after.run().await;
        Ok(())
    }));
    process.add(Running::droppable("logins of consumers", async move {
        answer_logins(client, ledger, region, issuer, sources()).await?;
        // The connection has ended for good, and the log's own connection with it.
        std::future::pending().await
    }));
    Ok(consumers)
}
