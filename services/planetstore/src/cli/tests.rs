//! Examples of command lines.

use clap::CommandFactory;

use super::*;

/// Commands whose flags are arguments of one call, not settings.
const CALLS: [&str; 19] = [
    "cat",
    "completions",
    "context",
    "cp",
    "demo",
    "du",
    "errors",
    "logs",
    "ls",
    "man-pages",
    "mb",
    "mv",
    "presign",
    "rb",
    "rm",
    "share",
    "stat",
    "sync",
    "tag",
];

#[test]
fn the_command_line_is_whole_and_every_flag_has_its_variable() {
    Cli::command().debug_assert();
    let mut commands = vec![Cli::command()];
    while let Some(command) = commands.pop() {
        for flag in command.get_arguments().filter(|flag| flag.get_long().is_some()) {
            let name = flag.get_long().unwrap();
            let variable = flag.get_env().map(|variable| variable.to_string_lossy().into_owned());
            let has_one = variable.is_some_and(|variable| variable.starts_with("PLANETSTORE_"));
            assert!(
                has_one
                    || [
                        "help", "version", "fix", "print", "shards", "force", "deep", "json", "fresh", "public", "at",
                        "really", "origin"
                    ]
                    .contains(&name),
                "--{name} of {}",
                command.get_name()
            );
        }
        // Flags below these are arguments of one call, too.
        let is_of_calls = ["admin", "audit", "events"].contains(&command.get_name());
        let below = command.get_subcommands().filter(|below| !is_of_calls && !CALLS.contains(&below.get_name()));
        commands.extend(below.cloned());
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a line for each command")]
fn the_promised_lines_are_understood() {
    for line in [
        "dev",
        "dev --data d --listen 127.0.0.1:1 --console 127.0.0.1:2 --nodes 6 --region eu-1 --nats-url nats://h:4222",
        "run gateway --nats-url nats://h:4222 --data d",
        "run node --node n1 --zone z --data d --nats-url h:4222 --nats-credentials f",
        "run node --node n1 --nats-url h:4222 --log-format json",
        "config check node --node n1 --nats-url h:4222",
        "config show --origin gateway --nats-url h:4222",
        "config show gateway --nats-url h:4222 --origin",
        "dev --tls-self-signed",
        "dev --lifecycle-day 2",
        "dev --regions 2",
        "run gateway --nats-url tls://h:4222 --nats-ca f --local-shards /a --local-shards /b",
        "run lifecycle --data d --nats-url h:4222 --console 127.0.0.1:0 --lifecycle-day 86400",
        "run gateway --nats-url h:4222 --tls-certificate c --tls-key k",
        "status -o json",
        "audit access --kind refused --bucket photos --user ada --address 192.0.2.7 --limit 5 -o json",
        "logs --follow --level warn --role node-3 --text disk --limit 5 -o ndjson",
        "errors --role gateway -o json --url https://h:9001",
        "run node --node n1 --data d --nats-url h:4222 --console-host n1.example --console-host n1",
        "status --url https://h:9001 --ca f",
        "doctor --fix",
        "rebuild --data d",
        "node stop node-3",
        "scrub start",
        "scrub status node-3 -o json",
        "scrub pause node-3 --url https://h:9001 --ca f",
        "scrub resume",
        "node init node-3 --url http://h:9001",
        "admin user create ada --role admin --generate-password --requests-per-second 5 --data d -o json",
        "admin --url http://h:9001 user set ada --disable --email none --bytes-per-second none",
        "admin key create ada --expires 2030-01-01T00:00:00Z",
        "admin policy attach readonly --group crew",
        "admin policy check --user ada s3:GetObject photos/a/b",
        "admin search photos --limit 5",
        "admin settings -o json",
        "admin api get /api/v1/growth?resolution=day -o json",
        "admin api post /api/v1/policy-check --document -",
        "admin user sessions ada",
        "admin user logout ada --session 01890000-0000-7000-8000-000000000000",
        "admin kms create team/photos",
        "admin kms disable team/photos",
        "admin region show",
        "admin region upgrade -o json",
        "admin region rotate-key lifecycle",
        "author-key lifecycle --number 1 --data d",
        "author-key lifecycle --number 1,0",
        "master-key add --print",
        "master-key retire --data d",
        "admin master-key status -o json",
        "admin master-key rotate",
        "admin bucket quota photos --bytes 10GiB --objects none",
        "events types -o json",
        "events schema object.created",
        "events get --since 2h --bucket photos --prefix 2026/ --type object,bucket.created --user ada --limit 10",
        "events get --after 17 -o ndjson",
        "events tail --since 2026-11-22T13:00:00Z -o json",
        "demo --seed 7 --writes 50 --rate 5 --data d",
        "mb s3://photos --versioning --data d",
        "rb photos --force",
        "ls",
        "ls s3://photos/2026/ --recursive -o ndjson --context work",
        "cp -r ./folder s3://photos/2026/ --endpoint http://h:9000",
        "cp s3://photos/a.png -r .",
        "mv s3://photos/a s3://photos/b",
        "rm photos/a --version-id 7",
        "sync --source-context old s3://photos s3://photos --delete --dry-run --exclude *.tmp --exclude b* -o ndjson",
        "sync ./folder s3://photos/2026 --trust-times --parallel 2 --include *.jpg",
        "share photos/a --expires 7d -o json --url http://h:9001",
        "cat photos/a",
        "du photos",
        "presign photos/a --expires 2h --method put",
        "stat photos/a -o json",
        "tag photos/a project=x state=final",
        "versions photos/a",
        "context set work --endpoint https://s3.example",
        "context use work",
        "completions zsh",
        "man-pages ./man",
        "version",
        "exec-with-parent 1 nats-server -c conf",
    ] {
        let words = std::iter::once("planetstore").chain(line.split(' '));
        assert!(Cli::try_parse_from(words).is_ok(), "{line}");
    }
    for line in [
        "admin user create ada --password secret",
        "admin policy attach readonly",
        "admin user set ada --enable --disable",
        "dev --nodes 2",
        "run lifecycle --data d --nats-url h:4222 --lifecycle-day 0",
        "author-key gateway",
        "events get --since yesterday",
        "events get --limit 0",
        "events tail --type object.creatd",
        "dev --nats-url http://h",
        "run node --data d",
        "ls No/Such",
        "cp a",
        "sync a",
        "sync --parallel 0 a s3://photos",
        "tag photos/a novalue",
        "rm -r photos/a --version-id 7",
        "dev --nats-url nats://u:p@h",
    ] {
        let words = std::iter::once("planetstore").chain(line.split(' '));
        assert_eq!(Cli::try_parse_from(words).unwrap_err().exit_code(), 2, "{line}");
    }
}

#[tokio::test]
async fn a_role_is_one_file_and_one_variant() {
    let cli = Cli::try_parse_from(["planetstore", "run", "idle", "--data", "nowhere"]).unwrap();
    assert_eq!(cli.command.run().await.unwrap(), Verdict::Well);
}

/// An argument with the id of a global one of a command above it would be both at once: the address of a link became that of
/// the store that is asked.
#[test]
fn no_argument_is_taken_for_a_global_one() {
    fn look(command: &clap::Command, above: &[String]) {
        let (global, own): (Vec<_>, Vec<_>) = command.get_arguments().partition(|argument| argument.is_global_set());
        for argument in own {
            assert!(!above.contains(&argument.get_id().to_string()), "{} {}", command.get_name(), argument.get_id());
        }
        let global = global.into_iter().map(|argument| argument.get_id().to_string());
        let above: Vec<String> = above.iter().cloned().chain(global).collect();
        command.get_subcommands().for_each(|command| look(command, &above));
    }
    look(&Cli::command(), &[]);
}
