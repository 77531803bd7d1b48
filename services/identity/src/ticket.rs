use std::fmt;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::master_key::{MasterKey, Purpose};

/// Length of the proof that a ticket was issued, in bytes.
const TAG_BYTES: usize = 32;

/// The longest text that is parsed as a ticket, in bytes: an object's longest key, with room to spare.
const TEXT_BYTES_MAX: usize = 4 << 10;

/// Makes and verifies tickets: short texts that a region's gateways believe, because only they can make them. What is in
/// one is not hidden.
pub struct Tickets {
    key: hmac::Key,
    region: String,
}

impl Tickets {
    /// Tickets of a region.
    pub fn new(master: &MasterKey, region: &str) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, master.subkey(Purpose::Tickets).as_slice());
        Self { key, region: region.to_owned() }
    }

    /// A ticket that says this, fit for a URL.
    pub fn issue(&self, said: &[u8]) -> String {
        let tag = hmac::sign(&self.key, &self.tagged(said));
        URL_SAFE_NO_PAD.encode([tag.as_ref(), said].concat())
    }

    /// What a ticket says; `None` if it was not issued here.
    pub fn verify(&self, text: &str) -> Option<Vec<u8>> {
        if text.len() > TEXT_BYTES_MAX {
            return None;
        }
        let mut bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let said = (bytes.len() >= TAG_BYTES).then(|| bytes.split_off(TAG_BYTES))?;
        hmac::verify(&self.key, &self.tagged(&said), &bytes).is_ok().then_some(said)
    }

    /// The region comes first, with its length, so that no two pairs are the same bytes.
    fn tagged(&self, said: &[u8]) -> Vec<u8> {
        let length = u64::try_from(self.region.len()).unwrap_or(u64::MAX).to_be_bytes();
        [length.as_slice(), self.region.as_bytes(), said].concat()
    }
}

impl fmt::Debug for Tickets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tickets").field("region", &self.region).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tickets(master: u8, region: &str) -> Tickets {
        Tickets::new(&MasterKey::new([master; 32]), region)
    }

    #[test]
    fn what_was_issued_is_read_back() {
        let text = tickets(7, "eu-1").issue(b"one object");
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{text}");
        assert_eq!(tickets(7, "eu-1").verify(&text).as_deref(), Some(b"one object".as_slice()));
        assert_eq!(tickets(7, "eu-1").verify(&tickets(7, "eu-1").issue(b"")), Some(Vec::new()));
    }

    #[test]
    fn what_others_made_is_not() {
        let text = tickets(7, "eu-1").issue(b"one object");
        assert_eq!(tickets(8, "eu-1").verify(&text), None);
        assert_eq!(tickets(7, "eu-2").verify(&text), None);
        let other = tickets(7, "eu-1").issue(b"one object!");
        for wrong in ["", "AAAA", "???", &text[1..], &format!("{}{}", &text[..43], &other[43..]), &"A".repeat(5_000)] {
            assert_eq!(tickets(7, "eu-1").verify(wrong), None, "{wrong}");
        }
    }
}
