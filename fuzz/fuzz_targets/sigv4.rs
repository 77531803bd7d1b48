//! Parses credentials, canonicalises and verifies. No head causes a panic; a request that our own signer signed is
//! verified, and with another secret or another path it is not.
#![no_main]

use http::Uri;
use libfuzzer_sys::fuzz_target;
use planetstore_fuzz::{head, now};
use s3::Query;
use s3::sigv4::{Credentials, PayloadHash, Request, SigningKey, parse_authorization, presign, sign};

const CREDENTIALS: Credentials<'_> =
    Credentials { access_key: "AKIAIOSFODNN7EXAMPLE", secret_key: "wJalrXUtnFEMI/K7MDENG", region: "us-east-1" };

fuzz_target!(|data: &[u8]| {
    let Some((method, uri, mut headers)) = head(data) else { return };
    let Ok(query) = Query::parse(uri.query()) else { return };
    for region in [None, Some("us-east-1")] {
        if let Ok(Some(found)) = parse_authorization(Request::new(&method, &uri, &query, &headers), region) {
            let key = SigningKey::derive("another secret", found.date(), found.region());
            assert!(found.verify(&key, now()).is_err(), "verified without the secret");
            let key = SigningKey::derive(CREDENTIALS.secret_key, found.date(), found.region());
            if let Ok(verified) = found.verify(&key, now()) {
                let _ = verified.chunk_signer(&key).sign_chunk(&[0; 32]);
            }
        }
    }
    let _ = presign(&method, &uri, &headers, CREDENTIALS, now(), 60);
    headers.remove("authorization");
    if sign(&method, &uri, &mut headers, PayloadHash::Unsigned, CREDENTIALS, now()).is_err() {
        return;
    }
    let request = Request::new(&method, &uri, &query, &headers);
    let Ok(Some(found)) = parse_authorization(request, Some("us-east-1")) else { return };
    let key = SigningKey::derive(CREDENTIALS.secret_key, found.date(), found.region());
    if let Err(error) = found.verify(&key, now()) {
        panic!("our own signature is refused: {error:?}");
    }
    let other: Uri = "/another/path".parse().unwrap_or_default();
    if other.path() != uri.path() {
        let moved = Request { path: other.path(), ..request };
        if let Ok(Some(found)) = parse_authorization(moved, Some("us-east-1")) {
            assert!(found.verify(&key, now()).is_err(), "verified for another path");
        }
    }
});
