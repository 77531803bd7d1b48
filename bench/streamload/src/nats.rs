//! Durable consumers, each with a login of its own.

use anyhow::Context;
use async_nats::ConnectOptions;
use async_nats::jetstream;
use async_nats::jetstream::consumer::PullConsumer;
use clap::Args;
use futures_util::StreamExt;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::Limits;
use crate::arrivals::Count;

/// The prefix of the JetStream API in the account of consumers.
const API: &str = "LOG.API";

#[derive(Debug, Args)]
pub struct Options {
    /// Address of a NATS server
    #[arg(long)]
    url: String,
    /// Stream of the log
    #[arg(long)]
    stream: String,
    /// `user:password` of a consumer; may be given several times, a reader each
    #[arg(long = "login", required = true)]
    logins: Vec<String>,
    #[command(flatten)]
    limits: Limits,
}

/// Reads all consumers at once.
pub async fn read(options: Options) -> anyhow::Result<Vec<Count>> {
    let mut consumers = Vec::new();
    for login in &options.logins {
        let (user, password) = login.split_once(':').context("--login has no colon")?;
        let client = ConnectOptions::with_user_and_password(user.to_owned(), password.to_owned())
            .custom_inbox_prefix(format!("_INBOX_{user}"))
            .connect(&options.url)
            .await?;
        let consumer: PullConsumer =
            jetstream::with_prefix(client, API).get_consumer_from_stream(user, &options.stream).await?;
        consumers.push(consumer);
    }
    println!("ready");
    let mut readers = JoinSet::new();
    for (number, consumer) in consumers.into_iter().enumerate() {
        readers.spawn(read_one(consumer, options.limits.clone(), number));
    }
    readers.join_all().await.into_iter().collect()
}

async fn read_one(consumer: PullConsumer, limits: Limits, number: usize) -> anyhow::Result<Count> {
    let patience = limits.patience()?;
    let mut arrivals = limits.of_reader(number);
    let mut messages = consumer.messages().await?;
    while let Ok(Some(message)) = timeout(patience, messages.next()).await {
        let message = message?;
        let more = arrivals.note(&message.payload)?;
        message.ack().await.map_err(anyhow::Error::from_boxed)?;
        if !more {
            break;
        }
    }
    arrivals.finish()
}
