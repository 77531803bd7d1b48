use clap::Args;
use events::ids::NotaryKey;
use identity::NotarySecret;

use super::Verdict;
use crate::folder::{DataArgs, Paths};
use crate::notary_key::{KEY_ENV, derived, fresh, to_text};
use crate::{master_key, notary_key};

#[derive(Debug, Args)]
pub(crate) struct NotaryKeyArgs {
    /// Generate a random key instead of deriving it from the master key
    #[arg(long)]
    pub(crate) fresh: bool,
    /// Print only the public key, which is enough to verify signatures
    #[arg(long)]
    pub(crate) public: bool,
    #[command(flatten)]
    pub(crate) data: DataArgs,
}

/// Prints the key with which the notary signs: one that is derived from the master keys, the same each time, or a new one.
pub(crate) fn notary_key(arguments: &NotaryKeyArgs) -> anyhow::Result<Verdict> {
    let secrets = if arguments.fresh {
        vec![fresh()?]
    } else {
        let paths = Paths::new(&arguments.data.data);
        if let Some(given) = notary_key::find(&paths)? {
            given
        } else {
            let file = paths.master_key();
            derived(&master_key::find(&file)?.ok_or_else(|| master_key::missing(&file))?)?
        }
    };
    if arguments.public {
        for secret in &secrets {
            println!("{}", NotaryKey(NotarySecret::public_key(secret)));
        }
    } else {
        println!("{KEY_ENV}={}", *to_text(&secrets));
    }
    Ok(Verdict::Well)
}
