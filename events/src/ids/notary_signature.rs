use std::fmt;
use std::str::FromStr;

use super::{InvalidName, is_canonical, text_form};

/// Length of a signature, in bytes.
const BYTES: usize = 64;

/// An Ed25519 signature, lower-case hex in events.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct NotarySignature(pub [u8; BYTES]);

impl FromStr for NotarySignature {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let mut bytes = [0; BYTES];
        let signature = hex::decode_to_slice(text, &mut bytes).ok().map(|()| Self(bytes));
        let why = "it is written in lower-case hex, two digits a byte";
        signature
            .filter(|signature| is_canonical(signature, text))
            .ok_or_else(|| InvalidName::new("signature", text, why))
    }
}

impl fmt::Display for NotarySignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for NotarySignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

text_form!(NotarySignature, "NotarySignature", "^[0-9a-f]{128}$", "Ed25519 signature of a notary");
