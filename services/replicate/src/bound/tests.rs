//! What is said is compared with what the other region has, in random histories.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::row::BucketId;
use events::ids::VersionId;
use events::replication::Destination;
use tokio::time::Instant;

use super::*;
use crate::route::RouteId;
use crate::select::{Wanted, What};
use crate::window::{Change, Window};

const BUCKETS: u64 = 3;
const STEPS: usize = 600;
const HISTORIES: u64 = 60;

/// A pseudo-random sequence.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

fn name(bucket: u64) -> BucketName {
    format!("bucket-{bucket}").parse().unwrap()
}

fn route(bucket: u64) -> RouteId {
    (BucketId(bucket), Destination { bucket: name(bucket), region: None })
}

/// A bucket as the replicator serves it.
struct Served {
    bucket: u64,
    /// The place that the log has, from which a new process begins.
    noted: u64,
    /// Left alone at this place.
    apart: Option<u64>,
    reached: Option<Mark>,
    refused: bool,
}

/// A region that sends, and what has arrived.
struct World {
    random: Random,
    now: Instant,
    clock: i64,
    /// The bucket of each entry of the log, and when it was acknowledged.
    log: Vec<(u64, Timestamp)>,
    arrived: BTreeSet<u64>,
    refused: BTreeSet<u64>,
    window: Window,
    read_to: u64,
    routes: Vec<Served>,
    marks: Marks,
    /// A mark whose clock was read, and whose log is not.
    begun: Option<(u64, Timestamp)>,
    under_way: Vec<u64>,
    /// By how much the clock was set back since the newest mark whose time shows it.
    set_back: i64,
    /// The same, since the mark was begun whose log is not read yet.
    set_back_since: i64,
    said: u64,
}

impl World {
    fn new(seed: u64) -> Self {
        let served = |bucket| Served { bucket, noted: 0, apart: None, reached: None, refused: false };
        Self {
            random: Random(seed),
            now: Instant::now(),
            clock: 1_000_000,
            log: Vec::new(),
            arrived: BTreeSet::new(),
            refused: BTreeSet::new(),
            window: Window::default(),
            read_to: 0,
            routes: (0..BUCKETS).map(served).collect(),
            marks: Marks::default(),
            begun: None,
            under_way: Vec::new(),
            set_back: 0,
            set_back_since: 0,
            said: 0,
        }
    }

    fn time(&self) -> Timestamp {
        Timestamp::from_millisecond(self.clock).unwrap()
    }

    fn change(&self, sequence: u64) -> Change {
        let (bucket, at) = self.log[usize::try_from(sequence - 1).unwrap()];
        let (what, version) = (What::DeleteMarker, VersionId::from_u128(sequence.into()));
        let key = format!("k{}", sequence % 4).parse().unwrap();
        Change { route: route(bucket), wanted: Wanted { what, key, version, null: false, size: 1 }, sequence, at }
    }

    fn position(&self, served: &Served) -> u64 {
        let of_window = self.window.first_of(&route(served.bucket)).map(|change| change.sequence - 1);
        served.apart.unwrap_or_else(|| of_window.unwrap_or(self.read_to))
    }

    /// Reads the next entry, as a flow does.
    fn read(&mut self) {
        if self.read_to == self.log.len() as u64 || !self.window.has_room() {
            return;
        }
        self.read_to += 1;
        let bucket = self.log[usize::try_from(self.read_to - 1).unwrap()].0;
        if self.routes.iter().any(|served| served.bucket == bucket && served.apart.is_none()) {
            self.window.push(self.change(self.read_to));
        }
    }

    /// A request ends: the change arrived, arrived without an answer, was refused, or did not arrive.
    fn end(&mut self) {
        if self.under_way.is_empty() {
            return;
        }
        let place = usize::try_from(self.random.below(self.under_way.len() as u64)).unwrap();
        let number = self.under_way.swap_remove(place);
        let Some(sequence) = self.window.get(number).map(|change| change.sequence) else { return };
        match self.random.below(8) {
            0 => self.window.again(number, None),
            1 => {
                self.arrived.insert(sequence);
                self.window.again(number, Some(self.now + Duration::from_secs(3)));
            }
            2 | 3 => {
                let given_up = self.window.refused(number, self.now, |_| Duration::from_secs(1));
                if let Some(change) = given_up {
                    self.refused.insert(sequence);
                    let served = self.routes.iter_mut().find(|served| route(served.bucket) == change.route);
                    served.unwrap().refused = true;
                }
            }
            4 if self.random.below(4) == 0 => {
                // The bucket takes nothing: it is left alone.
                let id = self.window.route_of(number).unwrap();
                let place = self.routes.iter().position(|served| route(served.bucket) == id).unwrap();
                let position = self.position(&self.routes[place]);
                self.window.drop_route(&id);
                self.routes[place].apart = Some(position);
            }
            _ => {
                self.arrived.insert(sequence);
                self.window.done(number);
            }
        }
    }

    /// A bucket that was left alone catches up, an entry at a time, and then joins the others.
    fn catch_up(&mut self) {
        let end = self.read_to;
        let place = usize::try_from(self.random.below(BUCKETS)).unwrap();
        let served = &mut self.routes[place];
        let Some(at) = served.apart else { return };
        if at >= end {
            served.apart = None;
            return;
        }
        served.apart = Some(at + 1);
        if self.log[usize::try_from(at).unwrap()].0 == served.bucket {
            self.arrived.insert(at + 1);
        }
    }

    /// A process of its own goes on from what the log has.
    fn restart(&mut self) {
        self.window = Window::default();
        // Its marks are all of a clock that goes forwards.
        (self.marks, self.begun, self.set_back) = (Marks::default(), None, 0);
        self.under_way.clear();
        self.read_to = self.routes.iter().map(|served| served.noted).min().unwrap();
        for served in &mut self.routes {
            served.apart = None;
            served.reached = None;
        }
    }

    fn step(&mut self) {
        self.clock += i64::try_from(self.random.below(40)).unwrap();
        self.now += Duration::from_millis(200);
        match self.random.below(16) {
            0..4 => {
                let bucket = self.random.below(BUCKETS);
                let at = self.time();
                self.log.push((bucket, at));
            }
            4..7 => self.read(),
            7..10 => {
                let taken = self.window.take(self.now);
                self.under_way.extend(taken.map(|(number, _)| number));
            }
            10..12 => self.end(),
            12 => self.catch_up(),
            13 => match self.begun.take() {
                None => (self.begun, self.set_back_since) = (Some((self.marks.begin(), self.time())), 0),
                Some((number, at)) => self.take_mark(number, at),
            },
            14 if self.random.below(12) == 0 => self.restart(),
            14 if self.random.below(30) == 0 => {
                let by = i64::try_from(self.random.below(10_000)).unwrap();
                self.clock -= by;
                self.set_back += by;
                self.set_back_since += by;
            }
            _ => {
                let place = usize::try_from(self.random.below(BUCKETS)).unwrap();
                self.routes[place].noted = self.routes[place].noted.max(self.position(&self.routes[place]));
            }
        }
        self.check();
    }

    fn take_mark(&mut self, number: u64, at: Timestamp) {
        let newest = self.marks.known.back().map(|mark| mark.at);
        self.marks.took(number, at, self.log.len() as u64);
        let shows_it = newest.is_some_and(|newest| at < newest);
        if shows_it {
            self.set_back = self.set_back_since;
        }
    }

    /// Everything that was acknowledged before the bound of a bucket is there, or it is said that versions were refused. As
    /// long as no mark shows that the clock was set back, it is by so much too late.
    fn check(&mut self) {
        for place in 0..self.routes.len() {
            let position = self.position(&self.routes[place]);
            self.routes[place].reached = self.marks.newest(self.routes[place].reached, position);
        }
        let standings = self.routes.iter().map(|served| Standing {
            bucket: name(served.bucket),
            source: name(served.bucket),
            reached: served.reached,
            copies: false,
            refused: served.refused,
        });
        let Some((mark, buckets)) = bound(standings) else { return };
        self.said += 1;
        for stated in buckets {
            let before = if stated.waits { stated.before } else { Some(mark.at) };
            let Some(before) = before else { continue };
            let before = before - jiff::SignedDuration::from_millis(self.set_back);
            for (sequence, (bucket, at)) in (1..).zip(&self.log) {
                if name(*bucket) != stated.bucket || *at >= before || self.arrived.contains(&sequence) {
                    continue;
                }
                assert!(stated.refused && self.refused.contains(&sequence), "{sequence} is missing: {stated:?}");
            }
        }
    }
}

#[test]
fn what_is_said_is_never_more_than_what_is_there() {
    let mut said = 0;
    for seed in 0..HISTORIES {
        let mut world = World::new(seed);
        for _ in 0..STEPS {
            world.step();
        }
        said += world.said;
    }
    assert!(said > HISTORIES * 100, "too little was said to be tested: {said}");
}

fn mark(number: u64) -> Mark {
    Mark { number, at: Timestamp::from_second(i64::try_from(number).unwrap()).unwrap(), sequence: number * 10 }
}

fn standing(bucket: u64, reached: Option<u64>) -> Standing {
    let (bucket, source) = (name(bucket), name(bucket));
    Standing { bucket, source, reached: reached.map(mark), copies: false, refused: false }
}

#[test]
fn a_bucket_that_is_far_behind_is_named_and_holds_back_no_other() {
    assert_eq!(bound([standing(0, None)]), None);
    let (all, buckets) = bound([standing(0, Some(20)), standing(1, Some(19)), standing(2, Some(3))]).unwrap();
    assert_eq!(all, mark(19));
    assert_eq!(buckets.iter().map(|bucket| bucket.waits).collect::<Vec<_>>(), [false, false, true]);
    assert_eq!(buckets[2].before, Some(mark(3).at));
    let (all, buckets) = bound([standing(0, Some(20)), standing(1, None)]).unwrap();
    assert_eq!((all, buckets[1].waits, buckets[1].before), (mark(20), true, None));
}

#[test]
fn of_two_ways_between_two_buckets_the_later_one_counts() {
    let refused = Standing { refused: true, ..standing(0, Some(20)) };
    let (all, buckets) = bound([standing(0, Some(18)), refused]).unwrap();
    assert_eq!((all, buckets.len(), buckets[0].refused), (mark(18), 1, true));
}

#[test]
fn the_newest_mark_is_kept_however_many_there_are() {
    let mut marks = Marks::default();
    for n in 1..=1_000 {
        let number = marks.begin();
        marks.took(number, Timestamp::from_second(n).unwrap(), number * 10);
        assert!(marks.known.len() <= MARKS_MAX);
        assert_eq!(marks.reached(number * 10).unwrap().number, number);
    }
    assert!(marks.reached(0).is_none());
    assert!(marks.reached(5_000).unwrap().sequence <= 5_000);
}

#[test]
fn after_a_comparison_a_mark_that_was_begun_later_counts() {
    let mut settling = Settling::FromNextMark;
    settling.reached(mark(4));
    assert_eq!(settling, Settling::FromNextMark);
    settling.begin(5);
    settling.reached(mark(4));
    assert_eq!(settling, Settling::Until(5));
    settling.begin(6);
    settling.reached(mark(5));
    assert_eq!(settling, Settling::Done);
}
