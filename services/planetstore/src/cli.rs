//! What can be said on the command line. Stable: scripts and units rely on it.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Parser, Subcommand, ValueEnum};
use domain::lifecycle::Day;
use events::Author;
use events::ids::{NodeId, RegionName};
use events::user::Limits;
use gateway::{RateLimits, TrustedProxies};

use crate::commands::AdminArgs;
use crate::nats::NatsUrl;
use crate::ownership::DefaultOwnership;
use crate::units::ByteSize;

/// An S3-compatible object store on an event log.
///
/// Exit codes: 0 well, 1 error, 2 wrong usage, 5 unhealthy. Data goes to stdout, diagnostics to stderr.
#[derive(Debug, Parser)]
#[command(name = "planetstore", version, propagate_version = false)]
pub(crate) struct Cli {
    /// What is logged to stderr, as level or `target=level,...` [default: info for `dev` and `run`, else warn]
    #[arg(long, global = true, env = "PLANETSTORE_LOG", value_name = "FILTER")]
    pub(crate) log_filter: Option<String>,
    /// How log lines are written
    #[arg(long, global = true, env = "PLANETSTORE_LOG_FORMAT", default_value = "text")]
    pub(crate) log_format: LogFormat,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people
    Text,
    /// A JSON object a line
    Json,
}

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// Aligned, for people
    Table,
    /// For programs
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run all roles in one process, with a nats-server of its own
    Dev(DevArgs),
    /// Run one role in its own process, against your NATS servers
    Run {
        #[command(subcommand)]
        role: RunCommand,
    },
    /// Users, keys, groups, policies and quotas
    Admin(AdminArgs),
    /// Write the key by which a process that is no gateway proves what it writes to the log; made of the master key
    AuthorKey(AuthorKeyArgs),
    /// Show what is stored, the nodes, and where the log stands
    Status(StatusArgs),
    /// Check everything that can be wrong, and say what to do
    Doctor(DoctorArgs),
    /// Fold the log from its first event into a new projection, and compare it with the live one
    Rebuild(RebuildArgs),
    /// Look after storage nodes
    Node {
        #[command(subcommand)]
        action: NodeCommand,
    },
    /// Print the version
    Version,
    /// Become a program that is killed when the process that started this one ends
    #[command(hide = true)]
    ExecWithParent {
        /// Process id of who starts it
        parent: u32,
        /// The program and its arguments
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        command: Vec<OsString>,
    },
}

impl Command {
    /// What is logged unless something else is wished: the life of what serves, the troubles of what answers.
    pub(crate) fn usual_log_filter(&self) -> &'static str {
        match self {
            Self::Dev(_) | Self::Run { .. } => "info",
            _ => "warn",
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum RunCommand {
    /// The S3 gateway with its ledger
    Gateway(GatewayArgs),
    /// What follows lifecycle rules; more than one may run
    Lifecycle(LifecycleArgs),
    /// A storage node
    Node(NodeArgs),
}

#[derive(Debug, Subcommand)]
pub(crate) enum NodeCommand {
    /// Stop a storage node, after what it accepted is answered
    Stop(OneNodeArgs),
    /// Let a storage node in with the data folder it has now; the folder it had, and every shard in it, is given up
    Init(OneNodeArgs),
}

/// Where a folder of this process lies.
#[derive(Debug, Args)]
pub(crate) struct DataArgs {
    /// The data folder; made if it is missing
    #[arg(long, env = "PLANETSTORE_DATA", default_value = "./planetstore-data", value_name = "DIR")]
    pub(crate) data: PathBuf,
}

/// Who connects to NATS, and whom it trusts there; never on the command line, where every user of the host could read
/// it.
#[derive(Debug, Args)]
pub(crate) struct NatsAccessArgs {
    /// A file with `PLANETSTORE_NATS_USER=` and `PLANETSTORE_NATS_PASSWORD=`; else those variables are read
    #[arg(long, env = "PLANETSTORE_NATS_CREDENTIALS", value_name = "FILE")]
    pub(crate) nats_credentials: Option<PathBuf>,
    /// Certificates, in PEM, of whom to trust as the NATS server; it is spoken to over TLS or not at all. Without it a
    /// `tls://` URL trusts whom this system does
    #[arg(long, env = "PLANETSTORE_NATS_CA", value_name = "FILE")]
    pub(crate) nats_ca: Option<PathBuf>,
}

/// How the log is reached.
#[derive(Debug, Args)]
pub(crate) struct NatsLoginArgs {
    #[command(flatten)]
    pub(crate) access: NatsAccessArgs,
    /// Servers of a NATS cluster that keep a copy of the log
    #[arg(long, env = "PLANETSTORE_LOG_REPLICAS", default_value_t = 1, value_name = "N",
          value_parser = clap::value_parser!(u8).range(1..=5))]
    pub(crate) log_replicas: u8,
}

/// How much anybody may ask for. What is not given is not limited.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Rate limits")]
pub(crate) struct LimitArgs {
    /// Requests per second in total
    #[arg(long, env = "PLANETSTORE_REQUESTS_PER_SECOND", value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) requests_per_second: Option<u32>,
    /// Bytes per second in total, in and out; at least 64KiB
    #[arg(long, env = "PLANETSTORE_BYTES_PER_SECOND", value_name = "BYTES")]
    pub(crate) bytes_per_second: Option<ByteSize>,
    /// Requests per second of each user who has no limit of their own
    #[arg(long, env = "PLANETSTORE_USER_REQUESTS_PER_SECOND", value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) user_requests_per_second: Option<u32>,
    /// Bytes per second of each user who has no limit of their own; at least 64KiB
    #[arg(long, env = "PLANETSTORE_USER_BYTES_PER_SECOND", value_name = "BYTES")]
    pub(crate) user_bytes_per_second: Option<ByteSize>,
    /// Requests per second from each address, before they are authenticated
    #[arg(long, env = "PLANETSTORE_ADDRESS_REQUESTS_PER_SECOND", value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) address_requests_per_second: Option<u32>,
    /// Failed authentications per second from each address that are told what is wrong; further ones learn nothing
    #[arg(long, env = "PLANETSTORE_ADDRESS_FAILURES_PER_SECOND", value_name = "N", default_value_t = 500,
          value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) address_failures_per_second: u32,
    /// Proxies whose X-Forwarded-For counts: addresses and networks, with commas between
    #[arg(long, env = "PLANETSTORE_TRUSTED_PROXIES", value_name = "LIST")]
    pub(crate) trusted_proxies: Option<TrustedProxies>,
}

impl LimitArgs {
    /// As the gateway takes them.
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

/// By which names the console is asked.
#[derive(Debug, Args)]
pub(crate) struct ConsoleHosts {
    /// Host by which the console is asked, beside its address, localhost and the domains; may be given several times
    #[arg(long, env = "PLANETSTORE_CONSOLE_HOSTS", value_delimiter = ',', value_name = "NAME")]
    pub(crate) console_host: Vec<String>,
}

/// What the gateway is told, in whichever process it runs.
#[derive(Debug, Args)]
pub(crate) struct S3Args {
    /// Address of the S3 endpoint
    #[arg(long, env = "PLANETSTORE_LISTEN", default_value = "127.0.0.1:9000", value_name = "ADDR")]
    pub(crate) listen: SocketAddr,
    /// Address of health, metrics and status
    #[arg(long, env = "PLANETSTORE_CONSOLE", default_value = "127.0.0.1:9001", value_name = "ADDR")]
    pub(crate) console: SocketAddr,
    #[command(flatten)]
    pub(crate) console_hosts: ConsoleHosts,
    /// Domain below which a host names a bucket; may be given several times
    #[arg(long, env = "PLANETSTORE_DOMAINS", default_value = "localhost", value_delimiter = ',', value_name = "NAME")]
    pub(crate) domain: Vec<String>,
    /// Memory for hot contents
    #[arg(long, env = "PLANETSTORE_CACHE_BYTES", default_value = "128MiB", value_name = "BYTES")]
    pub(crate) cache_bytes: ByteSize,
    /// Who owns what is stored in a bucket that is made without saying so, and whether its ACLs count
    #[arg(long, env = "PLANETSTORE_DEFAULT_OBJECT_OWNERSHIP", value_enum, value_name = "OWNERSHIP",
          default_value_t = DefaultOwnership::BucketOwnerEnforced)]
    pub(crate) default_object_ownership: DefaultOwnership,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
    /// Seconds after which a client that takes nothing of its answer is cut off
    #[arg(long, env = "PLANETSTORE_STALL_SECONDS", default_value_t = 30, value_name = "SECONDS",
          value_parser = clap::value_parser!(u16).range(1..=3_600))]
    pub(crate) stall_seconds: u16,
}

/// The certificate of the S3 endpoint and the console; read again when the files change.
#[derive(Debug, Args)]
pub(crate) struct TlsArgs {
    /// Speak TLS, with this certificate and its chain, in PEM
    #[arg(long, env = "PLANETSTORE_TLS_CERTIFICATE", value_name = "FILE")]
    pub(crate) tls_certificate: Option<PathBuf>,
    /// The certificate's private key, in PEM
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
    /// Speak TLS, with a certificate that is made in the data folder and that clients must be told to trust
    #[arg(long, env = "PLANETSTORE_TLS_SELF_SIGNED", value_parser = clap::builder::BoolishValueParser::new())]
    pub(crate) tls_self_signed: bool,
    #[command(flatten)]
    pub(crate) rules: RulesArgs,
    /// How many storage nodes
    #[arg(long, env = "PLANETSTORE_NODES", default_value_t = 6, value_name = "N",
          value_parser = clap::value_parser!(u16).range(3..=64))]
    pub(crate) nodes: u16,
    /// The region; the data folder remembers it [default: us-east-1]
    #[arg(long, env = "PLANETSTORE_REGION", value_name = "NAME")]
    pub(crate) region: Option<RegionName>,
    /// A NATS server or cluster of your own, in place of a private one
    #[arg(long, env = "PLANETSTORE_NATS_URL", value_name = "URL")]
    pub(crate) nats_url: Option<NatsUrl>,
    #[command(flatten)]
    pub(crate) nats_login: NatsLoginArgs,
}

#[derive(Debug, Args)]
pub(crate) struct GatewayArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    #[command(flatten)]
    pub(crate) s3: S3Args,
    #[command(flatten)]
    pub(crate) tls: TlsArgs,
    /// The region; the data folder remembers it [default: us-east-1]
    #[arg(long, env = "PLANETSTORE_REGION", value_name = "NAME")]
    pub(crate) region: Option<RegionName>,
    /// Your NATS server or cluster
    #[arg(long, env = "PLANETSTORE_NATS_URL", value_name = "URL")]
    pub(crate) nats_url: NatsUrl,
    #[command(flatten)]
    pub(crate) nats_login: NatsLoginArgs,
    /// A folder of storage nodes on this host whose shards the gateway reads from there; may be given several times,
    /// with colons between in the variable. Without it all bytes come over NATS
    #[arg(long, env = "PLANETSTORE_LOCAL_SHARDS", value_delimiter = ':', value_name = "DIR")]
    pub(crate) local_shards: Vec<PathBuf>,
}

/// How lifecycle rules are followed.
#[derive(Debug, Args)]
pub(crate) struct RulesArgs {
    /// For tests: seconds that a day of lifecycle rules takes. Objects end as much sooner
    #[arg(long, env = "PLANETSTORE_LIFECYCLE_DAY", default_value_t = 86_400, value_name = "SECONDS",
          value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub(crate) lifecycle_day: u32,
}

impl RulesArgs {
    /// As rules take it.
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
    /// The region; the data folder remembers it [default: us-east-1]
    #[arg(long, env = "PLANETSTORE_REGION", value_name = "NAME")]
    pub(crate) region: Option<RegionName>,
    #[command(flatten)]
    pub(crate) rules: RulesArgs,
    /// Address of health and metrics; none if it is not given
    #[arg(long, env = "PLANETSTORE_CONSOLE", value_name = "ADDR")]
    pub(crate) console: Option<SocketAddr>,
    #[command(flatten)]
    pub(crate) console_hosts: ConsoleHosts,
    /// Your NATS server or cluster
    #[arg(long, env = "PLANETSTORE_NATS_URL", value_name = "URL")]
    pub(crate) nats_url: NatsUrl,
    #[command(flatten)]
    pub(crate) nats_login: NatsLoginArgs,
}

#[derive(Debug, Args)]
pub(crate) struct NodeArgs {
    /// The node's name; a data folder belongs to one name for good
    #[arg(long, env = "PLANETSTORE_NODE", value_name = "NAME")]
    pub(crate) node: NodeId,
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// What fails together: a rack, a room, a power line [default: the node's name]
    #[arg(long, env = "PLANETSTORE_ZONE", value_name = "NAME")]
    pub(crate) zone: Option<String>,
    /// The region
    #[arg(long, env = "PLANETSTORE_REGION", default_value = "us-east-1", value_name = "NAME")]
    pub(crate) region: RegionName,
    /// Address of health and metrics; none if it is not given
    #[arg(long, env = "PLANETSTORE_CONSOLE", value_name = "ADDR")]
    pub(crate) console: Option<SocketAddr>,
    #[command(flatten)]
    pub(crate) console_hosts: ConsoleHosts,
    /// Your NATS server or cluster
    #[arg(long, env = "PLANETSTORE_NATS_URL", value_name = "URL")]
    pub(crate) nats_url: NatsUrl,
    #[command(flatten)]
    pub(crate) nats_access: NatsAccessArgs,
}

/// Which key is handed over.
#[derive(Debug, Args)]
pub(crate) struct AuthorKeyArgs {
    /// Whose
    pub(crate) author: KeyedAuthor,
    /// Its number: 0, or as many more as times it was changed
    #[arg(long, env = "PLANETSTORE_AUTHOR_KEY_NUMBER", default_value_t = 0, value_name = "N")]
    pub(crate) number: u32,
    #[command(flatten)]
    pub(crate) data: DataArgs,
}

/// Who is given a key of its own. Gateways are given the master key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum KeyedAuthor {
    /// `planetstore run lifecycle`
    Lifecycle,
}

impl From<KeyedAuthor> for Author {
    fn from(author: KeyedAuthor) -> Self {
        match author {
            KeyedAuthor::Lifecycle => Self::Lifecycle,
        }
    }
}

/// How a running store is found: by its data folder, or by its console.
#[derive(Debug, Args)]
pub(crate) struct ConsoleArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// The console of a store elsewhere; credentials from the variables or the data folder
    #[arg(long, env = "PLANETSTORE_CONSOLE_URL", value_name = "URL")]
    pub(crate) url: Option<String>,
    /// Certificates, in PEM, of whom to trust over TLS [default: the store's own, if it is on this machine]
    #[arg(long, env = "PLANETSTORE_CA", value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    pub(crate) console: ConsoleArgs,
    /// How to write the answer
    #[arg(short, long, env = "PLANETSTORE_OUTPUT", default_value = "table")]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct OneNodeArgs {
    /// The node
    pub(crate) name: NodeId,
    #[command(flatten)]
    pub(crate) console: ConsoleArgs,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// Repair what can be repaired: permissions, and a log that lost its tail
    #[arg(long)]
    pub(crate) fix: bool,
    /// Address the S3 endpoint is to have
    #[arg(long, env = "PLANETSTORE_LISTEN", default_value = "127.0.0.1:9000", value_name = "ADDR")]
    pub(crate) listen: SocketAddr,
    /// Address the console is to have
    #[arg(long, env = "PLANETSTORE_CONSOLE", default_value = "127.0.0.1:9001", value_name = "ADDR")]
    pub(crate) console: SocketAddr,
    /// A NATS server or cluster of your own, in place of the private one
    #[arg(long, env = "PLANETSTORE_NATS_URL", value_name = "URL")]
    pub(crate) nats_url: Option<NatsUrl>,
    #[command(flatten)]
    pub(crate) nats_login: NatsLoginArgs,
    /// How to write the answer
    #[arg(short, long, env = "PLANETSTORE_OUTPUT", default_value = "table")]
    pub(crate) output: Output,
}

#[derive(Debug, Args)]
pub(crate) struct RebuildArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// A NATS server or cluster of your own, in place of the private one
    #[arg(long, env = "PLANETSTORE_NATS_URL", value_name = "URL")]
    pub(crate) nats_url: Option<NatsUrl>,
    #[command(flatten)]
    pub(crate) nats_login: NatsLoginArgs,
}

#[cfg(test)]
mod tests;
