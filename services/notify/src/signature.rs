//! The signature of a request to a webhook.
//!
//! Source: Standard Webhooks 1.0, <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderName, HeaderValue};
use identity::Secret;
use sha2::Sha256;

/// What the text of a key begins with.
const KEY_PREFIX: &str = "whsec_";

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// The headers that prove who sent a request, and when; `None` if the key is none.
pub(crate) fn headers(key: &Secret, id: &str, seconds: i64, body: &[u8]) -> Option<[(HeaderName, HeaderValue); 3]> {
    let key = BASE64.decode(key.expose().strip_prefix(KEY_PREFIX)?).ok()?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
    let seconds = seconds.to_string();
    for part in [id.as_bytes(), b".", seconds.as_bytes(), b".", body] {
        mac.update(part);
    }
    let signature = format!("v1,{}", BASE64.encode(mac.finalize().into_bytes()));
    let value = |text: &str| HeaderValue::from_str(text).ok();
    Some([(ID, value(id)?), (TIMESTAMP, value(&seconds)?), (SIGNATURE, value(&signature)?)])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the reference implementations.
    #[test]
    fn the_signature_is_that_of_the_specification() {
        let key = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned());
        let body = br#"{"test": 2432232314}"#;
        let headers = headers(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body).unwrap();
        assert_eq!(headers[1].1, "1614265330");
        assert_eq!(headers[2].1, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert!(super::headers(&Secret::new("whsec_?".to_owned()), "a", 0, b"").is_none());
    }
}
