use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use events::ids::{BucketName, UserName};
use jiff::Timestamp;

use crate::{Aggregate, Kind, Latency, OperationCount, ReaderCount, UserCount};

/// Users and keys that are told apart in a second; requests of more are counted without whose they are.
const USERS_MAX: usize = 1_024;

/// Buckets and readers that are told apart in a second; what more of them read is not said of anybody.
const READERS_MAX: usize = 1_024;

/// A request that was answered.
#[derive(Debug, Clone)]
pub struct Request {
    /// The operation.
    pub operation: &'static str,
    /// What that does.
    pub kind: Kind,
    /// The status of the answer.
    pub status: u16,
    /// How long the answer took, up to its head.
    pub took: Duration,
    /// Who asked, and by which access key, if that is known.
    pub by: Option<(UserName, Option<String>)>,
}

/// Counts what a process serves.
#[derive(Debug, Default)]
pub struct Meter {
    counted: Mutex<Counted>,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
}

#[derive(Debug, Default)]
struct Counted {
    operations: BTreeMap<&'static str, Operation>,
    users: HashMap<(UserName, Option<String>), u64>,
    /// Requests and bytes.
    readers: HashMap<(BucketName, String), (u64, u64)>,
}

#[derive(Debug)]
struct Operation {
    kind: Kind,
    count: u64,
    client_errors: u64,
    server_errors: u64,
    took: Latency,
}

/// The meter of this process.
pub fn meter() -> &'static Meter {
    static METER: LazyLock<Meter> = LazyLock::new(Meter::default);
    &METER
}

impl Meter {
    fn counted(&self) -> MutexGuard<'_, Counted> {
        // A count that was cut short is a count.
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a request.
    pub fn count(&self, request: Request) {
        let Request { operation, kind, status, took, by } = request;
        let mut counted = self.counted();
        let new = || Operation { kind, count: 0, client_errors: 0, server_errors: 0, took: Latency::default() };
        let of = counted.operations.entry(operation).or_insert_with(new);
        of.count += 1;
        of.client_errors += u64::from((400..500).contains(&status));
        of.server_errors += u64::from(status >= 500);
        of.took.record(took);
        let Some(by) = by else { return };
        let is_full = counted.users.len() >= USERS_MAX;
        if let Some(requests) = counted.users.get_mut(&by) {
            *requests += 1;
        } else if !is_full {
            counted.users.insert(by, 1);
        }
    }

    /// Counts a request that read of a bucket, once it is known how many bytes of its answer went out.
    pub fn read(&self, bucket: BucketName, reader: String, bytes: u64) {
        let mut counted = self.counted();
        let is_full = counted.readers.len() >= READERS_MAX;
        let by = (bucket, reader);
        if let Some((requests, sum)) = counted.readers.get_mut(&by) {
            *requests += 1;
            *sum = sum.saturating_add(bytes);
        } else if !is_full {
            counted.readers.insert(by, (1, bytes));
        }
    }

    /// Counts bytes of a body that came in.
    pub fn bytes_in(&self, bytes: u64) {
        self.bytes_in.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts bytes of a body that goes out.
    pub fn bytes_out(&self, bytes: u64) {
        self.bytes_out.fetch_add(bytes, Ordering::Relaxed);
    }

    /// What was counted since the last call.
    pub fn take(&self, time: Timestamp) -> Aggregate {
        let mut counted = self.counted();
        let mut operations = Vec::new();
        for (name, of) in &mut counted.operations {
            if of.count == 0 {
                continue;
            }
            operations.push(OperationCount {
                operation: (*name).to_owned(),
                kind: of.kind,
                count: std::mem::take(&mut of.count),
                client_errors: std::mem::take(&mut of.client_errors),
                server_errors: std::mem::take(&mut of.server_errors),
                took: of.took.clone(),
            });
            // Its memory stays for the next second: there are as many as there are operations.
            of.took.clear();
        }
        let users = counted.users.drain().map(|((user, key), requests)| UserCount { user, key, requests }).collect();
        let readers = counted.readers.drain();
        let readers = readers
            .map(|((bucket, reader), (requests, bytes))| ReaderCount { bucket, reader, requests, bytes })
            .collect();
        Aggregate {
            time,
            bytes_in: self.bytes_in.swap(0, Ordering::Relaxed),
            bytes_out: self.bytes_out.swap(0, Ordering::Relaxed),
            operations,
            users,
            readers,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(status: u16, user: &str) -> Request {
        let by = (!user.is_empty()).then(|| (user.parse().unwrap(), Some("KEY".to_owned())));
        Request { operation: "GetObject", kind: Kind::Read, status, took: Duration::from_millis(3), by }
    }

    #[test]
    fn everything_is_counted_once() {
        let meter = Meter::default();
        for (status, user) in [(200, "ada"), (404, "ada"), (503, "bob"), (206, "")] {
            meter.count(request(status, user));
        }
        meter.bytes_in(3);
        meter.bytes_out(5);
        meter.bytes_out(2);
        meter.read("photos".parse().unwrap(), "ada".into(), 4);
        meter.read("photos".parse().unwrap(), "ada".into(), 6);
        let taken = meter.take(Timestamp::UNIX_EPOCH);
        assert_eq!((taken.bytes_in, taken.bytes_out, taken.operations.len(), taken.users.len()), (3, 7, 1, 2));
        let of = &taken.operations[0];
        assert_eq!((of.count, of.client_errors, of.server_errors), (4, 1, 1));
        let under_way = taken.under_way();
        assert!((0.0119..0.0121).contains(&under_way), "four of 3 ms each in a second: {under_way}");
        assert_eq!(taken.users.iter().map(|user| user.requests).sum::<u64>(), 3);
        assert_eq!((taken.readers.len(), taken.readers[0].requests, taken.readers[0].bytes), (1, 2, 10));
        let told = of.took.quantile_ms(0.5).unwrap();
        assert!((2.9..3.1).contains(&told), "{told}");
        let json = serde_json::to_string(&taken).unwrap();
        assert_eq!(serde_json::from_str::<Aggregate>(&json).unwrap(), taken);
        assert_eq!(
            meter.take(Timestamp::UNIX_EPOCH),
            Aggregate { time: Timestamp::UNIX_EPOCH, ..Aggregate::default() }
        );
    }

    #[test]
    fn its_memory_is_bounded_whoever_asks() {
        let meter = Meter::default();
        for number in 0..USERS_MAX + 10 {
            meter.count(request(200, &format!("user-{number}")));
        }
        for number in 0..READERS_MAX + 10 {
            meter.read("photos".parse().unwrap(), format!("user-{number}"), 1);
        }
        let taken = meter.take(Timestamp::UNIX_EPOCH);
        assert_eq!((taken.users.len(), taken.operations[0].count), (USERS_MAX, USERS_MAX as u64 + 10));
        assert_eq!(taken.readers.len(), READERS_MAX);
    }
}
