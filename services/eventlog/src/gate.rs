//! Whether the log may be written, as whoever watches its disk says.

use std::sync::Arc;

use tokio::sync::watch;

/// Bytes of an append that passes a gate which lets little through: some hundred deletes.
pub(crate) const LITTLE_BYTES_MAX: usize = 256 << 10;

/// Why not everything may be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shut {
    /// Only appends of little pass.
    ToMuch(Arc<str>),
    /// None passes.
    ToAll(Arc<str>),
}

/// What an append looks at before it sends anything. Clones look at the same one.
#[derive(Debug, Clone)]
pub struct Gate(watch::Receiver<Option<Shut>>);

impl Gate {
    /// Why an append of so many bytes may not be written, if so.
    pub fn refuses(&self, bytes: usize) -> Option<Arc<str>> {
        match &*self.0.borrow() {
            Some(Shut::ToAll(why)) => Some(Arc::clone(why)),
            Some(Shut::ToMuch(why)) if bytes > LITTLE_BYTES_MAX => Some(Arc::clone(why)),
            Some(Shut::ToMuch(_)) | None => None,
        }
    }

    /// Whether it lets not everything through.
    pub fn is_shut(&self) -> bool {
        self.0.borrow().is_some()
    }

    /// Waits until it is closed for another reason, or opened. Never, if nobody watches any more.
    pub(crate) async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// A gate that nobody closes: of a log on a server that others run.
impl Default for Gate {
    fn default() -> Self {
        GateKeeper::new().1
    }
}

/// Opens and closes a gate.
#[derive(Debug)]
pub struct GateKeeper(watch::Sender<Option<Shut>>);

impl GateKeeper {
    /// A gate that is open, and its keeper.
    pub fn new() -> (Self, Gate) {
        let (keeper, gate) = watch::channel(None);
        (Self(keeper), Gate(gate))
    }

    /// Says why not everything may be written, or that it may. Returns whether that was said before.
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
