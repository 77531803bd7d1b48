//! `planetstore completions` and `planetstore man-pages`: what a shell and `man` know of the commands.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::Verdict;
use crate::cli::Cli;

#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell. For bash, put `source <(planetstore completions bash)` into its start file
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(Debug, Args)]
pub(crate) struct ManPagesArgs {
    /// Folder for the pages, such as `/usr/local/share/man/man1`
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// Prints a script for a shell.
pub(crate) fn completions(arguments: &CompletionsArgs) -> Verdict {
    clap_complete::generate(arguments.shell, &mut Cli::command(), "planetstore", &mut std::io::stdout());
    Verdict::Well
}

/// Writes a page for each command.
pub(crate) fn man_pages(arguments: &ManPagesArgs) -> anyhow::Result<Verdict> {
    let folder = &arguments.folder;
    std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    clap_mangen::generate_to(Cli::command(), folder)
        .with_context(|| format!("cannot write pages to {}", folder.display()))?;
    println!("wrote a page for each command to {}", folder.display());
    Ok(Verdict::Well)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page() {
        let folder = tempfile::tempdir().unwrap();
        man_pages(&ManPagesArgs { folder: folder.path().to_owned() }).unwrap();
        for page in ["planetstore.1", "planetstore-cp.1", "planetstore-admin-user-create.1"] {
            assert!(folder.path().join(page).exists(), "{page}");
        }
        assert!(!folder.path().join("planetstore-exec-with-parent.1").exists());
    }
}
