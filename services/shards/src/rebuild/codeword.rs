//! The pieces of one stripe, from those of them that were read.

use bytes::Bytes;
use events::ids::{DATA_SHARDS, Layout};

use crate::code::erasure::{InvalidPieces, rebuild};
use crate::code::geometry::Stripe;
use crate::read::fetch::{StripePieces, survivors};

/// One stripe of a content, of which enough pieces were read to know all of them.
pub(super) struct Codeword {
    layout: Layout,
    found: StripePieces,
    /// Whether the pieces that were read prove themselves. If they do not, all pieces are computed from the same ones:
    /// then what proves the data proves every other piece, too.
    is_proven: bool,
}

impl Codeword {
    /// The stripe of which these pieces were read.
    pub(super) fn new(layout: Layout, found: StripePieces, is_proven: bool) -> Self {
        Self { layout, found, is_proven }
    }

    /// The piece of shard `index`.
    ///
    /// # Errors
    /// If too few pieces were read, or if they do not fit each other.
    pub(super) fn piece(&self, index: u8) -> Result<Bytes, InvalidPieces> {
        let read = self.found.get(usize::from(index)).and_then(Option::as_ref);
        if let Some(piece) = read.filter(|_| self.is_proven) {
            return Ok(piece.clone());
        }
        let survivors = survivors(self.layout, &self.found).ok_or(InvalidPieces)?;
        let is_survivor = survivors.iter().any(|(survivor, _)| *survivor == index);
        match read.filter(|_| is_survivor) {
            Some(piece) => Ok(piece.clone()),
            None => rebuild(&survivors, index).map(Bytes::from),
        }
    }

    /// The bytes of the content in this stripe, in order.
    ///
    /// # Errors
    /// As for [`Self::piece`].
    pub(super) fn data(&self, stripe: Stripe) -> Result<Vec<Bytes>, InvalidPieces> {
        let mut rest = stripe.bytes;
        let mut data = Vec::with_capacity(DATA_SHARDS);
        for index in (0_u8..).take(DATA_SHARDS) {
            let taken = rest.min(stripe.unit);
            if taken > 0 {
                data.push(self.piece(index)?.slice(..taken));
            }
            rest -= taken;
        }
        Ok(data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::encode;

    fn bytes(size: usize) -> Bytes {
        (0..size).map(|i| u8::try_from(i * 13 % 251).unwrap()).collect()
    }

    /// The codeword of a content of one stripe of which only some pieces were read.
    fn codeword(content: &Bytes, read: &[u8], is_proven: bool) -> (Codeword, Stripe) {
        let pieces = encode::pieces(content).unwrap();
        let unit = pieces[0].1.len();
        let mut found = StripePieces::default();
        for (index, piece) in pieces.into_iter().filter(|(index, _)| read.contains(index)) {
            found[usize::from(index)] = Some(piece);
        }
        let stripe = Stripe { index: 0, unit, bytes: content.len() };
        (Codeword::new(Layout::for_size(content.len()), found, is_proven), stripe)
    }

    #[test]
    fn every_piece_follows_from_those_that_were_read() {
        for (size, reads) in [
            (100_001, vec![vec![0, 1, 2, 3], vec![0, 2, 4, 5], vec![2, 3, 4, 5]]),
            (7, vec![vec![0], vec![4], vec![5]]),
        ] {
            let content = bytes(size);
            for read in reads {
                for is_proven in [true, false] {
                    let (codeword, stripe) = codeword(&content, &read, is_proven);
                    for (index, piece) in encode::pieces(&content).unwrap() {
                        assert_eq!(codeword.piece(index), Ok(piece), "shard {index} from {read:?}");
                    }
                    assert_eq!(codeword.data(stripe).unwrap().concat(), content);
                }
            }
        }
    }

    #[test]
    fn a_piece_that_does_not_prove_itself_is_computed_from_the_data_that_does() {
        let content = bytes(100_001);
        let (mut codeword, stripe) = codeword(&content, &[0, 1, 2, 3, 5], false);
        codeword.found[5] = Some(bytes(stripe.unit));
        assert_eq!(codeword.piece(5).unwrap(), encode::pieces(&content).unwrap()[5].1);
    }

    #[test]
    fn too_few_pieces_are_no_codeword() {
        let (codeword, stripe) = codeword(&bytes(100_001), &[0, 1, 5], true);
        assert_eq!((codeword.piece(3), codeword.data(stripe)), (Err(InvalidPieces), Err(InvalidPieces)));
        assert!(codeword.piece(5).is_ok(), "it was read");
    }
}
