use std::collections::VecDeque;
use std::time::{Duration, Instant};

use domain::View;
use domain::row::BucketId;
use events::ids::BucketName;
use events::lifecycle::Rule;
use ledger::StateError;
use worker::{Handle, Step, Trouble};

use crate::walk::Walk;
use crate::{Collector, meters};

/// Rows of buckets that are read at once.
const BUCKETS_MAX: usize = 1_000;

/// The longest pause after a page. It is as long as the page took, so that at most half of a core and of the log's time
/// go into rules.
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// A bucket and its rules.
#[derive(Debug)]
pub(crate) struct Bucket {
    pub(crate) name: BucketName,
    pub(crate) id: BucketId,
    pub(crate) rules: Vec<Rule>,
}

/// A pass through the buckets whose settings changed after an event.
pub(crate) struct Pass {
    since: u64,
    begun: Instant,
    /// The event up to which all settings are followed once the pass has ended.
    reached: Option<u64>,
    /// The last bucket that was looked up, if there may be more behind it.
    after: Option<BucketName>,
    is_last_page: bool,
    /// Buckets that were looked up.
    waiting: VecDeque<Bucket>,
    /// The bucket whose rules are followed.
    walk: Option<Walk>,
    walked: u32,
}

impl Pass {
    /// A pass through the buckets whose settings changed after an event; 0 for all.
    pub(crate) fn since(since: u64) -> Self {
        Self {
            since,
            begun: Instant::now(),
            reached: None,
            after: None,
            is_last_page: false,
            waiting: VecDeque::new(),
            walk: None,
            walked: 0,
        }
    }

    fn is_over(&self) -> bool {
        self.is_last_page && self.waiting.is_empty() && self.walk.is_none()
    }

    /// The event up to which all settings are followed, if the pass is over.
    pub(crate) fn end(&self) -> Option<u64> {
        self.reached.filter(|_| self.is_over())
    }
}

impl Collector {
    /// Goes on with a pass: a page of buckets, or a page of one bucket.
    pub(crate) async fn follow(&self, pass: &mut Pass, handle: &Handle) -> Result<Step, Trouble> {
        if pass.walk.is_none() {
            if pass.waiting.is_empty() {
                self.look_up(pass)?;
            }
            pass.walk = pass.waiting.pop_front().and_then(Walk::of);
        }
        if let Some(walk) = &mut pass.walk {
            let begun = Instant::now();
            if self.page(walk, handle).await? {
                return Ok(Step::After(begun.elapsed().min(PAUSE_MAX)));
            }
            pass.walked += 1;
            pass.walk = None;
        }
        if pass.is_over() && pass.since == 0 {
            meters::walked(pass.begun.elapsed(), pass.walked);
        }
        Ok(Step::More)
    }

    /// Looks up the next buckets.
    fn look_up(&self, pass: &mut Pass) -> Result<(), Trouble> {
        if pass.reached.is_none() {
            pass.reached = Some(self.read(|| self.ledger.latest().cursor())?.sequence);
        }
        let (buckets, next) = self.read(|| self.buckets(pass.after.as_ref(), pass.since))?;
        pass.waiting = buckets;
        pass.is_last_page = next.is_none();
        pass.after = next;
        Ok(())
    }

    /// Some of the buckets that have rules, in the order of their names, and where to go on.
    fn buckets(
        &self,
        after: Option<&BucketName>,
        since: u64,
    ) -> Result<(VecDeque<Bucket>, Option<BucketName>), StateError> {
        let snapshot = self.ledger.latest();
        let page = snapshot.list_buckets(after, BUCKETS_MAX)?;
        let next = page.last().filter(|_| page.len() == BUCKETS_MAX).map(|(name, _)| name.clone());
        let mut buckets = VecDeque::new();
        for (name, row) in page.into_iter().filter(|(_, row)| row.settings > since) {
            let rules = snapshot.bucket_settings(row.id)?.lifecycle.unwrap_or_default();
            if rules.iter().any(|rule| rule.enabled) {
                buckets.push_back(Bucket { name, id: row.id, rules });
            }
        }
        Ok((buckets, next))
    }

    /// Whether a bucket's settings changed after an event, by a look at rows of buckets alone.
    pub(crate) fn settings_changed(&self, since: u64) -> Result<bool, StateError> {
        let snapshot = self.ledger.latest();
        let mut after: Option<BucketName> = None;
        loop {
            let page = snapshot.list_buckets(after.as_ref(), BUCKETS_MAX)?;
            if page.iter().any(|(_, row)| row.settings > since) {
                return Ok(true);
            }
            match page.into_iter().nth(BUCKETS_MAX - 1) {
                Some((name, _)) => after = Some(name),
                None => return Ok(false),
            }
        }
    }
}
