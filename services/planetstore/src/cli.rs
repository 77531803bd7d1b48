//! The command line. It is stable: scripts and service units rely on it.

#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Parser, Subcommand, ValueEnum};
use domain::lifecycle::Day;
use events::ids::{NodeId, RegionName};
use events::user::Limits;
use gateway::{RateLimits, TrustedProxies};

use crate::commands::{AdminArgs, AuthorKeyArgs, IntegrationArgs, MasterKeyCommand};
use crate::nats::NatsUrl;
use crate::ownership::DefaultOwnership;
use crate::units::ByteSize;

/// An S3-compatible object store on an event log.
///
/// Exit codes: 0 success, 1 error, 2 wrong usage, 5 unhealthy, 6 release too old for its region. Data goes to stdout,
/// diagnostics to stderr.
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

/// Format of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people
    Text,
    /// One JSON object per line
    Json,
}

/// Format of a command's output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// An aligned table for people
    Table,
    /// JSON for programs
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run all roles in one process, with a private nats-server
    Dev(DevArgs),
    /// Run one role in its own process, against your NATS servers
    Run {
        #[command(subcommand)]
        role: RunCommand,
    },
    /// Users, keys, groups, policies and quotas
    Admin(AdminArgs),
    /// Derive an author key from the master key: a role other than the gateway proves its events with it
    AuthorKey(AuthorKeyArgs),
    /// Create the mirror of the facts without secrets that an integration reads, in a NATS account of its own
    Integration(IntegrationArgs),
    /// Add a master key, or seal the former ones with the newest
    #[command(subcommand)]
    MasterKey(MasterKeyCommand),
    /// Show stored objects and bytes, the nodes, and the position of the log
    Status(StatusArgs),
    /// Check the installation for known problems and print a remedy for each
    Doctor(DoctorArgs),
    /// Replay the log from its first event into a new projection and compare it with the live one
    Rebuild(RebuildArgs),
    /// Manage storage nodes
    #[command(subcommand)]
    Node(NodeCommand),
    /// Print the version
    Version,
    /// Execute a program that is killed when the parent of this process ends
    #[command(hide = true)]
    ExecWithParent {
        /// Process id of the parent
        parent: u32,
        /// The program and its arguments
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        command: Vec<OsString>,
    },
}

impl Command {
    /// The default log filter: `info` for long-running commands, `warn` for all others.
    pub(crate) fn usual_log_filter(&self) -> &'static str {
        match self {
            Self::Dev(_) | Self::Run { .. } => "info",
            _ => "warn",
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum RunCommand {
    /// Run the S3 gateway with its ledger
    Gateway(GatewayArgs),
    /// Run the service that applies lifecycle rules; several instances may run
    Lifecycle(LifecycleArgs),
    /// Run a storage node
    Node(NodeArgs),
}

#[derive(Debug, Subcommand)]
pub(crate) enum NodeCommand {
    /// Stop a storage node after it has answered the requests it accepted
    Stop(OneNodeArgs),
    /// Admit a storage node with its present data folder; its previous folder and every shard in it are given up
    Init(OneNodeArgs),
}

/// The data folder of this process.
#[derive(Debug, Args)]
pub(crate) struct DataArgs {
    /// Data folder; created if it does not exist
    #[arg(long, env = "PLANETSTORE_DATA", default_value = "./planetstore-data", value_name = "DIR")]
    pub(crate) data: PathBuf,
}

/// The NATS login and the authority it trusts. Secrets are never on the command line, where every user of the host could
/// read them.
#[derive(Debug, Args)]
pub(crate) struct NatsAccessArgs {
    /// File with the lines `PLANETSTORE_NATS_USER=` and `PLANETSTORE_NATS_PASSWORD=` [default: these variables]
    #[arg(long, env = "PLANETSTORE_NATS_CREDENTIALS", value_name = "FILE")]
    pub(crate) nats_credentials: Option<PathBuf>,
    /// PEM file of the certificate authorities to trust for the NATS server; implies TLS [default: with a `tls://` URL,
    /// the authorities of this system; else no TLS]
    #[arg(long, env = "PLANETSTORE_NATS_CA", value_name = "FILE")]
    pub(crate) nats_ca: Option<PathBuf>,
}

/// The connection to the log.
#[derive(Debug, Args)]
pub(crate) struct NatsLoginArgs {
    #[command(flatten)]
    pub(crate) access: NatsAccessArgs,
    /// Number of servers of the NATS cluster that keep a copy of the log
    #[arg(long, env = "PLANETSTORE_LOG_REPLICAS", default_value_t = 1, value_name = "N",
          value_parser = clap::value_parser!(u8).range(1..=5))]
    pub(crate) log_replicas: u8,
}

/// The heading of the flags of [`LimitArgs`]: one for the whole struct would be that of the flags behind it, too.
const RATE_LIMITS: &str = "Rate limits";

/// Rate limits. A limit that is not given does not exist.
#[derive(Debug, Clone, Args)]
pub(crate) struct LimitArgs {
    /// Requests per second of all clients together
    #[arg(long, help_heading = RATE_LIMITS, env = "PLANETSTORE_REQUESTS_PER_SECOND", value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) requests_per_second: Option<u32>,
    /// Bytes per second of all clients together, in and out; at least 64KiB
    #[arg(long, help_heading = RATE_LIMITS, env = "PLANETSTORE_BYTES_PER_SECOND", value_name = "BYTES")]
    pub(crate) bytes_per_second: Option<ByteSize>,
    /// Requests per second of each user without a limit of their own
    #[arg(long, help_heading = RATE_LIMITS, env = "PLANETSTORE_USER_REQUESTS_PER_SECOND", value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) user_requests_per_second: Option<u32>,
    /// Bytes per second of each user without a limit of their own; at least 64KiB
    #[arg(long, help_heading = RATE_LIMITS, env = "PLANETSTORE_USER_BYTES_PER_SECOND", value_name = "BYTES")]
    pub(crate) user_bytes_per_second: Option<ByteSize>,
    /// Requests per second from each address, counted before authentication
    #[arg(long, help_heading = RATE_LIMITS, env = "PLANETSTORE_ADDRESS_REQUESTS_PER_SECOND", value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) address_requests_per_second: Option<u32>,
    /// Failed authentications per second from each address that get a detailed answer; further ones get none
    #[arg(long, help_heading = RATE_LIMITS, env = "PLANETSTORE_ADDRESS_FAILURES_PER_SECOND", value_name = "N",
          default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) address_failures_per_second: u32,
    /// Proxies whose `X-Forwarded-For` is trusted: comma-separated addresses and networks
    #[arg(long, help_heading = RATE_LIMITS, env = "PLANETSTORE_TRUSTED_PROXIES", value_name = "LIST")]
    pub(crate) trusted_proxies: Option<TrustedProxies>,
}

impl LimitArgs {
    /// The limits as the gateway takes them.
    pub(crate) fn rate_limits(&self) -> RateLimits {
        let limits = |requests_per_second, bytes: Option<ByteSize>| Limits {
            requests_per_second,
            bytes_per_second: bytes.map(|bytes| bytes.0),
        };
        RateLimits {
            total: limits(self.requests_per_second, self.bytes_per_second),
            per_user: limits(self.user_requests_per_second, self.user_bytes_per_second),
            requests_per_second_per_address: self.address_requests_per_second,
            failures_per_second_per_address: Some(self.address_failures_per_second),
            trusted_proxies: self.trusted_proxies.clone().unwrap_or_default(),
        }
    }
}

/// The host names of the console.
#[derive(Debug, Args)]
pub(crate) struct ConsoleHosts {
    /// Host name that the console accepts beside its address, `localhost` and the domains; repeatable
    #[arg(long, env = "PLANETSTORE_CONSOLE_HOSTS", value_delimiter = ',', value_name = "NAME")]
    pub(crate) console_host: Vec<String>,
}

/// The gateway's settings, in whichever process it runs.
#[derive(Debug, Args)]
pub(crate) struct S3Args {
    /// Address of the S3 endpoint
    #[arg(long, env = "PLANETSTORE_LISTEN", default_value = "127.0.0.1:9000", value_name = "ADDR")]
    pub(crate) listen: SocketAddr,
    /// Address of the console: health, metrics, status and the admin API
    #[arg(long, env = "PLANETSTORE_CONSOLE", default_value = "127.0.0.1:9001", value_name = "ADDR")]
    pub(crate) console: SocketAddr,
    #[command(flatten)]
    pub(crate) console_hosts: ConsoleHosts,
    /// Domain for virtual-hosted buckets: the bucket is the label before it; repeatable
    #[arg(long, env = "PLANETSTORE_DOMAINS", default_value = "localhost", value_delimiter = ',', value_name = "NAME")]
    pub(crate) domain: Vec<String>,
    /// Memory for the cache of hot contents
    #[arg(long, env = "PLANETSTORE_CACHE_BYTES", default_value = "128MiB", value_name = "BYTES")]
    pub(crate) cache_bytes: ByteSize,
    /// Object ownership of buckets that are created without one
    #[arg(long, env = "PLANETSTORE_DEFAULT_OBJECT_OWNERSHIP", value_enum, value_name = "OWNERSHIP",
          default_value_t = DefaultOwnership::BucketOwnerEnforced)]
    pub(crate) default_object_ownership: DefaultOwnership,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
    /// Seconds after which a client that reads nothing of its response is disconnected
    #[arg(long, env = "PLANETSTORE_STALL_SECONDS", default_value_t = 30, value_name = "SECONDS",
          value_parser = clap::value_parser!(u16).range(1..=3_600))]
    pub(crate) stall_seconds: u16,
}

/// The certificate of the S3 endpoint and the console; reloaded when the files change.
#[derive(Debug, Args)]
pub(crate) struct TlsArgs {
    /// PEM file with the certificate and its chain; enables TLS
    #[arg(long, env = "PLANETSTORE_TLS_CERTIFICATE", value_name = "FILE")]
    pub(crate) tls_certificate: Option<PathBuf>,
    /// PEM file with the private key of the certificate
    #[arg(long, env = "PLANETSTORE_TLS_KEY", value_name = "FILE")]
    pub(crate) tls_key: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct DevArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    #[command(flatten)]
    pub(crate) s3: S3Args,
    #[command(flatten)]
    pub(crate) tls: TlsArgs,
    /// Enable TLS with a self-signed certificate in the data folder; clients have to be configured to trust it
    #[arg(long, env = "PLANETSTORE_TLS_SELF_SIGNED", value_parser = clap::builder::BoolishValueParser::new())]
    pub(crate) tls_self_signed: bool,
    #[command(flatten)]
    pub(crate) rules: RulesArgs,
    /// Number of storage nodes
    #[arg(long, env = "PLANETSTORE_NODES", default_value_t = 6, value_name = "N",
          value_parser = clap::value_parser!(u16).range(3..=64))]
    pub(crate) nodes: u16,
    /// Name of the region; stored in the data folder at the first start [default: `us-east-1`]
    #[arg(long, env = "PLANETSTORE_REGION", value_name = "NAME")]
    pub(crate) region: Option<RegionName>,
    /// URL of your NATS server or cluster [default: a private nats-server]
    #[arg(long, env = "PLANETSTORE_NATS_URL", value_name = "URL")]
    pub(crate) nats_url: Option<NatsUrl>,
    #[command(flatten)]
    pub(crate) nats_login: NatsLoginArgs,
    /// File for the NATS login of an integration, which may then read the facts without secrets; only with the private
    /// nats-server
    #[arg(long, env = "PLANETSTORE_INTEGRATION", value_name = "FILE", conflicts_with = "nats_url")]
    pub(crate) integration: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct GatewayArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    #[command(flatten)]
    pub(crate) s3: S3Args,
    #[command(flatten)]
    pub(crate) tls: TlsArgs,
    /// Name of the region; stored in the data folder at the first start [default: `us-east-1`]
    #[arg(long, env = "PLANETSTORE_REGION", value_name = "NAME")]
    pub(crate) region: Option<RegionName>,
    /// URL of your NATS server or cluster
    #[arg(long, env = "PLANETSTORE_NATS_URL", value_name = "URL")]
    pub(crate) nats_url: NatsUrl,
    #[command(flatten)]
    pub(crate) nats_login: NatsLoginArgs,
    /// Data folder of storage nodes on this host, whose shards the gateway reads directly; repeatable, separated by
    /// colons in the variable. Without it, all bytes come over NATS
    #[arg(long, env = "PLANETSTORE_LOCAL_SHARDS", value_delimiter = ':', value_name = "DIR")]
    pub(crate) local_shards: Vec<PathBuf>,
}

/// How lifecycle rules are applied.
#[derive(Debug, Args)]
pub(crate) struct RulesArgs {
    /// For tests only: length of a lifecycle day in seconds; a shorter day expires objects sooner
    #[arg(long, env = "PLANETSTORE_LIFECYCLE_DAY", default_value_t = 86_400, value_name = "SECONDS",
          value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub(crate) lifecycle_day: u32,
}

impl RulesArgs {
    /// The day as lifecycle rules use it.
    pub(crate) fn day(&self) -> anyhow::Result<Day> {
        let day = Day::of_seconds(self.lifecycle_day).context("--lifecycle-day is at least 1")?;
        if day != Day::CALENDAR {
            tracing::warn!(seconds = day.seconds(), "lifecycle rules count shorter days: for tests only");
        }
        Ok(day)
    }
}

#[derive(Debug, Args)]
pub(crate) struct LifecycleArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// Name of the region; stored in the data folder at the first start [default: `us-east-1`]
    #[arg(long, env = "PLANETSTORE_REGION", value_name = "NAME")]
    pub(crate) region: Option<RegionName>,
    #[command(flatten)]
    pub(crate) rules: RulesArgs,
    /// Address of health and metrics; not served by default
    #[arg(long, env = "PLANETSTORE_CONSOLE", value_name = "ADDR")]
    pub(crate) console: Option<SocketAddr>,
    #[command(flatten)]
    pub(crate) console_hosts: ConsoleHosts,
    /// URL of your NATS server or cluster
    #[arg(long, env = "PLANETSTORE_NATS_URL", value_name = "URL")]
    pub(crate) nats_url: NatsUrl,
    #[command(flatten)]
    pub(crate) nats_login: NatsLoginArgs,
}

#[derive(Debug, Args)]
pub(crate) struct NodeArgs {
    /// Name of the node; a data folder belongs to one name for good
    #[arg(long, env = "PLANETSTORE_NODE", value_name = "NAME")]
    pub(crate) node: NodeId,
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// Failure domain, such as a rack, a room or a power line [default: the node's name]
    #[arg(long, env = "PLANETSTORE_ZONE", value_name = "NAME")]
    pub(crate) zone: Option<String>,
    /// Name of the region
    #[arg(long, env = "PLANETSTORE_REGION", default_value = "us-east-1", value_name = "NAME")]
    pub(crate) region: RegionName,
    /// Address of health and metrics; not served by default
    #[arg(long, env = "PLANETSTORE_CONSOLE", value_name = "ADDR")]
    pub(crate) console: Option<SocketAddr>,
    #[command(flatten)]
    pub(crate) console_hosts: ConsoleHosts,
    /// URL of your NATS server or cluster
    #[arg(long, env = "PLANETSTORE_NATS_URL", value_name = "URL")]
    pub(crate) nats_url: NatsUrl,
    #[command(flatten)]
    pub(crate) nats_access: NatsAccessArgs,
}

/// A running store, given by its data folder or by its console.
#[derive(Debug, Args)]
pub(crate) struct ConsoleArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// Console URL of a store on another host [default: the store of the data folder]
    #[arg(long, env = "PLANETSTORE_CONSOLE_URL", value_name = "URL")]
    pub(crate) url: Option<String>,
    /// PEM file of the certificate authorities to trust [default: the certificate of a store on this machine]
    #[arg(long, env = "PLANETSTORE_CA", value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    pub(crate) console: ConsoleArgs,
    /// Format of the output
    #[arg(short, long, env = "PLANETSTORE_OUTPUT", default_value = "table")]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct OneNodeArgs {
    /// Name of the node
    pub(crate) name: NodeId,
    #[command(flatten)]
    pub(crate) console: ConsoleArgs,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// Repair file permissions and a log that lost its tail
    #[arg(long)]
    pub(crate) fix: bool,
    /// Intended address of the S3 endpoint
    #[arg(long, env = "PLANETSTORE_LISTEN", default_value = "127.0.0.1:9000", value_name = "ADDR")]
    pub(crate) listen: SocketAddr,
    /// Intended address of the console
    #[arg(long, env = "PLANETSTORE_CONSOLE", default_value = "127.0.0.1:9001", value_name = "ADDR")]
    pub(crate) console: SocketAddr,
    /// URL of your NATS server or cluster [default: the private nats-server]
    #[arg(long, env = "PLANETSTORE_NATS_URL", value_name = "URL")]
    pub(crate) nats_url: Option<NatsUrl>,
    #[command(flatten)]
    pub(crate) nats_login: NatsLoginArgs,
    /// Format of the output
    #[arg(short, long, env = "PLANETSTORE_OUTPUT", default_value = "table")]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct RebuildArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// URL of your NATS server or cluster [default: the private nats-server]
    #[arg(long, env = "PLANETSTORE_NATS_URL", value_name = "URL")]
    pub(crate) nats_url: Option<NatsUrl>,
    #[command(flatten)]
    pub(crate) nats_login: NatsLoginArgs,
}
