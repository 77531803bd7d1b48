use anyhow::Context;
use clap::{Args, ValueEnum};
use events::Author;

use super::Verdict;
use crate::author_key::{KEY_ENV, to_hand_over};
use crate::folder::{DataArgs, Paths};
use crate::master_key;

/// The author key to derive.
#[derive(Debug, Args)]
pub(crate) struct AuthorKeyArgs {
    /// The role that will use the key
    pub(crate) author: KeyedAuthor,
    /// Number of the key: 0 at first, one more after each rotation. After rotations of the master key, one number for
    /// each master key, the first key's first
    #[arg(long, env = "PLANETSTORE_AUTHOR_KEY_NUMBER", default_value = "0", value_name = "N", value_delimiter = ',')]
    pub(crate) number: Vec<u32>,
    #[command(flatten)]
    pub(crate) data: DataArgs,
}

/// The roles with an author key. Gateways use the master key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum KeyedAuthor {
    /// `planetstore run lifecycle`
    Lifecycle,
}

impl From<KeyedAuthor> for Author {
    fn from(author: KeyedAuthor) -> Self {
        match author {
            KeyedAuthor::Lifecycle => Self::Lifecycle,
        }
    }
}

/// Derives and prints the key with which a process other than a gateway proves its events. It changes nothing, and
/// prints the same key each time.
pub(crate) fn author_key(arguments: &AuthorKeyArgs) -> anyhow::Result<Verdict> {
    let file = Paths::new(&arguments.data.data).master_key();
    let masters = master_key::find(&file)?.ok_or_else(|| master_key::missing(&file))?;
    let author = Author::from(arguments.author);
    let key = to_hand_over(&masters, author, &arguments.number).context("there is no key with this number")?;
    println!("{KEY_ENV}={}", *key.to_text(author));
    Ok(Verdict::Well)
}
