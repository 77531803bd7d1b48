//! The binary: command line, configuration, and the roles, in one process or each in its own.
//!
//! Input: the command line, `PLANETSTORE_*` variables, a data folder, signals. Output: running roles, the console, and
//! answers for the operator; data on stdout, diagnostics on stderr.
//!
//! The binary only wires: it never decides about objects, reads or writes the log's events, or touches shards.
//!
//! # Layout
//! - `cli`: the table of commands and roles; `commands`: a file per command, with its arguments
//! - `config`: the configuration file of a role, and where each value came from
//! - `roles`: a file per role, with its arguments; `process`: watches everything that runs, and stops it in order
//! - `doctor`: a file per check
//! - `folder`, `credentials`, `master_key`, `author_key`, `notary_key`, `piece_secrets`, `run_file`: the files of the data
//!   folder
//! - `client`: the console of a running store; `s3_client`: its objects; `progress`: what a terminal shows meanwhile
//! - `tls`: the server's certificate; `trust`: the certificates that clients trust

use std::process::ExitCode;
use std::time::Duration;

use rustix::process::DumpableBehavior;

mod author_key;
mod banner;
mod cli;
mod client;
mod commands;
mod config;
mod credentials;
mod dedup;
mod doctor;
mod files;
mod folder;
mod key_source;
mod listen;
mod logs;
mod master_key;
mod nats;
mod notary_key;
mod ownership;
mod piece_secrets;
mod process;
mod progress;
mod roles;
mod run_file;
mod s3_client;
mod signals;
mod sources;
mod table;
mod tls;
mod trust;
mod units;

use cli::Command;
use commands::Verdict;
use config::Asked;

/// The exit code if a store answers and is not healthy.
const EXIT_UNHEALTHY: u8 = 5;

/// The exit code of a release that is too old for its region: starting it again does not help.
const EXIT_TOO_OLD: u8 = 6;

/// How long blocking work may delay the end of the process.
const RUNTIME_STOP_TIME_MAX: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    if let Err(error) = keep_memory_private() {
        eprintln!(
            "planetstore: the memory of this process cannot be protected from other programs of its user: {error}"
        );
        return ExitCode::FAILURE;
    }
    let asked = config::read(std::env::args_os().collect()).unwrap_or_else(|error| error.exit());
    match run(asked) {
        Ok(Verdict::Well) => ExitCode::SUCCESS,
        Ok(Verdict::Unhealthy) => ExitCode::from(EXIT_UNHEALTHY),
        Err(error) => {
            eprintln!("planetstore: {error:#}");
            if roles::TooOld::is_cause_of(&error) { ExitCode::from(EXIT_TOO_OLD) } else { ExitCode::FAILURE }
        }
    }
}

/// Keys and passwords are in this process's memory and in its initial environment. No other program of the same user
/// may read either, and no core dump contains them. A user who may trace every process still can.
///
/// Source: prctl(2), `PR_SET_DUMPABLE`.
fn keep_memory_private() -> std::io::Result<()> {
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(Into::into)
}

fn run(asked: Asked) -> anyhow::Result<Verdict> {
    let Asked { cli, options } = asked;
    let command = match cli.command {
        Command::ExecWithParent(arguments) => return Err(commands::exec_with_parent(&arguments)),
        Command::Config(command) => return Ok(commands::config(&command, &options)),
        Command::Version => return Ok(commands::version()),
        command => command,
    };
    let is_told = matches!(command, Command::Dev(_) | Command::Run(_));
    logs::start(cli.log_filter.as_deref().unwrap_or_else(|| command.usual_log_filter()), cli.log_format, is_told)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("worker").build()?;
    let verdict = runtime.block_on(command.run());
    runtime.shutdown_timeout(RUNTIME_STOP_TIME_MAX);
    verdict
}
