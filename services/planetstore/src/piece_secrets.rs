//! The secrets by which the pieces of contents are tagged (ADR 16), as roles without master keys are given them.

use anyhow::{Context, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use events::ids::{KeyCheck, RegionName};
use identity::{MasterKeys, PIECE_SECRET_BYTES, PieceSecret, PieceSecrets};
use ledger::Keyring;
use zeroize::Zeroizing;

use crate::author_key;
use crate::folder::Paths;
use crate::key_source::KeySource;

/// Variable with the secrets, as `planetstore piece-secrets` writes them: one for each master key.
pub(crate) const SECRETS_ENV: &str = "PLANETSTORE_PIECE_SECRETS";

/// Variable with the path of a file that holds them.
const FILE_ENV: &str = "PLANETSTORE_PIECE_SECRETS_FILE";

const MALFORMED: &str = "they are not as `planetstore piece-secrets` writes them";

const SOURCE: KeySource = KeySource { name: "piece secrets", variable: SECRETS_ENV, file_variable: FILE_ENV };

/// The name in place of that of a region in checks of the keys to which secrets belong: secrets are handed over where no
/// region need be known.
const CHECKED_AS: &str = "piece-secrets";

/// A secret, and a check of the author keys that were derived from the same master key.
type Checked = (KeyCheck, PieceSecret);

/// The secrets as text, in the order of the master keys, each behind a check of the author key to which it belongs.
pub(crate) fn to_text(masters: &MasterKeys) -> anyhow::Result<Zeroizing<String>> {
    let checks = checks(&author_key::of_gateway(masters))?;
    let secrets: Vec<_> = masters.iter().map(|master| Zeroizing::new(STANDARD.encode(*master.piece_tags()))).collect();
    let checked = checks.iter().zip(&secrets).map(|(check, secret)| Zeroizing::new(format!("{check}:{}", **secret)));
    let checked: Vec<_> = checked.collect();
    Ok(Zeroizing::new(checked.iter().map(|secret| secret.as_str()).collect::<Vec<_>>().join(",")))
}

/// A check of the author keys of maintenance under each master key. The log proves those keys, and by them the secrets:
/// with a wrong one, repair would write shards that nobody can read in the place of good ones.
fn checks(keyring: &Keyring) -> anyhow::Result<Vec<KeyCheck>> {
    let (Keyring::Gateway { maintenance, .. } | Keyring::Maintenance { maintenance, .. }) = keyring else {
        bail!("the author key is not that of the maintenance services");
    };
    let name: RegionName = CHECKED_AS.parse()?;
    Ok((0..).map_while(|number| maintenance.check(number, &name)).collect())
}

/// The secrets of the environment or the data folder. Each must belong to the key of the same place in `keyring`.
pub(crate) fn find(paths: &Paths, keyring: &Keyring) -> anyhow::Result<PieceSecrets> {
    let file = paths.piece_secrets();
    let found = SOURCE.find(|name| std::env::var(name).ok(), &file, |text| check(parse(text)?, keyring))?;
    found.map(|(secrets, _)| secrets).with_context(|| {
        format!(
            "there are no piece secrets, without which this role can neither read nor write shards: `planetstore \
             piece-secrets --data DIR` on a gateway's data folder writes them; set {SECRETS_ENV}, or {FILE_ENV} to the \
             path of a file with them, or put the line {SECRETS_ENV}=... into {}",
            file.display()
        )
    })
}

/// The secrets, if they are those of the master keys that the author key has, in the same order.
fn check(found: Vec<Checked>, keyring: &Keyring) -> anyhow::Result<PieceSecrets> {
    let checks = checks(keyring)?;
    ensure!(
        checks.iter().eq(found.iter().map(|(check, _)| check)),
        "they are not those of the same master keys, in the same order, as the author key: write both anew, by \
         `planetstore author-key maintenance` and `planetstore piece-secrets` on the data folder of the same gateway"
    );
    Ok((0..).zip(found).map(|(number, (_, secret))| (number, secret)).collect())
}

fn parse(text: &str) -> anyhow::Result<Vec<Checked>> {
    let secret = |text: &str| -> anyhow::Result<Checked> {
        // A message must not hold a part of a secret.
        let (check, text) = text.trim().split_once(':').context(MALFORMED)?;
        let check: KeyCheck = check.parse().ok().context(MALFORMED)?;
        let bytes = STANDARD.decode(text).map(Zeroizing::new);
        let bytes = bytes.ok().and_then(|bytes| <[u8; PIECE_SECRET_BYTES]>::try_from(bytes.as_slice()).ok());
        let bytes = bytes.map(Zeroizing::new).context(MALFORMED)?;
        Ok((check, PieceSecret::new(&bytes)))
    };
    if text.trim().is_empty() {
        bail!("there are none");
    }
    text.trim().split(',').map(secret).collect()
}

#[cfg(test)]
mod tests {
    use identity::MasterKey;

    use super::*;
    use crate::master_key;

    #[test]
    fn secrets_are_handed_over_and_found() {
        let masters = MasterKeys::first(key(0));
        let read = parse(&format!(" {}\n", *to_text(&masters).unwrap())).unwrap();
        let read = check(read, &maintenance(&masters)).unwrap();
        let own = master_key::piece_secrets(masters.iter());
        let generation = [7; 16];
        let place = identity::PiecePlace { shard: 1, piece: 2 };
        let tag = |secrets: &PieceSecrets| secrets.key(0, &generation).map(|key| key.tag(place, b"bytes"));
        assert!(tag(&read).is_some());
        assert_eq!(tag(&read), tag(&own));
    }

    #[test]
    fn secrets_of_other_keys_or_in_another_order_are_refused() {
        let mut masters = MasterKeys::first(key(0));
        masters.push(key(1)).unwrap();
        let text = to_text(&masters).unwrap();
        let (first, second) = text.split_once(',').unwrap();
        let is_right = |text: &str, masters: &MasterKeys| check(parse(text).unwrap(), &maintenance(masters)).is_ok();
        assert!(is_right(&text, &masters));
        assert!(!is_right(&format!("{second},{first}"), &masters), "they are in another order");
        assert!(!is_right(first, &masters), "one is missing");
        assert!(!is_right(&text, &MasterKeys::first(key(0))), "the author key is older");
        assert!(
            !is_right(&to_text(&MasterKeys::first(key(2))).unwrap(), &MasterKeys::first(key(0))),
            "of another region"
        );
        let refused = check(parse(first).unwrap(), &maintenance(&masters)).unwrap_err().to_string();
        assert!(refused.contains("planetstore piece-secrets") && !refused.contains(first), "{refused}");
    }

    fn key(first: u8) -> MasterKey {
        MasterKey::new(std::array::from_fn(|at| first + u8::try_from(at).unwrap()))
    }

    /// The keys that are handed over beside the secrets.
    fn maintenance(masters: &MasterKeys) -> Keyring {
        match author_key::of_gateway(masters) {
            Keyring::Gateway { maintenance, lifecycle, .. } => Keyring::Maintenance { maintenance, lifecycle },
            _ => unreachable!("it is a gateway's"),
        }
    }

    #[test]
    fn what_is_no_secret_is_refused_without_a_word_of_it() {
        for text in ["", "abc", "AAAA,BBBB", "00112233445566778899aabbccddeeff:AAAA"] {
            let error = format!("{:#}", parse(text).err().unwrap());
            assert!(text.is_empty() || !error.contains(text), "{error}");
        }
    }
}
