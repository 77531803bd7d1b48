use clap::{Args, Subcommand};

use super::Verdict;
use crate::cli::RunArgs;
use crate::config::Shown;

/// What may be asked about the configuration of a role. Both take what `run` takes.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Check the configuration of a role: `config check node --config FILE`. Takes the flags of `run`, and starts nothing
    Check(RunArgs),
    /// Show the configuration of a role as a file: what its file, the environment and the flags of `run` together say
    Show(ShowArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// Show for each value where it came from: the default, a line of the file, a variable, or a flag
    #[arg(long, global = true)]
    origin: bool,
    #[command(flatten)]
    run: RunArgs,
}

/// `planetstore config`: shows the options that were read. Whatever is wrong with them was told before.
pub(crate) fn config(command: &ConfigCommand, options: &[Shown]) -> Verdict {
    match command {
        ConfigCommand::Check(RunArgs { config, .. }) => match config {
            Some(file) => println!("{} is a valid configuration", file.display()),
            None => println!("the configuration is valid"),
        },
        ConfigCommand::Show(ShowArgs { origin, .. }) => print!("{}", text(options, *origin)),
    }
    Verdict::Well
}

/// A configuration file that says the same. What is not set is a comment.
fn text(options: &[Shown], with_origin: bool) -> String {
    let line = |Shown { name, value, .. }: &Shown| match value.as_str() {
        "" => format!("# {name}"),
        value => format!("{name} = {value}"),
    };
    let lines: Vec<_> = options.iter().map(line).collect();
    let width = lines.iter().map(|line| line.chars().count()).max().unwrap_or_default();
    let lines = lines.iter().zip(options);
    let lines = lines.map(
        |(line, Shown { origin, .. })| {
            if with_origin { format!("{line:width$}  # {origin}\n") } else { format!("{line}\n") }
        },
    );
    lines.collect()
}
