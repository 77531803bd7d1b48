//! The signed texts that a NATS server sends and expects when it asks who may log in.
//!
//! Source: <https://docs.nats.io/running-a-nats-service/configuration/securing_nats/auth_callout> and
//! <https://github.com/nats-io/jwt/tree/main/v2>.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use events::ids::{DurableName, RegionName};
use identity::is_signed_by_nats_server;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::Issuer;

/// The first part of every text.
const HEADER: &str = r#"{"typ":"JWT","alg":"ed25519-nkey"}"#;

/// The account of the servers' configuration in which readers of durable consumers are.
const ACCOUNT: &str = "CONSUMERS";

/// The time after which a server disconnects a reader, which then logs in again. A removed consumer's reader reads
/// nothing at once, but stays connected for so long.
const LOGIN_TIME_MAX: Duration = Duration::from_hours(12);

/// How the subjects of JetStream begin in that account. Its own, `$JS.API`, would answer that it has no JetStream.
pub(crate) const API_PREFIX: &str = "LOG.API";

/// No limit but those of the account.
const NO_LIMIT: i8 = -1;

/// A login that a server asks about.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The key that the server made for this login.
    pub(crate) user_key: String,
    /// The server that asks.
    pub(crate) server: String,
    /// The user's name.
    pub(crate) user: String,
    /// The password.
    pub(crate) password: String,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    nats: Request,
}

#[derive(Deserialize)]
struct Request {
    user_nkey: String,
    server_id: Server,
    #[serde(default)]
    connect_opts: Options,
}

#[derive(Deserialize)]
struct Server {
    id: String,
}

#[derive(Default, Deserialize)]
struct Options {
    #[serde(default)]
    user: String,
    #[serde(default)]
    pass: String,
}

/// Reads what a server asks. `None` if no server asked that.
pub(crate) fn read(text: &[u8]) -> Option<Asked> {
    let text = std::str::from_utf8(text).ok()?;
    let (signed, signature) = text.trim().rsplit_once('.')?;
    let (_, claims) = signed.split_once('.')?;
    let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    if !is_signed_by_nats_server(&claims.iss, signed.as_bytes(), &signature) {
        return None;
    }
    let Request { user_nkey, server_id, connect_opts: Options { user, pass } } = claims.nats;
    Some(Asked { user_key: user_nkey, server: server_id.id, user, password: pass })
}

/// The answer to a login: the name of the durable consumer that it may read, or the reason why it may read none.
pub(crate) fn answer(
    issuer: &Issuer,
    asked: &Asked,
    region: &RegionName,
    decided: Result<&DurableName, &str>,
    now: Timestamp,
) -> String {
    let mut response = json!({ "type": "authorization_response", "version": 2 });
    match decided {
        Ok(durable) => response["jwt"] = user(issuer, &asked.user_key, region, durable, now).into(),
        Err(why) => response["error"] = why.into(),
    }
    let claims = json!({ "sub": asked.user_key, "aud": asked.server, "nats": response });
    signed(issuer, claims, now)
}

/// What the user of a consumer may do.
fn user(issuer: &Issuer, user_key: &str, region: &RegionName, durable: &DurableName, now: Timestamp) -> String {
    let stream = format!("EVENTS_{region}");
    let permissions = json!({
        "pub": { "allow": [
            format!("{API_PREFIX}.CONSUMER.INFO.{stream}.{durable}"),
            format!("{API_PREFIX}.CONSUMER.MSG.NEXT.{stream}.{durable}"),
            format!("$JS.ACK.{stream}.{durable}.>"),
        ] },
        "sub": { "allow": [format!("{}.>", inbox(durable))] },
        "subs": NO_LIMIT,
        "data": NO_LIMIT,
        "payload": NO_LIMIT,
        "type": "user",
        "version": 2,
    });
    let expires = now.as_second() + i64::try_from(LOGIN_TIME_MAX.as_secs()).unwrap_or(i64::MAX);
    let claims =
        json!({ "sub": user_key, "aud": ACCOUNT, "name": durable.as_str(), "exp": expires, "nats": permissions });
    signed(issuer, claims, now)
}

/// How the subjects begin to which a server replies.
pub(crate) fn inbox(durable: &DurableName) -> String {
    format!("_INBOX_{durable}")
}

fn signed(issuer: &Issuer, mut claims: Value, now: Timestamp) -> String {
    claims["iss"] = issuer.public().into();
    claims["iat"] = now.as_second().into();
    claims["jti"] = hex::encode(Sha256::digest(claims.to_string())).into();
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let text = format!("{}.{}", part(HEADER), part(&claims.to_string()));
    let signature = URL_SAFE_NO_PAD.encode(issuer.sign(text.as_bytes()));
    format!("{text}.{signature}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(token: &str) -> Value {
        let part = token.split('.').nth(1).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    }

    fn asked() -> Asked {
        Asked { user_key: "UX".into(), server: "NX".into(), user: "u".into(), password: "p".into() }
    }

    #[test]
    fn a_reader_may_do_three_things_and_hear_one_subject() {
        let issuer = Issuer::new(&[1; 32]).unwrap();
        let (region, now) = ("eu-1".parse().unwrap(), Timestamp::UNIX_EPOCH);
        let durable: DurableName = "consumer-a-0000000000000001".parse().unwrap();
        let said = claims(&answer(&issuer, &asked(), &region, Ok(&durable), now));
        assert_eq!((said["aud"].as_str(), said["sub"].as_str()), (Some("NX"), Some("UX")));
        let user = claims(said["nats"]["jwt"].as_str().unwrap());
        assert_eq!((user["aud"].as_str(), user["exp"].as_i64()), (Some("CONSUMERS"), Some(43_200)));
        let wanted = json!([
            "LOG.API.CONSUMER.INFO.EVENTS_eu-1.consumer-a-0000000000000001",
            "LOG.API.CONSUMER.MSG.NEXT.EVENTS_eu-1.consumer-a-0000000000000001",
            "$JS.ACK.EVENTS_eu-1.consumer-a-0000000000000001.>",
        ]);
        assert_eq!(user["nats"]["pub"]["allow"], wanted);
        assert_eq!(user["nats"]["sub"]["allow"], json!(["_INBOX_consumer-a-0000000000000001.>"]));
    }

    #[test]
    fn who_is_refused_gets_no_user() {
        let issuer = Issuer::new(&[1; 32]).unwrap();
        let token = answer(&issuer, &asked(), &"eu-1".parse().unwrap(), Err("no"), Timestamp::UNIX_EPOCH);
        let said = claims(&token);
        assert_eq!((said["nats"]["error"].as_str(), said["nats"].get("jwt")), (Some("no"), None));
    }

    #[test]
    fn what_no_server_signed_is_not_read() {
        for text in ["", "a.b.c", "e30.e30.e30", "\u{0}"] {
            assert_eq!(read(text.as_bytes()), None, "{text}");
        }
        // An account's signature, with a request that is well-formed.
        let issuer = Issuer::new(&[1; 32]).unwrap();
        let request = json!({ "nats": { "user_nkey": "U", "server_id": { "id": "N" }, "connect_opts": {} } });
        assert_eq!(read(signed(&issuer, request, Timestamp::UNIX_EPOCH).as_bytes()), None);
    }
}
