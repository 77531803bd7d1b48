//! The configuration of a role: its defaults, a file, the environment, and flags, where the later ones override the
//! earlier ones.
//!
//! A file holds the names of flags with their values. What may stand in it is read from the definition of the command line,
//! so that no option is defined twice. What the file says and nothing overrides is appended to the command line as flags,
//! and then read like them.

mod file;
mod layers;
mod shown;
#[cfg(test)]
mod tests;

use std::ffi::OsString;

use clap::{CommandFactory, FromArgMatches};

use crate::cli::Cli;
use layers::Layers;
pub(crate) use shown::Shown;

/// The commands that take a configuration file.
const CONFIGURED: [&str; 2] = ["run", "config"];

/// The id of the option that names the file.
const FILE_OPTION: &str = "config";

/// What the program was asked to do.
pub(crate) struct Asked {
    pub(crate) cli: Cli,
    /// Each option of the role with its value, for `config show`; empty for other commands.
    pub(crate) options: Vec<Shown>,
}

/// Reads the command line, the environment, and the file that they name.
///
/// # Errors
/// What is wrong with one of them, for the caller to print.
pub(crate) fn read(arguments: Vec<OsString>) -> Result<Asked, clap::Error> {
    if !arguments.iter().any(|word| CONFIGURED.iter().any(|name| word == name)) {
        let matches = Cli::command().try_get_matches_from(arguments)?;
        return Ok(Asked { cli: Cli::from_arg_matches(&matches)?, options: Vec::new() });
    }
    let layers = Layers::read(&arguments)?;
    let matches = Cli::command().try_get_matches_from(arguments.into_iter().chain(layers.flags()))?;
    let options = shown::options(&matches, &layers);
    Ok(Asked { cli: Cli::from_arg_matches(&matches)?, options })
}
