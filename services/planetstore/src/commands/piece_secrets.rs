use clap::Args;

use super::Verdict;
use crate::folder::{DataArgs, Paths};
use crate::master_key;
use crate::piece_secrets::{SECRETS_ENV, to_text};

#[derive(Debug, Args)]
pub(crate) struct PieceSecretsArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
}

/// Writes the secrets by which pieces are tagged, for `planetstore run repair`. Nothing is changed by it, and the same
/// secrets are written each time.
pub(crate) fn piece_secrets(arguments: &PieceSecretsArgs) -> anyhow::Result<Verdict> {
    let file = Paths::new(&arguments.data.data).master_key();
    let masters = master_key::find(&file)?.ok_or_else(|| master_key::missing(&file))?;
    println!("{SECRETS_ENV}={}", *to_text(&masters)?);
    Ok(Verdict::Well)
}
