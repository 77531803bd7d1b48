//! What every request of a connection gets on its way to the service.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::header::{CONNECTION, HOST, HeaderValue};
use http::{HeaderMap, Request, Response, StatusCode, Version};
use http_body_util::{Either as EitherBody, Empty};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use tower::util::ServiceExt;

use crate::linger::{NotUpgraded, Unread};
use crate::{Peer, RequestBody};

/// The service of one connection.
#[derive(Debug, Clone)]
pub(crate) struct Admission<S> {
    pub(crate) service: S,
    pub(crate) peer: Peer,
    pub(crate) unread: Unread,
    pub(crate) not_upgraded: NotUpgraded,
    pub(crate) body_silence_time_max: Option<Duration>,
}

type Answer<B> = Response<EitherBody<B, Empty<Bytes>>>;

impl<S, B> hyper::service::Service<Request<Incoming>> for Admission<S>
where
    S: tower::Service<Request<RequestBody>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
    B: http_body::Body<Data = Bytes>,
{
    type Response = Answer<B>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Answer<B>, Infallible>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let mut request = request.map(|body| RequestBody::new(body, self.unread.clone(), self.body_silence_time_max));
        request.extensions_mut().insert(self.peer);
        let upgrade = request.extensions().get::<OnUpgrade>().cloned();
        let (service, unread, not_upgraded) = (self.service.clone(), self.unread.clone(), self.not_upgraded.clone());
        Box::pin(async move {
            let mut response = if names_its_host(request.version(), request.headers()) {
                service.oneshot(request).await?.map(EitherBody::Left)
            } else {
                bad_request()
            };
            if response.status() != StatusCode::SWITCHING_PROTOCOLS
                && let Some(upgrade) = upgrade
            {
                not_upgraded.keep(upgrade);
            }
            // What is unread stands before the next request.
            if unread.get() {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok(response)
        })
    }
}

/// A request without a host, or with two, means different things to different programs on its way.
///
/// Source: RFC 9112, section 3.2.
fn names_its_host(version: Version, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let first = hosts.next();
    (first.is_some() || version < Version::HTTP_11) && hosts.next().is_none()
}

fn bad_request<B>() -> Answer<B> {
    let mut response = Response::new(EitherBody::Right(Empty::new()));
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
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
}
