//! The rows of which a region has one, its storage nodes, and the position up to which the log is folded.

use std::ops::Bound;

use domain::row::{
    ConsumerRow, DeadLetterRow, DebtRow, LeaseRow, LinkRow, NodeRow, NodeUsageRow, NotaryRow, SecretRow, TargetRow,
    TotalsRow, WorkerRow,
};
use events::ids::{ConsumerName, InvalidName, NodeId, RegionName, TargetName, WorkerName};
use events::lease::Lease;
use redb::{ReadTransaction, TableError};

use super::key::Key;
use super::table::{Mixed, Table};
use super::{Access, Tables, Writable};
use crate::{Cursor, StateError};

/// The keys of the table.
pub(crate) enum RegionKey {
    /// → [`Cursor`]. Every version of the projection has its cursor here, its version first.
    Cursor,
    /// → [`TotalsRow`].
    Totals,
    /// → [`DebtRow`].
    Debt,
    /// → the name of the keys by which entries were judged, not encoded.
    Keyring,
    /// → [`SecretRow`].
    Secret,
    /// → [`NotaryRow`].
    Notary,
    /// → [`NodeRow`].
    Node(NodeId),
    /// → [`NodeUsageRow`].
    NodeUsage(NodeId),
    /// → [`LeaseRow`].
    Lease(Lease),
    /// → [`WorkerRow`].
    Worker(WorkerName),
    /// → [`ConsumerRow`].
    Consumer(ConsumerName),
    /// → [`TargetRow`].
    Target(TargetName),
    /// → [`LinkRow`].
    Link(RegionName),
    /// A target and the sequence of an event → [`DeadLetterRow`].
    DeadLetter(TargetName, u64),
}

const CURSOR: &str = "cursor";
const TOTALS: &str = "totals";
const DEBT: &str = "debt";
const KEYRING: &str = "keyring";
const SECRET: &str = "secret";
const NOTARY: &str = "notary";

/// This comes before the name of a node.
const NODE: &str = "node/";

/// This sorts after all nodes: no name holds a `0` where these keys have a `/`.
const AFTER_NODES: &str = "node0";

/// This comes before the name of a node on which something is placed.
const NODE_USAGE: &str = "usage/";

/// This sorts after all of those.
const AFTER_NODE_USAGE: &str = "usage0";

/// This comes before the name of a lease.
const LEASE: &str = "lease/";

/// This comes before the name of a background worker.
const WORKER: &str = "worker/";

/// This comes before the name of a durable consumer.
const CONSUMER: &str = "consumer/";

/// This sorts after all of those.
const AFTER_CONSUMERS: &str = "consumer0";
/// This comes before the name of a target of events.
const TARGET: &str = "target/";

/// This sorts after all targets.
const AFTER_TARGETS: &str = "target0";

/// This comes before the name of a link.
const LINK: &str = "link/";

/// This sorts after all of those.
const AFTER_LINKS: &str = "link0";

/// This comes before the name of a target, a slash, and the sequence of a dead letter in 20 digits.
const DEAD_LETTER: &str = "dead/";

/// The digits of a sequence, so that the order of the keys is that of the log.
const SEQUENCE_DIGITS: usize = 20;

impl Key for RegionKey {
    type Stored = &'static str;
    type Ref<'k> = &'k Self;

    fn encode<T>(key: &Self, then: impl FnOnce(&str) -> T) -> T {
        match key {
            Self::Cursor => then(CURSOR),
            Self::Totals => then(TOTALS),
            Self::Debt => then(DEBT),
            Self::Keyring => then(KEYRING),
            Self::Secret => then(SECRET),
            Self::Notary => then(NOTARY),
            Self::Node(name) => then(&format!("{NODE}{name}")),
            Self::NodeUsage(name) => then(&format!("{NODE_USAGE}{name}")),
            Self::Lease(lease) => then(&format!("{LEASE}{lease}")),
            Self::Worker(name) => then(&format!("{WORKER}{name}")),
            Self::Consumer(name) => then(&format!("{CONSUMER}{name}")),
            Self::Target(name) => then(&format!("{TARGET}{name}")),
            Self::Link(name) => then(&format!("{LINK}{name}")),
            Self::DeadLetter(name, sequence) => then(&format!("{DEAD_LETTER}{name}/{sequence:0SEQUENCE_DIGITS$}")),
        }
    }

    fn decode(key: &str) -> Result<Self, InvalidName> {
        let unknown =
            || InvalidName { what: "key", text: key.to_owned(), why: "the table of the region has no such key" };
        Ok(match key {
            CURSOR => Self::Cursor,
            TOTALS => Self::Totals,
            DEBT => Self::Debt,
            KEYRING => Self::Keyring,
            SECRET => Self::Secret,
            NOTARY => Self::Notary,
            _ => {
                if let Some(name) = key.strip_prefix(NODE) {
                    Self::Node(name.parse()?)
                } else if let Some(name) = key.strip_prefix(NODE_USAGE) {
                    Self::NodeUsage(name.parse()?)
                } else if let Some(name) = key.strip_prefix(WORKER) {
                    Self::Worker(name.parse()?)
                } else if let Some(name) = key.strip_prefix(CONSUMER) {
                    Self::Consumer(name.parse()?)
                } else if let Some(name) = key.strip_prefix(TARGET) {
                    Self::Target(name.parse()?)
                } else if let Some(name) = key.strip_prefix(LINK) {
                    Self::Link(name.parse()?)
                } else if let Some(rest) = key.strip_prefix(DEAD_LETTER) {
                    let (name, sequence) = rest.split_once('/').ok_or_else(unknown)?;
                    Self::DeadLetter(name.parse()?, sequence.parse().map_err(|_| unknown())?)
                } else {
                    let name = key.strip_prefix(LEASE);
                    let lease = Lease::ALL.into_iter().find(|lease| name == Some(lease.as_str()));
                    Self::Lease(lease.ok_or_else(unknown)?)
                }
            }
        })
    }
}

impl<A: Access> Table<A, RegionKey, Mixed> {
    pub(super) fn totals(&self) -> Result<TotalsRow, StateError> {
        Ok(self.get_as(&RegionKey::Totals)?.unwrap_or_default())
    }

    pub(super) fn debt(&self) -> Result<DebtRow, StateError> {
        Ok(self.get_as(&RegionKey::Debt)?.unwrap_or_default())
    }

    pub(super) fn secret(&self) -> Result<Option<SecretRow>, StateError> {
        self.get_as(&RegionKey::Secret)
    }

    pub(super) fn notary(&self) -> Result<NotaryRow, StateError> {
        Ok(self.get_as(&RegionKey::Notary)?.unwrap_or_default())
    }

    pub(super) fn node(&self, name: &NodeId) -> Result<Option<NodeRow>, StateError> {
        self.get_as(&RegionKey::Node(name.clone()))
    }

    pub(super) fn node_usage(&self, name: &NodeId) -> Result<NodeUsageRow, StateError> {
        Ok(self.get_as(&RegionKey::NodeUsage(name.clone()))?.unwrap_or_default())
    }

    pub(super) fn lease(&self, lease: Lease) -> Result<Option<LeaseRow>, StateError> {
        self.get_as(&RegionKey::Lease(lease))
    }

    pub(super) fn worker(&self, name: &WorkerName) -> Result<WorkerRow, StateError> {
        Ok(self.get_as(&RegionKey::Worker(name.clone()))?.unwrap_or_default())
    }

    pub(super) fn consumer(&self, name: &ConsumerName) -> Result<Option<ConsumerRow>, StateError> {
        self.get_as(&RegionKey::Consumer(name.clone()))
    }

    pub(super) fn consumers(&self) -> Result<Vec<(ConsumerName, ConsumerRow)>, StateError> {
        let mut consumers = Vec::new();
        for entry in self.range(CONSUMER..AFTER_CONSUMERS)? {
            let entry = entry?;
            if let RegionKey::Consumer(name) = entry.key()? {
                consumers.push((name, entry.row_as()?));
            }
        }
        Ok(consumers)
    }

    pub(super) fn target(&self, name: &TargetName) -> Result<Option<TargetRow>, StateError> {
        self.get_as(&RegionKey::Target(name.clone()))
    }

    pub(super) fn link(&self, name: &RegionName) -> Result<Option<LinkRow>, StateError> {
        self.get_as(&RegionKey::Link(name.clone()))
    }

    /// All links, in the order of their names.
    pub(super) fn links(&self) -> Result<Vec<(RegionName, LinkRow)>, StateError> {
        let mut links = Vec::new();
        for entry in self.range(LINK..AFTER_LINKS)? {
            let entry = entry?;
            if let RegionKey::Link(name) = entry.key()? {
                links.push((name, entry.row_as()?));
            }
        }
        Ok(links)
    }

    pub(super) fn dead_letter(&self, target: &TargetName, sequence: u64) -> Result<Option<DeadLetterRow>, StateError> {
        self.get_as(&RegionKey::DeadLetter(target.clone(), sequence))
    }
}

impl Table<Writable<'_>, RegionKey, Mixed> {
    pub(super) fn put_cursor(&mut self, row: &Cursor) -> Result<(), StateError> {
        self.put_as(&RegionKey::Cursor, row)
    }

    pub(super) fn put_totals(&mut self, row: &TotalsRow) -> Result<(), StateError> {
        self.put_as(&RegionKey::Totals, row)
    }

    pub(super) fn put_debt(&mut self, row: &DebtRow) -> Result<(), StateError> {
        self.put_as(&RegionKey::Debt, row)
    }

    pub(super) fn put_secret(&mut self, row: &SecretRow) -> Result<(), StateError> {
        self.put_as(&RegionKey::Secret, row)
    }

    pub(super) fn put_notary(&mut self, row: &NotaryRow) -> Result<(), StateError> {
        self.put_as(&RegionKey::Notary, row)
    }

    pub(super) fn put_node(&mut self, name: &NodeId, row: &NodeRow) -> Result<(), StateError> {
        self.put_as(&RegionKey::Node(name.clone()), row)
    }

    pub(super) fn put_node_usage(&mut self, name: NodeId, row: &NodeUsageRow) -> Result<(), StateError> {
        self.put_as(&RegionKey::NodeUsage(name), row)
    }

    pub(super) fn drop_node_usage(&mut self, name: NodeId) -> Result<(), StateError> {
        self.drop(&RegionKey::NodeUsage(name))
    }

    pub(super) fn put_lease(&mut self, lease: Lease, row: &LeaseRow) -> Result<(), StateError> {
        self.put_as(&RegionKey::Lease(lease), row)
    }

    pub(super) fn put_worker(&mut self, name: &WorkerName, row: &WorkerRow) -> Result<(), StateError> {
        self.put_as(&RegionKey::Worker(name.clone()), row)
    }

    pub(super) fn put_link(&mut self, name: &RegionName, row: &LinkRow) -> Result<(), StateError> {
        self.put_as(&RegionKey::Link(name.clone()), row)
    }

    pub(super) fn put_consumer(&mut self, name: &ConsumerName, row: &ConsumerRow) -> Result<(), StateError> {
        self.put_as(&RegionKey::Consumer(name.clone()), row)
    }

    pub(super) fn drop_consumer(&mut self, name: &ConsumerName) -> Result<(), StateError> {
        self.drop(&RegionKey::Consumer(name.clone()))
    }

    pub(super) fn put_target(&mut self, name: &TargetName, row: &TargetRow) -> Result<(), StateError> {
        self.put_as(&RegionKey::Target(name.clone()), row)
    }

    pub(super) fn put_dead_letter(
        &mut self,
        target: &TargetName,
        sequence: u64,
        row: &DeadLetterRow,
    ) -> Result<(), StateError> {
        self.put_as(&RegionKey::DeadLetter(target.clone(), sequence), row)
    }
}

impl<A: Access> Tables<A> {
    /// Returns the position up to which the log is folded.
    pub fn cursor(&self) -> Result<Cursor, StateError> {
        Ok(self.region.get_as(&RegionKey::Cursor)?.unwrap_or_default())
    }

    /// The storage nodes that joined, in the order of their names.
    pub fn list_nodes(&self) -> Result<Vec<(NodeId, NodeRow)>, StateError> {
        let mut nodes = Vec::new();
        for entry in self.region.range(NODE..AFTER_NODES)? {
            let entry = entry?;
            if let RegionKey::Node(name) = entry.key()? {
                nodes.push((name, entry.row_as()?));
            }
        }
        Ok(nodes)
    }

    /// What is placed on each storage node, in the order of their names. Nodes without shards are left out.
    pub fn list_node_usage(&self) -> Result<Vec<(NodeId, NodeUsageRow)>, StateError> {
        let mut nodes = Vec::new();
        for entry in self.region.range(NODE_USAGE..AFTER_NODE_USAGE)? {
            let entry = entry?;
            if let RegionKey::NodeUsage(name) = entry.key()? {
                nodes.push((name, entry.row_as()?));
            }
        }
        Ok(nodes)
    }

    /// A page of the targets of events, in the order of their names.
    pub fn list_targets(
        &self,
        after: Option<&TargetName>,
        max: usize,
    ) -> Result<Vec<(TargetName, TargetRow)>, StateError> {
        let from = after.map(|name| format!("{TARGET}{name}"));
        let from = from.as_deref().map_or(Bound::Included(TARGET), Bound::Excluded);
        let mut targets = Vec::new();
        for entry in self.region.range((from, Bound::Excluded(AFTER_TARGETS)))?.take(max) {
            let entry = entry?;
            if let RegionKey::Target(name) = entry.key()? {
                targets.push((name, entry.row_as()?));
            }
        }
        Ok(targets)
    }

    /// A page of the dead letters of a target, in the order of their events.
    pub fn list_dead_letters(
        &self,
        target: &TargetName,
        after: u64,
        max: usize,
    ) -> Result<Vec<(u64, DeadLetterRow)>, StateError> {
        let place = |sequence: u64| format!("{DEAD_LETTER}{target}/{sequence:0SEQUENCE_DIGITS$}");
        let (from, to) = (place(after), place(u64::MAX));
        let range = (Bound::Excluded(from.as_str()), Bound::Included(to.as_str()));
        let mut letters = Vec::new();
        for entry in self.region.range(range)?.take(max) {
            let entry = entry?;
            if let RegionKey::DeadLetter(_, sequence) = entry.key()? {
                letters.push((sequence, entry.row_as()?));
            }
        }
        Ok(letters)
    }

    /// Returns the name of the keys by which the entries were judged; `None` for a new projection.
    pub(crate) fn judged_by(&self) -> Result<Option<Vec<u8>>, StateError> {
        Ok(self.region.bytes(&RegionKey::Keyring)?.map(|found| found.value().to_vec()))
    }
}

impl Tables<Writable<'_>> {
    /// Judges by keys of this name from now on.
    pub(crate) fn belong_to(&mut self, keyring: &[u8]) -> Result<(), StateError> {
        self.region.put_bytes(&RegionKey::Keyring, keyring)
    }
}

/// Returns the version of a projection, known or not, and its last sequence; `None` if nothing was folded yet. Only
/// this table is opened, and only the fields of the cursor that every version begins with are read.
pub(crate) fn found(transaction: ReadTransaction) -> Result<Option<(u32, u64)>, StateError> {
    let region = Tables::read(transaction).region;
    match region.open() {
        Err(TableError::TableDoesNotExist(_)) => return Ok(None),
        opened => opened?,
    };
    let Some(cursor) = region.bytes(&RegionKey::Cursor)? else { return Ok(None) };
    let (found, _) = postcard::take_from_bytes(cursor.value()).map_err(StateError::Row)?;
    Ok(Some(found))
}
