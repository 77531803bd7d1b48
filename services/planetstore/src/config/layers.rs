//! Which lines of the file count, and which are overridden by the environment or a flag.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::builder::Resettable;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, CommandFactory};

use super::file::{self, Entry, Value};
use super::{CONFIGURED, FILE_OPTION};
use crate::cli::Cli;
use crate::files;

/// How similar a name has to be to be suggested (Jaro similarity). The library of the command line has the same.
const SIMILAR_MIN: f64 = 0.7;

/// The lines of a file that nothing overrides.
#[derive(Default)]
pub(super) struct Layers {
    /// The role with the words before it, such as `run node`.
    role: Vec<String>,
    path: PathBuf,
    flags: Vec<OsString>,
    lines: BTreeMap<String, usize>,
}

impl Layers {
    /// Reads the file that the command line or the environment names, if there is one.
    pub(super) fn read(arguments: &[OsString]) -> Result<Self, clap::Error> {
        // What is required may be in the file.
        let program = relaxed(Cli::command());
        let matches = program.clone().try_get_matches_from(arguments)?;
        let Some((role, given)) = role_of(&matches) else { return Ok(Self::default()) };
        let mut layers = Self { role, ..Self::default() };
        let Some(path) = given.get_one::<PathBuf>(FILE_OPTION) else { return Ok(layers) };
        layers.path.clone_from(path);
        let text = files::read(path).map_err(|error| refused(&format!("{}: {error}", path.display())))?;
        let text = text.ok_or_else(|| refused(&format!("there is no configuration file {}", path.display())))?;
        let entries = file::parse(&text).map_err(|wrong| layers.refusal(wrong.line, &wrong.why))?;
        let command = command_of(&program, &layers.role);
        for entry in entries {
            layers.add(entry, &program, &command, given)?;
        }
        Ok(layers)
    }

    /// The words to append to the command line.
    pub(super) fn flags(&self) -> Vec<OsString> {
        self.flags.clone()
    }

    /// The role with the words before it; empty if there is none.
    pub(super) fn role(&self) -> &[String] {
        &self.role
    }

    /// The file, and the line in it that gives an option its value.
    pub(super) fn line(&self, option: &str) -> Option<(&Path, usize)> {
        self.lines.get(option).map(|line| (self.path.as_path(), *line))
    }

    fn add(
        &mut self,
        entry: Entry,
        program: &Command,
        command: &Command,
        given: &ArgMatches,
    ) -> Result<(), clap::Error> {
        let Entry { name, line, value } = entry;
        let Some(option) = options(command).find(|option| option.get_long() == Some(&name)) else {
            return Err(self.refusal(line, &unknown(&name, command, &self.role)));
        };
        let flags = flags(option, &name, &value).map_err(|why| self.refusal(line, &format!("{name}: {why}")))?;
        // The library's message names the flag. The refusal adds the line of the file.
        let words = std::iter::once("planetstore").chain(self.role.iter().map(String::as_str)).map(OsString::from);
        if let Err(error) = program.clone().try_get_matches_from(words.chain(flags.iter().cloned())) {
            return Err(self.refusal(line, &said(&error)));
        }
        let is_overridden = matches!(
            given.value_source(option.get_id().as_str()),
            Some(ValueSource::CommandLine | ValueSource::EnvVariable)
        );
        if !is_overridden {
            self.flags.extend(flags);
            self.lines.insert(name, line);
        }
        Ok(())
    }

    fn refusal(&self, line: usize, why: &str) -> clap::Error {
        refused(&format!("{}:{line}: {why}", self.path.display()))
    }
}

/// What is wrong with a file is wrong usage.
fn refused(why: &str) -> clap::Error {
    clap::Error::raw(ErrorKind::ValueValidation, format!("{why}\n"))
}

/// A command line on which nothing is required.
fn relaxed(command: Command) -> Command {
    command.mut_args(|option| option.required(false).requires(Resettable::Reset)).mut_subcommands(relaxed)
}

/// The role that is asked for, with the words before it, and what is given for it.
fn role_of(matches: &ArgMatches) -> Option<(Vec<String>, &ArgMatches)> {
    let (first, mut matches) = matches.subcommand()?;
    if !CONFIGURED.contains(&first) {
        return None;
    }
    let mut words = vec![first.to_owned()];
    while let Some((word, below)) = matches.subcommand() {
        words.push(word.to_owned());
        matches = below;
    }
    Some((words, matches))
}

/// The definition of a role, with the options that all commands have.
pub(super) fn command_of(program: &Command, words: &[String]) -> Command {
    let mut command = program.clone();
    command.build();
    for word in words {
        if let Some(below) = command.find_subcommand(word) {
            command = below.clone();
        }
    }
    command
}

/// The options that may stand in a file.
pub(super) fn options(command: &Command) -> impl Iterator<Item = &Arg> {
    let is_setting = |option: &&Arg| option.get_long().is_some() && option.get_env().is_some();
    command.get_arguments().filter(is_setting).filter(|option| option.get_id() != FILE_OPTION)
}

/// The flags that say what a line says.
fn flags(option: &Arg, name: &str, value: &Value) -> Result<Vec<OsString>, String> {
    let takes_many = matches!(option.get_action(), ArgAction::Append);
    let takes_value = option.get_action().takes_values();
    let with = |value: &str| OsString::from(format!("--{name}={value}"));
    match value {
        Value::Switch(on) if takes_value => Ok(vec![with(&on.to_string())]),
        Value::Switch(on) => Ok(if *on { vec![format!("--{name}").into()] } else { Vec::new() }),
        _ if !takes_value => Err("this is true or false, without quotes".to_owned()),
        Value::One(value) => Ok(vec![with(value)]),
        Value::List(values) if takes_many => Ok(values.iter().map(|value| with(value)).collect()),
        Value::List(_) => Err("this has one value, and no list".to_owned()),
    }
}

/// What is wrong with a name, and what may have been meant.
fn unknown(name: &str, command: &Command, role: &[String]) -> String {
    let known = options(command).filter_map(Arg::get_long);
    let similar = known.map(|known| (strsim::jaro(name, known), known)).filter(|(near, _)| *near >= SIMILAR_MIN);
    let nearest = similar.max_by(|(a, _), (b, _)| a.total_cmp(b));
    let hint = nearest.map(|(_, known)| format!(": did you mean {known:?}?")).unwrap_or_default();
    format!("{} has no option {name:?}{hint}", role.last().map_or("it", String::as_str))
}

/// The message of the library in one line, without advice about the command line.
fn said(error: &clap::Error) -> String {
    let text = error.to_string();
    let lines = text.lines().take_while(|line| !line.is_empty()).map(str::trim);
    lines.collect::<Vec<_>>().join(" ").trim_start_matches("error: ").to_owned()
}
