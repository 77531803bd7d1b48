//! Third-party Rust clients and a store: `rust-clients SCENARIO BUCKET`. The store is given by the variables
//! `AWS_ENDPOINT_URL`, `AWS_REGION`, `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`. A panic reports an unexpected
//! result.

mod object_stores;
#[cfg(feature = "sdk")]
mod sdk;

use std::env;

/// A unit of sizes, in bytes.
const MIB: usize = 1024 * 1024;

/// The store in the environment.
struct Target {
    endpoint: String,
    region: String,
    access_key: String,
    secret_key: String,
    bucket: String,
}

/// Bytes that look random and are the same in every run (the linear congruential generator of MMIX, by Knuth).
fn content(seed: u64, size: usize) -> Vec<u8> {
    let mut state = seed;
    let step = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u8
    };
    (0..size).map(step).collect()
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    rustls::crypto::ring::default_provider().install_default().expect("one provider");
    let variable = |name| env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
    let mut words = env::args().skip(1);
    let (Some(scenario), Some(bucket)) = (words.next(), words.next()) else { panic!("which scenario, which bucket?") };
    let target = Target {
        endpoint: variable("AWS_ENDPOINT_URL"),
        region: variable("AWS_REGION"),
        access_key: variable("AWS_ACCESS_KEY_ID"),
        secret_key: variable("AWS_SECRET_ACCESS_KEY"),
        bucket,
    };
    match scenario.as_str() {
        #[cfg(feature = "sdk")]
        "sdk-objects" => sdk::objects(&target).await,
        #[cfg(feature = "sdk")]
        "sdk-streams" => sdk::streams(&target).await,
        #[cfg(feature = "sdk")]
        "sdk-multipart" => sdk::multipart(&target).await,
        #[cfg(feature = "sdk")]
        "sdk-presigned" => sdk::presigned(&target).await,
        "object-store-reads" => object_stores::reads(&target).await,
        "object-store-conditions" => object_stores::conditions(&target).await,
        "object-store-races" => object_stores::races(&target).await,
        "object-store-multipart" => object_stores::multipart(&target).await,
        unknown => panic!("there is no scenario {unknown}"),
    }
}
