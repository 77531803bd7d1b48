//! The heartbeats that a node sends.

use std::time::Instant;

use shards::telemetry::{FolderAge, Heartbeat, NodeState, Trouble};
use uuid::Uuid;

use crate::config::Config;
use crate::disk::Store;

/// The ids of a node that do not change while it runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NodeIds {
    /// The boot id of the host.
    pub(crate) boot_id: Uuid,
    /// The incarnation of the process.
    pub(crate) incarnation: Uuid,
    /// The id of the data folder.
    pub(crate) folder: Uuid,
}

/// What a heartbeat says beside what its store and its configuration tell.
#[derive(Debug, Clone, Default)]
pub(crate) struct Said {
    /// Whether a gateway has refused this process.
    pub(crate) is_refused: bool,
    /// How old the data folder is.
    pub(crate) age: Option<FolderAge>,
    /// The call of the roll that it answers.
    pub(crate) call: Option<String>,
}

/// The current heartbeat. A disk that cannot report its free space has failed.
pub(crate) fn heartbeat(config: &Config, ids: NodeIds, store: &Store, said: Said) -> Heartbeat {
    let Said { is_refused, age, call } = said;
    let (totals, now) = (store.totals(), Instant::now());
    let space = store.space();
    let failed = space.is_err() || store.check().is_err();
    let trouble = match (is_refused, store.is_stalled(now)) {
        (true, _) => Some(Trouble::Refused),
        (false, true) => Some(Trouble::Stalled),
        (false, false) => None,
    };
    let (free, total) = space.map_or((0, 0), |space| (space.free_bytes, space.total_bytes));
    Heartbeat {
        node: config.node.clone(),
        zone: config.zone.clone(),
        boot_id: ids.boot_id,
        free_bytes: free.saturating_sub(config.reserve_bytes),
        total_bytes: total,
        stored_bytes: totals.bytes,
        shards: totals.shards,
        state: if failed || trouble.is_some() { NodeState::Failed } else { NodeState::Up },
        incarnation: ids.incarnation,
        folder: Some(ids.folder),
        trouble: trouble.filter(|_| !failed),
        disk: Some(store.report(now)),
        age,
        call,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, mpsc};
    use std::time::Duration;

    use bytes::Bytes;
    use shards::protocol::Record;

    use super::*;
    use crate::disk::StoreOptions;
    use testkit::disk::{Fault, MemoryDisk};

    #[test]
    fn a_node_whose_syncs_hang_says_so_until_they_return() {
        let disk = MemoryDisk::new();
        let options = StoreOptions { reserve_bytes: 0, ..StoreOptions::new(Uuid::from_u128(7), "n1") };
        let store = Store::open(Arc::new(disk.clone()), &options).unwrap();
        let config = Config::new("local".parse().unwrap(), "n1".parse().unwrap(), "z", "/nowhere");
        let ids = NodeIds { boot_id: Uuid::nil(), incarnation: Uuid::nil(), folder: Uuid::from_u128(7) };
        let says = |is_refused| {
            let said = heartbeat(&config, ids, &store, Said { is_refused, ..Said::default() });
            assert_eq!(said.folder, Some(Uuid::from_u128(7)));
            (said.state, said.trouble)
        };
        assert_eq!(says(false), (NodeState::Up, None));
        assert_eq!(says(true), (NodeState::Failed, Some(Trouble::Refused)));

        disk.inject(Fault::HoldSyncs(true));
        let (sender, receiver) = mpsc::channel();
        let record = Record::new(Uuid::from_u128(1), Bytes::from_static(b"abc"));
        store.put(vec![record], move |answers| sender.send(answers).unwrap());
        let until = |wanted| {
            let begin = Instant::now();
            while says(false) != wanted {
                assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", says(false));
                std::thread::yield_now();
            }
        };
        until((NodeState::Failed, Some(Trouble::Stalled)));
        assert!(receiver.try_recv().is_err());
        disk.inject(Fault::HoldSyncs(false));
        assert_eq!(receiver.recv().unwrap(), [Ok(())]);
        let report = heartbeat(&config, ids, &store, Said::default()).disk.unwrap();
        assert!(report.sync.is_some_and(|sync| sync.p99_us > 1_000_000), "{report:?}");
        assert_eq!((report.read, report.write_errors, report.damaged_shards), (None, 0, 0));
        until((NodeState::Up, None));
        assert_eq!(store.check(), Ok(()), "what was late has not failed");
    }
}
