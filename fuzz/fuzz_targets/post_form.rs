//! Forms of web pages: the framing in any pieces, the fields, the policy and the claimed signer.
#![no_main]

use libfuzzer_sys::fuzz_target;
use planetstore_fuzz::now;
use s3::form::{Claim, Decoder, Event, FIELDS_BYTES_MAX, Fields, FileName, PostPolicy, boundary};

/// Everything that a decoder finds; `None` if the form is refused.
fn read(body: &[u8], piece: usize) -> Option<(Fields, FileName, Vec<u8>, bool)> {
    let mut decoder = Decoder::new("b");
    let (mut fields, mut file, mut bytes, mut ended) = (Fields::default(), FileName::default(), Vec::new(), false);
    for piece in body.chunks(piece) {
        decoder.push(piece);
        while let Some(event) = decoder.event().ok()? {
            match event {
                Event::Field(name, value) => fields.add(name, value).ok()?,
                Event::File(name) => file = name,
                Event::Data(data) => bytes.extend_from_slice(&data),
                Event::End => ended = true,
            }
        }
    }
    Some((fields, file, bytes, ended))
}

fuzz_target!(|data: &[u8]| {
    let _ = boundary(std::str::from_utf8(data).ok());
    let whole = read(data, data.len().max(1));
    if data.len() <= FIELDS_BYTES_MAX {
        // The framing is the same however the bytes arrive, except for how much of a file is known before it is
        // refused.
        assert_eq!(whole.as_ref().map(|found| &found.0), read(data, 7).as_ref().map(|found| &found.0));
    }
    let Some((fields, file, bytes, _)) = whole else { return };
    assert!(bytes.len() <= data.len());
    let key = fields.key(&file).unwrap_or_default();
    let _ = fields.headers();
    let _ = fields.success();
    if let Ok(Some(claim)) = Claim::of(&fields) {
        assert!(claim.verify("secret", now()).is_err(), "nothing is signed with this secret");
    }
    if let Some(Ok(policy)) = fields.get("policy").map(PostPolicy::parse) {
        let _ = policy.check(&fields, "bucket", &key, now());
    }
});
