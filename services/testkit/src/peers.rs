//! The way between processes in memory, and faults of it.
//!
//! # What it models
//! - Requests that arrive in order, and processes that nobody hears of because they are gone.
//! - A process that is stopped or cut off ([`MemoryPeers::cut_off`]): requests to it wait, and answers of it are lost.
//! - Requests that wait meanwhile and arrive when it is back ([`MemoryPeers::bring_back`]).
//! - An answer that is lost although the request arrived ([`MemoryPeers::lose_answers`]).

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use eventlog::{Asked, PeerError, Peers};
use events::ids::ProcessId;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};
use tokio::sync::{mpsc, oneshot};

/// Requests that may wait for a process.
const REQUESTS_WAITING_MAX: usize = 4_096;

/// The way to all processes. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct MemoryPeers(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    served: HashMap<ProcessId, mpsc::Sender<Asked>>,
    cut_off: HashSet<ProcessId>,
    /// What was sent to those meanwhile.
    held: HashMap<ProcessId, Vec<Asked>>,
    /// How many answers of a process are lost from now on.
    lost: HashMap<ProcessId, usize>,
    /// How many requests were sent.
    asked: u64,
}

impl MemoryPeers {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops a process as seen by others: nothing reaches it, and nothing comes from it.
    pub fn cut_off(&self, process: ProcessId) {
        self.state().cut_off.insert(process);
    }

    /// Lets what was sent meanwhile reach it.
    pub fn bring_back(&self, process: ProcessId) {
        let mut state = self.state();
        state.cut_off.remove(&process);
        let held = state.held.remove(&process).unwrap_or_default();
        if let Some(served) = state.served.get(&process) {
            for asked in held {
                // Whoever is gone meanwhile gets nothing.
                let _ = served.try_send(asked);
            }
        }
    }

    /// Loses so many further answers of a process.
    pub fn lose_answers(&self, process: ProcessId, count: usize) {
        self.state().lost.insert(process, count);
    }

    /// How many requests were sent.
    pub fn asked(&self) -> u64 {
        self.state().asked
    }

    /// Whether an answer of a process is lost.
    fn loses(&self, process: ProcessId) -> bool {
        let mut state = self.state();
        if state.cut_off.contains(&process) {
            return true;
        }
        let left = state.lost.entry(process).or_default();
        let is_lost = *left > 0;
        *left = left.saturating_sub(1);
        is_lost
    }

    fn send(&self, to: ProcessId, asked: Asked) -> Result<(), PeerError> {
        let mut state = self.state();
        state.asked += 1;
        let served = state.served.get(&to).filter(|served| !served.is_closed()).cloned().ok_or(PeerError::Nobody)?;
        if state.cut_off.contains(&to) {
            state.held.entry(to).or_default().push(asked);
            return Ok(());
        }
        served.try_send(asked).map_err(|_| PeerError::Nobody)
    }
}

impl Peers for MemoryPeers {
    fn is_connected(&self) -> bool {
        true
    }

    fn ask(&self, to: ProcessId, bytes: Bytes) -> BoxFuture<'_, Result<Bytes, PeerError>> {
        let (answer, answered) = oneshot::channel();
        let peers = self.clone();
        let asked = Asked::new(bytes, move |bytes| {
            if !peers.loses(to) {
                // Whoever asked may have gone.
                let _ = answer.send(bytes);
            }
            futures_util::future::ready(()).boxed()
        });
        let sent = self.send(to, asked);
        Box::pin(async move {
            sent?;
            match answered.await {
                Ok(bytes) => Ok(bytes),
                Err(_) => std::future::pending().await,
            }
        })
    }

    fn serve(&self, id: ProcessId) -> BoxFuture<'_, Result<BoxStream<'static, Asked>, PeerError>> {
        let (sender, requests) = mpsc::channel(REQUESTS_WAITING_MAX);
        self.state().served.insert(id, sender);
        let requests = stream::unfold(requests, |mut requests| async move { Some((requests.recv().await?, requests)) });
        futures_util::future::ready(Ok(requests.boxed())).boxed()
    }
}
