use std::ops::Range;

use bytes::Bytes;
use domain::View;
use domain::row::{BodyRow, ObjectRow};
use events::ids::{ContentId, Salt, UploadId};
use futures_util::{Stream, StreamExt, stream};
use identity::{ContentKey, DataKey, FrameError, Opener};
use shards::{ReadError, StoredContent};

/// A range of an object that lies in one content.
pub struct Stretch {
    /// The content.
    pub content: ContentId,
    /// Where its shards are.
    pub stored: StoredContent,
    /// The range in the stored bytes: in the ciphertext, if there is a `cipher`.
    pub range: Range<u64>,
    /// What decrypts it, if it is encrypted.
    pub cipher: Option<Cipher>,
}

/// Decrypts a stretch.
#[derive(Clone)]
pub struct Cipher {
    key: ContentKey,
    stretch: identity::Stretch,
}

impl Cipher {
    /// Begins to decrypt.
    pub fn opener(self) -> Opener {
        Opener::new(self.key, self.stretch)
    }
}

/// Why it is not known which contents hold an object.
#[derive(Debug, thiserror::Error)]
pub enum StretchError<E> {
    /// The state cannot be read.
    #[error(transparent)]
    View(E),
    /// An object with a key has a salt for each content, and one without has none: without that check, ciphertext could
    /// be returned.
    #[error("an object's key and its contents do not belong together")]
    KeyMismatch,
    /// The state contradicts itself.
    #[error("an object refers to the missing content {}", .0.sha256)]
    NoSuchContent(ContentId),
}

/// Why the bytes cannot be returned.
#[derive(Debug, thiserror::Error)]
pub enum ObjectReadError {
    /// They cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// They are not the bytes that were written.
    #[error(transparent)]
    Damaged(#[from] FrameError),
}

/// Which contents hold `range` of an object. `key`: the object's key, if it is encrypted.
///
/// # Errors
/// [`StretchError`].
pub fn stretches<V: View>(
    view: &V,
    object: &ObjectRow,
    range: Range<u64>,
    key: Option<&DataKey>,
) -> Result<Vec<Stretch>, StretchError<V::Error>> {
    if range.is_empty() {
        return Ok(Vec::new());
    }
    match object.body {
        BodyRow::Empty => Ok(Vec::new()),
        BodyRow::Content(content) => {
            let salt = object.encryption.as_ref().and_then(|encryption| encryption.salt.as_ref());
            let cipher = cipher(key, salt, object.size, &range)?;
            Ok(vec![stretch(view, content, range, cipher)?])
        }
        BodyRow::Parts(upload) => of_parts(view, upload, range, key),
    }
}

fn cipher<E>(
    key: Option<&DataKey>,
    salt: Option<&Salt>,
    size: u64,
    range: &Range<u64>,
) -> Result<Option<Cipher>, StretchError<E>> {
    match (key, salt.and_then(Salt::bytes)) {
        (None, None) => Ok(None),
        (Some(key), Some(salt)) => {
            let stretch = identity::Stretch { size, start: range.start, end: range.end };
            Ok(Some(Cipher { key: key.content_key(&salt), stretch }))
        }
        _ => Err(StretchError::KeyMismatch),
    }
}

fn of_parts<V: View>(
    view: &V,
    upload: UploadId,
    range: Range<u64>,
    key: Option<&DataKey>,
) -> Result<Vec<Stretch>, StretchError<V::Error>> {
    let mut stretches = Vec::new();
    let mut begin = 0;
    for (_, part) in view.parts(upload).map_err(StretchError::View)? {
        let end = begin + part.size;
        let within = range.start.max(begin)..range.end.min(end);
        if let (BodyRow::Content(content), false) = (part.body, within.is_empty()) {
            let within = within.start - begin..within.end - begin;
            let cipher = cipher(key, part.salt.as_ref(), part.size, &within)?;
            stretches.push(stretch(view, content, within, cipher)?);
        }
        begin = end;
        if begin >= range.end {
            break;
        }
    }
    Ok(stretches)
}

fn stretch<V: View>(
    view: &V,
    content: ContentId,
    range: Range<u64>,
    cipher: Option<Cipher>,
) -> Result<Stretch, StretchError<V::Error>> {
    let row = view.content(&content).map_err(StretchError::View)?;
    let row = row.ok_or(StretchError::NoSuchContent(content))?;
    let stored = StoredContent::of_row(content, row);
    let range = cipher.as_ref().map_or(range, |cipher| cipher.stretch.sealed());
    Ok(Stretch { content, stored, range, cipher })
}

/// Decrypts ciphertext as it arrives. The stream ends after the first error.
pub fn opened(
    sealed: impl Stream<Item = Result<Bytes, ObjectReadError>> + Send + 'static,
    cipher: Cipher,
) -> impl Stream<Item = Result<Bytes, ObjectReadError>> + Send {
    let state = (Box::pin(sealed), cipher.opener(), false);
    stream::unfold(state, |(mut sealed, mut opener, ended)| async move {
        if ended {
            return None;
        }
        loop {
            let plain = match sealed.next().await {
                None => match opener.finish() {
                    Ok(()) => return None,
                    Err(damaged) => Err(damaged.into()),
                },
                Some(Ok(bytes)) => opener.push(&bytes).map_err(ObjectReadError::from),
                Some(Err(error)) => Err(error),
            };
            match plain {
                Ok(plain) if plain.is_empty() => {}
                plain => {
                    let ended = plain.is_err();
                    return Some((plain.map(Bytes::from), (sealed, opener, ended)));
                }
            }
        }
    })
}
