use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Aggregate, Kind, Latency, OperationCount};

/// Operations that are told apart. There are fewer; what another process says beyond that is not taken.
const OPERATIONS_MAX: usize = 256;

/// The aggregates of several processes or seconds, as one.
#[derive(Debug, Clone, Default)]
pub struct Joined {
    operations: BTreeMap<String, OperationCount>,
    bytes_in: u64,
    bytes_out: u64,
}

/// What was served.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Traffic {
    /// Requests.
    pub requests: ByKind,
    /// Requests that were refused or failed.
    pub errors: Errors,
    /// Bytes of request bodies.
    pub bytes_in: u64,
    /// Bytes of response bodies.
    pub bytes_out: u64,
    /// The median latency, in milliseconds.
    pub p50_ms: Percentiles,
    /// The 99th percentile, in milliseconds.
    pub p99_ms: Percentiles,
    /// The operations with the most requests.
    pub operations: Vec<OperationFigures>,
}

/// Requests by kind of operation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct ByKind {
    pub read: u64,
    pub write: u64,
    pub list: u64,
    pub delete: u64,
    pub other: u64,
}

/// Requests that were refused or failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Errors {
    /// Requests answered with a status of 400 to 499.
    pub client: u64,
    /// Requests answered with a status of 500 or more.
    pub server: u64,
}

/// Latencies in milliseconds; `null` where there were no requests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Percentiles {
    pub read: Option<f64>,
    pub write: Option<f64>,
}

impl std::ops::Add for ByKind {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            read: self.read + other.read,
            write: self.write + other.write,
            list: self.list + other.list,
            delete: self.delete + other.delete,
            other: self.other + other.other,
        }
    }
}

impl std::ops::Add for Errors {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { client: self.client + other.client, server: self.server + other.server }
    }
}

impl Percentiles {
    /// The higher ones.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        let higher = |one: Option<f64>, other: Option<f64>| match (one, other) {
            (Some(one), Some(other)) => Some(one.max(other)),
            (one, other) => one.or(other),
        };
        Self { read: higher(self.read, other.read), write: higher(self.write, other.write) }
    }
}

/// One operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OperationFigures {
    /// Its name.
    pub operation: String,
    /// Requests.
    pub count: u64,
    /// The number of requests that were refused or failed.
    pub errors: u64,
    /// The median latency, in milliseconds.
    pub p50_ms: Option<f64>,
    /// The 99th percentile, in milliseconds.
    pub p99_ms: Option<f64>,
}

impl Joined {
    /// Takes up an aggregate.
    pub fn add(&mut self, aggregate: &Aggregate) {
        self.bytes_in += aggregate.bytes_in;
        self.bytes_out += aggregate.bytes_out;
        for count in &aggregate.operations {
            self.add_operation(count);
        }
    }

    fn add_operation(&mut self, count: &OperationCount) {
        if let Some(of) = self.operations.get_mut(&count.operation) {
            of.count += count.count;
            of.client_errors += count.client_errors;
            of.server_errors += count.server_errors;
            of.took.join(&count.took);
        } else if self.operations.len() < OPERATIONS_MAX {
            self.operations.insert(count.operation.clone(), count.clone());
        }
    }

    /// What was served, with so many operations at most.
    pub fn traffic(&self, operations_max: usize) -> Traffic {
        let (mut requests, mut errors) = (ByKind::default(), Errors::default());
        let (mut read, mut write) = (Latency::default(), Latency::default());
        for of in self.operations.values() {
            errors.client += of.client_errors;
            errors.server += of.server_errors;
            let count = match of.kind {
                Kind::Read => &mut requests.read,
                Kind::Write => &mut requests.write,
                Kind::List => &mut requests.list,
                Kind::Delete => &mut requests.delete,
                Kind::Other => &mut requests.other,
            };
            *count += of.count;
            match of.kind {
                Kind::Read => read.join(&of.took),
                Kind::Write => write.join(&of.took),
                Kind::List | Kind::Delete | Kind::Other => {}
            }
        }
        let mut operations: Vec<_> = self.operations.values().filter(|of| of.count > 0).collect();
        operations.sort_by_key(|of| std::cmp::Reverse(of.count));
        let figures = |of: &&OperationCount| OperationFigures {
            operation: of.operation.clone(),
            count: of.count,
            errors: of.client_errors + of.server_errors,
            p50_ms: of.took.quantile_ms(0.5),
            p99_ms: of.took.quantile_ms(0.99),
        };
        let at = |quantile| Percentiles { read: read.quantile_ms(quantile), write: write.quantile_ms(quantile) };
        Traffic {
            requests,
            errors,
            bytes_in: self.bytes_in,
            bytes_out: self.bytes_out,
            p50_ms: at(0.5),
            p99_ms: at(0.99),
            operations: operations.iter().take(operations_max).map(figures).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn count(operation: &str, kind: Kind, count: u64, millis: u64) -> OperationCount {
        let mut took = Latency::default();
        for _ in 0..count {
            took.record(Duration::from_millis(millis));
        }
        OperationCount { operation: operation.into(), kind, count, client_errors: 1, server_errors: 0, took }
    }

    #[test]
    fn what_two_processes_counted_is_one() {
        let one = Aggregate {
            bytes_in: 3,
            operations: vec![count("GetObject", Kind::Read, 99, 2), count("ListBuckets", Kind::List, 1, 1)],
            ..Aggregate::default()
        };
        let other = Aggregate {
            bytes_in: 4,
            operations: vec![count("GetObject", Kind::Read, 99, 2), count("HeadObject", Kind::Read, 2, 50)],
            ..Aggregate::default()
        };
        let mut joined = Joined::default();
        joined.add(&one);
        joined.add(&other);
        let traffic = joined.traffic(2);
        assert_eq!((traffic.requests.read, traffic.requests.list, traffic.bytes_in), (200, 1, 7));
        assert_eq!(traffic.errors, Errors { client: 4, server: 0 });
        let names: Vec<_> = traffic.operations.iter().map(|of| (of.operation.as_str(), of.count)).collect();
        assert_eq!(names, [("GetObject", 198), ("HeadObject", 2)]);
        assert!(traffic.p50_ms.read.unwrap() < 3.0 && traffic.p50_ms.write.is_none());
        assert_eq!(Joined::default().traffic(9).operations, []);
    }

    #[test]
    fn its_memory_is_bounded_whatever_others_say() {
        let names = (0..OPERATIONS_MAX + 10).map(|number| count(&format!("Op{number}"), Kind::Other, 1, 1));
        let mut joined = Joined::default();
        joined.add(&Aggregate { operations: names.collect(), ..Aggregate::default() });
        assert_eq!(joined.traffic(usize::MAX).requests.other, OPERATIONS_MAX as u64);
    }
}
