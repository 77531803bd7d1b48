//! The options of a role with their values, and where each came from.

use std::fmt;
use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, CommandFactory};

use super::layers::{self, Layers};
use crate::cli::Cli;

/// Where a value came from.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// It has none.
    NotSet,
    Default,
    File(PathBuf, usize),
    /// A variable of the environment.
    Environment(String),
    Flag,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSet => f.write_str("not set"),
            Self::Default => f.write_str("default"),
            Self::File(path, line) => write!(f, "{}:{line}", path.display()),
            Self::Environment(name) => f.write_str(name),
            Self::Flag => f.write_str("flag"),
        }
    }
}

/// An option with its value in the form of a configuration file. None is a secret: those are not options.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) origin: Origin,
}

/// The options of the role that was asked for.
pub(super) fn options(matches: &ArgMatches, layers: &Layers) -> Vec<Shown> {
    let mut given = matches;
    while let Some((_, below)) = given.subcommand() {
        given = below;
    }
    let command = layers::command_of(&Cli::command(), layers.role());
    layers::options(&command).map(|option| shown(option, given, layers)).collect()
}

fn shown(option: &Arg, given: &ArgMatches, layers: &Layers) -> Shown {
    let (id, name) = (option.get_id().as_str(), option.get_long().unwrap_or_default());
    let origin = match (layers.line(name), given.value_source(id)) {
        (Some((path, line)), _) => Origin::File(path.to_owned(), line),
        (None, Some(ValueSource::CommandLine)) => Origin::Flag,
        (None, Some(ValueSource::EnvVariable)) => {
            Origin::Environment(option.get_env().unwrap_or_default().to_string_lossy().into_owned())
        }
        (None, Some(_)) => Origin::Default,
        (None, None) => Origin::NotSet,
    };
    let values = given.get_raw(id).into_iter().flatten().map(|value| value.to_string_lossy().into_owned());
    let mut values: Vec<_> = values.map(|value| literal(&value)).collect();
    let value = match (option.get_action(), values.len()) {
        (clap::ArgAction::Append, 1..) => format!("[{}]", values.join(", ")),
        (clap::ArgAction::SetTrue, _) => given.get_flag(id).to_string(),
        _ => values.pop().unwrap_or_default(),
    };
    Shown { name: name.to_owned(), value, origin }
}

/// A number as it is, anything else as a string of TOML, which has the escapes of JSON.
fn literal(value: &str) -> String {
    match value.parse::<i64>() {
        Ok(number) if number.to_string() == value => value.to_owned(),
        _ => serde_json::Value::from(value).to_string(),
    }
}
