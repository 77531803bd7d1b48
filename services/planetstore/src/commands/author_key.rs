use anyhow::Context;
use events::Author;

use super::Verdict;
use crate::author_key::{KEY_ENV, to_hand_over};
use crate::cli::AuthorKeyArgs;
use crate::folder::Paths;
use crate::master_key;

/// Writes the key by which a process that is no gateway proves what it writes. Nothing is changed by it, and the same
/// key is written each time.
pub(crate) fn author_key(arguments: &AuthorKeyArgs) -> anyhow::Result<Verdict> {
    let file = Paths::new(&arguments.data.data).master_key();
    let master = master_key::find(&file)?.ok_or_else(|| master_key::missing(&file))?;
    let author = Author::from(arguments.author);
    let key = to_hand_over(&master, author, arguments.number).context("there is no key with this number")?;
    println!("{KEY_ENV}={}", *key.to_text(author));
    Ok(Verdict::Well)
}
