//! Proofs of who asks and who answers. Anyone with a login may be able to publish a request; only the holder of an
//! author's key can make one that counts.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use domain::row::KeyNumbers;
use events::Author;
use events::ids::RegionName;

use crate::FoldError;
use crate::keyring::Keyring;
use crate::proof::{Begun, MAC_BYTES, Purpose, begin};

/// The format of requests and answers, which is the first byte of both. Another one is not understood.
pub(super) const FORMAT: u8 = 1;

/// The bytes before the body of a request: the format, the author and the proof.
const HEAD_BYTES: usize = 2 + MAC_BYTES;

/// The keys of some numbers, ready for use.
#[derive(Clone)]
struct Keys {
    numbers: KeyNumbers,
    commands: Vec<(Author, Begun)>,
    answers: Vec<(Author, Begun)>,
}

/// A proof of a request, which its answer refers to.
pub(super) type Proof = [u8; MAC_BYTES];

/// The keys of a process.
pub(crate) struct Seals {
    keyring: Keyring,
    region: RegionName,
    keys: Mutex<Option<Arc<Keys>>>,
}

/// The byte by which a request names the kind of its sender.
fn byte_of(author: Author) -> u8 {
    match author {
        Author::Gateway => b'g',
        Author::Lifecycle => b'l',
        Author::Maintenance => b'm',
    }
}

/// All kinds of processes that send commands.
const AUTHORS: [Author; 3] = [Author::Gateway, Author::Lifecycle, Author::Maintenance];

impl Seals {
    pub(crate) fn new(keyring: Keyring, region: RegionName) -> Self {
        Self { keyring, region, keys: Mutex::default() }
    }

    /// The kind of this process.
    pub(super) fn author(&self) -> Author {
        self.keyring.author()
    }

    fn keys(&self, numbers: KeyNumbers) -> Result<Arc<Keys>, FoldError> {
        let mut kept = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(keys) = kept.as_ref().filter(|keys| keys.numbers == numbers) {
            return Ok(Arc::clone(keys));
        }
        let of = |purpose: fn(Author) -> Purpose| {
            let held = AUTHORS.into_iter().filter(|author| self.keyring.of(*author).is_some());
            let begun = held
                .map(|author| Ok((author, begin(&self.keyring, &self.region, numbers, (author, purpose(author)))?)));
            begun.collect::<Result<Vec<_>, FoldError>>()
        };
        let keys = Arc::new(Keys { numbers, commands: of(Purpose::CommandsBy)?, answers: of(Purpose::AnswersTo)? });
        *kept = Some(Arc::clone(&keys));
        Ok(keys)
    }

    /// Seals a request of this process.
    pub(super) fn request(&self, numbers: KeyNumbers, body: &[u8]) -> Result<(Bytes, Proof), FoldError> {
        let (keys, author) = (self.keys(numbers)?, self.author());
        let proof = tag(&keys.commands, author, &[body]).unwrap_or_default();
        let mut bytes = Vec::with_capacity(HEAD_BYTES + body.len());
        bytes.extend([FORMAT, byte_of(author)]);
        bytes.extend(proof);
        bytes.extend(body);
        Ok((bytes.into(), proof))
    }

    /// Opens a request; `None` if no author proves it, or it is of another format.
    pub(super) fn open(
        &self,
        numbers: KeyNumbers,
        request: &Bytes,
    ) -> Result<Option<(Author, Proof, Bytes)>, FoldError> {
        let keys = self.keys(numbers)?;
        let Some((head, body)) = request.split_at_checked(HEAD_BYTES) else { return Ok(None) };
        let author = AUTHORS.into_iter().find(|author| head[..2] == [FORMAT, byte_of(*author)]);
        let key = author.and_then(|author| Some((author, find(&keys.commands, author)?)));
        let Some((author, _)) = key.filter(|(_, key)| key.is_tag(&[body], &head[2..])) else { return Ok(None) };
        let mut proof = Proof::default();
        proof.copy_from_slice(&head[2..]);
        Ok(Some((author, proof, request.slice(HEAD_BYTES..))))
    }

    /// Seals the answer to a request.
    pub(super) fn answer(
        &self,
        numbers: KeyNumbers,
        (author, proof): (Author, Proof),
        body: &[u8],
    ) -> Result<Bytes, FoldError> {
        let keys = self.keys(numbers)?;
        let sealed = tag(&keys.answers, author, &[&proof, body]).unwrap_or_default();
        let mut bytes = Vec::with_capacity(HEAD_BYTES + body.len());
        bytes.extend([FORMAT, byte_of(author)]);
        bytes.extend(sealed);
        bytes.extend(body);
        Ok(bytes.into())
    }

    /// Opens the answer to a request of this process; `None` if whoever sent it does not hold its key.
    pub(super) fn open_answer(
        &self,
        numbers: KeyNumbers,
        proof: Proof,
        answer: &Bytes,
    ) -> Result<Option<Bytes>, FoldError> {
        let (keys, author) = (self.keys(numbers)?, self.author());
        let Some((head, body)) = answer.split_at_checked(HEAD_BYTES) else { return Ok(None) };
        let is_meant = head[..2] == [FORMAT, byte_of(author)];
        let key = find(&keys.answers, author).filter(|key| is_meant && key.is_tag(&[&proof, body], &head[2..]));
        Ok(key.map(|_| answer.slice(HEAD_BYTES..)))
    }
}

fn find(keys: &[(Author, Begun)], author: Author) -> Option<&Begun> {
    keys.iter().find(|(of, _)| *of == author).map(|(_, key)| key)
}

fn tag(keys: &[(Author, Begun)], author: Author, parts: &[&[u8]]) -> Option<Proof> {
    find(keys, author).map(|key| key.tag(parts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyring::{AUTHOR_KEY_BYTES, AuthorKey};

    fn seals(of: fn([AuthorKey; 3]) -> Keyring) -> Seals {
        let keys = [1, 2, 3].map(|byte| AuthorKey::last([byte; AUTHOR_KEY_BYTES]));
        Seals::new(of(keys), "test-1".parse().unwrap())
    }

    fn gateway([gateway, lifecycle, maintenance]: [AuthorKey; 3]) -> Keyring {
        Keyring::Gateway { gateway, lifecycle, maintenance }
    }

    #[test]
    fn a_request_is_of_whoever_holds_the_key_and_its_answer_is_to_that_request() {
        let now = KeyNumbers::default();
        let committer = seals(gateway);
        let sender = seals(|[_, lifecycle, maintenance]| Keyring::Maintenance { maintenance, lifecycle });
        let (request, proof) = sender.request(now, b"do it").unwrap();
        let (author, seen, body) = committer.open(now, &request).unwrap().unwrap();
        assert_eq!((author, seen, &body[..]), (Author::Maintenance, proof, &b"do it"[..]));
        let answer = committer.answer(now, (author, seen), b"done").unwrap();
        assert_eq!(sender.open_answer(now, proof, &answer).unwrap().unwrap(), &b"done"[..]);
        let other = sender.request(now, b"do that").unwrap().1;
        assert_eq!(sender.open_answer(now, other, &answer).unwrap(), None, "it answers another request");
    }

    #[test]
    fn nothing_is_believed_that_no_key_proves() {
        let now = KeyNumbers::default();
        let (committer, sender) = (seals(gateway), seals(|[_, lifecycle, _]| Keyring::Lifecycle(lifecycle)));
        let (request, _) = sender.request(now, b"do it").unwrap();
        for at in 0..request.len() {
            let mut forged = request.to_vec();
            forged[at] ^= 1;
            assert!(committer.open(now, &forged.into()).unwrap().is_none(), "byte {at}");
        }
        let mut as_gateway = request.to_vec();
        as_gateway[1] = b'g';
        assert!(committer.open(now, &as_gateway.into()).unwrap().is_none());
        let rotated = KeyNumbers { lifecycle: 1, ..now };
        assert!(committer.open(rotated, &request).unwrap().is_none(), "a key that is not in use");
        for cut in 0..HEAD_BYTES {
            assert!(committer.open(now, &request.slice(..cut)).unwrap().is_none());
        }
    }
}
