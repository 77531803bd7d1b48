//! The keys with which the notary signs the log.
//!
//! They are derived from the master keys, unless others are given: keys of their own, or a program that signs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use clap::Args;
use events::checkpoint::NOTARY_KEYS_MAX;
use events::ids::NotaryKey;
use identity::{MasterKeys, NOTARY_SEED_BYTES, NotarySecret};
use notary::{HeldKeys, Program, Signer};
use zeroize::Zeroizing;

use crate::folder::Paths;
use crate::key_source::KeySource;

/// The variable with the keys, the first one first.
pub(crate) const KEY_ENV: &str = "PLANETSTORE_NOTARY_KEY";

/// The variable with the path of a file that holds them.
const FILE_ENV: &str = "PLANETSTORE_NOTARY_KEY_FILE";

const SOURCE: KeySource = KeySource { name: "notary key", variable: KEY_ENV, file_variable: FILE_ENV };

/// Who signs in place of this process.
#[derive(Debug, Clone, Args)]
pub(crate) struct SignerArgs {
    /// Program that signs for the notary: it gets a public key as argument and a text on stdin, and prints the signature
    /// (Ed25519) in hexadecimal [default: this process signs]
    #[arg(long, env = "PLANETSTORE_NOTARY_PROGRAM", value_name = "FILE", requires = "notary_public_key")]
    pub(crate) notary_program: Option<PathBuf>,
    /// Public keys with which that program signs, in the order in which they come into use
    #[arg(
        long,
        env = "PLANETSTORE_NOTARY_PUBLIC_KEY",
        value_name = "KEY",
        value_delimiter = ',',
        requires = "notary_program"
    )]
    pub(crate) notary_public_key: Vec<NotaryKey>,
}

impl SignerArgs {
    /// Who signs: the program, the keys that are given, or else those derived from the master keys.
    pub(crate) fn signer(&self, paths: &Paths, masters: Option<&MasterKeys>) -> anyhow::Result<Arc<dyn Signer>> {
        if let Some(program) = &self.notary_program {
            return Ok(Arc::new(Program::new(program.clone(), self.notary_public_key.clone())));
        }
        let secrets = match (find(paths)?, masters) {
            (Some(given), _) => given,
            (None, Some(masters)) => derived(masters)?,
            (None, None) => bail!(
                "there is no key of the notary: `planetstore notary-key --data DIR` on a gateway's data folder derives \
                 one, and with --fresh makes another; set {KEY_ENV}, or {FILE_ENV} to the path of a file with it, or \
                 put the line {KEY_ENV}=... into {}; or have a program sign (--notary-program)",
                paths.notary_key().display()
            ),
        };
        Ok(Arc::new(HeldKeys::new(secrets)))
    }
}

/// The keys that are given, in the environment or in the data folder.
pub(crate) fn find(paths: &Paths) -> anyhow::Result<Option<Vec<NotarySecret>>> {
    find_among(|name| std::env::var(name).ok(), &paths.notary_key())
}

/// A key for each master key.
pub(crate) fn derived(masters: &MasterKeys) -> anyhow::Result<Vec<NotarySecret>> {
    masters.iter().map(|master| Ok(NotarySecret::new(&master.notary())?)).collect()
}

/// A new key.
pub(crate) fn fresh() -> anyhow::Result<NotarySecret> {
    let mut seed = Zeroizing::new([0; NOTARY_SEED_BYTES]);
    getrandom::fill(&mut *seed).context("the system provides no randomness for a key")?;
    Ok(NotarySecret::new(&seed)?)
}

/// Keys as text.
pub(crate) fn to_text(secrets: &[NotarySecret]) -> Zeroizing<String> {
    let texts: Vec<_> = secrets.iter().map(NotarySecret::to_text).collect();
    Zeroizing::new(texts.iter().map(identity::Secret::expose).collect::<Vec<_>>().join(","))
}

fn find_among(variable: impl Fn(&str) -> Option<String>, file: &Path) -> anyhow::Result<Option<Vec<NotarySecret>>> {
    Ok(SOURCE.find(variable, file, parse)?.map(|(secrets, _)| secrets))
}

fn parse(text: &str) -> anyhow::Result<Vec<NotarySecret>> {
    let texts = text.split([',', '\n']).map(str::trim).filter(|text| !text.is_empty());
    let secrets = texts.map(|text| Ok(NotarySecret::parse(text)?)).collect::<anyhow::Result<Vec<_>>>()?;
    ensure!(!secrets.is_empty(), "there is none");
    ensure!(secrets.len() <= NOTARY_KEYS_MAX, "there are more than {NOTARY_KEYS_MAX}");
    Ok(secrets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_handed_over_and_found_in_their_order() {
        let secrets = [fresh().unwrap(), fresh().unwrap()];
        let public = |secrets: &[NotarySecret]| secrets.iter().map(NotarySecret::public_key).collect::<Vec<_>>();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("notary.key");
        let none = |_: &str| None;
        assert!(find_among(none, &file).unwrap().is_none());
        for text in [to_text(&secrets).to_string(), format!("{KEY_ENV}={}\n", *to_text(&secrets))] {
            std::fs::write(&file, text).unwrap();
            assert_eq!(public(&find_among(none, &file).unwrap().unwrap()), public(&secrets));
        }
        std::fs::write(&file, "notary:no secret").unwrap();
        let refused = format!("{:#}", find_among(none, &file).unwrap_err());
        assert!(refused.contains("notary key in") && !refused.contains("no secret"), "{refused}");
    }
}
