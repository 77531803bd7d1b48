use std::fs;
use std::io::{self, IoSlice};
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{AtFlags, Dir, FallocateFlags, Mode, OFlags};

use super::direct::DirectWrites;
use super::uncached::UncachedFile;
use super::{File, Folder, Name, Open, Space};

/// A folder on a file system, held open: if it is deleted, nothing can be made in it any more, even if another
/// takes its path.
pub struct RealDisk {
    root: OwnedFd,
}

impl RealDisk {
    /// Opens the folder at `path`.
    pub fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self { root: rustix::fs::open(path, flags, Mode::empty())? })
    }

    fn open_folder(&self, path: &Path) -> io::Result<OwnedFd> {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(rustix::fs::openat(&self.root, path, flags, Mode::empty())?)
    }

    /// Opens a file for reading past the page cache, or through it if the file system does not support that.
    fn open_uncached(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        match rustix::fs::openat(&self.root, path, flags | OFlags::DIRECT, Mode::empty()) {
            Err(rustix::io::Errno::INVAL) => {
                let fd = rustix::fs::openat(&self.root, path, flags, Mode::empty())?;
                Ok(Arc::new(RealFile::from(fd)))
            }
            other => Ok(Arc::new(UncachedFile(other?.into()))),
        }
    }

    /// Creates the folder of `path`, but not the folders above it.
    fn make_parent(&self, path: &Path) -> io::Result<()> {
        let parent = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
        match rustix::fs::mkdirat(&self.root, parent, Mode::RWXU | Mode::RGRP | Mode::XGRP) {
            Ok(()) | Err(rustix::io::Errno::EXIST) => {}
            Err(e) => return Err(e.into()),
        }
        self.sync(parent.parent().unwrap_or_else(|| Path::new("")))
    }
}

impl Folder for RealDisk {
    fn open(&self, path: &Path, how: Open) -> io::Result<Arc<dyn File>> {
        let mode = Mode::RUSR | Mode::WUSR | Mode::RGRP;
        let flags = match how {
            Open::Uncached => return self.open_uncached(path),
            Open::Existing => OFlags::RDWR | OFlags::CLOEXEC,
            Open::Create => OFlags::RDWR | OFlags::CLOEXEC | OFlags::CREATE | OFlags::TRUNC,
        };
        let fd = match rustix::fs::openat(&self.root, path, flags, mode) {
            Err(rustix::io::Errno::NOENT) if how == Open::Create => {
                self.make_parent(path)?;
                rustix::fs::openat(&self.root, path, flags, mode)?
            }
            other => other?,
        };
        Ok(Arc::new(RealFile::from(fd)))
    }

    fn length(&self, path: &Path) -> io::Result<u64> {
        let stat = rustix::fs::statat(&self.root, path, AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(u64::try_from(stat.st_size).unwrap_or(0))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        Ok(rustix::fs::renameat(&self.root, from, &self.root, to)?)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.root, path, AtFlags::empty())?)
    }

    fn sync(&self, folder: &Path) -> io::Result<()> {
        Ok(rustix::fs::fsync(self.open_folder(folder)?)?)
    }

    fn each_name(&self, folder: &Path, each: &mut dyn FnMut(&str)) -> io::Result<()> {
        for entry in Dir::read_from(self.open_folder(folder)?)? {
            match entry?.file_name().to_str() {
                Ok("." | "..") | Err(_) => {}
                Ok(name) => each(name),
            }
        }
        Ok(())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<Name>> {
        let folder = self.open_folder(folder)?;
        let mut names = Vec::new();
        for entry in Dir::read_from(&folder)? {
            let entry = entry?;
            let name = match entry.file_name().to_str() {
                Ok("." | "..") => continue,
                Ok(name) => name.to_owned(),
                Err(_) => return Err(io::Error::new(io::ErrorKind::InvalidData, "a file name is not UTF-8")),
            };
            match rustix::fs::statat(&folder, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => names.push(Name { name, bytes: u64::try_from(stat.st_size).unwrap_or(0) }),
                Err(rustix::io::Errno::NOENT) => {}
                // Opening the file reports that it cannot be read.
                Err(rustix::io::Errno::IO) => names.push(Name { name, bytes: 0 }),
                Err(e) => return Err(e.into()),
            }
        }
        Ok(names)
    }

    fn space(&self) -> io::Result<Space> {
        if rustix::fs::fstat(&self.root)?.st_nlink == 0 {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the data folder was deleted"));
        }
        let at = rustix::fs::fstatvfs(&self.root)?;
        Ok(Space {
            free_bytes: at.f_bavail.saturating_mul(at.f_frsize),
            total_bytes: at.f_blocks.saturating_mul(at.f_frsize),
        })
    }
}

struct RealFile {
    file: fs::File,
    direct: DirectWrites,
}

impl From<OwnedFd> for RealFile {
    fn from(fd: OwnedFd) -> Self {
        Self { file: fd.into(), direct: DirectWrites::default() }
    }
}

impl File for RealFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset)
    }

    fn write_at(&self, parts: &mut [IoSlice<'_>], offset: u64) -> io::Result<()> {
        /// The most parts of one call on Linux (`UIO_MAXIOV`).
        const PARTS_MAX: usize = 1024;
        let (mut rest, mut offset) = (parts, offset);
        IoSlice::advance_slices(&mut rest, 0);
        while !rest.is_empty() {
            let some = rest.get(..PARTS_MAX).unwrap_or(rest);
            match rustix::io::pwritev(&self.file, some, offset) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    IoSlice::advance_slices(&mut rest, written);
                    offset += written as u64;
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(e) => return Err(e.into()),
            }
        }
        Ok(())
    }

    fn write_past_cache(&self, parts: &mut [IoSlice<'_>], offset: u64) -> io::Result<()> {
        if self.direct.write_at(&self.file, parts, offset)? { Ok(()) } else { self.write_at(parts, offset) }
    }

    fn allocate(&self, bytes: u64) -> io::Result<()> {
        match rustix::fs::fallocate(&self.file, FallocateFlags::empty(), 0, bytes) {
            // A file system without it still gets the length; its space is then found out while writing.
            Err(rustix::io::Errno::OPNOTSUPP) => self.file.set_len(bytes),
            other => Ok(other?),
        }
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.file.set_len(bytes)
    }

    fn sync(&self) -> io::Result<()> {
        rustix::fs::fdatasync(&self.file)?;
        if self.is_removed()? {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the file was deleted while in use"));
        }
        Ok(())
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn is_removed(&self) -> io::Result<bool> {
        Ok(rustix::fs::fstat(&self.file)?.st_nlink == 0)
    }
}
