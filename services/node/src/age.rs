//! How old a data folder is: how often a process began to serve from it, and how often it was noted since that something
//! was written. A copy from before has less of one of them, so it cannot pass for the folder itself.

use std::io::{self, IoSlice};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use shards::telemetry::FolderAge;

use vfs::{Folder, Open};

const FILE: &str = "age.json";
const DRAFT: &str = "age.json.draft";

/// Bytes of the file, at most; a longer one is none of this version.
const FILE_BYTES_MAX: u64 = 4 * 1024;

/// The shortest time between two notes: each costs two syncs.
const NOTE_INTERVAL: Duration = Duration::from_secs(10);

/// The age of a folder. What it says is on the disk already: it would be false otherwise after a power cut.
pub(crate) struct Age {
    disk: Arc<dyn Folder>,
    state: Mutex<State>,
}

struct State {
    /// `None` if the folder cannot say.
    age: Option<FolderAge>,
    /// How many writes there were at the last note, and when the next may be.
    writes: u64,
    next: Option<Instant>,
    is_noting: bool,
    is_failing: bool,
}

impl Age {
    /// Begins to serve from a folder. One of a release before has no age, and begins with the first start. One whose age
    /// cannot be read is served all the same: that is no reason to keep its shards from anybody.
    pub(crate) fn begin(disk: Arc<dyn Folder>) -> Self {
        let age = match load(&*disk) {
            Ok(before) => {
                let begun = FolderAge { starts: before.starts.saturating_add(1), ..before };
                let saved = save(&*disk, begun);
                if let Err(error) = &saved {
                    tracing::warn!(%error, "this start cannot be recorded in the data folder");
                }
                Some(if saved.is_ok() { begun } else { before })
            }
            Err(error) => {
                tracing::error!(%error, "the age of the data folder cannot be read: an older copy of it would not be noticed");
                None
            }
        };
        Self { disk, state: Mutex::new(State { age, writes: 0, next: None, is_noting: false, is_failing: false }) }
    }

    /// The age, if the folder can say.
    pub(crate) fn now(&self) -> Option<FolderAge> {
        self.state().age
    }

    /// Whether it is to be noted now that something was written. `writes`: how many writes there were since the start. If
    /// so, the caller calls [`Self::note`].
    pub(crate) fn is_due(&self, writes: u64, now: Instant) -> bool {
        let mut state = self.state();
        let is_early = state.next.is_some_and(|next| now < next);
        if state.age.is_none() || state.writes == writes || state.is_noting || is_early {
            return false;
        }
        state.is_noting = true;
        true
    }

    /// Notes that so much was written. Blocks on the disk, but not those who ask for the age meanwhile.
    pub(crate) fn note(&self, writes: u64, now: Instant) {
        let Some(age) = self.now().map(|age| FolderAge { position: age.position.saturating_add(1), ..age }) else {
            return;
        };
        let saved = save(&*self.disk, age);
        let mut state = self.state();
        (state.is_noting, state.next) = (false, Some(now + NOTE_INTERVAL));
        match saved {
            Ok(()) => (state.age, state.writes, state.is_failing) = (Some(age), writes, false),
            Err(error) => {
                if !std::mem::replace(&mut state.is_failing, true) {
                    tracing::warn!(%error, "the age of the data folder cannot be recorded");
                }
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn load(disk: &dyn Folder) -> io::Result<FolderAge> {
    let file = match disk.open(Path::new(FILE), Open::Existing) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(FolderAge::default()),
        Err(error) => return Err(error),
    };
    let length = Some(file.length()?).filter(|length| *length <= FILE_BYTES_MAX).ok_or(io::ErrorKind::InvalidData)?;
    let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    file.read_at(&mut bytes, 0)?;
    Ok(serde_json::from_slice(&bytes)?)
}

/// Saves it, durably.
fn save(disk: &dyn Folder, age: FolderAge) -> io::Result<()> {
    let file = disk.open(Path::new(DRAFT), Open::Create)?;
    file.write_at(&mut [IoSlice::new(&serde_json::to_vec(&age)?)], 0)?;
    file.sync()?;
    disk.rename(Path::new(DRAFT), Path::new(FILE))?;
    disk.sync(Path::new(""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::disk::MemoryDisk;

    fn begin(disk: &MemoryDisk) -> Age {
        Age::begin(Arc::new(disk.clone()))
    }

    /// Notes what was written, if that is due.
    fn note(folder: &Age, writes: u64, now: Instant) {
        if folder.is_due(writes, now) {
            assert!(!folder.is_due(writes, now), "it is under way");
            folder.note(writes, now);
        }
    }

    fn age(starts: u64, position: u64) -> FolderAge {
        FolderAge { starts, position }
    }

    #[test]
    fn each_start_and_each_time_of_writing_makes_it_older_also_after_a_power_cut() {
        let (disk, at) = (MemoryDisk::new(), Instant::now());
        let folder = begin(&disk);
        assert_eq!(folder.now(), Some(age(1, 0)));
        note(&folder, 0, at);
        assert_eq!(folder.now(), Some(age(1, 0)), "nothing was written");
        note(&folder, 1, at);
        note(&folder, 2, at + NOTE_INTERVAL / 2);
        assert_eq!(folder.now(), Some(age(1, 1)), "that is noted later");
        note(&folder, 2, at + NOTE_INTERVAL);
        note(&folder, 2, at + NOTE_INTERVAL * 9);
        assert_eq!(folder.now(), Some(age(1, 2)));
        let copy = disk.after_power_cut(|_| 0);
        assert_eq!(begin(&copy).now(), Some(age(2, 2)));
    }

    #[test]
    fn a_copy_from_before_is_younger_and_the_folder_itself_never_is() {
        let (disk, at) = (MemoryDisk::new(), Instant::now());
        let first = begin(&disk);
        note(&first, 1, at);
        let copy = disk.after_power_cut(|_| 0);
        let second = begin(&disk);
        let is_before = |one: &Age, other: &Age| one.now().unwrap().is_before(other.now().unwrap());
        assert!(is_before(&first, &second) && !is_before(&second, &first));
        note(&second, 1, at);
        let of_copy = begin(&copy);
        assert_eq!(of_copy.now().unwrap().starts, second.now().unwrap().starts, "it has been started as often");
        assert!(is_before(&of_copy, &second));
    }

    #[test]
    fn a_folder_that_cannot_say_its_age_says_none() {
        let disk = MemoryDisk::new();
        begin(&disk);
        disk.spoil(Path::new(FILE), 0..1);
        let folder = begin(&disk);
        note(&folder, 1, Instant::now());
        assert_eq!(folder.now(), None);
    }
}
