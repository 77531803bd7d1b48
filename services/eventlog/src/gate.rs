//! The gate of the log: the watcher of its disk opens and closes it, and appends look at it.

use std::sync::Arc;

use tokio::sync::watch;

/// Bytes of an append that passes a gate which lets little through: some hundred deletes.
pub(crate) const LITTLE_BYTES_MAX: usize = 256 << 10;

/// The reason why not every append may be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shut {
    /// Only small appends pass.
    ToMuch(Arc<str>),
    /// No append passes.
    ToAll(Arc<str>),
}

/// The gate that an append checks before it sends anything. Clones share it.
#[derive(Debug, Clone)]
pub struct Gate(watch::Receiver<Option<Shut>>);

impl Gate {
    /// Returns the reason why an append of this many bytes may not be written, if there is one.
    pub fn refuses(&self, bytes: usize) -> Option<Arc<str>> {
        match &*self.0.borrow() {
            Some(Shut::ToAll(why)) => Some(Arc::clone(why)),
            Some(Shut::ToMuch(why)) if bytes > LITTLE_BYTES_MAX => Some(Arc::clone(why)),
            Some(Shut::ToMuch(_)) | None => None,
        }
    }

    /// Returns whether the gate is not fully open.
    pub fn is_shut(&self) -> bool {
        self.0.borrow().is_some()
    }

    /// Waits until the gate is closed for another reason, or opened. This waits for ever if the keeper is gone.
    pub(crate) async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Returns a gate that is always open, for a log on a server that others run.
impl Default for Gate {
    fn default() -> Self {
        GateKeeper::new().1
    }
}

/// Opens and closes a gate.
#[derive(Debug)]
pub struct GateKeeper(watch::Sender<Option<Shut>>);

impl GateKeeper {
    /// Returns an open gate, and its keeper.
    pub fn new() -> (Self, Gate) {
        let (keeper, gate) = watch::channel(None);
        (Self(keeper), Gate(gate))
    }

    /// Sets the reason why not every append may be written, or none. Returns whether that was the reason before.
    pub fn set(&self, shut: Option<Shut>) -> bool {
        !self.0.send_if_modified(|now| {
            let differs = *now != shut;
            *now = shut;
            differs
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_shows_what_its_keeper_said_last() {
        let (keeper, gate) = GateKeeper::new();
        let seen = || [0, LITTLE_BYTES_MAX, LITTLE_BYTES_MAX + 1].map(|bytes| gate.refuses(bytes).is_some());
        let full = || Some(Shut::ToAll("full".into()));
        assert_eq!(seen(), [false; 3]);
        assert!(keeper.set(None));
        assert!(!keeper.set(full()));
        assert!(keeper.set(full()));
        assert_eq!((seen(), gate.refuses(0).as_deref()), ([true; 3], Some("full")));
        assert!(!keeper.set(Some(Shut::ToMuch("nearly".into()))));
        assert_eq!((seen(), gate.is_shut()), ([false, false, true], true));
        assert!(!keeper.set(None));
        assert_eq!((seen(), gate.is_shut()), ([false; 3], false));
        drop(keeper);
        assert_eq!(seen(), [false; 3]);
        assert_eq!(Gate::default().refuses(usize::MAX), None);
    }
}
