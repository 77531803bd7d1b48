//! Session tokens, refresh tokens and sealed secrets. Only those made with the key are accepted.
#![no_main]

use std::sync::LazyLock;

use identity::{MasterKey, RefreshToken, Sealer, Tokens};
use libfuzzer_sys::fuzz_target;
use planetstore_fuzz::now;

/// Made with a key that no input can contain.
static MADE: LazyLock<Option<(Tokens, Sealer)>> = LazyLock::new(|| {
    let key = MasterKey::new([7; 32]);
    Some((Tokens::new(&key, "eu-1").ok()?, Sealer::new(&key).ok()?))
});

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Some((tokens, sealer)) = &*MADE else { panic!("the key is refused") };
    assert!(tokens.verify(text, now()).is_err(), "a token out of nothing");
    assert!(sealer.unseal(text, "key:AKID").is_err(), "a secret out of nothing");
    if let Ok(token) = RefreshToken::parse(text) {
        let again = RefreshToken::parse(token.to_text().expose());
        assert!(again.is_ok_and(|again| again.session() == token.session() && again.digest("a") == token.digest("a")));
    }
    let _ = MasterKey::parse(text);
});
