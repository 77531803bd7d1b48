//! The arguments of `planetstore admin`. None is a secret, because every user of the host can read arguments.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand, ValueEnum};
use events::ids::{AccessKeyId, BucketName, GroupName, KmsKeyName, PolicyName, TargetName, UserId, UserName};
use jiff::Timestamp;

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
    /// Show buckets, their owners and usage, and set quotas
    Bucket {
        #[command(subcommand)]
        action: BucketAction,
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
    /// End all sessions of a user
    Logout { name: UserName },
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
    /// The services that keep contents whole and give space back
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

#[derive(Debug, Subcommand)]
pub(crate) enum TargetAction {
    /// List targets, how far each is, and what is wrong with it
    List,
    /// Show a target
    Get { name: TargetName },
    /// Create a target. Without a filter, only notification configurations of buckets send it events, by its ARN. The key
    /// by which requests are signed is printed once; PLANETSTORE_TARGET_SECRET sets another one
    Add {
        name: TargetName,
        /// URL of a webhook
        #[arg(long, value_name = "URL", conflicts_with = "subject")]
        url: Option<String>,
        /// NATS subject, which begins with `notify.`
        #[arg(long, value_name = "SUBJECT")]
        subject: Option<String>,
        /// Form in which it receives events
        #[arg(long, value_enum, value_name = "FORMAT", default_value_t = TargetFormat::CloudeventsStructured)]
        format: TargetFormat,
        #[command(flatten)]
        filter: TargetFilterArgs,
        /// Where its events begin: `now`, `start`, or behind the sequence of an event [default: now]
        #[arg(long, value_name = "PLACE")]
        from: Option<Place>,
        /// Send nothing until the target is enabled
        #[arg(long)]
        disabled: bool,
    },
    /// Change a target; what is not given stays as it is
    Change {
        name: TargetName,
        /// URL of a webhook
        #[arg(long, value_name = "URL", conflicts_with = "subject")]
        url: Option<String>,
        /// NATS subject, which begins with `notify.`
        #[arg(long, value_name = "SUBJECT")]
        subject: Option<String>,
        /// Form in which it receives events
        #[arg(long, value_enum, value_name = "FORMAT")]
        format: Option<TargetFormat>,
        #[command(flatten)]
        filter: TargetFilterArgs,
        /// Remove the filter: only notification configurations of buckets send it events
        #[arg(long, conflicts_with_all = ["all_events", "types", "buckets"])]
        only_buckets: bool,
        /// Where its events continue: `start`, or behind the sequence of an event
        #[arg(long, value_name = "PLACE")]
        from: Option<Place>,
        /// Make a new key by which requests are signed, and print it
        #[arg(long)]
        rotate_secret: bool,
    },
    /// Send events to a target again, beginning with those of the time in between
    Enable { name: TargetName },
    /// Send no events to a target until it is enabled
    Disable { name: TargetName },
    /// Remove a target, and with it the events that it has not received
    Remove { name: TargetName },
    /// List the events that a target refused
    Dead {
        name: TargetName,
        /// Give them up
        #[arg(long)]
        discard: bool,
    },
    /// Send events that a target refused to it again
    Redeliver {
        name: TargetName,
        /// Sequences of the events [default: all that it refused]
        sequences: Vec<u64>,
    },
    /// Send an event to a target that shows whether it receives any
    Test { name: TargetName },
}

/// Which events a target receives by itself.
#[derive(Debug, Args)]
pub(crate) struct TargetFilterArgs {
    /// Send it all events, or all of the buckets given
    #[arg(long, conflicts_with = "types")]
    pub(crate) all_events: bool,
    /// Send it events of a type, such as `node.offline`, `object.created` or `object`; repeatable
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) types: Vec<String>,
    /// Send it only events about a bucket and its objects; repeatable
    #[arg(long = "bucket", value_name = "BUCKET")]
    pub(crate) buckets: Vec<BucketName>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TargetFormat {
    /// A CloudEvent as one JSON document
    CloudeventsStructured,
    /// A CloudEvent whose attributes are headers, and whose data is the body
    CloudeventsBinary,
    /// The `Records` document of S3
    AwsRecords,
}

impl TargetFormat {
    /// The format's name in the admin API.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::CloudeventsStructured => "cloudevents-structured",
            Self::CloudeventsBinary => "cloudevents-binary",
            Self::AwsRecords => "aws-records",
        }
    }
}

/// A place in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Now,
    Start,
    After(u64),
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "now" => Ok(Self::Now),
            "start" => Ok(Self::Start),
            _ => text.parse().map(Self::After).map_err(|_| format!("{text:?} is not `now`, `start` or a sequence")),
        }
    }
}
