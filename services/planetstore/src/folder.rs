//! The data folder of a process: its lock, its format, its region, and the paths in it.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use events::ids::RegionName;
use rustix::fs::{FlockOperation, flock};
use zeroize::Zeroizing;

use crate::files;

/// The data folder of this process.
#[derive(Debug, Args)]
pub(crate) struct DataArgs {
    /// Data folder; created if it does not exist
    #[arg(long, env = "PLANETSTORE_DATA", default_value = "./planetstore-data", value_name = "DIR")]
    pub(crate) data: PathBuf,
}

/// The format of the data folder that this program reads and writes.
pub(crate) const FORMAT: u32 = 1;

/// The permissions of the data folder, which holds credentials and all users' objects.
pub(crate) const PRIVATE_FOLDER: u32 = 0o700;

/// The region of a new data folder.
const REGION: &str = "us-east-1";

const VERSION_FILE: &str = "version";
const LOCK_FILE: &str = "lock";
const REGION_FILE: &str = "region";

/// The paths in a data folder, whichever process uses it.
#[derive(Debug, Clone)]
pub(crate) struct Paths(PathBuf);

impl Paths {
    pub(crate) fn new(folder: &Path) -> Self {
        Self(folder.into())
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.0
    }

    pub(crate) fn version(&self) -> PathBuf {
        self.0.join(VERSION_FILE)
    }

    pub(crate) fn master_key(&self) -> PathBuf {
        self.0.join("master.key")
    }

    /// The author key of a process other than a gateway.
    pub(crate) fn author_key(&self) -> PathBuf {
        self.0.join("author.key")
    }

    /// The secrets by which pieces are tagged, of a process other than a gateway.
    pub(crate) fn piece_secrets(&self) -> PathBuf {
        self.0.join("piece-secrets.key")
    }

    /// The keys of the notary, where they are not derived from the master keys.
    pub(crate) fn notary_key(&self) -> PathBuf {
        self.0.join("notary.key")
    }

    pub(crate) fn credentials(&self) -> PathBuf {
        self.0.join("credentials")
    }

    pub(crate) fn run_file(&self) -> PathBuf {
        self.0.join("run.json")
    }

    pub(crate) fn ledger(&self) -> PathBuf {
        self.0.join("ledger.redb")
    }

    /// The settled mark: up to which event the writes of this gateway are settled.
    pub(crate) fn settled(&self) -> PathBuf {
        self.0.join("settled")
    }

    /// The telemetry of the last day.
    pub(crate) fn telemetry(&self) -> PathBuf {
        self.0.join("telemetry").join("points")
    }

    /// The projection that a rebuild writes.
    pub(crate) fn rebuilt(&self) -> PathBuf {
        self.0.join("rebuild.redb")
    }

    /// The folder of the private nats-server.
    pub(crate) fn nats(&self) -> PathBuf {
        self.0.join("nats")
    }

    /// The folder of the self-signed certificate.
    pub(crate) fn tls(&self) -> PathBuf {
        self.0.join("tls")
    }

    /// The self-signed certificate.
    pub(crate) fn own_certificate(&self) -> PathBuf {
        self.tls().join("certificate.pem")
    }

    /// The folders of further regions that `dev` runs beside its own.
    pub(crate) fn regions(&self) -> PathBuf {
        self.0.join("regions")
    }

    pub(crate) fn nodes(&self) -> PathBuf {
        self.0.join("nodes")
    }

    /// The format of the folder; `None` if it is not a data folder.
    pub(crate) fn format(&self) -> anyhow::Result<Option<u32>> {
        let path = self.version();
        let text = files::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let number = |text: Zeroizing<String>| {
            text.trim()
                .parse()
                .with_context(|| format!("{} holds {:?}, which is not a version", path.display(), text.trim()))
        };
        text.map(number).transpose()
    }

    /// The region of the folder; `None` if it was never used.
    pub(crate) fn region(&self) -> anyhow::Result<Option<RegionName>> {
        let path = self.0.join(REGION_FILE);
        let text = files::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let region = text.map(|text| text.trim().parse());
        region.transpose().with_context(|| format!("{} does not hold a region", path.display()))
    }
}

/// A data folder that this process has locked until it is dropped.
#[derive(Debug)]
pub(crate) struct DataFolder {
    paths: Paths,
    /// Holds the lock while it is open.
    _lock: File,
}

impl DataFolder {
    /// Creates the folder if it is missing, and locks it.
    ///
    /// # Errors
    /// If another process uses it, a newer program wrote it, or it contains other files.
    pub(crate) fn create(path: &Path) -> anyhow::Result<Self> {
        let made = DirBuilder::new().recursive(true).mode(PRIVATE_FOLDER).create(path);
        made.with_context(|| format!("cannot create the data folder {}", path.display()))?;
        let new = Paths::new(path).format()?.is_none();
        if new {
            Paths::new(path).check_empty()?;
        }
        let folder = Self::take(path)?;
        if new {
            let version = folder.paths.version();
            let written = files::write_private(&version, format!("{FORMAT}\n").as_bytes());
            written.with_context(|| format!("cannot write {}", version.display()))?;
        }
        folder.keep_private()?;
        Ok(folder)
    }

    /// Locks a folder that must exist already.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        if Paths::new(path).format()?.is_none() {
            bail!("{} is not a data folder: pass the right one with --data", path.display());
        }
        Self::take(path)
    }

    fn take(path: &Path) -> anyhow::Result<Self> {
        let path = path.canonicalize().with_context(|| format!("cannot find {}", path.display()))?;
        let paths = Paths(path);
        if let Some(found) = paths.format()?.filter(|found| *found > FORMAT) {
            bail!(
                "the data folder {} has format {found}, and this program knows up to {FORMAT}: \
                 use the newer planetstore that wrote it",
                paths.0.display()
            );
        }
        let lock = paths.lock()?;
        Ok(Self { paths, _lock: lock })
    }

    pub(crate) fn paths(&self) -> &Paths {
        &self.paths
    }

    /// The region of this folder. The first start fixes it, because the log and the projection belong to it.
    pub(crate) fn settle_region(&self, wanted: Option<RegionName>) -> anyhow::Result<RegionName> {
        let path = self.paths.0.join(REGION_FILE);
        match (self.paths.region()?, wanted) {
            (Some(found), Some(wanted)) if found != wanted => bail!(
                "the data folder {} belongs to the region {found}, not to {wanted}: \
                 leave out --region, or pass another --data",
                self.paths.0.display()
            ),
            (Some(found), _) => Ok(found),
            (None, wanted) => {
                let region = wanted.map_or_else(|| REGION.parse(), Ok).context("the default region")?;
                let written = files::write_private(&path, format!("{region}\n").as_bytes());
                written.with_context(|| format!("cannot write {}", path.display()))?;
                Ok(region)
            }
        }
    }

    /// Removes all permissions of other users on the folder.
    pub(crate) fn keep_private(&self) -> anyhow::Result<()> {
        let path = &self.paths.0;
        let metadata = fs::metadata(path).with_context(|| format!("cannot stat {}", path.display()))?;
        if metadata.mode() & 0o777 & !PRIVATE_FOLDER == 0 {
            return Ok(());
        }
        fs::set_permissions(path, Permissions::from_mode(PRIVATE_FOLDER)).with_context(|| {
            format!("other users have access to {}, and this cannot be changed; run chmod 700 on it", path.display())
        })
    }
}

impl Paths {
    fn lock(&self) -> anyhow::Result<File> {
        let path = self.0.join(LOCK_FILE);
        let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
        let mut file = opened.with_context(|| format!("cannot open {}", path.display()))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                let mut holder = String::new();
                // The holder's name only helps to find it.
                let _length = file.read_to_string(&mut holder);
                bail!(
                    "the data folder {} is in use by process {}: stop that one, or pass another --data",
                    self.0.display(),
                    holder.trim()
                );
            }
            Err(errno) => {
                return Err(anyhow::Error::new(errno).context(format!("cannot lock {}", path.display())));
            }
        }
        file.set_len(0)
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(file)
    }

    /// Until the folder has a version, it may contain only what a crash of the first start leaves.
    fn check_empty(&self) -> anyhow::Result<()> {
        let list = || format!("cannot list {}", self.0.display());
        for entry in fs::read_dir(&self.0).with_context(list)? {
            let name = entry.with_context(list)?.file_name();
            let draft = format!("{VERSION_FILE}.{}", files::DRAFT);
            if ![LOCK_FILE, "lost+found", draft.as_str()].iter().any(|ours| name == *ours) {
                bail!(
                    "{} is neither empty nor a data folder (it contains {}): pass another --data",
                    self.0.display(),
                    name.to_string_lossy()
                );
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said<T: std::fmt::Debug>(result: anyhow::Result<T>) -> String {
        format!("{:#}", result.unwrap_err())
    }

    #[test]
    fn a_folder_is_made_private_and_taken_once() {
        let outer = tempfile::tempdir().unwrap();
        let path = outer.path().join("a/b");
        let folder = DataFolder::create(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, PRIVATE_FOLDER);
        let second = said(DataFolder::create(&path));
        assert!(second.contains(&format!("in use by process {}", std::process::id())), "{second}");
        drop(folder);
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        DataFolder::create(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, PRIVATE_FOLDER);
    }

    #[test]
    fn what_is_newer_or_not_ours_is_refused_and_left_alone() {
        let outer = tempfile::tempdir().unwrap();
        let (newer, other) = (outer.path().join("newer"), outer.path().join("other"));
        drop(DataFolder::create(&newer).unwrap());
        fs::write(newer.join(VERSION_FILE), "2\n").unwrap();
        assert!(said(DataFolder::create(&newer)).contains("has format 2, and this program knows up to 1"));

        fs::create_dir(&other).unwrap();
        fs::write(other.join("letter"), "").unwrap();
        assert!(said(DataFolder::create(&other)).contains("it contains letter"));
        assert!(said(DataFolder::open(&other)).contains("is not a data folder"));
        fs::remove_file(other.join("letter")).unwrap();
        fs::write(other.join("version.draft"), "left by a crash").unwrap();
        DataFolder::create(&other).unwrap();
    }

    #[test]
    fn a_region_is_settled_once() {
        let outer = tempfile::tempdir().unwrap();
        let folder = DataFolder::create(outer.path()).unwrap();
        let (here, there): (RegionName, RegionName) = ("eu-1".parse().unwrap(), "eu-2".parse().unwrap());
        assert_eq!(folder.settle_region(Some(here.clone())).unwrap(), here);
        assert_eq!(folder.settle_region(None).unwrap(), here);
        assert!(said(folder.settle_region(Some(there))).contains("belongs to the region eu-1"));
    }
}
