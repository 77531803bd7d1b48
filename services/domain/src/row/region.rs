//! Rows of which a region has one: its totals with the keys in use, and the newest secret.

use events::Author;
use events::ids::{KeyCheck, MasterKeyId, Sealed};
use serde::{Deserialize, Serialize};

/// The totals of the region.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TotalsRow {
    /// Versions in all buckets.
    pub objects: u64,
    /// Bytes in all buckets, as clients count them.
    pub logical_bytes: u64,
    /// Keys that have a current object, in all buckets.
    pub current: u64,
    /// Bytes of the parts of uploads in progress, in all buckets.
    pub parts_bytes: u64,
    /// Bytes of the contents that something refers to, each counted once, as nodes store them.
    pub stored_bytes: u64,
    /// No row of growth is of an hour before this one.
    pub growth_from: u32,
    /// Contents that are stored.
    pub contents: u64,
    /// Bytes of those contents, each counted once.
    pub content_bytes: u64,
    /// Bytes of their shards.
    pub shard_bytes: u64,
    /// The greatest level of facts that may be written.
    pub level: u32,
    /// The numbers of the author keys in use.
    pub keys: KeyNumbers,
    /// The sequence of the event from which on secrets are kept apart; 0 before it.
    pub apart_since: u64,
    /// The moment before which no upload may have begun that an event still names, in milliseconds since 1970.
    pub horizon: u64,
    /// The longest time that an upload may take, in milliseconds: those that begin now count as begun at least so much
    /// later than the horizon.
    pub upload_time: u64,
    /// The last event that gave a folder up or kept shards from a node: a placement that was chosen before it may be
    /// on one of those.
    pub nodes_changed: u64,
    /// Whether a link ever shared users, keys, groups and policies, or one of them came from another region: from then on
    /// that one was deleted is remembered.
    pub shares_identities: bool,
}

/// The number of the key that each author proves its facts with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct KeyNumbers {
    /// The gateways' key.
    pub gateway: u32,
    /// The lifecycle service's key.
    pub lifecycle: u32,
    /// The key of the maintenance services.
    pub maintenance: u32,
    /// The master key that these keys are derived from; `None` for the first one.
    pub master: Option<MasterKeyRow>,
}

/// A master key that followed another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MasterKeyRow {
    /// Its number, from 1.
    pub number: u32,
    /// Its id.
    pub key: MasterKeyId,
    /// A check value of the gateways' keys under it.
    pub gateway: KeyCheck,
    /// A check value of the lifecycle service's keys under it.
    pub lifecycle: KeyCheck,
    /// The same of the services that keep contents whole.
    pub maintenance: KeyCheck,
}

impl MasterKeyRow {
    /// The check value of an author's keys.
    pub fn of(self, author: Author) -> KeyCheck {
        match author {
            Author::Gateway => self.gateway,
            Author::Lifecycle => self.lifecycle,
            Author::Maintenance => self.maintenance,
        }
    }
}

impl KeyNumbers {
    /// The first keys under a master key.
    pub(crate) fn of_master(master: MasterKeyRow) -> Self {
        Self { gateway: 0, lifecycle: 0, maintenance: 0, master: Some(master) }
    }

    /// The number of the master key in use.
    pub fn master_number(self) -> u32 {
        self.master.map_or(0, |master| master.number)
    }

    /// The number of an author's key.
    pub fn of(self, author: Author) -> u32 {
        match author {
            Author::Gateway => self.gateway,
            Author::Lifecycle => self.lifecycle,
            Author::Maintenance => self.maintenance,
        }
    }

    pub(crate) fn set(&mut self, author: Author, number: u32) {
        match author {
            Author::Gateway => self.gateway = number,
            Author::Lifecycle => self.lifecycle = number,
            Author::Maintenance => self.maintenance = number,
        }
    }
}

/// The newest secret that is kept apart. It belongs to the event right after the one that held it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretRow {
    /// The sequence of the event that held it.
    pub sequence: u64,
    /// The secret.
    pub secret: Sealed,
}
