use std::fs;

use super::shown::Origin;
use super::*;
use crate::cli::{Command, RunCommand};

fn asked(line: &str, more: &[&str]) -> Result<Asked, String> {
    let words = line.split(' ').chain(more.iter().copied()).map(OsString::from);
    read(std::iter::once("planetstore".into()).chain(words).collect()).map_err(|error| error.to_string())
}

fn with_file(line: &str, text: &str) -> Result<Asked, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("role.toml");
    fs::write(&file, text).unwrap();
    asked(line, &["--config", file.to_str().unwrap()])
}

fn origin<'a>(asked: &'a Asked, name: &str) -> (&'a str, &'a Origin) {
    let option = asked.options.iter().find(|option| option.name == name).unwrap();
    (&option.value, &option.origin)
}

/// A value that each option with values of this kind accepts.
fn sample(option: &clap::Arg) -> String {
    if !option.get_action().takes_values() {
        return "true".to_owned();
    }
    if let Some(value) = option.get_possible_values().first() {
        return format!("{:?}", value.get_name());
    }
    if let Some(value) = option.get_default_values().first() {
        return format!("{:?}", value.to_str().unwrap());
    }
    let kind = option.get_value_names().unwrap()[0].as_str();
    let value = match kind {
        "ADDR" => "127.0.0.1:0",
        "BYTES" | "SIZE" => "64MiB",
        "DIR" | "FILE" => "/somewhere",
        "FILTER" => "debug",
        "KEY" => "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "LIST" => "192.0.2.7",
        "N" | "SECONDS" => "5",
        "NAME" => "us-east-1",
        "URL" if option.get_id() == "nats_url" => "tls://a:4222,tls://b:4222",
        "URL" => "http://h:9000",
        kind => panic!("give a sample for {kind}, which --{} takes", option.get_long().unwrap()),
    };
    format!("{value:?}")
}

#[test]
fn each_option_of_each_role_can_stand_in_a_file() {
    let program = Cli::command();
    let roles = program.find_subcommand("run").unwrap().get_subcommands().map(|role| role.get_name().to_owned());
    let roles: Vec<_> = roles.collect();
    assert!(roles.len() >= 8);
    for role in &roles {
        let command = layers::command_of(&program, &["run".to_owned(), role.clone()]);
        let options: Vec<_> = layers::options(&command).collect();
        let flags = command.get_arguments().filter(|option| option.get_long().is_some()).count();
        assert_eq!(flags, options.len() + 2, "{role}: all but --help and --config");
        let lines: Vec<_> =
            options.iter().map(|option| format!("{} = {}", option.get_long().unwrap(), sample(option))).collect();
        let asked = with_file(&format!("run {role}"), &lines.join("\n")).unwrap_or_else(|error| panic!("{error}"));
        for (line, option) in (1..).zip(&options) {
            let name = option.get_long().unwrap();
            let (_, origin) = origin(&asked, name);
            assert!(matches!(origin, Origin::File(_, found) if *found == line), "{role} {name}: {origin:?}");
        }
    }
}

#[test]
fn a_flag_overrides_the_file_which_overrides_the_default() {
    let text = "node = \"node-7\"\nzone = \"rack-1\"\nnats-url = \"nats://h\"\n";
    let asked = with_file("run node --zone rack-2", text).unwrap();
    let Command::Run(run) = &asked.cli.command else { panic!("not run") };
    let RunCommand::Node(node) = &run.role else { panic!("not a node") };
    assert_eq!((node.node.as_str(), node.zone.as_deref(), node.scrub_days), ("node-7", Some("rack-2"), 7));
    assert!(matches!(origin(&asked, "node"), ("\"node-7\"", Origin::File(_, 1))));
    assert_eq!(origin(&asked, "zone"), ("\"rack-2\"", &Origin::Flag));
    assert_eq!(origin(&asked, "scrub-days"), ("7", &Origin::Default));
    assert_eq!(origin(&asked, "console"), ("", &Origin::NotSet));
}

#[test]
fn what_is_wrong_in_a_file_is_told_with_its_line() {
    for (text, line, why) in [
        ("node = \"a\"\nnats-ulr = \"nats://h\"\n", 2, "node has no option \"nats-ulr\": did you mean \"nats-url\"?"),
        ("nats_url = \"nats://h\"\n", 1, "did you mean \"nats-url\"?"),
        ("\nlisten = \"127.0.0.1:1\"\n", 2, "node has no option \"listen\""),
        ("config = \"other.toml\"\n", 1, "node has no option \"config\""),
        ("node = \"a\"\nscrub-days = 0\n", 2, "invalid value '0' for '--scrub-days <DAYS>'"),
        ("scrub-days = \"a week\"\n", 1, "invalid value 'a week'"),
        ("zone = [\"a\", \"b\"]\n", 1, "zone: this has one value, and no list"),
        ("zone = \n", 1, ""),
    ] {
        let error = with_file("run node --node n --nats-url h", text).err().unwrap();
        assert!(error.contains(&format!("role.toml:{line}: ")) && error.contains(why), "{error}");
    }
    let error = with_file("run gateway", "audit-addresses = \"yes\"\n").err().unwrap();
    assert!(error.contains("role.toml:1: audit-addresses: this is true or false"), "{error}");
    let error = asked("run node --config", &["/nowhere/role.toml"]).err().unwrap();
    assert!(error.contains("there is no configuration file /nowhere/role.toml"), "{error}");
}

#[test]
fn what_is_required_may_be_in_the_file_and_nowhere_else() {
    let error = with_file("run node --node n", "zone = \"a\"\n").err().unwrap();
    assert!(error.contains("--nats-url"), "{error}");
    let error = asked("run node --node n", &[]).err().unwrap();
    assert!(error.contains("--nats-url"), "{error}");
    let program = "notary-public-key = \"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a\"\n";
    assert!(with_file("run notary --nats-url h --notary-program /p", program).is_ok());
    assert!(asked("run notary --nats-url h --notary-program /p", &[]).is_err());
}

#[test]
fn what_is_shown_is_a_file_that_says_the_same() {
    let text =
        "nats-url = \"nats://h\"\nconsole-host = [\"a\", \"b \\\"c\\\"\"]\naudit-addresses = true\nstall-seconds = 5\n";
    let before = with_file("config show gateway", text).unwrap();
    let lines = before.options.iter().filter(|option| option.origin != Origin::NotSet);
    let lines: Vec<_> = lines.map(|option| format!("{} = {}", option.name, option.value)).collect();
    let after = with_file("config show gateway", &lines.join("\n")).unwrap_or_else(|error| panic!("{error}"));
    let values = |asked: &Asked| -> Vec<_> {
        asked.options.iter().map(|option| (option.name.clone(), option.value.clone())).collect()
    };
    assert_eq!(values(&before), values(&after));
    assert!(matches!(origin(&before, "console-host"), (_, Origin::File(_, 2))));
}
