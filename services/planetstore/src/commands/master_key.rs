//! Adds a master key to the file, or seals the former ones in it with the newest. `planetstore admin master-key`
//! decides which key the region uses.

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use identity::{MasterKeys, NONCE_BYTES, Secret};

use super::Verdict;
use crate::folder::{DataArgs, Paths};
use crate::key_source::KeyOrigin;
use crate::master_key::{self, KEY_ENV};

#[derive(Debug, Subcommand)]
pub(crate) enum MasterKeyCommand {
    /// Append a new master key to the file; the region uses it after `planetstore admin master-key rotate`
    Add(MasterKeyArgs),
    /// Seal the former master keys in the file with the newest, so that only the newest must be kept secret
    Retire(MasterKeyArgs),
}

#[derive(Debug, Args)]
pub(crate) struct MasterKeyArgs {
    /// Print the keys instead of writing the file
    #[arg(long)]
    pub(crate) print: bool,
    #[command(flatten)]
    pub(crate) data: DataArgs,
}

/// Changes the file with the keys.
pub(crate) fn master_key(command: &MasterKeyCommand) -> anyhow::Result<Verdict> {
    let (MasterKeyCommand::Add(arguments) | MasterKeyCommand::Retire(arguments)) = command;
    let file = Paths::new(&arguments.data.data).master_key();
    let (keys, origin) = master_key::find_with_origin(&file)?.ok_or_else(|| master_key::missing(&file))?;
    let text = match command {
        MasterKeyCommand::Add(_) => added(keys)?,
        MasterKeyCommand::Retire(_) => retired(&keys)?,
    };
    match origin {
        _ if arguments.print => println!("{KEY_ENV}={}", text.expose()),
        KeyOrigin::File(file) => {
            master_key::write(&file, text.expose())?;
            println!("wrote {}: copy it to all gateways of the region and restart them", file.display());
        }
        KeyOrigin::Environment => {
            bail!("the master key is in {KEY_ENV}, not in a file: use --print and set {KEY_ENV} to the output")
        }
    }
    Ok(Verdict::Well)
}

fn added(mut keys: MasterKeys) -> anyhow::Result<Secret> {
    keys.push(master_key::fresh()?)?;
    Ok(keys.to_text())
}

fn retired(keys: &MasterKeys) -> anyhow::Result<Secret> {
    let mut nonces = vec![[0; NONCE_BYTES]; keys.len()];
    for nonce in &mut nonces {
        getrandom::fill(nonce).context("the system provides no randomness")?;
    }
    let mut nonces = nonces.into_iter();
    keys.retired(|| nonces.next().unwrap_or_default()).context("the keys cannot be sealed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_added_behind_the_others_and_retired_in_their_places() {
        let keys = MasterKeys::first(master_key::fresh().unwrap());
        let ids = |keys: &MasterKeys| keys.iter().map(identity::MasterKey::key_id).collect::<Vec<_>>();
        let two = MasterKeys::parse(added(keys.clone()).unwrap().expose()).unwrap();
        assert_eq!((two.len(), &ids(&two)[..1]), (2, &ids(&keys)[..]));
        let text = retired(&two).unwrap();
        assert_eq!(ids(&MasterKeys::parse(text.expose()).unwrap()), ids(&two));
        assert!(!text.expose().contains(keys.to_text().expose()));
    }
}
