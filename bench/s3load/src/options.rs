use clap::{Parser, ValueEnum};

/// Sends one kind of request to an S3 endpoint and prints the results as a line of JSON.
#[derive(Debug, Clone, Parser)]
pub struct Options {
    /// host:port of the S3 endpoint, plain HTTP
    #[arg(long, default_value = "127.0.0.1:9000")]
    pub endpoint: String,
    /// Access key
    #[arg(long)]
    pub access: String,
    /// Secret key
    #[arg(long)]
    pub secret: String,
    /// Region of the signature
    #[arg(long, default_value = "us-east-1")]
    pub region: String,
    /// Bucket, created if it is missing
    #[arg(long, default_value = "s3load")]
    pub bucket: String,
    /// The kind of request
    #[arg(long)]
    pub op: Operation,
    /// Bytes of an object
    #[arg(long, default_value_t = 4096)]
    pub size: usize,
    /// Connections, each with one request in flight
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u64).range(1..=4096))]
    pub concurrency: u64,
    /// Maximum number of seconds to run
    #[arg(long, default_value_t = 10.0)]
    pub duration: f64,
    /// Number of distinct keys; writes start over after the last
    #[arg(long, default_value_t = 1_000_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub objects: u64,
    /// Maximum number of requests (0: as many as the time allows)
    #[arg(long, default_value_t = 0)]
    pub requests: u64,
    /// Give every object the same content
    #[arg(long)]
    pub dup: bool,
    /// Sign the SHA-256 of every body
    #[arg(long)]
    pub signed_payload: bool,
    /// Maximum number of requests a second, evenly spaced (0: as many as the server answers)
    #[arg(long, default_value_t = 0)]
    pub rate: u32,
    /// Write the key and the time of the answer, in nanoseconds since the Unix epoch, of every successful request to this file
    #[arg(long)]
    pub answers: Option<std::path::PathBuf>,
    /// Prefix of every key
    #[arg(long, default_value = "o/")]
    pub prefix: String,
    /// Part of the command lines of the server's processes, whose CPU time is measured; may be given several times
    #[arg(long)]
    pub server: Vec<String>,
}

/// A kind of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Operation {
    /// Store objects
    Put,
    /// Read objects
    Get,
    /// Ask for objects' metadata
    Head,
    /// Remove objects
    Delete,
    /// List a thousand keys from a random one on
    List,
    /// 45 of 100 gets, 15 puts, 10 deletes, 30 heads
    Mixed,
}

impl Operation {
    /// The name in the report.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Put => "put",
            Self::Get => "get",
            Self::Head => "head",
            Self::Delete => "delete",
            Self::List => "list",
            Self::Mixed => "mixed",
        }
    }
}
