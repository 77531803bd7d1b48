//! Reads the events of a durable consumer: `cargo run`.

use std::env;

use async_nats::ConnectOptions;
use async_nats::jetstream;
use async_nats::jetstream::consumer::PullConsumer;
use cloudevents::{AttributesReader, Event};
use futures_util::StreamExt;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let (user, password) = (env::var("NATS_USER")?, env::var("NATS_PASSWORD")?);
    // The consumer's user hears the subjects of this prefix and no others.
    let options = ConnectOptions::with_user_and_password(user.clone(), password)
        .custom_inbox_prefix(format!("_INBOX_{user}"));
    let client = options.connect(env::var("NATS_URL")?).await?;
    // The durable consumer has the name of its user. It exists already: the user may not create one.
    let consumer: PullConsumer =
        jetstream::with_prefix(client, "LOG.API").get_consumer_from_stream(user, env::var("NATS_STREAM")?).await?;

    let mut messages = consumer.messages().await?;
    while let Some(message) = messages.next().await {
        let message = message?;
        let event: Event = serde_json::from_slice(&message.payload)?;
        let sequence = event.extension("sequence").map(ToString::to_string).unwrap_or_default();
        println!("{sequence} {} {}", event.ty(), event.subject().unwrap_or_default());
        // An event that is not acknowledged within 30 seconds comes again.
        message.ack().await.map_err(anyhow::Error::from_boxed)?;
    }
    Ok(())
}
