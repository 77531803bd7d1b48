//! A NATS subject. Whoever takes an event there replies, as a stream does: without a reply the event has not arrived.

use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::client::RequestErrorKind;
use serde::Deserialize;

use crate::failure::Failure;
use crate::message::Message;

/// How long a reply may take.
const REPLY_TIME_MAX: Duration = Duration::from_secs(10);

/// The header by which a stream knows an event that it has already.
const MESSAGE_ID: &str = "Nats-Msg-Id";

const CONTENT_TYPE: &str = "content-type";

/// Room for headers in what a server takes at once, in bytes.
const HEADERS_BYTES: usize = 8 << 10;

/// A subject that receives events.
pub(crate) struct Subject {
    pub(crate) client: async_nats::Client,
    pub(crate) name: String,
    /// The target, in whose name ids are told apart from those of other targets.
    pub(crate) target: String,
}

/// What a stream replies.
#[derive(Deserialize)]
struct Reply {
    #[serde(default)]
    error: Option<ReplyError>,
}

#[derive(Deserialize)]
struct ReplyError {
    #[serde(default)]
    description: String,
}

impl Subject {
    /// Sends a message, and waits for the reply.
    pub(crate) async fn send(&self, message: &Message) -> Result<(), Failure> {
        let max = self.client.max_payload();
        if message.body.len() + HEADERS_BYTES > max {
            return Err(Failure::Refused(format!("the event is longer than the {max} bytes of the NATS server")));
        }
        let mut headers = HeaderMap::new();
        headers.insert(MESSAGE_ID, format!("{}/{}", self.target, message.id));
        headers.insert(CONTENT_TYPE, message.content_type);
        for (name, value) in &message.headers {
            headers.insert(name.as_str(), value.as_str());
        }
        let request = async_nats::client::Request::new()
            .payload(message.body.clone())
            .headers(headers)
            .timeout(Some(REPLY_TIME_MAX));
        let reply = self.client.send_request(self.name.clone(), request).await.map_err(|error| {
            Failure::unavailable(match error.kind() {
                RequestErrorKind::NoResponders => {
                    format!("nobody takes messages on {}: create a stream with this subject", self.name)
                }
                RequestErrorKind::TimedOut => {
                    format!("no reply on {} within {} s", self.name, REPLY_TIME_MAX.as_secs())
                }
                _ => format!("the request on {} failed: {error}", self.name),
            })
        })?;
        // Whoever is not a stream replies whatever it likes.
        match serde_json::from_slice::<Reply>(&reply.payload) {
            Ok(Reply { error: Some(error) }) => {
                Err(Failure::unavailable(format!("the stream of {} replied: {}", self.name, error.description)))
            }
            _ => Ok(()),
        }
    }
}
