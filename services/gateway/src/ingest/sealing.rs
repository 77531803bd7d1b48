use bytes::Bytes;
use events::ids::{Salt, Sha256Digest};
use identity::Wrapper;
use s3::{Code, Error};
use sha2::{Digest, Sha256};

use crate::encryption::{Protection, random};
use crate::request::Request;

/// Encrypts bytes on their way from the client to the nodes.
pub(super) struct Sealing {
    wrapper: Wrapper,
    sha256: Sha256,
    salt: Salt,
}

impl Sealing {
    pub(super) fn new(request: &Request<'_>, protection: &Protection) -> Result<Self, Error> {
        let salt: [u8; Salt::BYTES] = random(request)?;
        let wrapper = Wrapper::new(protection.key().content_key(&salt));
        Ok(Self { wrapper, sha256: Sha256::new(), salt: Salt::from_fresh(salt) })
    }

    pub(super) fn push(&mut self, plain: &[u8]) -> Result<Bytes, Error> {
        let sealed = self.wrapper.push(plain).map_err(|_| Error::new(Code::InternalError))?;
        self.sha256.update(&sealed);
        Ok(sealed.into())
    }

    pub(super) fn finish(mut self) -> Result<(Bytes, Sealed), Error> {
        let last = self.wrapper.finish().map_err(|_| Error::new(Code::InternalError))?;
        self.sha256.update(&last);
        let sha256 = Sha256Digest(self.sha256.finalize().into());
        Ok((last.into(), Sealed { sha256, salt: self.salt }))
    }
}

/// The hash and salt of finished ciphertext.
pub(super) struct Sealed {
    pub(super) sha256: Sha256Digest,
    pub(super) salt: Salt,
}
