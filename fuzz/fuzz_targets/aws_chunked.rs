//! Decodes aws-chunked bodies. However the bytes are split, the result is the same, and never longer than declared.
#![no_main]

use bytes::Bytes;
use http::{HeaderMap, Method, Uri};
use libfuzzer_sys::fuzz_target;
use planetstore_fuzz::now;
use s3::checksum::Algorithm;
use s3::chunked::{Decoder, Encoder, Event, Mode};
use s3::sigv4::{ChunkSigner, Credentials, PayloadHash, sign};

/// The payload; `None` if the body was refused.
type Outcome = Option<Vec<u8>>;

fn signer() -> Option<ChunkSigner> {
    let credentials = Credentials { access_key: "AKID", secret_key: "secret", region: "us-east-1" };
    let uri = Uri::from_static("http://localhost/bucket/key");
    sign(&Method::PUT, &uri, &mut HeaderMap::new(), PayloadHash::StreamingSigned, credentials, now()).ok()
}

fn mode(choice: u8) -> Option<Mode> {
    Some(match choice & 0x3 {
        0 => Mode::UnsignedTrailer,
        1 => Mode::Signed(signer()?),
        _ => Mode::SignedTrailer(signer()?),
    })
}

fn decode(choice: u8, declared: u64, body: &Bytes, cut: usize) -> Option<Outcome> {
    let trailer = (choice & 0x40 != 0).then_some(Algorithm::Crc32);
    let mut decoder = Decoder::new(mode(choice)?, declared, trailer);
    let (mut rest, mut payload) = (body.clone(), Vec::new());
    while !rest.is_empty() {
        let mut piece = rest.split_to(cut.min(rest.len()));
        loop {
            match decoder.feed(&mut piece) {
                Ok(Some(Event::Data(data))) => {
                    assert!(!data.is_empty());
                    payload.extend_from_slice(&data);
                    assert!(payload.len() as u64 <= declared, "more than was declared");
                }
                Ok(Some(Event::End(_))) => assert_eq!(payload.len() as u64, declared),
                Ok(None) => break,
                Err(_) => {
                    assert!(decoder.feed(&mut Bytes::from_static(b"0\r\n\r\n")).is_err(), "an error is forgotten");
                    return Some(None);
                }
            }
        }
        assert!(piece.is_empty(), "bytes were left without a word");
    }
    Some(decoder.finish().ok().map(|()| payload))
}

fuzz_target!(|data: &[u8]| {
    let [choice, cut, declared, rest @ ..] = data else { return };
    let (cut, body) = (usize::from(*cut) + 1, Bytes::copy_from_slice(rest));
    let declared = u64::from(*declared);
    let whole = decode(*choice, declared, &body, body.len().max(1));
    assert_eq!(whole, decode(*choice, declared, &body, cut), "it depends on how the bytes are cut");
    assert_eq!(whole, decode(*choice, declared, &body, 1), "it depends on how the bytes are cut");

    // The output of our own encoder can be decoded.
    let Some(mode) = mode(*choice) else { return };
    let (mut encoder, mut framed) = (Encoder::new(mode), Vec::new());
    rest.chunks(cut).for_each(|chunk| encoder.chunk(&mut framed, chunk));
    encoder.finish(&mut framed, None);
    let back = decode(*choice & 0x3f, rest.len() as u64, &framed.into(), cut);
    assert!(back.is_none_or(|payload| payload.as_deref() == Some(rest)), "what was written is not what was read");
});
