//! A disk in memory that forgets what was not synced.
//!
//! # What it models
//! - A power failure at any call ([`Fault::PowerAfter`]), and the disk that the next start finds
//!   ([`MemoryDisk::after_power_cut`]): synced bytes and names are there; of each unsynced write any subset of its sectors,
//!   of a folder's unsynced names any leading part.
//! - A sync that fails, after which the bytes never get durable, as on Linux ([`Fault::NextSync`]).
//! - A disk that fills, at a number of bytes or in the middle of a write ([`Fault::Capacity`], [`Fault::NextWrite`]).
//! - A disk that hangs ([`Fault::HoldSyncs`], [`Fault::HoldRemovals`]).
//! - Decay: bits that flip ([`MemoryDisk::flip`]) and sectors that cannot be read until they are written anew
//!   ([`MemoryDisk::spoil`]).
//! - The folder deleted under the running process ([`MemoryDisk::delete_everything`]).
//!
//! # What it does not
//! Time: what is not held returns at once. Writes that are lost although they were synced.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, IoSlice};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use vfs::{File, Folder, Name, Open, Space};

/// What a power cut can tear apart: a write survives in whole multiples of this many bytes.
const SECTOR_BYTES: usize = 512;

/// A fault to inject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The power goes after this many more changing calls: every call after fails.
    PowerAfter(u64),
    /// The next sync of a file fails (EIO), and what it should have made durable never will be.
    NextSync,
    /// The next write of a file stops halfway for lack of space, also where space was allocated.
    NextWrite,
    /// Files may hold this many bytes together; more is `StorageFull`.
    Capacity(u64),
    /// While this is true, syncs of files do not return.
    HoldSyncs(bool),
    /// While this is true, removals of files do not return.
    HoldRemovals(bool),
}

/// A disk in memory, the twin of [`vfs::RealDisk`]. Clones share it.
#[derive(Clone, Default)]
pub struct MemoryDisk {
    state: Arc<Mutex<State>>,
    /// Wakes the syncs and removals that are held.
    released: Arc<Condvar>,
}

#[derive(Default)]
struct State {
    files: Vec<Inode>,
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
    name_changes: HashMap<PathBuf, Vec<NameChange>>,
    power_after: Option<u64>,
    fail_next_sync: bool,
    fail_next_write: bool,
    capacity: Option<u64>,
    held: Held,
    removing: usize,
}

/// What waits until it is let go on.
#[derive(Default)]
struct Held {
    syncs: bool,
    removals: bool,
}

#[derive(Default, Clone)]
struct Inode {
    bytes: Vec<u8>,
    durable: Vec<u8>,
    unsynced: Vec<Change>,
    links: u32,
    /// Where reads fail.
    unreadable: Vec<Range<usize>>,
}

#[derive(Clone)]
enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    Length(usize),
}

#[derive(Clone)]
enum NameChange {
    Link(PathBuf, usize),
    Unlink(PathBuf),
    Rename(PathBuf, PathBuf),
}

impl MemoryDisk {
    /// An empty disk without a limit.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many files are open, and clones of the disk.
    pub fn references(&self) -> usize {
        Arc::strong_count(&self.state)
    }

    /// Whether somebody removes a file right now.
    pub fn is_removing(&self) -> bool {
        self.lock().removing > 0
    }

    /// Sets a fault.
    pub fn inject(&self, fault: Fault) {
        let mut state = self.lock();
        match fault {
            Fault::PowerAfter(calls) => state.power_after = Some(calls),
            Fault::NextSync => state.fail_next_sync = true,
            Fault::NextWrite => state.fail_next_write = true,
            Fault::Capacity(bytes) => state.capacity = Some(bytes),
            Fault::HoldSyncs(hold) => {
                state.held.syncs = hold;
                self.released.notify_all();
            }
            Fault::HoldRemovals(hold) => {
                state.held.removals = hold;
                self.released.notify_all();
            }
        }
    }

    /// Changes one byte of a file where it lies, as a failing disk does. `false` if there is none.
    pub fn flip(&self, path: &Path, offset: usize) -> bool {
        let mut state = self.lock();
        let Some(&inode) = state.names.get(path) else { return false };
        let file = &mut state.files[inode];
        let Some(byte) = file.bytes.get_mut(offset) else { return false };
        *byte ^= 1;
        if let Some(byte) = file.durable.get_mut(offset) {
            *byte ^= 1;
        }
        true
    }

    /// Makes reads that touch these bytes of a file fail (EIO), as a bad sector does, until all of them are written
    /// anew. `false` if there is no such file.
    pub fn spoil(&self, path: &Path, bytes: Range<usize>) -> bool {
        let mut state = self.lock();
        let Some(&inode) = state.names.get(path) else { return false };
        state.files[inode].unreadable.push(bytes);
        true
    }

    /// Makes every byte of a file readable again.
    pub fn unspoil(&self, path: &Path) {
        let mut state = self.lock();
        if let Some(&inode) = state.names.get(path) {
            state.files[inode].unreadable.clear();
        }
    }

    /// Deletes every name, as `rm -r` of the data folder does.
    pub fn delete_everything(&self) {
        let mut state = self.lock();
        state.names.clear();
        state.durable_names.clear();
        state.name_changes.clear();
        for file in &mut state.files {
            file.links = 0;
        }
    }

    /// The disk as the next start may find it; `choose(n)` picks one of `0..n` wherever the power cut leaves it open.
    #[must_use]
    pub fn after_power_cut(&self, mut choose: impl FnMut(usize) -> usize) -> Self {
        let state = self.lock();
        let mut names = state.durable_names.clone();
        let mut folders: Vec<_> = state.name_changes.iter().collect();
        folders.sort_by_key(|(folder, _)| *folder);
        for (_, changes) in folders {
            let kept = choose(changes.len() + 1);
            changes.iter().take(kept).for_each(|change| change.apply(&mut names));
        }
        let mut files: Vec<Inode> = state.files.iter().map(|file| file.after_power_cut(&mut choose)).collect();
        for &inode in names.values() {
            files[inode].links += 1;
        }
        let next = State { files, durable_names: names.clone(), names, capacity: state.capacity, ..State::default() };
        Self { state: Arc::new(Mutex::new(next)), released: Arc::default() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state, for a call that changes it: fails once the power is off.
    fn change(&self) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.lock();
        match &mut state.power_after {
            Some(0) => Err(io::Error::other("the power is off")),
            Some(calls) => {
                *calls -= 1;
                Ok(state)
            }
            None => Ok(state),
        }
    }
}

impl NameChange {
    fn apply(&self, names: &mut BTreeMap<PathBuf, usize>) {
        match self {
            Self::Link(path, inode) => {
                names.insert(path.clone(), *inode);
            }
            Self::Unlink(path) => {
                names.remove(path);
            }
            Self::Rename(from, to) => {
                if let Some(inode) = names.remove(from) {
                    names.insert(to.clone(), inode);
                }
            }
        }
    }
}

impl State {
    fn used(&self) -> u64 {
        self.files.iter().filter(|file| file.links > 0).map(|file| file.bytes.len() as u64).sum()
    }

    fn name_change(&mut self, change: NameChange) {
        let path = match &change {
            NameChange::Link(path, _) | NameChange::Unlink(path) | NameChange::Rename(path, _) => path,
        };
        let folder = path.parent().unwrap_or_else(|| Path::new("")).to_owned();
        change.apply(&mut self.names);
        self.name_changes.entry(folder).or_default().push(change);
    }

    fn check_room(&self, inode: usize, length: usize) -> io::Result<()> {
        let grows = length.saturating_sub(self.files[inode].bytes.len()) as u64;
        match self.capacity {
            Some(capacity) if grows > 0 && self.used() + grows > capacity => Err(io::ErrorKind::StorageFull.into()),
            _ => Ok(()),
        }
    }
}

impl Inode {
    fn after_power_cut(&self, choose: &mut impl FnMut(usize) -> usize) -> Self {
        let mut bytes = self.durable.clone();
        for change in &self.unsynced {
            match change {
                Change::Length(length) if choose(2) == 1 => bytes.resize(*length, 0),
                Change::Length(_) => {}
                Change::Write { offset, bytes: written } => match choose(3) {
                    0 => {}
                    1 => put(&mut bytes, *offset, written),
                    _ => keep_some_sectors(&mut bytes, *offset, written, choose),
                },
            }
        }
        let unreadable = self.unreadable.clone();
        Self { durable: bytes.clone(), bytes, unsynced: Vec::new(), links: 0, unreadable }
    }
}

fn put(bytes: &mut Vec<u8>, offset: usize, written: &[u8]) {
    if bytes.len() < offset + written.len() {
        bytes.resize(offset + written.len(), 0);
    }
    bytes[offset..offset + written.len()].copy_from_slice(written);
}

fn keep_some_sectors(bytes: &mut Vec<u8>, offset: usize, written: &[u8], choose: &mut impl FnMut(usize) -> usize) {
    let mut at = 0;
    while at < written.len() {
        let sector_end = (offset + at) / SECTOR_BYTES * SECTOR_BYTES + SECTOR_BYTES - offset;
        let end = sector_end.min(written.len());
        if choose(2) == 1 {
            put(bytes, offset + at, &written[at..end]);
        }
        at = end;
    }
}

impl Folder for MemoryDisk {
    fn open(&self, path: &Path, how: Open) -> io::Result<Arc<dyn File>> {
        let found = self.lock().names.get(path).copied();
        let inode = match (how, found) {
            (_, Some(inode)) => inode,
            (Open::Existing | Open::Uncached, None) => return Err(io::ErrorKind::NotFound.into()),
            (Open::Create, None) => {
                let mut state = self.change()?;
                let inode = state.files.len();
                state.files.push(Inode { links: 1, ..Inode::default() });
                state.name_change(NameChange::Link(path.to_owned(), inode));
                inode
            }
        };
        let file = MemoryFile { disk: self.clone(), inode };
        if how == Open::Create && found.is_some() {
            file.set_len(0)?;
        }
        Ok(Arc::new(file))
    }

    fn length(&self, path: &Path) -> io::Result<u64> {
        let state = self.lock();
        let inode = state.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(state.files[*inode].bytes.len() as u64)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.change()?;
        if !state.names.contains_key(from) {
            return Err(io::ErrorKind::NotFound.into());
        }
        if let Some(&replaced) = state.names.get(to) {
            state.files[replaced].links = 0;
        }
        state.name_change(NameChange::Rename(from.to_owned(), to.to_owned()));
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.lock().removing += 1;
        let held = self.released.wait_while(self.lock(), |state| state.held.removals);
        held.unwrap_or_else(PoisonError::into_inner).removing -= 1;
        let mut state = self.change()?;
        let Some(&inode) = state.names.get(path) else { return Err(io::ErrorKind::NotFound.into()) };
        state.files[inode].links = 0;
        state.name_change(NameChange::Unlink(path.to_owned()));
        Ok(())
    }

    fn sync(&self, folder: &Path) -> io::Result<()> {
        let mut state = self.change()?;
        for change in state.name_changes.remove(folder).unwrap_or_default() {
            change.apply(&mut state.durable_names);
        }
        Ok(())
    }

    fn each_name(&self, folder: &Path, each: &mut dyn FnMut(&str)) -> io::Result<()> {
        self.list(folder)?.iter().for_each(|name| each(&name.name));
        Ok(())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<Name>> {
        let state = self.lock();
        let mut names = BTreeMap::new();
        for (path, &inode) in &state.names {
            let Ok(inside) = path.strip_prefix(folder) else { continue };
            if let Some(name) = inside.components().next() {
                names.insert(name.as_os_str().to_string_lossy().into_owned(), state.files[inode].bytes.len() as u64);
            }
        }
        Ok(names.into_iter().map(|(name, bytes)| Name { name, bytes }).collect())
    }

    fn space(&self) -> io::Result<Space> {
        let state = self.lock();
        let total_bytes = state.capacity.unwrap_or(u64::MAX);
        Ok(Space { free_bytes: total_bytes.saturating_sub(state.used()), total_bytes })
    }
}

struct MemoryFile {
    disk: MemoryDisk,
    inode: usize,
}

impl File for MemoryFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let offset = usize::try_from(offset).map_err(io::Error::other)?;
        let state = self.disk.lock();
        let (file, end) = (&state.files[self.inode], offset + buffer.len());
        if file.unreadable.iter().any(|spoiled| spoiled.start < end && offset < spoiled.end) {
            return Err(io::Error::from_raw_os_error(rustix::io::Errno::IO.raw_os_error()));
        }
        buffer.copy_from_slice(file.bytes.get(offset..end).ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write_at(&self, parts: &mut [IoSlice<'_>], offset: u64) -> io::Result<()> {
        let mut bytes: Vec<u8> = parts.iter().flat_map(|part| part.iter().copied()).collect();
        let offset = usize::try_from(offset).map_err(io::Error::other)?;
        let mut state = self.disk.change()?;
        state.check_room(self.inode, offset + bytes.len())?;
        let torn = std::mem::take(&mut state.fail_next_write);
        if torn {
            bytes.truncate(bytes.len() / 2);
        }
        let file = &mut state.files[self.inode];
        put(&mut file.bytes, offset, &bytes);
        let end = offset + bytes.len();
        file.unreadable.retain(|spoiled| spoiled.start < offset || end < spoiled.end);
        file.unsynced.push(Change::Write { offset, bytes });
        if torn { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn allocate(&self, bytes: u64) -> io::Result<()> {
        if bytes > self.length()? { self.set_len(bytes) } else { Ok(()) }
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        let length = usize::try_from(bytes).map_err(io::Error::other)?;
        let mut state = self.disk.change()?;
        state.check_room(self.inode, length)?;
        let file = &mut state.files[self.inode];
        file.bytes.resize(length, 0);
        file.unsynced.push(Change::Length(length));
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let held = self.disk.released.wait_while(self.disk.lock(), |state| state.held.syncs);
        drop(held);
        let mut state = self.disk.change()?;
        if std::mem::take(&mut state.fail_next_sync) {
            // As after a failed fsync on Linux: the pages count as clean, and their bytes never reach the disk.
            state.files[self.inode].unsynced.clear();
            return Err(io::Error::from_raw_os_error(rustix::io::Errno::IO.raw_os_error()));
        }
        let file = &mut state.files[self.inode];
        for change in file.unsynced.drain(..) {
            match change {
                Change::Length(length) => file.durable.resize(length, 0),
                Change::Write { offset, bytes } => put(&mut file.durable, offset, &bytes),
            }
        }
        if file.links == 0 {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the file was deleted while in use"));
        }
        Ok(())
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.disk.lock().files[self.inode].bytes.len() as u64)
    }

    fn is_removed(&self) -> io::Result<bool> {
        Ok(self.disk.lock().files[self.inode].links == 0)
    }
}
