//! The arguments of `planetstore admin`. None is a secret, because every user of the host can read arguments.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand, ValueEnum};
use events::ids::{AccessKeyId, BucketName, GroupName, KmsKeyName, PolicyName, SessionId, UserId, UserName};
use jiff::Timestamp;

use super::api::ApiMethod;
use super::link::LinkAction;
use super::replication::ReplicationAction;
use super::target_arguments::TargetAction;
use crate::table::Output;
use crate::units::ByteSize;

#[derive(Debug, Args)]
pub(crate) struct AdminArgs {
    /// Data folder of the running store
    #[arg(long, global = true, env = "PLANETSTORE_DATA", default_value = "./planetstore-data", value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// Console URL of a store on another host [default: the store of the data folder]
    #[arg(long, global = true, env = "PLANETSTORE_CONSOLE_URL", value_name = "URL")]
    pub(crate) url: Option<String>,
    /// PEM file of the certificate authorities to trust [default: the certificate of a store on this machine]
    #[arg(long, global = true, env = "PLANETSTORE_CA", value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// Format of the output
    #[arg(short, long, global = true, env = "PLANETSTORE_OUTPUT", default_value = "table")]
    pub(crate) output: Output,
    #[command(subcommand)]
    pub(crate) about: AdminCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AdminCommand {
    /// Show the user who is logged in
    Whoami,
    /// Manage users
    User {
        #[command(subcommand)]
        action: UserAction,
    },
    /// Manage the S3 keys of users
    Key {
        #[command(subcommand)]
        action: KeyAction,
    },
    /// Manage groups of users
    Group {
        #[command(subcommand)]
        action: GroupAction,
    },
    /// Manage policies and attach them to users and groups
    Policy {
        #[command(subcommand)]
        action: PolicyAction,
    },
    /// Manage the keys of the key store for SSE-KMS
    Kms {
        #[command(subcommand)]
        action: KmsAction,
    },
    /// Manage the region: its level and its author keys
    Region {
        #[command(subcommand)]
        action: RegionAction,
    },
    /// Show the master key in use, and rotate it
    MasterKey {
        #[command(subcommand)]
        action: MasterKeyAction,
    },
    /// Find buckets, objects, users and nodes by name
    Search {
        /// A part of a name, or the beginning of a key
        text: String,
        /// Maximum number of hits of each kind
        #[arg(long, default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=50))]
        limit: u8,
    },
    /// Show the addresses, the versions and the limits of the store
    Settings,
    /// Call an operation of the admin API by its path
    Api {
        #[arg(value_enum)]
        method: ApiMethod,
        /// The path with its query: `/api/v1/...`
        path: String,
        /// JSON document to send; `-` for stdin
        #[arg(long, value_name = "FILE")]
        document: Option<PathBuf>,
    },
    /// Show buckets, their owners and usage, and set quotas
    Bucket {
        #[command(subcommand)]
        action: BucketAction,
    },
    /// Manage the links to other regions, by which buckets are replicated
    Link {
        #[command(subcommand)]
        action: LinkAction,
    },
    /// Show how buckets are replicated to other regions, and compare one anew
    Replication {
        #[command(subcommand)]
        action: ReplicationAction,
    },
    /// Manage the targets that events are sent to: webhooks and NATS subjects
    Target {
        #[command(subcommand)]
        action: TargetAction,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    /// Everything that no policy denies, including all of `planetstore admin`
    Admin,
    /// Only what policies, ACLs and ownership grant
    User,
}

/// A value, or `none` for its absence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OrNone<T>(pub(crate) Option<T>);

impl<T: FromStr> FromStr for OrNone<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, T::Err> {
        if text == "none" { Ok(Self(None)) } else { text.parse().map(|value| Self(Some(value))) }
    }
}

/// The source of a password. By default it is the variable `PLANETSTORE_NEW_PASSWORD`.
#[derive(Debug, Clone, Copy, Args)]
#[group(multiple = false)]
pub(crate) struct PasswordArgs {
    /// Read the password from the first line of stdin
    #[arg(long)]
    pub(crate) password_stdin: bool,
    /// Generate a password and print it
    #[arg(long)]
    pub(crate) generate_password: bool,
}

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct LimitArgs {
    /// Requests per second, over all of the user's keys; `none` for no limit
    #[arg(long, value_name = "N")]
    pub(crate) requests_per_second: Option<OrNone<u32>>,
    /// Bytes in and out per second, over all of the user's keys; `none` for no limit
    #[arg(long, value_name = "BYTES")]
    pub(crate) bytes_per_second: Option<OrNone<ByteSize>>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum UserAction {
    /// List users
    List,
    /// Show a user
    Show { name: UserName },
    /// Create a user; without a password the user cannot log in, but S3 keys work
    Create {
        name: UserName,
        #[arg(long, default_value = "user")]
        role: Role,
        /// Display name in S3 [default: the user's name]
        #[arg(long, value_name = "TEXT")]
        display_name: Option<String>,
        #[arg(long, value_name = "ADDRESS")]
        email: Option<String>,
        /// Canonical id [default: a random one]
        #[arg(long)]
        id: Option<UserId>,
        #[command(flatten)]
        password: PasswordArgs,
        #[command(flatten)]
        limits: LimitArgs,
    },
    /// Change a user
    Set {
        name: UserName,
        #[arg(long)]
        role: Option<Role>,
        /// Display name in S3
        #[arg(long, value_name = "TEXT")]
        display_name: Option<String>,
        /// E-mail address; `none` removes it
        #[arg(long, value_name = "ADDRESS")]
        email: Option<OrNone<String>>,
        /// Enable the user's keys and logins
        #[arg(long, conflicts_with = "disable")]
        enable: bool,
        /// Disable the user's keys and end all sessions
        #[arg(long)]
        disable: bool,
        #[command(flatten)]
        limits: LimitArgs,
    },
    /// Set a user's password and end all of the user's sessions
    Password {
        name: UserName,
        #[command(flatten)]
        password: PasswordArgs,
        /// Remove the password: nobody can log in as this user
        #[arg(long, conflicts_with_all = ["password_stdin", "generate_password"])]
        remove: bool,
    },
    /// List the open sessions of a user
    Sessions { name: UserName },
    /// End all sessions of a user, or one of them
    Logout {
        name: UserName,
        /// Only this session, as `admin user sessions` shows it
        #[arg(long, value_name = "ID")]
        session: Option<SessionId>,
    },
    /// Delete a user with all keys; buckets and objects stay
    Delete { name: UserName },
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeyAction {
    /// List the keys of a user
    List { user: UserName },
    /// Create a key; its secret is shown once
    Create {
        user: UserName,
        /// Expiry time, such as `2027-01-31T00:00:00Z`
        #[arg(long, value_name = "TIME")]
        expires: Option<Timestamp>,
        /// Import an existing key; its secret is read from the first line of stdin
        #[arg(long, value_name = "ACCESS-KEY")]
        import: Option<AccessKeyId>,
    },
    /// Enable or disable a key, or set its expiry
    Set {
        user: UserName,
        access_key: AccessKeyId,
        #[arg(long, conflicts_with = "disable")]
        enable: bool,
        #[arg(long)]
        disable: bool,
        /// Expiry time; `none` for a key that does not expire
        #[arg(long, value_name = "TIME")]
        expires: Option<OrNone<Timestamp>>,
    },
    /// Delete a key
    Delete { user: UserName, access_key: AccessKeyId },
}

#[derive(Debug, Subcommand)]
pub(crate) enum GroupAction {
    /// List groups
    List,
    /// Show a group
    Show { name: GroupName },
    /// Create a group
    Create { name: GroupName },
    /// Add a user to a group
    Add { name: GroupName, user: UserName },
    /// Remove a user from a group
    Remove { name: GroupName, user: UserName },
    /// Delete a group; its members stay
    Delete { name: GroupName },
}

#[derive(Debug, Subcommand)]
pub(crate) enum RegionAction {
    /// Show the region's level, the level of the gateway's release, and the author keys in use
    Show,
    /// Raise the region's level to that of the gateway's release. Processes of older releases stop: upgrade them first
    Upgrade,
    /// Rotate an author key: the author proves its events with the next key. Processes without that key stop, so
    /// distribute it first
    RotateKey {
        /// The author whose key is rotated
        author: RotatedAuthor,
    },
}

#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum MasterKeyAction {
    /// Show the number of the master key in use, the keys that the gateway holds, and how many secrets are still sealed
    /// with former keys
    Status,
    /// Rotate the master key: gateways seal secrets again with the next key. Processes without that key stop, so
    /// distribute it first
    Rotate,
}

/// The authors with keys that can be rotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RotatedAuthor {
    /// All gateways; they derive every key from the master key
    Gateway,
    /// `planetstore run lifecycle`
    Lifecycle,
    /// The maintenance services: monitor, repair, garbage collection, deduplication
    Maintenance,
}

impl RotatedAuthor {
    /// The author's name in the admin API.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Lifecycle => "lifecycle",
            Self::Maintenance => "maintenance",
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum KmsAction {
    /// List keys
    List,
    /// Create a key; it never leaves the store
    Create { name: KmsKeyName },
    /// Disable a key: objects encrypted with it can be neither read nor written until it is enabled
    Disable { name: KmsKeyName },
    /// Enable a key
    Enable { name: KmsKeyName },
}

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyAction {
    /// List policies, built-in policies first
    List,
    /// Show a policy
    Show { name: PolicyName },
    /// Create a policy or replace its document
    Put {
        name: PolicyName,
        /// The JSON document; `-` for stdin
        file: PathBuf,
    },
    /// Attach a policy to a user or a group
    Attach {
        name: PolicyName,
        #[command(flatten)]
        holder: HolderArgs,
    },
    /// Detach a policy from a user or a group
    Detach {
        name: PolicyName,
        #[command(flatten)]
        holder: HolderArgs,
    },
    /// Delete a policy that is attached to no user and no group
    Delete { name: PolicyName },
    /// Check whether a user may perform an S3 action, and why
    Check {
        /// User [default: an anonymous request]
        #[arg(long)]
        user: Option<UserName>,
        /// Action, as policies name it: `s3:GetObject`
        action: String,
        /// The bucket, or `bucket/key`
        place: Option<String>,
    },
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct HolderArgs {
    #[arg(long)]
    pub(crate) user: Option<UserName>,
    #[arg(long)]
    pub(crate) group: Option<GroupName>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BucketAction {
    /// List buckets with their usage and quotas
    List,
    /// Show a bucket
    Show { name: BucketName },
    /// Show, set or clear the quota of a bucket, which counts all versions
    Quota {
        name: BucketName,
        /// Maximum number of bytes; `none` for no limit
        #[arg(long, value_name = "BYTES")]
        bytes: Option<OrNone<ByteSize>>,
        /// Maximum number of versions; `none` for no limit
        #[arg(long, value_name = "N")]
        objects: Option<OrNone<u64>>,
        /// Remove the quota
        #[arg(long, conflicts_with_all = ["bytes", "objects"])]
        clear: bool,
    },
}
