//! What buckets hold and held: their growth, their largest prefixes, the ages of their objects, and who writes most.
//!
//! # Layout
//! - here: the operations and who may ask for them
//! - `growth`: over time; `contents`: sizes and ages; `scans`: scans of buckets, one at a time, and what they came to
//! - `talkers`: who reads and writes most

mod contents;
mod growth;
mod scans;
mod talkers;

use policy::Action;

use super::access::Access;
use super::buckets::visible_bucket;
use super::method::Method;
use super::operation::{Handler, Operation, Parameter};
pub(super) use scans::Scans;

const GROWTH: &str = "/api/v1/growth";
const GROWTH_OF_BUCKET: &str = "/api/v1/buckets/{bucket}/growth";
const INSIGHTS: &str = "/api/v1/buckets/{bucket}/insights";

const fn in_query(name: &'static str, about: &'static str) -> Parameter {
    Parameter { name, place: "query", schema: "string", about }
}

const BUCKET: Parameter = in_query("bucket", "The bucket; by default the whole region");
const RESOLUTION: Parameter =
    in_query("resolution", "`hour` for the last 90 days, or `day` for all days; `day` by default");
const SINCE: Parameter = in_query(
    "since",
    "The time of the first point (RFC 3339); by default 7 days ago for `hour`, and a year ago for `day`",
);

pub(super) fn operations() -> Vec<Operation> {
    let of_region =
        Handler::Known(Access::Right(Action::AdminGetGrowth), |asked, _| Box::pin(growth::of_region(asked)));
    let of_bucket = Handler::Known(Access::Known, |asked, caller| Box::pin(growth::of_bucket(asked, caller)));
    let insights = Handler::Known(Access::Known, |asked, caller| Box::pin(contents::get(asked, caller)));
    vec![
        Operation::new(
            "getGrowth",
            Method::Get,
            GROWTH,
            of_region,
            "Show the growth of the region or a bucket over time. The figures are exact: they are computed from the \
             log",
        )
        .gives::<growth::Growth>()
        .knows(&[BUCKET, RESOLUTION, SINCE]),
        Operation::new(
            "getBucketGrowth",
            Method::Get,
            GROWTH_OF_BUCKET,
            of_bucket,
            "Show the growth of a bucket over time. The caller needs the right to list the whole bucket, or \
             `admin:GetGrowth`",
        )
        .gives::<growth::Growth>()
        .knows(&[RESOLUTION, SINCE]),
        Operation::new(
            "getInsights",
            Method::Get,
            INSIGHTS,
            insights,
            "Show the contents of a bucket by prefix and by age, and the users who write most. The caller needs the \
             right to list the whole bucket, or `admin:GetInsights`",
        )
        .gives::<contents::Insights>(),
    ]
}

/// The bytes that clients wrote for each byte of contents; absent if there is none while clients wrote some: then all of
/// it shares contents that were uploaded to other buckets.
#[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
fn dedup_ratio(bytes: u64, stored_bytes: u64) -> Option<f64> {
    match (bytes, stored_bytes) {
        (0, 0) => Some(1.0),
        (_, 0) => None,
        (bytes, stored) => Some(bytes as f64 / stored as f64),
    }
}
