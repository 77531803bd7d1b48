//! What a scrub remembers over restarts: how far it is, and what it found.

use std::io::{self, IoSlice};
use std::path::Path;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::super::damage::Damage;
use vfs::{Folder, Open};

const FILE: &str = "scrub.json";
const DRAFT: &str = "scrub.json.draft";

/// Bytes of the file, at most; a longer one is none of this version.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// What a scrub remembers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ScrubState {
    /// It was told to pause.
    #[serde(default)]
    pub(crate) is_paused: bool,
    /// The pass that is under way.
    #[serde(default)]
    pub(crate) pass: Option<Pass>,
    /// The last one that came to its end.
    #[serde(default)]
    pub(crate) last: Option<EndedPass>,
    /// The shards that are known to be damaged.
    #[serde(default)]
    pub(crate) damaged: Vec<(Uuid, Damage)>,
}

/// A pass over all shards.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pass {
    /// When it began, in milliseconds since 1970.
    pub(crate) begun_ms: u64,
    /// It was asked for, so it takes no more time than it needs.
    pub(crate) is_urgent: bool,
    /// The shards up to this one are done.
    pub(crate) cursor: Uuid,
    /// How many were looked at.
    pub(crate) shards: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
    /// How many of them turned out damaged, unreadable or gone.
    pub(crate) damaged: u64,
}

/// A pass that came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EndedPass {
    pub(crate) pass: Pass,
    /// When, in milliseconds since 1970.
    pub(crate) ended_ms: u64,
}

/// Reads what was saved. Without it, or if it cannot be read, a scrub begins anew.
pub(crate) fn load(disk: &dyn Folder) -> ScrubState {
    let read = || -> io::Result<ScrubState> {
        let file = disk.open(Path::new(FILE), Open::Existing)?;
        let length =
            Some(file.length()?).filter(|length| *length <= FILE_BYTES_MAX).ok_or(io::ErrorKind::InvalidData)?;
        let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        file.read_at(&mut bytes, 0)?;
        Ok(serde_json::from_slice(&bytes)?)
    };
    read().unwrap_or_else(|error| {
        if error.kind() != io::ErrorKind::NotFound {
            tracing::warn!(%error, "the state of the scrub cannot be read: the scrub starts over");
        }
        ScrubState::default()
    })
}

/// Saves it, durably.
pub(crate) fn save(disk: &dyn Folder, state: &ScrubState) -> io::Result<()> {
    let file = disk.open(Path::new(DRAFT), Open::Create)?;
    file.write_at(&mut [IoSlice::new(&serde_json::to_vec(state)?)], 0)?;
    file.sync()?;
    disk.rename(Path::new(DRAFT), Path::new(FILE))?;
    disk.sync(Path::new(""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::disk::MemoryDisk;

    #[test]
    fn what_is_saved_survives_a_power_cut_and_what_is_torn_is_no_state() {
        let disk = MemoryDisk::new();
        assert_eq!(load(&disk), ScrubState::default());
        let pass = Pass { cursor: Uuid::from_u128(7), shards: 3, ..Pass::default() };
        let damaged = vec![(Uuid::from_u128(1), Damage::Damaged), (Uuid::from_u128(2), Damage::Unreadable)];
        let state = ScrubState { pass: Some(pass), damaged, ..ScrubState::default() };
        save(&disk, &state).unwrap();
        assert_eq!(load(&disk.after_power_cut(|_| 0)), state);
        disk.open(Path::new(FILE), Open::Existing).unwrap().set_len(20).unwrap();
        assert_eq!(load(&disk), ScrubState::default());
        save(&disk, &state).unwrap();
        disk.spoil(Path::new(FILE), 0..1);
        assert_eq!(load(&disk), ScrubState::default());
    }
}
