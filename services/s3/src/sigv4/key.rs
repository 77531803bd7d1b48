//! The signing key of one secret, day and region.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::sigv4::{SERVICE, TERMINATOR};

/// Bytes of a signature.
pub const SIGNATURE_BYTES: usize = 32;

/// The output of HMAC-SHA256.
pub type Mac = [u8; SIGNATURE_BYTES];

const BLOCK_BYTES: usize = 64;

/// A derived key, ready to sign. Deriving it takes four HMACs, so callers should keep it for the day. Its memory is
/// wiped when it is dropped, as are all intermediate keys.
#[derive(Clone)]
pub struct SigningKey(Hmac<Sha256>);

/// HMAC-SHA256 with its key. A short key is padded with zeros and a long one is hashed, as HMAC does (RFC 2104 section
/// 2).
fn keyed(key: &[u8]) -> Hmac<Sha256> {
    let mut block = Zeroizing::new([0; BLOCK_BYTES]);
    if key.len() > BLOCK_BYTES {
        block[..SIGNATURE_BYTES].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    Hmac::new((&*block).into())
}

fn mac(key: &[u8], message: &[u8]) -> Mac {
    let mut hmac = keyed(key);
    hmac.update(message);
    hmac.finalize().into_bytes().into()
}

impl SigningKey {
    /// Derives the key. `date` is the day of the credential scope, `YYYYMMDD`.
    pub fn derive(secret: &str, date: &str, region: &str) -> Self {
        // Enough capacity for everything: a vector that grows leaves copies behind.
        let mut start = Zeroizing::new(Vec::with_capacity(4 + secret.len()));
        start.extend_from_slice(b"AWS4");
        start.extend_from_slice(secret.as_bytes());
        let day = Zeroizing::new(mac(&start, date.as_bytes()));
        let region = Zeroizing::new(mac(&*day, region.as_bytes()));
        let service = Zeroizing::new(mac(&*region, SERVICE.as_bytes()));
        Self(keyed(&*Zeroizing::new(mac(&*service, TERMINATOR.as_bytes()))))
    }

    /// The signature of a string to sign, given in pieces.
    pub(crate) fn sign(&self, pieces: &[&[u8]]) -> Mac {
        let mut hmac = self.0.clone();
        for piece in pieces {
            hmac.update(piece);
        }
        hmac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_long_keys_follow_rfc_4231() {
        let short = mac(&[0x0b; 20], b"Hi There");
        assert_eq!(hex::encode(short), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
        let long = mac(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First");
        assert_eq!(hex::encode(long), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    }

    #[test]
    fn a_key_does_not_show_itself() {
        let key = SigningKey::derive("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "20130524", "us-east-1");
        assert_eq!(format!("{key:?}"), "SigningKey(..)");
    }
}
