//! Known attacks on tokens.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const NOW: i64 = 1_800_000_000;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn master() -> MasterKey {
    MasterKey::new([1; 32])
}

fn tokens() -> Tokens {
    Tokens::new(&master(), "eu-1").unwrap()
}

fn bearer() -> Bearer {
    Bearer { user_id: "a1b2".into(), user_name: "ada".into(), role: "user".into(), session: Uuid::from_u128(7) }
}

fn issued() -> String {
    tokens().issue(bearer(), Uuid::from_u128(9), at(NOW)).unwrap().token.expose().to_owned()
}

fn claims() -> Value {
    let payload = issued().split('.').nth(1).unwrap().to_owned();
    serde_json::from_slice(&BASE64.decode(payload).unwrap()).unwrap()
}

fn header() -> Value {
    json!({ "typ": "at+jwt", "alg": "HS256", "kid": master().key_id() })
}

/// A token of these parts under a key, without following any rules.
fn forge(head: &str, claims: &Value, algorithm: hmac::Algorithm, key: &[u8]) -> String {
    let message = format!("{head}.{}", BASE64.encode(claims.to_string()));
    let signature = hmac::sign(&hmac::Key::new(algorithm, key), message.as_bytes());
    format!("{message}.{}", BASE64.encode(signature))
}

/// A token with arbitrary claims, signed with the real key.
fn signed(claims: &Value) -> String {
    let tokens = tokens();
    let key = master().subkey(Purpose::SessionTokens);
    forge(tokens.head.trim_end_matches('.'), claims, hmac::HMAC_SHA256, key.as_slice())
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn refusal(token: &str) -> TokenError {
    tokens().verify(token, at(NOW)).unwrap_err()
}

#[test]
fn a_token_says_whose_session_it_is_for_until_it_expires() {
    let token = issued();
    let claims = tokens().verify(&token, at(NOW)).unwrap();
    assert_eq!((claims.sub.as_str(), claims.name.as_str(), claims.role.as_str()), ("a1b2", "ada", "user"));
    assert_eq!((claims.sid, claims.jti), (Uuid::from_u128(7), Uuid::from_u128(9)));
    for (second, outcome) in [
        (NOW - LEEWAY_SECONDS - 1, Some(TokenError::NotYet)),
        (NOW - LEEWAY_SECONDS, None),
        (NOW + TOKEN_TIME_SECONDS + LEEWAY_SECONDS - 1, None),
        (NOW + TOKEN_TIME_SECONDS + LEEWAY_SECONDS, Some(TokenError::Expired)),
        (NOW + 100 * TOKEN_TIME_SECONDS, Some(TokenError::Expired)),
    ] {
        assert_eq!(tokens().verify(&token, at(second)).err(), outcome, "{}", second - NOW);
    }
    const { assert!(TOKEN_TIME_SECONDS <= TOKEN_TIME_SECONDS_MAX && TOKEN_TIME_SECONDS_MAX <= 15 * 60) };
}

#[test]
fn the_forger_of_these_tests_makes_good_tokens_if_nothing_is_changed() {
    assert!(tokens().verify(&signed(&claims()), at(NOW)).is_ok());
    let key = master().subkey(Purpose::SessionTokens);
    let head = BASE64.encode(json!({ "typ": "at+jwt", "alg": "HS256", "kid": master().key_id() }).to_string());
    // The same header with its names in another order is not ours, and need not be accepted.
    let other = forge(&head, &claims(), hmac::HMAC_SHA256, key.as_slice());
    assert!(other.starts_with(&tokens().head) || refusal(&other) == TokenError::Foreign);
}

#[test]
fn no_algorithm_but_the_one_is_accepted() {
    let key = master().subkey(Purpose::SessionTokens);
    let payload = BASE64.encode(claims().to_string());
    for alg in ["none", "None", "NONE", "nOnE", "", "RS256", "ES256", "PS256", "EdDSA", "HS384", "HS512", "hs256"] {
        let mut header = header();
        header["alg"] = json!(alg);
        let head = BASE64.encode(header.to_string());
        for unsigned in [format!("{head}.{payload}."), format!("{head}.{payload}"), format!("{head}.{payload}.AAAA")] {
            assert_eq!(refusal(&unsigned), TokenError::Foreign, "{alg}");
        }
        for algorithm in [hmac::HMAC_SHA256, hmac::HMAC_SHA384, hmac::HMAC_SHA512] {
            let token = forge(&head, &claims(), algorithm, key.as_slice());
            assert_eq!(refusal(&token), TokenError::Foreign, "{alg}");
        }
    }
    // The right header with a signature of another algorithm.
    for algorithm in [hmac::HMAC_SHA384, hmac::HMAC_SHA512] {
        let token = forge(tokens().head.trim_end_matches('.'), &claims(), algorithm, key.as_slice());
        assert_eq!(refusal(&token), TokenError::Signature);
    }
}

#[test]
fn a_header_cannot_choose_a_key() {
    let known = master().subkey(Purpose::SessionTokens);
    for (name, value) in [
        ("kid", json!("../../dev/null")),
        ("kid", json!("' UNION SELECT 'k")),
        ("kid", json!(null)),
        ("kid", json!(7)),
        ("kid", json!(MasterKey::new([2; 32]).key_id())),
        ("jku", json!("https://elsewhere.example/keys")),
        ("jwk", json!({ "kty": "oct", "k": "AAAA" })),
        ("x5u", json!("https://elsewhere.example/chain")),
        ("x5c", json!(["AAAA"])),
        ("crit", json!(["exp"])),
        ("zip", json!("DEF")),
        ("cty", json!("JWT")),
        ("typ", json!("JWT")),
        ("typ", json!(null)),
    ] {
        let mut header = header();
        header[name] = value;
        for key in [b"".as_slice(), b"AAAA", known.as_slice()] {
            let token = forge(&BASE64.encode(header.to_string()), &claims(), hmac::HMAC_SHA256, key);
            assert_eq!(refusal(&token), TokenError::Foreign, "{header}");
        }
    }
}

#[test]
fn foreign_keys_and_guessable_ones_do_not_sign() {
    let region = tokens();
    let head = region.head.trim_end_matches('.');
    let master = master();
    let sealing = master.subkey(Purpose::Sealing);
    let text = master.to_text();
    let keys: [&[u8]; 6] = [b"", b"secret", &[0; 32], &[1; 32], text.expose().as_bytes(), &*sealing];
    for key in keys {
        assert_eq!(refusal(&forge(head, &claims(), hmac::HMAC_SHA256, key)), TokenError::Signature);
    }
    let elsewhere = Tokens::new(&MasterKey::new([2; 32]), "eu-1").unwrap();
    let foreign = elsewhere.issue(bearer(), Uuid::from_u128(9), at(NOW)).unwrap();
    assert_eq!(refusal(foreign.token.expose()), TokenError::Foreign);
}

#[test]
fn tokens_of_other_regions_and_for_others_are_refused() {
    let other_region = Tokens::new(&master(), "eu-2").unwrap();
    let token = other_region.issue(bearer(), Uuid::from_u128(9), at(NOW)).unwrap();
    assert_eq!(refusal(token.token.expose()), TokenError::Misdirected);
    for (name, value) in [
        ("iss", json!("planetstore:eu-1 ")),
        ("iss", json!("")),
        ("iss", json!("https://elsewhere.example")),
        ("aud", json!("planetstore")),
        ("aud", json!("")),
    ] {
        assert_eq!(refusal(&signed(&with(name, value))), TokenError::Misdirected, "{name}");
    }
}

#[test]
fn every_claim_is_needed_in_its_type_and_no_other_is_known() {
    for name in ["iss", "aud", "sub", "name", "role", "sid", "jti", "iat", "nbf", "exp"] {
        let mut lacking = claims();
        lacking.as_object_mut().unwrap().remove(name);
        assert_eq!(refusal(&signed(&lacking)), TokenError::Claims, "without {name}");
        for odd in [json!(null), json!([]), json!({}), json!(true), json!(1.5), json!("x".repeat(300)), json!(["a"])] {
            let token = signed(&with(name, odd));
            assert!(tokens().verify(&token, at(NOW)).is_err() || ["sub", "name", "role"].contains(&name), "{name}");
        }
    }
    assert_eq!(refusal(&signed(&with("admin", json!(true)))), TokenError::Claims);
    for other in [json!(null), json!([]), json!("claims"), json!(7)] {
        assert_eq!(refusal(&signed(&other)), TokenError::Claims);
    }
}

#[test]
fn the_same_claim_twice_is_refused() {
    let text = claims().to_string().replace(r#""role":"user""#, r#""role":"user","role":"admin""#);
    let head = tokens().head;
    let message = format!("{head}{}", BASE64.encode(text));
    let key = hmac::Key::new(hmac::HMAC_SHA256, master().subkey(Purpose::SessionTokens).as_slice());
    let token = format!("{message}.{}", BASE64.encode(hmac::sign(&key, message.as_bytes())));
    assert_eq!(refusal(&token), TokenError::Claims);
}

#[test]
fn times_are_bounded_whoever_signed_them() {
    for (name, value, error) in [
        ("exp", json!(NOW - LEEWAY_SECONDS), TokenError::Expired),
        ("exp", json!(0), TokenError::Expired),
        ("exp", json!(i64::MIN), TokenError::Expired),
        ("exp", json!(NOW + TOKEN_TIME_SECONDS_MAX + 1), TokenError::TooLong),
        ("exp", json!(i64::MAX), TokenError::TooLong),
        ("exp", json!(u64::MAX), TokenError::Claims),
        ("nbf", json!(NOW + 60), TokenError::NotYet),
        ("nbf", json!(i64::MIN), TokenError::TooLong),
        ("iat", json!(NOW + 60), TokenError::NotYet),
        ("iat", json!(0), TokenError::TooLong),
    ] {
        assert_eq!(refusal(&signed(&with(name, value.clone()))), error, "{name} {value}");
    }
}

#[test]
fn whoever_changes_the_payload_lacks_the_signature() {
    let token = issued();
    let (message, signature) = token.rsplit_once('.').unwrap();
    let head = message.split_once('.').unwrap().0;
    for (name, value) in [("role", json!("admin")), ("sub", json!("root")), ("exp", json!(NOW + 900))] {
        let payload = BASE64.encode(with(name, value).to_string());
        assert_eq!(refusal(&format!("{head}.{payload}.{signature}")), TokenError::Signature, "{name}");
    }
    for cut in [format!("{message}."), message.to_owned(), format!("{message}.{}", &signature[4..])] {
        assert!(tokens().verify(&cut, at(NOW)).is_err());
    }
    for more in [format!("{token}."), format!("{token}.{signature}"), format!(" {token}"), format!("{token} ")] {
        assert!(tokens().verify(&more, at(NOW)).is_err(), "{more}");
    }
    assert_eq!(refusal(&format!("{token}{}", "A".repeat(TOKEN_BYTES_MAX))), TokenError::Foreign);
}

#[test]
fn nothing_secret_is_shown() {
    let issued = tokens().issue(bearer(), Uuid::from_u128(9), at(NOW)).unwrap();
    let shown = format!("{issued:?} {:?}", tokens());
    assert!(!shown.contains(issued.token.expose()) && !shown.contains("eyJ"), "{shown}");
}

proptest! {
    #[test]
    fn no_changed_character_goes_unnoticed(at_char: prop::sample::Index, with in "[A-Za-z0-9_.-]") {
        let token = issued();
        let place = at_char.index(token.len());
        let mut changed = token.clone();
        changed.replace_range(place..=place, &with);
        prop_assert!(changed == token || tokens().verify(&changed, at(NOW)).is_err());
    }

    #[test]
    fn no_text_makes_it_panic(text in ".{0,200}", parts in prop::collection::vec("[A-Za-z0-9_-]{0,30}", 0..5)) {
        let ours = format!("{}{}", tokens().head, parts.join("."));
        for token in [text, parts.join("."), ours] {
            prop_assert!(tokens().verify(&token, at(NOW)).is_err());
        }
    }
}
