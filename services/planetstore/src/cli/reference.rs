//! The generated parts of `docs/configuration.md` and `docs/commands.md`: every command, flag and variable.
//!
//! `PLANETSTORE_BLESS=1 cargo test -p planetstore reference` writes them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Arg, Command, CommandFactory};

use super::Cli;

const BEGIN: &str = "<!-- generated from the command line -->\n";
const END: &str = "<!-- end of the generated part -->\n";

/// One row of the page: a flag that means the same in every listed command.
struct Setting {
    heading: String,
    flag: String,
    variable: String,
    default: String,
    meaning: String,
    commands: Vec<String>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every visible command as it is typed, parents before children.
fn commands() -> Vec<(String, Command)> {
    let mut program = Cli::command();
    program.build();
    let mut waiting = vec![(String::new(), program)];
    let mut found = Vec::new();
    while let Some((words, command)) = waiting.pop() {
        // What is below these is what is below `run`.
        let is_run_again = words.starts_with("config ");
        let is_visible = |child: &&Command| !child.is_hide_set() && child.get_name() != "help" && !is_run_again;
        let visible: Vec<_> = command.get_subcommands().filter(is_visible).collect();
        for child in visible.iter().rev() {
            waiting.push((format!("{words} {}", child.get_name()).trim().to_owned(), (*child).clone()));
        }
        found.push((words, command));
    }
    found
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

fn help(argument: &Arg) -> String {
    one_line(&argument.get_help().map(ToString::to_string).unwrap_or_default())
}

/// The flag with its value, such as `--data DIR`. If there are few values, they are listed.
fn flag(argument: &Arg) -> String {
    let long = argument.get_long().unwrap_or_default();
    let short = argument.get_short().map(|short| format!("-{short}, ")).unwrap_or_default();
    let values = argument.get_possible_values();
    let value = if !argument.get_action().takes_values() {
        String::new()
    } else if values.is_empty() {
        let names = argument.get_value_names().unwrap_or_default();
        format!(" {}", names.iter().map(clap::builder::Str::as_str).collect::<Vec<_>>().join(" "))
    } else {
        format!(" {}", values.iter().map(clap::builder::PossibleValue::get_name).collect::<Vec<_>>().join("\\|"))
    };
    format!("`{short}--{long}{value}`")
}

/// The default and the meaning. A default that depends on something else is in brackets at the end of the help.
fn default_and_meaning(argument: &Arg) -> (String, String) {
    let help = help(argument);
    if let Some((meaning, default)) = help.split_once(" [default: ") {
        return (default.trim_end_matches(']').to_owned(), meaning.to_owned());
    }
    let values: Vec<_> = argument.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    let default = match (values.is_empty(), argument.is_required_set(), argument.get_action().takes_values()) {
        (false, _, true) => format!("`{}`", values.join(",")),
        (_, true, _) => "required".to_owned(),
        (_, _, true) => "none".to_owned(),
        (_, _, false) => "off".to_owned(),
    };
    (default, help)
}

/// Settings in the order of the command line. Flags of `admin` without a variable are arguments of one command, and are
/// on the other page.
fn settings() -> Vec<Setting> {
    let mut settings: Vec<Setting> = Vec::new();
    for (words, command) in commands() {
        for argument in command.get_arguments() {
            let Some(variable) = argument.get_env() else { continue };
            // Where it is defined: the program itself, or one of these.
            let is_defined_here =
                words.is_empty() || words == "admin" || words == "run" && argument.get_id() == "config";
            if argument.is_global_set() && !is_defined_here {
                continue;
            }
            let (default, meaning) = default_and_meaning(argument);
            let setting = Setting {
                heading: argument.get_help_heading().unwrap_or("Settings").to_owned(),
                flag: flag(argument),
                variable: format!("`{}`", variable.to_string_lossy()),
                default,
                meaning,
                commands: vec![if words.is_empty() { "all".to_owned() } else { words.clone() }],
            };
            let is_same = |other: &&mut Setting| {
                (&other.flag, &other.default, &other.meaning) == (&setting.flag, &setting.default, &setting.meaning)
            };
            match settings.iter_mut().find(is_same) {
                Some(known) if known.commands == ["all"] => {}
                Some(known) => known.commands.extend(setting.commands),
                None => settings.push(setting),
            }
        }
    }
    settings
}

fn settings_page() -> String {
    let settings = settings();
    let mut headings: Vec<&str> = Vec::new();
    for setting in &settings {
        if !headings.contains(&setting.heading.as_str()) {
            headings.push(&setting.heading);
        }
    }
    let mut page = String::new();
    for heading in headings {
        let _ = write!(
            page,
            "\n## {heading}\n\n| Flag | Variable | Default | Meaning | Commands |\n|---|---|---|---|---|\n"
        );
        for Setting { flag, variable, default, meaning, commands, .. } in
            settings.iter().filter(|setting| setting.heading == heading)
        {
            let _ = writeln!(page, "| {flag} | {variable} | {default} | {meaning} | {} |", commands.join(", "));
        }
    }
    page.push('\n');
    page
}

fn commands_page() -> String {
    let mut page = "\n| Command | What it does |\n|---|---|\n".to_owned();
    for (words, command) in
        commands().into_iter().filter(|(words, command)| !command.has_subcommands() || words.starts_with("config "))
    {
        let arguments = command.get_arguments().filter_map(|argument| {
            let is_own = argument.get_env().is_none() && !argument.is_global_set() && argument.get_id() != "help";
            let text = match argument.get_long() {
                Some(_) => flag(argument).trim_matches('`').to_owned(),
                None => argument.get_id().as_str().to_uppercase(),
            };
            let is_optional = !argument.is_required_set();
            is_own.then(|| if is_optional { format!(" [{text}]") } else { format!(" {text}") })
        });
        let about = one_line(&command.get_about().map(ToString::to_string).unwrap_or_default());
        let _ = writeln!(page, "| `planetstore {words}{}` | {about} |", arguments.collect::<String>());
    }
    page.push('\n');
    page
}

/// Compares the text between the two marks of a page with the present command line.
fn assert_is_current(name: &str, generated: &str) {
    let path = root().join("docs").join(name);
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (between, after) = rest.split_once(END).unwrap();
    if std::env::var_os("PLANETSTORE_BLESS").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{generated}{END}{after}")).unwrap();
        return;
    }
    assert!(
        between == generated,
        "docs/{name} does not match this command line: run this test with PLANETSTORE_BLESS=1"
    );
}

#[test]
fn the_pages_of_settings_and_commands_are_current() {
    assert_is_current("configuration.md", &settings_page());
    assert_is_current("commands.md", &commands_page());
}

/// Every source file in a folder.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_variable_that_the_program_reads_is_on_the_page() {
    let page = std::fs::read_to_string(root().join("docs/configuration.md")).unwrap();
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let mut missing = Vec::new();
    for file in files.iter().filter(|file| !file.ends_with("reference.rs")) {
        let text = std::fs::read_to_string(file).unwrap();
        for word in text.split('"').filter(|word| word.starts_with("PLANETSTORE_") && word.len() > "PLANETSTORE_".len())
        {
            let is_name = word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
            if is_name && !page.contains(&format!("`{word}`")) {
                missing.push(word.to_owned());
            }
        }
    }
    assert!(missing.is_empty(), "not in docs/configuration.md: {missing:?}");
    assert!(page.contains("PLANETSTORE_ADDRESS_REQUESTS_PER_SECOND"), "rate limits are settings like all others");
}
