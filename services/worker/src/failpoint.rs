//! Points between two steps of a service at which tests end it, to see what is left of its work.
//!
//! All points of all services are in one list. A test goes through the list of a service and fails if it does not come
//! to one of them, so that a step without a test shows.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::process::{Signal, getpid, kill_process};
use tokio::sync::watch;

macro_rules! failpoints {
    ($($(#[$about:meta])+ $point:ident = $name:literal;)+) => {
        /// A point between two steps of a service.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Failpoint {
            $($(#[$about])+ $point,)+
        }

        impl Failpoint {
            /// All points of all services.
            pub const ALL: &[Self] = &[$(Self::$point),+];

            fn names() -> String {
                let names: Vec<_> = Self::ALL.iter().map(|point| point.as_str()).collect();
                names.join(", ")
            }

            /// The name of the point, which begins with that of its service.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$point => $name,)+
                }
            }
        }
    };
}

failpoints! {
    /// The references were counted anew, and nothing was done since.
    GcRecounted = "gc.recounted";
    /// The log says that the horizon moved.
    GcHorizonMoved = "gc.horizon-moved";
    /// Contents are known to be due, and nothing was asked of the log.
    GcFoundDue = "gc.found-due";
    /// The log says that contents ended, and their shards are there still.
    GcReclaimed = "gc.reclaimed";
    /// One node discarded what it was asked to, and perhaps others did.
    GcDiscardedSome = "gc.discarded-some";
    /// All nodes discarded the shards of contents that ended.
    GcDiscarded = "gc.discarded";
    /// A page of what a node holds was compared with the log.
    GcListed = "gc.listed";
    /// All that a node holds was compared with the log, and what nothing names is there still.
    GcCounted = "gc.counted";
    /// A node discarded what nothing names.
    GcSwept = "gc.swept";
    /// What became of nodes is known, and the log does not say so.
    HealthJudged = "health.judged";
    /// The log says what became of nodes.
    HealthWritten = "health.written";
    /// Targets received events, and the log does not say so.
    NotifyDelivered = "notify.delivered";
    /// The log says which events targets received.
    NotifyAdvanced = "notify.advanced";
    /// Versions arrived in another region, and the log does not say so.
    ReplicateSent = "replicate.sent";
    /// The log says which versions arrived in another region.
    ReplicateNoted = "replicate.noted";
    /// Contents are known to be owed shards, and none was written.
    RepairFoundOwed = "repair.found-owed";
    /// A stripe is to be read; of the shards, the stripes before it are on the nodes and not durable.
    RepairStripe = "repair.stripe";
    /// New shards are durable, and nothing was asked of the log.
    RepairWritten = "repair.written";
    /// The log says that shards are read elsewhere, and the former ones are there still.
    RepairPlaced = "repair.placed";
    /// The nodes were asked to discard the former shards.
    RepairDiscarded = "repair.discarded";
    /// A stretch of what all nodes hold was compared with the log.
    RepairListed = "repair.listed";
    /// Shards were found missing at a second look, and the log does not say so.
    RepairLooked = "repair.looked";
    /// The log says which shards are missing.
    RepairNoted = "repair.noted";
}

impl fmt::Display for Failpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What happens at the points: nothing, but in tests. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Failpoints(Option<Arc<Armed>>);

#[derive(Debug)]
struct Armed {
    point: Failpoint,
    /// How often the point is passed before something happens there.
    passes: AtomicU32,
    effect: Effect,
}

#[derive(Debug)]
enum Effect {
    Kill,
    Hold { reached: watch::Sender<bool>, released: watch::Receiver<bool> },
}

/// A service that is held at a point. It goes on when it is released, and never if this is dropped before.
#[derive(Debug)]
pub struct HeldAt {
    reached: watch::Receiver<bool>,
    release: watch::Sender<bool>,
}

/// The text is no point.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a failpoint; the failpoints are: {names}", names = Failpoint::names())]
pub struct NoFailpoint(String);

impl Failpoints {
    /// Nothing happens anywhere.
    pub fn none() -> Self {
        Self::default()
    }

    /// The process kills itself when it comes to the point for the `count`th time, counted from one: like a power cut, and
    /// unlike a panic, it leaves nothing behind in order.
    pub fn killing(point: Failpoint, count: u32) -> Self {
        Self::armed(point, count, Effect::Kill)
    }

    /// Whoever comes to the point for the `count`th time, counted from one, is held there.
    pub fn holding(point: Failpoint, count: u32) -> (Self, HeldAt) {
        let (reached, is_reached) = watch::channel(false);
        let (release, released) = watch::channel(false);
        (Self::armed(point, count, Effect::Hold { reached, released }), HeldAt { reached: is_reached, release })
    }

    fn armed(point: Failpoint, count: u32, effect: Effect) -> Self {
        let passes = AtomicU32::new(count.saturating_sub(1));
        Self(Some(Arc::new(Armed { point, passes, effect })))
    }

    /// Comes to a point.
    pub(crate) async fn reached(&self, point: Failpoint) {
        let Some(armed) = self.0.as_ref().filter(|armed| armed.point == point) else { return };
        let pass = |left: u32| left.checked_sub(1);
        if armed.passes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, pass).is_ok() {
            return;
        }
        match &armed.effect {
            Effect::Kill => {
                tracing::warn!(%point, "killing this process at a failpoint, as a test requested");
                if let Err(error) = kill_process(getpid(), Signal::KILL) {
                    tracing::error!(%error, "this process cannot kill itself");
                }
                // The signal needs a moment.
                std::future::pending::<()>().await;
            }
            Effect::Hold { reached, released } => {
                reached.send_replace(true);
                if released.clone().wait_for(|released| *released).await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        }
    }
}

/// `NAME`, or `NAME@COUNT`: the process kills itself there.
impl FromStr for Failpoints {
    type Err = NoFailpoint;

    fn from_str(text: &str) -> Result<Self, NoFailpoint> {
        let (name, count) = text.split_once('@').unwrap_or((text, "1"));
        let point = Failpoint::ALL.iter().find(|point| point.as_str() == name);
        let found = point.copied().zip(count.parse().ok());
        found.map(|(point, count)| Self::killing(point, count)).ok_or_else(|| NoFailpoint(text.into()))
    }
}

impl HeldAt {
    /// Waits until somebody is held.
    pub async fn reached(&mut self) {
        if self.reached.wait_for(|reached| *reached).await.is_err() {
            // Whoever could have come is gone.
            std::future::pending::<()>().await;
        }
    }

    /// Lets who is held go on, and whoever comes later.
    pub fn release(&self) {
        self.release.send_replace(true);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn whoever_comes_for_the_right_time_is_held_until_released() {
        let (points, mut held) = Failpoints::holding(Failpoint::GcReclaimed, 2);
        points.reached(Failpoint::GcDiscarded).await;
        points.reached(Failpoint::GcReclaimed).await;
        assert!(held.reached().now_or_never().is_none());
        let mut second = Box::pin(points.reached(Failpoint::GcReclaimed));
        assert!(second.as_mut().now_or_never().is_none());
        held.reached().await;
        held.release();
        second.await;
    }

    #[test]
    fn a_text_names_a_point_and_how_often_it_is_passed() {
        for (text, count) in [("gc.swept", 0), ("gc.swept@3", 2)] {
            let armed = text.parse::<Failpoints>().unwrap().0.unwrap();
            assert_eq!((armed.point, armed.passes.load(Ordering::Relaxed)), (Failpoint::GcSwept, count));
        }
        let no = "gc.nowhere".parse::<Failpoints>().unwrap_err().to_string();
        assert!(no.contains("gc.swept, ") || no.ends_with("gc.swept"), "{no}");
        assert!("gc.swept@x".parse::<Failpoints>().is_err());
    }
}
