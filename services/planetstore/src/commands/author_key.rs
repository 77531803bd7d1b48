use anyhow::Context;
use clap::{Args, ValueEnum};
use events::Author;
use ledger::Keyring;

use super::Verdict;
use crate::author_key::{KEY_ENV, to_hand_over};
use crate::folder::{DataArgs, Paths};
use crate::master_key;

/// The author key to derive.
#[derive(Debug, Args)]
pub(crate) struct AuthorKeyArgs {
    /// The role that will use the key
    pub(crate) author: KeyedAuthor,
    /// Number of the key: 0 at first, one more after each rotation. After a rotation of the master key, give one number
    /// per master key, beginning with the first master key
    #[arg(long, env = "PLANETSTORE_AUTHOR_KEY_NUMBER", default_value = "0", value_name = "N", value_delimiter = ',')]
    pub(crate) number: Vec<u32>,
    /// Number of the key of `lifecycle`, in the same form. The maintenance services need that key to verify what the
    /// lifecycle service writes
    #[arg(
        long,
        env = "PLANETSTORE_LIFECYCLE_KEY_NUMBER",
        default_value = "0",
        value_name = "N",
        value_delimiter = ','
    )]
    pub(crate) lifecycle_number: Vec<u32>,
    #[command(flatten)]
    pub(crate) data: DataArgs,
}

/// The roles with an author key. Gateways use the master key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum KeyedAuthor {
    /// `planetstore run lifecycle`
    Lifecycle,
    /// The maintenance services: monitor, repair, garbage collection, deduplication
    Maintenance,
}

/// Derives and prints the key with which a process other than a gateway proves its events. It changes nothing, and
/// prints the same key each time.
pub(crate) fn author_key(arguments: &AuthorKeyArgs) -> anyhow::Result<Verdict> {
    let file = Paths::new(&arguments.data.data).master_key();
    let masters = master_key::find(&file)?.ok_or_else(|| master_key::missing(&file))?;
    let key =
        |author, numbers: &[u32]| to_hand_over(&masters, author, numbers).context("there is no key with this number");
    let keyring = match arguments.author {
        KeyedAuthor::Lifecycle => Keyring::Lifecycle(key(Author::Lifecycle, &arguments.number)?),
        KeyedAuthor::Maintenance => Keyring::Maintenance {
            maintenance: key(Author::Maintenance, &arguments.number)?,
            lifecycle: key(Author::Lifecycle, &arguments.lifecycle_number)?,
        },
    };
    println!("{KEY_ENV}={}", *keyring.to_text());
    Ok(Verdict::Well)
}
