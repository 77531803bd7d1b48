//! Short-circuit reads: nodes that answer with a place on disk.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use events::ids::NodeId;
use rustix::fs::{FileType, Mode};
use shards::piece::{Form, Piece, STRIPE_BYTES, UNIT_BYTES};
use shards::protocol::{FileLocation, Reply, Request};
use shards::{IncidentKind, ShortCircuit, Transport, TransportError};
use tempfile::TempDir;
use testkit::MemoryNodes;
use uuid::Uuid;

use super::support::{Fixture, bucket, content, until};

/// The boot id that the heartbeats of nodes in memory carry.
const HOST: Uuid = Uuid::nil();

/// Nodes in memory that hand out places: each shard asked for is laid out as a file first.
#[derive(Clone)]
struct FileNodes {
    nodes: MemoryNodes,
    folder: Arc<TempDir>,
    /// The shards laid out, and how often each was asked for.
    laid_out: Arc<Mutex<BTreeMap<PathBuf, usize>>>,
    names: Names,
}

/// What a node names in place of the shard's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Names {
    /// Nothing else.
    TheFile,
    /// A path that names no file here, as a container's would.
    Nothing,
    /// A copy of the file outside of the folder that may be read.
    Outside,
    /// A pipe that nobody writes to.
    Pipe,
    /// A link to the file.
    Link,
}

impl FileNodes {
    fn new(names: Names) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        std::fs::create_dir(folder.path().join("root")).unwrap();
        std::fs::create_dir(folder.path().join("other")).unwrap();
        Self { nodes: MemoryNodes::new(6), folder, laid_out: Arc::default(), names }
    }

    /// The folder that may be read.
    fn root(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join("root")
    }

    /// What is named in place of the shard's file at `path`.
    fn named(&self, path: PathBuf) -> PathBuf {
        let name = path.file_name().unwrap().to_owned();
        let aside = path.with_added_extension("aside");
        match self.names {
            Names::TheFile => return path,
            Names::Nothing => return Path::new("/nowhere").join(name),
            Names::Outside => {
                let outside = self.root().with_file_name("other").join(name);
                std::fs::copy(path, &outside).unwrap();
                return outside;
            }
            Names::Pipe if !aside.exists() => {
                rustix::fs::mknodat(rustix::fs::CWD, &aside, FileType::Fifo, Mode::RUSR, 0).unwrap();
            }
            Names::Link if !aside.is_symlink() => std::os::unix::fs::symlink(path, &aside).unwrap(),
            Names::Pipe | Names::Link => {}
        }
        aside
    }

    fn path(&self, shard: Uuid) -> PathBuf {
        self.root().join(shard.to_string())
    }

    async fn place(&self, node: &NodeId, shard: Uuid) -> Option<FileLocation> {
        let path = self.path(shard);
        let mut pieces = Vec::new();
        for first in 0.. {
            let read = Request::Read { shard, bucket: bucket(), first, count: 1, host: None };
            match Reply::decode(self.nodes.request(node, read.encode()).await.unwrap()).unwrap() {
                Reply::Pieces(read) => pieces.extend(read),
                _ => break,
            }
        }
        let last_bytes = pieces.last()?.bytes.len().try_into().unwrap();
        let asked = {
            let mut laid_out = self.laid_out.lock().unwrap();
            let asked = laid_out.entry(path.clone()).or_default();
            *asked += 1;
            *asked
        };
        let stride = Form::of(shard).stride_bytes();
        if asked == 1 {
            let mut file = File::create(&path).unwrap();
            for piece in &pieces {
                file.seek(SeekFrom::Start(u64::from(piece.index) * stride as u64)).unwrap();
                file.write_all(&piece.header()).unwrap();
                file.write_all(&piece.bytes).unwrap();
            }
        }
        let path = self.named(path).to_str().unwrap().to_owned();
        let stride = stride.try_into().unwrap();
        Some(FileLocation { path, offset: 0, stride, pieces: pieces.len().try_into().unwrap(), last_bytes })
    }
}

impl Transport for FileNodes {
    async fn request(&self, node: &NodeId, payload: Bytes) -> Result<Bytes, TransportError> {
        match Request::decode(payload.clone()) {
            Ok(Request::Read { shard, host: Some(HOST), .. }) => match self.place(node, shard).await {
                Some(place) => Ok(Reply::Location(place).encode()),
                None => self.nodes.request(node, payload).await,
            },
            _ => self.nodes.request(node, payload).await,
        }
    }
}

fn fixture(nodes: &FileNodes) -> Fixture<FileNodes> {
    Fixture::over(nodes.nodes.clone(), nodes.clone(), Some(ShortCircuit::new(HOST, &[nodes.root()]).unwrap()))
}

#[tokio::test]
async fn one_request_for_each_shard_and_the_bytes_from_its_file() {
    let nodes = FileNodes::new(Names::TheFile);
    let fixture = fixture(&nodes);
    let content = content(9 * STRIPE_BYTES + 12_345);
    let stored = fixture.store(1, &content, Some(UNIT_BYTES)).await.unwrap();
    assert_eq!(fixture.read_all(&stored).await.unwrap(), content);
    let asked = nodes.laid_out.lock().unwrap().clone();
    // The parity shards may be asked for as well, as often as a busy machine makes data late.
    let data: Vec<_> = (0..4)
        .map(|index| asked.iter().find(|(path, _)| path.ends_with(stored.generation.shard(index).to_string().as_str())))
        .collect();
    assert!(
        data.iter().all(|found| found.is_some_and(|(_, times)| *times == 1)),
        "once for each data shard: {asked:?}"
    );
    assert_eq!(fixture.read(&stored, 777..5_000_000).await.unwrap(), content[777..5_000_000]);
}

/// Reads a content twice from nodes that name something else than a shard's file.
async fn falls_back_to_bytes(names: Names) {
    let nodes = FileNodes::new(names);
    let mut fixture = fixture(&nodes);
    let content = content(4 * STRIPE_BYTES);
    let stored = fixture.store(1, &content, Some(UNIT_BYTES)).await.unwrap();
    let read = async { fixture.read_all(&stored).await.unwrap() };
    assert_eq!(tokio::time::timeout(Duration::from_secs(20), read).await.expect("nothing is waited for"), content);
    let asked = std::mem::take(&mut *nodes.laid_out.lock().unwrap());
    assert!(asked.len() >= 4);
    // A question that a quicker shard cut short may be asked once more; what was answered is not.
    let remembered = async {
        loop {
            assert_eq!(fixture.read_all(&stored).await.unwrap(), content);
            if std::mem::take(&mut *nodes.laid_out.lock().unwrap()).is_empty() {
                break;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), remembered)
        .await
        .expect("no node is asked for a place again and again");
    assert!(fixture.incidents.try_recv().is_err());
}

#[tokio::test]
async fn a_path_that_is_of_no_use_here_falls_back_to_bytes() {
    falls_back_to_bytes(Names::Nothing).await;
}

#[tokio::test]
async fn a_file_outside_of_the_folders_that_may_be_read_is_not_opened() {
    falls_back_to_bytes(Names::Outside).await;
}

#[tokio::test]
async fn a_pipe_is_not_waited_for() {
    falls_back_to_bytes(Names::Pipe).await;
}

#[tokio::test]
async fn a_link_is_not_followed() {
    falls_back_to_bytes(Names::Link).await;
}

#[tokio::test]
async fn damage_in_a_file_is_detected_and_avoided() {
    let nodes = FileNodes::new(Names::TheFile);
    let mut fixture = fixture(&nodes);
    let content = content(3 * STRIPE_BYTES);
    let stored = fixture.store(1, &content, Some(UNIT_BYTES)).await.unwrap();
    until(|| fixture.all_shards(true).len() == 6).await;
    fixture.read_all(&stored).await.unwrap();
    let path = nodes.path(stored.generation.shard(1));
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[Form::Tagged.stride_bytes() + 5000] ^= 4;
    std::fs::write(&path, bytes).unwrap();
    // A shard that a busy machine makes late is done without, and its damage not seen: read until it is looked at.
    let told = async {
        loop {
            assert_eq!(fixture.read_all(&stored).await.unwrap(), content);
            if let Ok(incident) = fixture.incidents.try_recv() {
                break incident;
            }
        }
    };
    let told = tokio::time::timeout(Duration::from_mins(1), told).await.expect("the damage is found");
    assert_eq!(told.kind, IncidentKind::Damaged);

    // A node that computes the checksum anew, in its file.
    let (shard, at) = (stored.generation.shard(2), Form::Tagged.stride_bytes());
    let path = nodes.path(shard);
    let mut bytes = std::fs::read(&path).unwrap();
    let piece = Piece::take(&mut Bytes::copy_from_slice(&bytes[at..at + Form::Tagged.stride_bytes()])).unwrap();
    let mut altered = piece.bytes.to_vec();
    altered[0] ^= 1;
    let altered = Piece::with_tag(shard, 1, piece.tag, altered.into());
    bytes[at..at + Form::Tagged.header_bytes()].copy_from_slice(&altered.header());
    bytes[at + Form::Tagged.header_bytes()..][..UNIT_BYTES].copy_from_slice(&altered.bytes);
    std::fs::write(&path, bytes).unwrap();
    let told = async {
        loop {
            assert_eq!(fixture.read_all(&stored).await.unwrap(), content);
            match fixture.incidents.try_recv() {
                Ok(incident) if incident.shard == 2 => break incident,
                _ => {}
            }
        }
    };
    let told = tokio::time::timeout(Duration::from_mins(1), told).await.expect("what was altered is found");
    assert_eq!(told.kind, IncidentKind::Damaged);

    std::fs::write(&path, b"cut short").unwrap();
    assert_eq!(fixture.read_all(&stored).await.unwrap(), content);
}
