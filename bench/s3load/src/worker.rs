//! One connection that sends one request after another, and their results.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::options::{Operation, Options};
use crate::pick::{Content, Random, content, pick};
use crate::sign::{Signer, sha256_hex};

/// The maximum number of bytes of one read.
const READ_BYTES_MAX: usize = 1 << 20;

/// The state that all workers share.
#[derive(Debug)]
pub struct Shared {
    pub options: Options,
    signer: Signer,
    base: Bytes,
    run: u32,
    next: AtomicU64,
    begun: Instant,
    end: Instant,
}

impl Shared {
    pub fn new(options: Options, signer: Signer, begun: Instant) -> anyhow::Result<Self> {
        let duration = Duration::try_from_secs_f64(options.duration).context("--duration")?;
        let base = Random::new(0).bytes(options.size).into();
        Ok(Self {
            signer,
            base,
            run: std::process::id(),
            next: AtomicU64::new(0),
            begun,
            end: begun + duration,
            options,
        })
    }

    /// The number of the next request; `None` at the end.
    fn number(&self) -> Option<u64> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let enough = self.options.requests > 0 && number >= self.options.requests;
        (!enough && Instant::now() < self.end).then_some(number)
    }

    /// Waits until a request may begin.
    async fn due(&self, number: u64) {
        if self.options.rate > 0 {
            let nanoseconds = u128::from(number) * 1_000_000_000 / u128::from(self.options.rate);
            let after = Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX));
            tokio::time::sleep_until((self.begun + after).into()).await;
        }
    }

    fn request(&self, operation: Operation, key: u64, number: u64) -> anyhow::Result<Request<Full<Content>>> {
        let Options { bucket, prefix, .. } = &self.options;
        let path = format!("/{bucket}/{prefix}{key:08}");
        match operation {
            Operation::Put => {
                // Number 0 of run 0 leaves the shared bytes as they are.
                let (number, run) = if self.options.dup { (0, 0) } else { (number, self.run) };
                let body = content(&self.base, number, run);
                let payload =
                    if self.options.signed_payload { sha256_hex(&body) } else { "UNSIGNED-PAYLOAD".to_owned() };
                self.signer.request("PUT", &path, "", body, &payload)
            }
            Operation::Get => self.signer.bodiless("GET", &path, ""),
            Operation::Delete => self.signer.bodiless("DELETE", &path, ""),
            Operation::Head | Operation::Mixed => self.signer.bodiless("HEAD", &path, ""),
            Operation::List => {
                let after = format!("{prefix}{key:08}").replace('/', "%2F");
                let query = format!("list-type=2&max-keys=1000&start-after={after}");
                self.signer.bodiless("GET", &format!("/{bucket}"), &query)
            }
        }
    }
}

/// The results of a worker's requests.
#[derive(Debug, Default)]
pub struct Tally {
    /// Of each successful request, in microseconds.
    pub latencies: Vec<u32>,
    /// Bytes of objects or listings that were transferred.
    pub bytes: u64,
    pub errors: u64,
    /// Of each successful request, if they are asked for: the number of the key and the time in ns since the Unix epoch.
    pub answers: Vec<(u64, u128)>,
}

impl Tally {
    pub fn add(&mut self, mut other: Self) {
        self.answers.append(&mut other.answers);
        self.latencies.append(&mut other.latencies);
        self.bytes += other.bytes;
        self.errors += other.errors;
    }
}

/// A response whose body was read and dropped.
#[derive(Debug)]
pub struct Drained {
    pub status: StatusCode,
    pub bytes: u64,
}

/// A connection.
#[derive(Debug)]
pub struct Link(SendRequest<Full<Content>>);

impl Link {
    pub async fn open(endpoint: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(endpoint).await.with_context(|| format!("{endpoint} does not answer"))?;
        stream.set_nodelay(true)?;
        let (sender, connection) = Builder::new().max_buf_size(READ_BYTES_MAX).handshake(TokioIo::new(stream)).await?;
        // It ends with its sender, which gets its errors.
        tokio::spawn(connection);
        Ok(Self(sender))
    }

    pub async fn send(&mut self, request: Request<Full<Content>>) -> Result<Drained, hyper::Error> {
        self.0.ready().await?;
        let (head, mut body) = self.0.send_request(request).await?.into_parts();
        let mut bytes = 0;
        while let Some(frame) = body.frame().await {
            bytes += frame?.data_ref().map_or(0, |data| data.len() as u64);
        }
        Ok(Drained { status: head.status, bytes })
    }
}

/// Sends requests until the limits are reached.
pub async fn work(shared: std::sync::Arc<Shared>, worker: u64) -> anyhow::Result<Tally> {
    let options = &shared.options;
    let mut link = Link::open(&options.endpoint).await?;
    let mut random = Random::new(worker + 1);
    let mut tally = Tally::default();
    while let Some(number) = shared.number() {
        let (operation, key) = pick(options.op, number, options.objects, &mut random);
        shared.due(number).await;
        let request = shared.request(operation, key, number)?;
        let begun = Instant::now();
        match link.send(request).await {
            Ok(answer) if is_good(options, &answer) => {
                tally.bytes += if operation == Operation::Put { options.size as u64 } else { answer.bytes };
                tally.latencies.push(u32::try_from(begun.elapsed().as_micros()).unwrap_or(u32::MAX));
                if options.answers.is_some() {
                    tally.answers.push((key, SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_nanos()));
                }
            }
            Ok(_) => tally.errors += 1,
            Err(_) => {
                tally.errors += 1;
                link = Link::open(&options.endpoint).await?;
            }
        }
    }
    Ok(tally)
}

/// Whether a response is as expected. In a mix, keys may be missing because other workers delete them.
fn is_good(options: &Options, answer: &Drained) -> bool {
    match options.op {
        Operation::Mixed => answer.status.is_success() || answer.status == StatusCode::NOT_FOUND,
        Operation::Get => answer.status.is_success() && answer.bytes == options.size as u64,
        _ => answer.status.is_success(),
    }
}
