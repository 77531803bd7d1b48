//! The command line: the table of commands and roles, whose arguments stand in the files of each. It is stable: scripts
//! and service units rely on it.

#[cfg(test)]
mod pages;
#[cfg(test)]
mod parity;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::commands::{
    self, AdminArgs, AuditCommand, AuthorKeyArgs, CompletionsArgs, ConfigCommand, ConsumerIssuerArgs, ContextCommand,
    DemoArgs, DevArgs, DoctorArgs, ErrorsArgs, EventsCommand, ExecWithParentArgs, GcCommand, IntegrationArgs, LogsArgs,
    ManPagesArgs, MasterKeyCommand, NodeCommand, NotaryKeyArgs, ObjectCommand, PieceSecretsArgs, RebuildArgs,
    RestoreArgs, ScrubCommand, StatusArgs, Verdict, WorkerCommand,
};
use crate::logs::LogFormat;
use crate::roles;

/// An S3-compatible object store on an event log.
///
/// Exit codes: 0 success, 1 error, 2 wrong usage, 5 unhealthy or done in part, 6 release too old for its region. Data goes
/// to stdout, diagnostics to stderr.
#[derive(Debug, Parser)]
#[command(name = "planetstore", version, propagate_version = false)]
pub(crate) struct Cli {
    /// Log level, or a filter such as `target=level,...` [default: `info` for `dev` and `run`, else `warn`]
    #[arg(long, global = true, env = "PLANETSTORE_LOG", value_name = "FILTER")]
    pub(crate) log_filter: Option<String>,
    /// Format of the log on stderr
    #[arg(long, global = true, env = "PLANETSTORE_LOG_FORMAT", default_value = "text")]
    pub(crate) log_format: LogFormat,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run all roles in one process, with a private nats-server
    Dev(DevArgs),
    /// Fill a running store with plausible people and objects, to look at
    Demo(DemoArgs),
    #[command(flatten)]
    Objects(ObjectCommand),
    /// Save the addresses and keys of stores under names
    #[command(subcommand)]
    Context(ContextCommand),
    /// Run one role in its own process, against your NATS servers
    Run(RunArgs),
    /// Check and show the configuration of a role
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Manage users, keys, groups, policies and quotas
    Admin(AdminArgs),
    /// Derive an author key from the master key, with which a role other than the gateway proves its events
    AuthorKey(AuthorKeyArgs),
    /// Print the public key with which your NATS servers verify the answers of gateways about logins of durable
    /// consumers
    ConsumerIssuer(ConsumerIssuerArgs),
    /// Create the mirror of the facts without secrets, in its own NATS account, for integrations to read
    Integration(IntegrationArgs),
    /// Add a master key, or seal the former ones with the newest
    #[command(subcommand)]
    MasterKey(MasterKeyCommand),
    /// Derive the key with which the notary signs the log, or generate one
    NotaryKey(NotaryKeyArgs),
    /// Derive from the master keys the secrets that tag pieces of contents, for `planetstore run repair`
    PieceSecrets(PieceSecretsArgs),
    /// Show stored objects and bytes, the nodes, and the position of the log
    Status(StatusArgs),
    /// Compare the stored shards with the log, and show who did what
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Show the newest log lines of all processes of a running store, and follow them
    Logs(LogsArgs),
    /// Show the newest errors and warnings of all processes of a running store, including those from before their last
    /// start
    Errors(ErrorsArgs),
    /// Check the installation for known problems and print a remedy for each
    Doctor(DoctorArgs),
    /// Replay the log from its first event into a new projection and compare it with the live one
    Rebuild(RebuildArgs),
    /// Read, follow, export and verify the events of the log
    #[command(subcommand)]
    Events(EventsCommand),
    /// Restore keys of a bucket to an earlier time; without `--really`, only print what would be done
    Restore(RestoreArgs),
    /// Manage storage nodes
    #[command(subcommand)]
    Node(NodeCommand),
    /// Show or control the scrubs, in which storage nodes read all their shards to find damage
    #[command(subcommand)]
    Scrub(ScrubCommand),
    /// Show or change the background workers
    #[command(subcommand)]
    Worker(WorkerCommand),
    /// Give the garbage collector a confirmation that only an operator can give
    #[command(subcommand)]
    Gc(GcCommand),
    /// Print a script that completes the commands in a shell
    Completions(CompletionsArgs),
    /// Write a man page for each command
    ManPages(ManPagesArgs),
    /// Print the version
    Version,
    /// Execute a program that is killed when the parent of this process ends
    #[command(hide = true)]
    ExecWithParent(ExecWithParentArgs),
}

impl Command {
    /// The default log filter: `info` for long-running commands, `warn` for all others.
    pub(crate) fn usual_log_filter(&self) -> &'static str {
        match self {
            Self::Dev(_) | Self::Run(_) => "info",
            _ => "warn",
        }
    }

    /// Does it. Three of them are done before there is a runtime: see `main`.
    pub(crate) async fn run(self) -> anyhow::Result<Verdict> {
        match self {
            Self::Dev(arguments) => commands::dev(arguments).await,
            Self::Demo(arguments) => commands::demo(arguments).await,
            Self::Objects(command) => command.run().await,
            Self::Context(command) => commands::context(command),
            Self::Completions(arguments) => Ok(commands::completions(&arguments)),
            Self::ManPages(arguments) => commands::man_pages(&arguments),
            Self::Run(RunArgs { role, .. }) => role.run().await,
            Self::Admin(arguments) => commands::admin(arguments).await,
            Self::AuthorKey(arguments) => commands::author_key(&arguments),
            Self::ConsumerIssuer(arguments) => commands::consumer_issuer(&arguments),
            Self::Integration(arguments) => commands::integration(arguments).await,
            Self::MasterKey(command) => commands::master_key(&command),
            Self::NotaryKey(arguments) => commands::notary_key(&arguments),
            Self::PieceSecrets(arguments) => commands::piece_secrets(&arguments),
            Self::Status(arguments) => commands::status(arguments).await,
            Self::Audit(command) => commands::audit(command).await,
            Self::Logs(arguments) => commands::logs(arguments).await,
            Self::Errors(arguments) => commands::errors(arguments).await,
            Self::Doctor(arguments) => commands::doctor(arguments).await,
            Self::Rebuild(arguments) => commands::rebuild(arguments).await,
            Self::Events(command) => commands::events(command).await,
            Self::Restore(arguments) => commands::restore(arguments).await,
            Self::Node(command) => commands::node(command).await,
            Self::Scrub(command) => commands::scrub(command).await,
            Self::Worker(command) => commands::worker(command).await,
            Self::Gc(command) => commands::gc(command).await,
            Self::Config(_) | Self::ExecWithParent(_) | Self::Version => Ok(Verdict::Well),
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// TOML file with the flags of the role, which the environment and flags override
    #[arg(long, global = true, env = "PLANETSTORE_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) role: RunCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RunCommand {
    /// Run the S3 gateway with its ledger
    Gateway(roles::gateway::GatewayArgs),
    /// Run the node monitor, which records the states of storage nodes; of several instances, one works at a time
    Health(roles::health::HealthArgs),
    /// Run the service that applies lifecycle rules; several instances may run at once
    Lifecycle(roles::lifecycle::LifecycleArgs),
    /// Run the service that gives disk space back; of several instances, one works at a time
    Gc(roles::gc::GcArgs),
    /// Run the service that sends events to external targets; of several instances, one works at a time
    Notify(roles::notify::NotifyArgs),
    /// Run the notary, which signs the log; of several instances, one works at a time
    Notary(roles::notary::NotaryRoleArgs),
    /// Run a storage node
    Node(roles::node::NodeArgs),
    /// Run the service that writes missing and damaged shards again; of several instances, one works at a time
    Repair(roles::repair::RepairArgs),
    /// Run the replicator, which sends versions of buckets to other regions; of several instances, one works at a time
    Replicator(roles::replicator::ReplicatorArgs),
    /// Do nothing: what a role costs is its file and what is said of it here
    #[cfg(test)]
    #[command(hide = true)]
    Idle(roles::idle::IdleArgs),
}

impl RunCommand {
    async fn run(self) -> anyhow::Result<Verdict> {
        match self {
            Self::Gateway(arguments) => roles::gateway::run(arguments).await,
            Self::Health(arguments) => roles::health::run(arguments).await,
            Self::Lifecycle(arguments) => roles::lifecycle::run(arguments).await,
            Self::Gc(arguments) => roles::gc::run(arguments).await,
            Self::Notify(arguments) => roles::notify::run(arguments).await,
            Self::Notary(arguments) => roles::notary::run(arguments).await,
            Self::Node(arguments) => roles::node::run(arguments).await,
            Self::Repair(arguments) => roles::repair::run(arguments).await,
            Self::Replicator(arguments) => roles::replicator::run(arguments).await,
            #[cfg(test)]
            Self::Idle(arguments) => roles::idle::run(arguments).await,
        }
    }
}
