use std::sync::Arc;
use std::time::Duration;

use async_nats::{Client, Message};
use domain::View;
use events::ids::{DurableName, RegionName};
use futures_util::StreamExt;
use jiff::Timestamp;
use ledger::{Ledger, ReadError, Sources};

use crate::login::is_right;
use crate::token::{self, Asked};
use crate::{ConsumersError, Issuer};

/// The subject on which a server asks about a login.
const ASKED: &str = "$SYS.REQ.USER.AUTH";

/// Gateways share the questions.
const QUEUE: &str = "planetstore";

/// Logins that are judged at once. Further ones wait, and the server gives up on them after its own time.
const LOGINS_AT_ONCE_MAX: usize = 16;

/// Time in which the state is read for a login. A server waits for two seconds by default.
const READ_TIME_MAX: Duration = Duration::from_millis(1_500);

/// What a client is told. It says not which part of a login was wrong.
const REFUSED: &str = "no consumer has this user and password";

/// Answers the logins of readers of durable consumers until the connection is closed.
///
/// # Errors
/// [`ConsumersError::Unavailable`] if the subject cannot be subscribed to.
pub async fn answer_logins(
    client: Client,
    ledger: Ledger,
    region: RegionName,
    issuer: Issuer,
    sources: Sources,
) -> Result<(), ConsumersError> {
    let asked = client.queue_subscribe(ASKED, QUEUE.into()).await;
    let asked = asked.map_err(|error| ConsumersError::Unavailable { reason: error.to_string() })?;
    let shared = Arc::new((client, ledger, region, issuer, sources));
    asked
        .for_each_concurrent(LOGINS_AT_ONCE_MAX, |message| {
            let shared = Arc::clone(&shared);
            async move {
                let (client, ledger, region, issuer, sources) = &*shared;
                answer(client, ledger, region, issuer, message, (sources.now)()).await;
            }
        })
        .await;
    Ok(())
}

async fn answer(
    client: &Client,
    ledger: &Ledger,
    region: &RegionName,
    issuer: &Issuer,
    message: Message,
    now: Timestamp,
) {
    let (Some(reply), Some(asked)) = (message.reply, token::read(&message.payload)) else {
        tracing::warn!("a request about a login did not come from a NATS server");
        return;
    };
    let decided = match tokio::time::timeout(READ_TIME_MAX, consumer(ledger, &asked)).await {
        Ok(Ok(decided)) => decided.ok_or(REFUSED),
        Ok(Err(error)) => {
            tracing::warn!(%error, "a login of a consumer cannot be authorized");
            Err("the store cannot judge logins now")
        }
        Err(_) => Err("the store cannot judge logins now"),
    };
    let outcome = if decided.is_ok() { "accepted" } else { "refused" };
    metrics::counter!("planetstore_consumer_logins_total", "outcome" => outcome).increment(1);
    let text = token::answer(issuer, &asked, region, decided.as_ref().map_err(|why| *why), now);
    if let Err(error) = client.publish(reply, text.into()).await {
        tracing::warn!(%error, "a login of a consumer cannot be answered");
    }
}

/// The consumer of a login, if the password is right.
async fn consumer(ledger: &Ledger, asked: &Asked) -> Result<Option<DurableName>, ReadError> {
    let Ok(durable) = asked.user.parse::<DurableName>() else { return Ok(None) };
    let Ok(name) = durable.consumer() else { return Ok(None) };
    let snapshot = ledger.read().await?;
    let row = snapshot.consumer(&name).map_err(|error| ReadError(error.to_string()))?;
    let row = row.filter(|row| row.durable == durable && is_right(&asked.password, &row.login));
    Ok(row.map(|row| row.durable))
}
