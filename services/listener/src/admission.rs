//! The extensions and checks of every request on its way to the service.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::header::{CONNECTION, CONTENT_TYPE, HOST, HeaderValue};
use http::{HeaderMap, Request, Response, StatusCode, Uri, Version};
use http_body::{Frame, SizeHint};
use http_body_util::{Either as EitherBody, Full};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use tower::util::ServiceExt;

use crate::follower::Follower;
use crate::framing::Refusal;
use crate::linger::{NotUpgraded, Unread};
use crate::patience::Patience;
use crate::slots::{Activity, Busy};
use crate::strict::Switched;
use crate::{Peer, RequestBody};

/// The service of one connection.
#[derive(Debug, Clone)]
pub(crate) struct Admission<S> {
    pub(crate) service: S,
    pub(crate) peer: Peer,
    pub(crate) unread: Unread,
    pub(crate) not_upgraded: NotUpgraded,
    pub(crate) switched: Switched,
    pub(crate) activity: Activity,
    pub(crate) follower: Follower,
    pub(crate) patience: Patience,
    pub(crate) body_silence_time_max: Option<Duration>,
}

type Answer<B> = Response<EitherBody<Answered<B>, Full<Bytes>>>;

impl<S, B> hyper::service::Service<Request<Incoming>> for Admission<S>
where
    S: tower::Service<Request<RequestBody>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
    B: http_body::Body<Data = Bytes> + Unpin,
{
    type Response = Answer<B>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Answer<B>, Infallible>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let mut request = request.map(|body| RequestBody::new(body, self.unread.clone(), self.body_silence_time_max));
        request.extensions_mut().insert(self.peer);
        request.extensions_mut().insert(self.patience.clone());
        request.extensions_mut().insert(self.follower.clone());
        let upgrade = request.extensions().get::<OnUpgrade>().cloned();
        let (service, unread, not_upgraded) = (self.service.clone(), self.unread.clone(), self.not_upgraded.clone());
        let switched = self.switched.clone();
        if Refusal::of(request.headers()).is_some() {
            // The bytes after that head were not read.
            unread.set(true);
        }
        let busy = self.activity.begin();
        Box::pin(async move {
            let answer = match refusal(&request) {
                None => service.oneshot(request).await?.map(EitherBody::Left),
                Some(refusal) => refusal.map(EitherBody::Right),
            };
            let is_upgraded = answer.status() == StatusCode::SWITCHING_PROTOCOLS;
            if is_upgraded {
                switched.set();
            } else if let Some(upgrade) = upgrade {
                not_upgraded.keep(upgrade);
            }
            // A client that still sends may read the refusal; an upgraded connection ends by itself.
            let busy = if is_upgraded || unread.get() {
                busy.stay();
                None
            } else {
                Some(busy)
            };
            let mut response = answer.map(|body| match body {
                EitherBody::Left(body) => EitherBody::Left(Answered { body, _busy: busy }),
                EitherBody::Right(body) => EitherBody::Right(body),
            });
            // Unread bytes come before the next request.
            if unread.get() {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok(response)
        })
    }
}

/// The refusal of a request that no service sees; `None` for others.
fn refusal<T>(request: &Request<T>) -> Option<Response<Full<Bytes>>> {
    let (uri, headers) = (request.uri(), request.headers());
    if let Some(refusal) = Refusal::of(headers) {
        return Some(plain(refusal.status(), refusal.message()));
    }
    if !names_its_host(request.version(), headers) {
        return Some(plain(StatusCode::BAD_REQUEST, "A request must have exactly one Host header.\n"));
    }
    if !agree(uri, headers) {
        let why = "The host in the request line must be that of the Host header.\n";
        return Some(plain(StatusCode::BAD_REQUEST, why));
    }
    None
}

/// The body of a response. Until it is sent, its connection is not idle.
pub(crate) struct Answered<B> {
    body: B,
    _busy: Option<Busy>,
}

impl<B: http_body::Body<Data = Bytes> + Unpin> http_body::Body for Answered<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Whether a request names exactly one host. Without a host, or with two, it means different things to different
/// programs on its way.
///
/// Source: RFC 9112, section 3.2.
fn names_its_host(version: Version, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let first = hosts.next();
    (first.is_some() || version < Version::HTTP_11) && hosts.next().is_none()
}

/// Whether the request line names no host other than the header's.
///
/// Source: RFC 9112, section 3.2.2.
fn agree(uri: &Uri, headers: &HeaderMap) -> bool {
    let (Some(authority), Some(host)) = (uri.authority(), headers.get(HOST)) else { return true };
    let usual = match uri.scheme_str() {
        Some("http") => ":80",
        Some("https") => ":443",
        _ => "",
    };
    let name = |text: &[u8]| text.strip_suffix(usual.as_bytes()).unwrap_or(text).to_ascii_lowercase();
    name(authority.as_str().as_bytes()) == name(host.as_bytes())
}

fn plain(status: StatusCode, why: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(why));
    *response.status_mut() = status;
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_host_is_named() {
        for (version, hosts, named) in [
            (Version::HTTP_11, &["a"][..], true),
            (Version::HTTP_11, &[], false),
            (Version::HTTP_11, &["a", "a"], false),
            (Version::HTTP_10, &[], true),
            (Version::HTTP_10, &["a", "b"], false),
        ] {
            let headers = hosts.iter().map(|host| (HOST, HeaderValue::from_static(host))).collect();
            assert_eq!(names_its_host(version, &headers), named, "{version:?} {hosts:?}");
        }
    }

    #[test]
    fn the_first_line_names_no_other_host_than_the_header() {
        for (target, host, agreed) in [
            ("/a", "a", true),
            ("http://a/b", "a", true),
            ("http://A:80/b", "a", true),
            ("http://a/b", "a:80", true),
            ("https://a:443/b", "a", true),
            ("http://a:9000/b", "A:9000", true),
            ("http://a:443/b", "a", false),
            ("http://a:80/b", "a:8080", false),
            ("http://b/b", "a", false),
            ("http://a@b/b", "b", false),
            ("a:80", "b", false),
        ] {
            let headers = [(HOST, HeaderValue::from_static(host))].into_iter().collect();
            assert_eq!(agree(&target.parse().unwrap(), &headers), agreed, "{target} {host}");
        }
    }
}
