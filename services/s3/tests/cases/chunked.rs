//! The chunked framing, compared with a naive model, cut at any position.

use bytes::Bytes;
use proptest::prelude::*;
use s3::Code;
use s3::checksum::{Algorithm, Checksum, Hasher};
use s3::chunked::{Decoder, Encoder, Event, LINE_BYTES_MAX, Mode, TRAILER_BYTES_MAX, Trailers};
use s3::sigv4::{self, PayloadHash};

use crate::support::{CREDENTIALS, sent, then};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Signed,
    SignedTrailer,
    UnsignedTrailer,
}

fn mode(kind: Kind) -> Mode {
    let mut request = sent("PUT", "http://localhost/abc/key", &[]);
    let payload = PayloadHash::StreamingSigned;
    let signer =
        sigv4::sign(&request.method, &request.uri, &mut request.headers, payload, CREDENTIALS, then()).unwrap();
    match kind {
        Kind::Signed => Mode::Signed(signer),
        Kind::SignedTrailer => Mode::SignedTrailer(signer),
        Kind::UnsignedTrailer => Mode::UnsignedTrailer,
    }
}

fn checksum(bytes: &[u8]) -> Checksum {
    let mut hasher = Hasher::new(Algorithm::Crc64Nvme);
    hasher.update(bytes);
    hasher.finish()
}

fn encoded(kind: Kind, chunks: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(mode(kind));
    for chunk in chunks {
        encoder.chunk(&mut out, chunk);
    }
    let checksum = checksum(&chunks.concat());
    encoder.finish(&mut out, (kind != Kind::Signed).then_some(&checksum));
    out
}

fn trailer(kind: Kind) -> Option<Algorithm> {
    (kind != Kind::Signed).then_some(Algorithm::Crc64Nvme)
}

/// Feeds `body` in pieces of the given sizes and collects the output.
fn decoded(kind: Kind, length: u64, body: &[u8], cuts: &[usize]) -> Result<(Vec<u8>, Trailers), Code> {
    let mut decoder = Decoder::new(mode(kind), length, trailer(kind));
    let (mut payload, mut end) = (Vec::new(), None);
    let mut rest = Bytes::copy_from_slice(body);
    let mut cuts = cuts.iter().copied().cycle();
    while !rest.is_empty() {
        let mut piece = rest.split_to(cuts.next().unwrap_or(usize::MAX).clamp(1, rest.len()));
        while let Some(event) = decoder.feed(&mut piece).map_err(|error| error.code())? {
            match event {
                Event::Data(data) => {
                    assert!(!data.is_empty());
                    payload.extend_from_slice(&data);
                }
                Event::End(trailers) => assert!(end.replace(trailers).is_none()),
            }
        }
        assert!(piece.is_empty());
    }
    decoder.finish().map_err(|error| error.code())?;
    Ok((payload, end.unwrap()))
}

fn kinds() -> impl Strategy<Value = Kind> {
    prop_oneof![Just(Kind::Signed), Just(Kind::SignedTrailer), Just(Kind::UnsignedTrailer)]
}

fn chunks() -> impl Strategy<Value = Vec<Vec<u8>>> {
    proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..40), 0..5)
}

proptest! {
    #[test]
    fn any_cut_gives_the_same_bytes(kind in kinds(), chunks in chunks(), cuts in proptest::collection::vec(1_usize..100, 1..8)) {
        let payload = chunks.concat();
        let body = encoded(kind, &chunks);
        let (found, trailers) = decoded(kind, payload.len() as u64, &body, &cuts).unwrap();
        prop_assert_eq!(&found, &payload);
        prop_assert_eq!(trailers.checksum, (kind != Kind::Signed).then(|| checksum(&payload)));
    }

    #[test]
    fn a_body_cut_short_never_ends(kind in kinds(), chunks in chunks(), cut: prop::sample::Index) {
        let body = encoded(kind, &chunks);
        let length = chunks.concat().len() as u64;
        // The last line feed, or the last carriage return and line feed, end the body.
        let short = &body[..cut.index(body.len() - 1)];
        prop_assert!(decoded(kind, length, short, &[7]).is_err());
    }

    #[test]
    fn a_flipped_bit_of_a_signed_body_is_found(kind in prop_oneof![Just(Kind::Signed), Just(Kind::SignedTrailer)], chunks in chunks(), at: prop::sample::Index, bit in 0..8_u32) {
        let mut body = encoded(kind, &chunks);
        let payload = chunks.concat();
        let at = at.index(body.len());
        body[at] ^= 1 << bit;
        // A flipped bit may leave the meaning unchanged (the case of a hex digit or of a trailer's name), but never
        // change it.
        if let Ok((found, trailers)) = decoded(kind, payload.len() as u64, &body, &[64]) {
            prop_assert_eq!(&found, &payload);
            prop_assert_eq!(trailers.checksum, trailer(kind).map(|_| checksum(&payload)));
        }
    }

    #[test]
    fn no_bytes_panic(kind in kinds(), length in 0_u64..40, body: Vec<u8>, text in "[0-9a-f;=\\r\\nchunk-signature:x]{0,60}", cuts in proptest::collection::vec(1_usize..20, 1..4)) {
        let _ = decoded(kind, length, &body, &cuts);
        let _ = decoded(kind, length, text.as_bytes(), &cuts);
    }
}

fn unsigned(length: u64, body: &str) -> Result<Vec<u8>, Code> {
    decoded(Kind::UnsignedTrailer, length, body.as_bytes(), &[usize::MAX]).map(|(payload, _)| payload)
}

const TRAILER: &str = "x-amz-checksum-crc64nvme:AAAAAAAAAAA=";

#[test]
fn payload_is_not_copied() {
    let mut body = Bytes::from(format!("5\r\nhello\r\n0\r\n{TRAILER}\r\n\r\n"));
    let place = body.as_ptr() as usize;
    let mut decoder = Decoder::new(Mode::UnsignedTrailer, 5, Some(Algorithm::Crc64Nvme));
    let Some(Event::Data(piece)) = decoder.feed(&mut body).unwrap() else { panic!("no payload") };
    assert_eq!((&*piece, piece.as_ptr() as usize), (&b"hello"[..], place + 3));
}

#[test]
fn the_declared_length_is_kept() {
    let body = format!("5\r\nhello\r\n0\r\n{TRAILER}\r\n\r\n");
    assert_eq!(unsigned(5, &body).unwrap(), b"hello");
    assert_eq!(unsigned(4, &body), Err(Code::IncompleteBody));
    assert_eq!(unsigned(6, &body), Err(Code::IncompleteBody));
    assert_eq!(unsigned(5, "ffffffffffffffff\r\nhello"), Err(Code::IncompleteBody));
}

#[test]
fn framing_is_strict() {
    for body in [
        "\r\n",
        "x\r\n",
        "-1\r\n",
        "+5\r\nhello",
        "0x5\r\nhello",
        "5\r\nhelloX\r\n",
        "11111111111111111\r\n",
        &format!("5\r\nhello\r\n0\r\n{TRAILER}\r\n\r\nmore"),
        &format!("5\r\nhello\r\n0\r\n{TRAILER}\r\n\r\n\r\n\r\n\r\n"),
    ] {
        assert_eq!(unsigned(5, body), Err(Code::InvalidRequest), "{body:?}");
    }
    assert_eq!(unsigned(5, &"1".repeat(LINE_BYTES_MAX + 1)), Err(Code::InvalidRequest));
    assert_eq!(unsigned(5, &format!("5\r\nhello\r\n0\r\n{TRAILER}\r\n\r\n\r\n")).unwrap(), b"hello");
    assert_eq!(unsigned(5, &format!("05;x=y\nhello\n0\n{TRAILER}\n\n")).unwrap(), b"hello");
}

#[test]
fn trailers_are_those_announced() {
    let with = |trailer: &str| unsigned(5, &format!("5\r\nhello\r\n0\r\n{trailer}\r\n"));
    assert_eq!(with(""), Err(Code::MalformedTrailerError));
    assert_eq!(with("x-amz-checksum-crc32:AAAAAA==\r\n"), Err(Code::MalformedTrailerError));
    assert_eq!(with("x-amz-meta-a:b\r\n"), Err(Code::MalformedTrailerError));
    assert_eq!(with("nothing\r\n"), Err(Code::MalformedTrailerError));
    assert_eq!(with(&format!("{TRAILER}\r\n{TRAILER}\r\n")), Err(Code::MalformedTrailerError));
    assert_eq!(with("x-amz-trailer-signature:00\r\n"), Err(Code::MalformedTrailerError));
    assert_eq!(with("x-amz-checksum-crc64nvme:AAAA\r\n"), Err(Code::InvalidRequest));
    let lines = format!("{}\r\n", "a".repeat(1000)).repeat(TRAILER_BYTES_MAX / 1000 + 1);
    assert_eq!(with(&lines), Err(Code::MalformedTrailerError));
}

#[test]
fn signed_chunks_need_their_signatures() {
    let chunks = [b"hello".to_vec(), b"world".to_vec()];
    let good = String::from_utf8(encoded(Kind::SignedTrailer, &chunks)).unwrap();
    let check =
        |body: &str| decoded(Kind::SignedTrailer, 10, body.as_bytes(), &[usize::MAX]).map(|(payload, _)| payload);
    assert_eq!(check(&good).unwrap(), b"helloworld");
    assert_eq!(check(&good.replace("hello", "jello")), Err(Code::SignatureDoesNotMatch));
    assert_eq!(check(&good.replace("chunk-signature=", "chunk-signatura=")), Err(Code::InvalidRequest));
    let (start, _) = good.split_once("x-amz-trailer-signature").unwrap();
    assert_eq!(
        check(&format!("{start}x-amz-trailer-signature:{}\r\n\r\n", "0".repeat(64))),
        Err(Code::SignatureDoesNotMatch)
    );
    assert_eq!(check(&format!("{start}\r\n")), Err(Code::IncompleteBody));
    let unsigned = String::from_utf8(encoded(Kind::UnsignedTrailer, &chunks)).unwrap();
    assert_eq!(check(&unsigned), Err(Code::InvalidRequest));
}

#[test]
fn signed_chunks_keep_their_order() {
    let body = |chunks: &[&[u8]]| encoded(Kind::Signed, &chunks.iter().map(|chunk| chunk.to_vec()).collect::<Vec<_>>());
    let frame = "3;chunk-signature=".len() + 64 + "\r\none\r\n".len();
    let mut swapped = body(&[b"one", b"two"]);
    let (first, rest) = swapped.split_at_mut(frame);
    first.swap_with_slice(&mut rest[..frame]);
    assert!(
        swapped.windows(3).position(|w| w == b"two").unwrap() < swapped.windows(3).position(|w| w == b"one").unwrap()
    );
    assert_eq!(decoded(Kind::Signed, 6, &swapped, &[usize::MAX]), Err(Code::SignatureDoesNotMatch));
}

#[test]
fn an_error_ends_the_body() {
    let mut decoder = Decoder::new(Mode::UnsignedTrailer, 5, None);
    assert!(decoder.feed(&mut Bytes::from_static(b"x\r\n")).is_err());
    assert!(decoder.feed(&mut Bytes::from_static(b"5\r\nhello\r\n0\r\n\r\n")).is_err());
    assert!(decoder.finish().is_err());
}
