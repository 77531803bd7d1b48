//! The pure core: the rules that decide commands, and the changes that facts make.
//!
//! Input: a view of the state, a command or an event, and the time. Output: a fact, or the rows to write. There is no
//! I/O, no clock, no randomness and no async: the same arguments give the same result on every replica and in every
//! replay.
//!
//! # Layout
//! - [`decide()`]: decides a command; a file per noun
//! - [`project()`]: the changes of a fact; a file per noun
//! - [`outcome_of`]: the outcome of a command whose fact is on the log already
//! - [`may_write`], [`stands`]: which author may write which fact, and on which state
//! - [`row`]: the rows of the projection; [`Change`]: a row written or dropped; [`View`] and [`Identities`]: reading
//!   them
//! - [`model`]: the projection as `BTreeMap`s, for tests
//! - [`lifecycle`]: which versions and uploads the rules of a bucket expire, and when
//! - [`growth`]: what buckets held over time
//! - [`parse_address`]: where a target of events is
//! - [`placement`]: the nodes for a content's shards; [`durability`]: how many of them a write needs; [`balance`]: which
//!   shards move from fuller nodes to emptier ones

mod address;
pub mod balance;
mod change;
mod command;
mod decide;
pub mod durability;
pub mod growth;
mod identities;
pub mod lifecycle;
pub mod model;
mod outcome;
pub mod placement;
mod project;
mod proof;
pub mod row;
mod shared;
mod standing;
mod view;

pub use address::{ADDRESS_BYTES_MAX, Address, InvalidAddress, NATS_ROOT, Url, parse_address};
pub use change::{Change, FACT_CHANGES_MAX, IdentityChange};
pub use command::identity::{
    ChangeUser, GROUPS_PER_USER_MAX, HOLDERS_PER_POLICY_MAX, IdentityCommand, IdentityRejection, KEYS_PER_USER_MAX,
    MEMBERS_PER_GROUP_MAX, Noun, OpenSession, POLICIES_PER_HOLDER_MAX, RESEALED_KEYS_MAX, RefreshSession, Reseal,
    SESSIONS_PER_USER_MAX, TakeChange,
};
pub use command::lifecycle::{AbortExpired, Expire};
pub use command::setting::Setting;
pub use command::{
    AddConsumer, AppendObject, AskWorker, CLIENT_TOKEN_BYTES_MAX, CONSUMERS_MAX, ChangeKey, ChangeMasterKey,
    ChangeNode, ChangeWorker, Command, CompleteUpload, Context, CreateUpload, DEAD_LETTERS_MAX, DedupScope,
    DeleteObject, DeletePrecondition, ETags, Finding, JoinNode, Judged, JudgedBucket, JudgedCaller, LINKS_MAX, Leased,
    LinkCommand, LinkRejection, MoveHorizon, NOTED_VERSIONS_MAX, NewBody, NodeChange, NoteHealth, NoteReplicated,
    OBJECT_BYTES_MAX, Outcome, PART_BYTES_MIN, PARTS_MAX, PlaceShards, Precondition, PutObject,
    REPLICATION_REASON_BYTES_MAX, ReclaimContents, Rejection, ReleaseLease, RemoveConsumer, RenameObject, Replica,
    ReplicaChange, ReplicaVersion, ReplicationResult, Resync, SETTLED_AT_ONCE_MAX, SetLegalHold, SetRetention,
    StorePart, TARGETS_MAX, TakeLease, TargetCommand, TargetRejection,
};
pub use decide::{
    Decision, OF_BUCKET_LOOKED_AT_MAX, RECLAIMED_MAX, Refused, admit, admit_append, admit_lock, admit_part, decide,
    known_content, room,
};
pub use identities::Identities;
pub use outcome::outcome_of;
pub use project::{ENDED_FORGOTTEN_MAX, FREED_AT_ONCE_MAX, ProjectError, project};
pub use proof::{KEY_NUMBER_MAX, MASTER_KEY_NUMBER_MAX, may_write, stands};
pub use shared::{Shared, shared_of, to_share};
pub use standing::{Standing, Who, standing};
pub use view::{Parts, VersionName, View, find_version, newest_version, version_by_id};
