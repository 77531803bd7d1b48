//! Whether the log may be written, as whoever watches its disk says.

use std::sync::Arc;

use tokio::sync::watch;

/// What an append looks at before it sends anything. Clones look at the same one.
#[derive(Debug, Clone)]
pub struct Gate(watch::Receiver<Option<Arc<str>>>);

impl Gate {
    /// Why nothing may be written, if so.
    pub fn closed(&self) -> Option<Arc<str>> {
        self.0.borrow().clone()
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
pub struct GateKeeper(watch::Sender<Option<Arc<str>>>);

impl GateKeeper {
    /// A gate that is open, and its keeper.
    pub fn new() -> (Self, Gate) {
        let (keeper, gate) = watch::channel(None);
        (Self(keeper), Gate(gate))
    }

    /// Says why nothing may be written, or that it may. Returns whether that was said before.
    pub fn set(&self, closed: Option<&str>) -> bool {
        !self.0.send_if_modified(|now| {
            let differs = now.as_deref() != closed;
            if differs {
                *now = closed.map(Arc::from);
            }
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
        assert_eq!(gate.closed(), None);
        assert!(keeper.set(None));
        assert!(!keeper.set(Some("full")));
        assert!(keeper.set(Some("full")));
        assert_eq!(gate.closed().as_deref(), Some("full"));
        assert!(!keeper.set(None));
        assert_eq!(gate.closed(), None);
        drop(keeper);
        assert_eq!(gate.closed(), None);
        assert_eq!(Gate::default().closed(), None);
    }
}
