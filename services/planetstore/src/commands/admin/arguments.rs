//! What can be said after `planetstore admin`. No secret is: every user of the host could read it there.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand, ValueEnum};
use events::ids::{AccessKeyId, BucketName, GroupName, KmsKeyName, PolicyName, UserId, UserName};
use jiff::Timestamp;

use crate::cli::Output;
use crate::units::ByteSize;

#[derive(Debug, Args)]
pub(crate) struct AdminArgs {
    /// The data folder of the running store
    #[arg(long, global = true, env = "PLANETSTORE_DATA", default_value = "./planetstore-data", value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// The console of a store elsewhere; logs in with `PLANETSTORE_USER` and `PLANETSTORE_PASSWORD`, else as root
    #[arg(long, global = true, env = "PLANETSTORE_CONSOLE_URL", value_name = "URL")]
    pub(crate) url: Option<String>,
    /// Certificates, in PEM, of whom to trust over TLS [default: the store's own, if it is on this machine]
    #[arg(long, global = true, env = "PLANETSTORE_CA", value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// How to write the answer
    #[arg(short, long, global = true, env = "PLANETSTORE_OUTPUT", default_value = "table")]
    pub(crate) output: Output,
    #[command(subcommand)]
    pub(crate) about: AdminCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AdminCommand {
    /// Show who is logged in
    Whoami,
    /// Users
    User {
        #[command(subcommand)]
        action: UserAction,
    },
    /// S3 keys of users
    Key {
        #[command(subcommand)]
        action: KeyAction,
    },
    /// Groups of users
    Group {
        #[command(subcommand)]
        action: GroupAction,
    },
    /// Policies, and to whom they are attached
    Policy {
        #[command(subcommand)]
        action: PolicyAction,
    },
    /// Keys of the key store, which SSE-KMS encrypts with
    Kms {
        #[command(subcommand)]
        action: KmsAction,
    },
    /// The region: which release's facts may be written
    Region {
        #[command(subcommand)]
        action: RegionAction,
    },
    /// Buckets: whose they are, what they hold and may hold
    Bucket {
        #[command(subcommand)]
        action: BucketAction,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    /// Everything that no policy denies, and all of `planetstore admin`
    Admin,
    /// What policies, ACLs and ownership grant
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

/// Where a password comes from. Without any of these, from the variable `PLANETSTORE_NEW_PASSWORD`.
#[derive(Debug, Clone, Copy, Args)]
#[group(multiple = false)]
pub(crate) struct PasswordArgs {
    /// Read the password from the first line of stdin
    #[arg(long)]
    pub(crate) password_stdin: bool,
    /// Make a password, and print it
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
    /// Make a user; without a password nobody can log in, S3 keys work all the same
    Create {
        name: UserName,
        #[arg(long, default_value = "user")]
        role: Role,
        /// The name that S3 shows [default: the user's name]
        #[arg(long, value_name = "TEXT")]
        display_name: Option<String>,
        #[arg(long, value_name = "ADDRESS")]
        email: Option<String>,
        /// The canonical id, if it must be a certain one
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
        /// The name that S3 shows
        #[arg(long, value_name = "TEXT")]
        display_name: Option<String>,
        /// An e-mail address; `none` takes it away
        #[arg(long, value_name = "ADDRESS")]
        email: Option<OrNone<String>>,
        /// Let keys and sessions work
        #[arg(long, conflicts_with = "disable")]
        enable: bool,
        /// Let neither keys nor sessions work
        #[arg(long)]
        disable: bool,
        #[command(flatten)]
        limits: LimitArgs,
    },
    /// Set a user's password; all sessions of the user end
    Password {
        name: UserName,
        #[command(flatten)]
        password: PasswordArgs,
        /// Take the password away: nobody can log in as this user
        #[arg(long, conflicts_with_all = ["password_stdin", "generate_password"])]
        remove: bool,
    },
    /// End all sessions of a user
    Logout { name: UserName },
    /// Remove a user with all keys; buckets and objects stay
    Delete { name: UserName },
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeyAction {
    /// List the keys of a user
    List { user: UserName },
    /// Make a key; its secret is shown once
    Create {
        user: UserName,
        /// When it stops working, as `2027-01-31T00:00:00Z`
        #[arg(long, value_name = "TIME")]
        expires: Option<Timestamp>,
        /// Bring a key from elsewhere: its secret is read from the first line of stdin
        #[arg(long, value_name = "ACCESS-KEY")]
        import: Option<AccessKeyId>,
    },
    /// Switch a key on or off, or let it expire
    Set {
        user: UserName,
        access_key: AccessKeyId,
        #[arg(long, conflicts_with = "disable")]
        enable: bool,
        #[arg(long)]
        disable: bool,
        /// When it stops working; `none` for never
        #[arg(long, value_name = "TIME")]
        expires: Option<OrNone<Timestamp>>,
    },
    /// Remove a key
    Delete { user: UserName, access_key: AccessKeyId },
}

#[derive(Debug, Subcommand)]
pub(crate) enum GroupAction {
    /// List groups
    List,
    /// Show a group
    Show { name: GroupName },
    /// Make a group
    Create { name: GroupName },
    /// Let a user join
    Add { name: GroupName, user: UserName },
    /// Let a user leave
    Remove { name: GroupName, user: UserName },
    /// Remove a group; its members stay
    Delete { name: GroupName },
}

#[derive(Debug, Subcommand)]
pub(crate) enum RegionAction {
    /// Show the region's level, and the one that its gateway knows
    Show,
    /// Raise it to what its gateway knows. Processes of older releases stop then, so upgrade all of them before
    Upgrade,
    /// Have an author prove what it writes with its next key. Processes without that key stop then, so give it to all
    /// of them before
    RotateKey {
        /// Whose key
        author: RotatedAuthor,
    },
}

/// Who has keys that can be rotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RotatedAuthor {
    /// All gateways, which have the next key already
    Gateway,
    /// `planetstore run lifecycle`
    Lifecycle,
}

impl RotatedAuthor {
    /// As the admin API has it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Lifecycle => "lifecycle",
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum KmsAction {
    /// List keys
    List,
    /// Make a key; it never leaves the store
    Create { name: KmsKeyName },
    /// Switch a key off: what it sealed can be neither written nor read until it is on again
    Disable { name: KmsKeyName },
    /// Switch a key on again
    Enable { name: KmsKeyName },
}

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyAction {
    /// List policies, built-in ones first
    List,
    /// Show a policy
    Show { name: PolicyName },
    /// Store a policy, or another document for it
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
    /// Remove a policy that is attached to nobody
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
    /// List buckets with what they hold and may hold
    List,
    /// Show a bucket
    Show { name: BucketName },
    /// Show, set or clear how much a bucket may hold, all versions counted
    Quota {
        name: BucketName,
        /// So many bytes at most; `none` for no limit
        #[arg(long, value_name = "BYTES")]
        bytes: Option<OrNone<ByteSize>>,
        /// So many versions at most; `none` for no limit
        #[arg(long, value_name = "N")]
        objects: Option<OrNone<u64>>,
        /// Let it hold anything
        #[arg(long, conflicts_with_all = ["bytes", "objects"])]
        clear: bool,
    },
}
