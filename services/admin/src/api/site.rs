//! What a gateway knows of itself that people want who set up a client: addresses, versions, limits.

use std::net::SocketAddr;

use domain::{OBJECT_BYTES_MAX, View};
use events::Fact;
use events::ids::RegionName;
use events::user::Limits;
use http::header::HOST;
use http::request::Parts;
use http::uri::Authority;
use policy::{Action, Decision, Denial};
use s3::address::KEY_BYTES_MAX;
use schemars::JsonSchema;
use serde::Serialize;

use super::access::{Access, Asker, Caller};
use super::answer::Answer;
use super::answering::targets;
use super::asked::Asked;
use super::master_key::{self, MasterKeys};
use super::method::Method;
use super::operation::{Handler, Operation};
use super::operations;
use super::refusal::Refusal;
use crate::console::described;

/// The most parts of a multipart upload, and the least bytes of each but the last.
///
/// Source: "Amazon S3 multipart upload limits", Amazon S3 User Guide.
const PARTS_MAX: u16 = 10_000;
const PART_BYTES_MIN: u64 = 5 * 1024 * 1024;

/// What a right to the region as a whole is about.
const REGION: &str = "region";

/// What a gateway was started with, as far as people may know it.
#[derive(Debug, Clone)]
pub struct Site {
    /// Where it serves S3.
    pub s3: SocketAddr,
    /// The URL at which clients reach that, if the operator says so.
    pub s3_url: Option<String>,
    /// Both addresses speak TLS.
    pub is_tls: bool,
    /// The rate limits of all clients together.
    pub total: Limits,
    /// The rate limits of a user without limits of their own.
    pub per_user: Limits,
}

/// The settings of the store.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Settings {
    pub(super) region: RegionName,
    pub(super) endpoints: Endpoints,
    pub(super) versions: Versions,
    pub(super) limits: SiteLimits,
    /// The master key; absent for callers who may not see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) master_key: Option<MasterKeys>,
    /// The operations that the caller may ask for, whatever they are about: a page offers nothing else.
    pub(super) operations: Vec<&'static str>,
}

/// The addresses of the store.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Endpoints {
    /// The URL of S3, for clients.
    pub(super) s3: String,
    /// The URL of the console and the admin API, as this request used it.
    pub(super) console: String,
}

/// Versions.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Versions {
    /// The release of the gateway.
    pub(super) release: &'static str,
    /// The level of the region.
    pub(super) level: u32,
    /// The greatest level that the release knows.
    pub(super) known_level: u32,
}

/// The limits of the store.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SiteLimits {
    pub(super) object_bytes_max: u64,
    pub(super) key_bytes_max: usize,
    pub(super) parts_max: u16,
    /// The minimum size in bytes of each part except the last.
    pub(super) part_bytes_min: u64,
    /// The rate limits of all clients together.
    pub(super) total: Limits,
    /// The rate limits of a user without limits of their own.
    pub(super) per_user: Limits,
}

impl Site {
    /// The URL of S3 for whoever sends this request: what the operator says, else the host that was asked here.
    pub(super) fn s3_endpoint(&self, parts: &Parts) -> Result<String, Refusal> {
        if let Some(url) = &self.s3_url {
            return Ok(url.trim_end_matches('/').to_owned());
        }
        let scheme = if self.is_tls { "https" } else { "http" };
        let (address, port) = (self.s3.ip(), self.s3.port());
        if !address.is_unspecified() && !address.is_loopback() {
            return Ok(format!("{scheme}://{}", self.s3));
        }
        let asked = host(parts).map(|authority| authority.host().to_owned());
        let unknown = || Refusal::invalid("the request has no `Host`, and this gateway was started without --s3-url");
        Ok(format!("{scheme}://{}:{port}", asked.ok_or_else(unknown)?))
    }

    fn console_endpoint(&self, parts: &Parts) -> String {
        let scheme = if self.is_tls { "https" } else { "http" };
        host(parts).map_or_else(String::new, |authority| format!("{scheme}://{authority}"))
    }
}

fn host(parts: &Parts) -> Option<Authority> {
    let host = parts.headers.get(HOST).map(http::HeaderValue::as_bytes);
    host.and_then(|host| Authority::try_from(host).ok()).or_else(|| parts.uri.authority().cloned())
}

pub(super) fn operations() -> Vec<Operation> {
    let get = Handler::Known(Access::Everyone(Action::AdminGetSettings), |asked, caller| Box::pin(get(asked, caller)));
    vec![
        Operation::new(
            "getSettings",
            Method::Get,
            "/api/v1/settings",
            get,
            "Show the addresses, the versions and the limits of the store",
        )
        .gives::<Settings>(),
    ]
}

async fn get(asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let (site, asker) = (&asked.admin.0.site, Asker::new(&asked.admin, &asked.parts, asked.now));
    let may_see_keys = caller.decide(Action::AdminGetMasterKey, REGION, &asker).is_allowed();
    let master_key = if may_see_keys { Some(master_key::shape(&asked).await?) } else { None };
    let level = asked.read().await?.totals()?.level;
    Answer::of(&Settings {
        region: asked.admin.0.region.clone(),
        endpoints: Endpoints { s3: site.s3_endpoint(&asked.parts)?, console: site.console_endpoint(&asked.parts) },
        versions: Versions { release: env!("CARGO_PKG_VERSION"), level, known_level: Fact::LEVEL },
        limits: SiteLimits {
            object_bytes_max: OBJECT_BYTES_MAX,
            key_bytes_max: KEY_BYTES_MAX,
            parts_max: PARTS_MAX,
            part_bytes_min: PART_BYTES_MIN,
            total: site.total,
            per_user: site.per_user,
        },
        master_key,
        operations: allowed(&caller, &asker),
    })
}

/// The operations that somebody may ask for. A right to some users, or to some buckets, is not to all of them.
fn allowed(caller: &Caller, asker: &Asker<'_>) -> Vec<&'static str> {
    let may = |action, target: &str| caller.decide(action, target, asker).is_allowed();
    let by_api = operations::operations().into_iter().filter(|operation| {
        let parts = operation.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let params: Vec<_> = parts.map(|name| (name.to_owned(), "*".to_owned())).collect();
        let targets = targets(operation.path, &params);
        match operation.access() {
            Access::Open | Access::Known => true,
            Access::Everyone(action) => targets.iter().all(|target| {
                let decision = caller.decide(action, target, asker);
                matches!(decision, Decision::Allowed(_) | Decision::Denied(Denial::NothingGrants))
            }),
            Access::Own(action) | Access::Right(action) => targets.iter().all(|target| may(action, target)),
        }
    });
    let by_console = described().filter(|route| may(route.action, REGION));
    by_api.map(|operation| operation.name).chain(by_console.map(|route| route.name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(s3: &str, s3_url: Option<&str>, is_tls: bool, host: Option<&str>) -> Option<String> {
        let s3 = s3.parse().unwrap();
        let s3_url = s3_url.map(str::to_owned);
        let site = Site { s3, s3_url, is_tls, total: Limits::default(), per_user: Limits::default() };
        let mut request = http::Request::builder().uri("/");
        if let Some(host) = host {
            request = request.header(HOST, host);
        }
        site.s3_endpoint(&request.body(()).unwrap().into_parts().0).ok()
    }

    #[test]
    fn s3_is_where_whoever_asks_can_reach_it() {
        let local = |host| endpoint("127.0.0.1:9000", None, false, Some(host));
        assert_eq!(local("localhost:9001").as_deref(), Some("http://localhost:9000"));
        assert_eq!(local("[::1]:9001").as_deref(), Some("http://[::1]:9000"));
        let all = endpoint("0.0.0.0:9000", None, true, Some("store.example:9001"));
        assert_eq!(all.as_deref(), Some("https://store.example:9000"));
        let one = endpoint("10.0.0.7:9000", None, false, Some("store.example:9001"));
        assert_eq!(one.as_deref(), Some("http://10.0.0.7:9000"));
        let told = endpoint("127.0.0.1:9000", Some("https://s3.example/"), false, None);
        assert_eq!(told.as_deref(), Some("https://s3.example"));
        assert_eq!(endpoint("127.0.0.1:9000", None, false, None), None);
    }
}
