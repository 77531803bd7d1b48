use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::sync::Arc;

use ::telemetry::LineRing;
use jiff::{SignedDuration, Timestamp};

use super::Tick;

/// Seconds of a point.
pub(crate) const POINT_SECONDS: u64 = 10;

/// How long points are kept.
pub(crate) const KEPT_TIME: SignedDuration = SignedDuration::from_hours(24);

/// Points that are kept: those of that time, and some for seconds that were shorter.
const POINTS_MAX: usize = 8_640 + 360;

/// Bytes of a point. It has a few operations and all nodes; one with more is not kept.
const POINT_BYTES_MAX: usize = 16 << 10;

/// Bytes of each of the two files: a day of points of 3.5 KiB.
const FILE_BYTES_MAX: u64 = 32 << 20;

/// The points of the last day, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Points(VecDeque<(Timestamp, Arc<str>)>);

impl Points {
    /// Reads what is there of an earlier run. What cannot be read is passed over.
    pub(super) fn open(path: &Path, now: Timestamp) -> io::Result<(LineRing, Self)> {
        let (ring, lines) = LineRing::open(path, FILE_BYTES_MAX)?;
        let mut points = Self::default();
        for line in lines {
            match serde_json::from_str::<Tick>(&line) {
                Ok(tick) => points.push(tick.time, &line, now),
                Err(error) => tracing::debug!(%error, "a point of telemetry cannot be read"),
            }
        }
        Ok((ring, points))
    }

    /// Adds a point, and drops those that are too old.
    pub(super) fn push(&mut self, time: Timestamp, json: &str, now: Timestamp) {
        let is_kept = |time: Timestamp| now.duration_since(time) <= KEPT_TIME;
        // After a clock was set back there would be two points of one time.
        let is_newest = self.0.back().is_none_or(|(last, _)| *last < time);
        if is_kept(time) && is_newest && json.len() <= POINT_BYTES_MAX {
            self.0.push_back((time, json.into()));
        }
        while self.0.len() > POINTS_MAX || self.0.front().is_some_and(|(time, _)| !is_kept(*time)) {
            self.0.pop_front();
        }
    }

    /// The points behind a time.
    pub(super) fn since(&self, since: Timestamp) -> Vec<Arc<str>> {
        let first = self.0.partition_point(|(time, _)| *time <= since);
        self.0.iter().skip(first).map(|(_, json)| Arc::clone(json)).collect()
    }
}

/// Points that cover more seconds: one of those in each span of so many, as JSON.
///
/// # Errors
/// One of them is no point.
pub(crate) fn joined(points: &[Arc<str>], seconds: u64) -> serde_json::Result<Vec<Arc<str>>> {
    let span = |tick: &Tick| tick.time.as_second().div_euclid(i64::try_from(seconds).unwrap_or(i64::MAX));
    let (mut whole, mut open) = (Vec::new(), None::<Tick>);
    for point in points {
        let tick: Tick = serde_json::from_str(point)?;
        match &mut open {
            Some(before) if span(before) == span(&tick) => before.join(tick),
            _ => whole.extend(open.replace(tick)),
        }
    }
    whole.extend(open);
    whole.iter().map(|tick| Ok(serde_json::to_string(tick)?.into())).collect()
}

#[cfg(test)]
mod tests {
    use ::telemetry::Joined;

    use super::super::tick::Present;
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + second).unwrap()
    }

    fn json(second: i64) -> String {
        let tick = Tick::of(at(second), 10.0, Joined::default().traffic(9), &Present::default());
        serde_json::to_string(&tick).unwrap()
    }

    #[test]
    fn a_day_is_there_again_after_a_start_and_a_torn_point_is_a_missing_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("points");
        let (mut ring, mut points) = Points::open(&path, at(0)).unwrap();
        for second in [10, 20, 30] {
            points.push(at(second), &json(second), at(second));
            ring.push(&json(second)).unwrap();
        }
        ring.push("{\"time\":").unwrap();
        drop(ring);
        let (_, again) = Points::open(&path, at(40)).unwrap();
        assert_eq!(again.since(at(0)), points.since(at(0)));
        assert_eq!(again.since(at(10)).len(), 2);
        let (_, later) = Points::open(&path, at(30) + KEPT_TIME).unwrap();
        assert_eq!(later.since(at(0)).len(), 1, "what is older than a day is not shown");
    }

    #[test]
    fn a_longer_point_adds_up_what_was_counted_and_has_the_highest_latency() {
        let point = |second: i64, reads: u64, p99: Option<f64>| {
            let mut tick: Tick = serde_json::from_str(&json(second)).unwrap();
            (tick.requests.read, tick.bytes_out, tick.p99_ms.read, tick.sequence) = (reads, 7, p99, reads);
            serde_json::to_string(&tick).unwrap().into()
        };
        // Spans begin at multiples of their length.
        let points = [point(10, 1, None), point(199, 2, Some(3.0)), point(200, 4, Some(2.0)), point(210, 8, Some(1.0))];
        let joined = joined(&points, 300).unwrap();
        let ticks: Vec<Tick> = joined.iter().map(|point| serde_json::from_str(point).unwrap()).collect();
        let said: Vec<_> = ticks
            .iter()
            .map(|tick| (tick.time, tick.seconds, tick.requests.read, tick.bytes_out, tick.p99_ms.read, tick.sequence))
            .collect();
        assert_eq!(said, [(at(199), 20.0, 3, 14, Some(3.0), 2), (at(210), 20.0, 12, 14, Some(2.0), 8)]);
    }

    #[test]
    fn its_memory_is_bounded_and_a_clock_that_is_set_back_makes_no_second_past() {
        let mut points = Points::default();
        for second in 0..i64::try_from(POINTS_MAX).unwrap() + 10 {
            points.push(at(second), "{}", at(second));
        }
        assert_eq!(points.since(at(-1)).len(), POINTS_MAX);
        points.push(at(5), "{}", at(5));
        points.push(at(100_000), &" ".repeat(POINT_BYTES_MAX + 1), at(100_000));
        assert!(points.since(at(-1)).len() <= POINTS_MAX);
        assert!(points.since(at(99_999)).is_empty());
    }
}
