//! Any number of WebSockets, each with one subscription to the events of a bucket's objects.

use anyhow::{Context, bail};
use clap::Args;
use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Bytes, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::Limits;
use crate::arrivals::Count;

const PROTOCOL: &str = "cloudevents.json";

#[derive(Debug, Args)]
pub struct Options {
    /// host:port of the console
    #[arg(long)]
    console: String,
    /// Access token of a session
    #[arg(long)]
    token: String,
    /// Read the events of objects in this bucket
    #[arg(long)]
    bucket: String,
    /// Begin behind this sequence rather than now
    #[arg(long)]
    after: Option<u64>,
    /// Number of readers
    #[arg(long, default_value_t = 1)]
    readers: usize,
    #[command(flatten)]
    limits: Limits,
}

/// A reader over plain TCP.
type Socket = WebSocketStream<TcpStream>;

/// Reads over all WebSockets at once.
pub async fn read(options: Options) -> anyhow::Result<Vec<Count>> {
    let mut sockets = Vec::new();
    for _ in 0..options.readers {
        sockets.push(subscribe(&options).await?);
    }
    println!("ready");
    let mut readers = JoinSet::new();
    for (number, socket) in sockets.into_iter().enumerate() {
        readers.spawn(read_one(socket, options.limits.clone(), number));
    }
    readers.join_all().await.into_iter().collect()
}

async fn subscribe(options: &Options) -> anyhow::Result<Socket> {
    let mut request = format!("ws://{}/api/v1/ws", options.console).into_client_request()?;
    request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static(PROTOCOL));
    let stream = TcpStream::connect(&options.console).await.context("the console does not answer")?;
    stream.set_nodelay(true)?;
    let (mut socket, _response) = client_async(request, stream).await?;
    let filter = json!({ "type": "object", "bucket": options.bucket });
    let mut wanted = json!({ "op": "subscribe", "id": "s", "source": "events", "filter": filter });
    if let Some(after) = options.after {
        wanted["after"] = after.into();
    }
    say(&mut socket, &json!({ "op": "authenticate", "token": options.token })).await?;
    answer(&mut socket, "authenticated").await?;
    say(&mut socket, &wanted).await?;
    answer(&mut socket, "subscribed").await?;
    Ok(socket)
}

async fn say(socket: &mut Socket, message: &serde_json::Value) -> anyhow::Result<()> {
    Ok(socket.send(Message::text(message.to_string())).await?)
}

async fn answer(socket: &mut Socket, wanted: &str) -> anyhow::Result<()> {
    let text = text(socket).await?.context("the connection ended")?;
    let message: serde_json::Value = serde_json::from_slice(&text)?;
    let said = message["type"].as_str().unwrap_or_default();
    if said != format!("io.planetstore.feed.{wanted}.v1") {
        bail!("the store said {message} and not {wanted}");
    }
    Ok(())
}

/// The next text; `None` at the end.
async fn text(socket: &mut Socket) -> anyhow::Result<Option<Bytes>> {
    while let Some(message) = socket.next().await {
        if let Message::Text(text) = message? {
            return Ok(Some(text.into()));
        }
    }
    Ok(None)
}

async fn read_one(mut socket: Socket, limits: Limits, number: usize) -> anyhow::Result<Count> {
    let patience = limits.patience()?;
    let mut arrivals = limits.of_reader(number);
    while let Ok(text) = timeout(patience, text(&mut socket)).await {
        let Some(text) = text? else { break };
        // What the feed says of itself is no event of the log.
        let of_log = memchr::memmem::find(&text, b"\"streamsequence\"").is_some();
        if of_log && !arrivals.note(&text)? {
            break;
        }
    }
    arrivals.finish()
}
