use axum::http::Request;
use http_body_util::BodyExt;

use super::*;

static FILES: &[File] = &[
    File {
        path: "/assets/main-5f3a.js",
        media: "text/javascript; charset=utf-8",
        tag: "1",
        plain: b"plain",
        brotli: Some(b"br"),
        gzip: Some(b"gzip"),
    },
    File { path: "/index.html", media: "text/html; charset=utf-8", tag: "2", plain: b"page", brotli: None, gzip: None },
];

fn parts(method: &str, path: &str, headers: &[(&'static str, &str)]) -> Parts {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

async fn ask(path: &str, headers: &[(&'static str, &str)]) -> (StatusCode, HeaderMap, String) {
    let (parts, body) = answer(FILES, true, &parts("GET", path, headers)).into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (parts.status, parts.headers, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn each_client_gets_the_smallest_form_that_it_takes() {
    for (accept, encoding, body) in [
        ("gzip, deflate, br, zstd", Some("br"), "br"),
        ("gzip, deflate", Some("gzip"), "gzip"),
        ("br;q=0, gzip;q=0.5", Some("gzip"), "gzip"),
        ("*", Some("br"), "br"),
        ("identity", None, "plain"),
        ("br;q=x", None, "plain"),
        ("", None, "plain"),
    ] {
        let (status, headers, sent) = ask("/assets/main-5f3a.js", &[("accept-encoding", accept)]).await;
        assert_eq!((status, sent.as_str()), (StatusCode::OK, body), "{accept}");
        assert_eq!(headers.get(CONTENT_ENCODING).map(|name| name.to_str().unwrap()), encoding, "{accept}");
        assert_eq!(headers[VARY], "accept-encoding");
        assert_eq!(headers[CACHE_CONTROL], "public, max-age=31536000, immutable");
        assert_eq!(headers[CONTENT_TYPE], "text/javascript; charset=utf-8");
    }
}

#[tokio::test]
async fn what_a_browser_has_already_is_not_sent_again() {
    let path = "/assets/main-5f3a.js";
    let (_, headers, _) = ask(path, &[("accept-encoding", "br")]).await;
    let tag = headers[ETAG].to_str().unwrap().to_owned();
    let weak = format!("W/{tag}, \"other\"");
    for known in [tag.as_str(), weak.as_str(), "*"] {
        let (status, headers, body) = ask(path, &[("accept-encoding", "br"), ("if-none-match", known)]).await;
        assert_eq!((status, body.as_str()), (StatusCode::NOT_MODIFIED, ""), "{known}");
        assert_eq!(headers[ETAG], tag.as_str());
    }
    // Another form of the same file is other bytes.
    assert_eq!(ask(path, &[("if-none-match", &tag)]).await.0, StatusCode::OK);
}

#[tokio::test]
async fn addresses_of_the_page_get_the_page_and_those_of_programs_never_do() {
    let person = [("accept", "text/html,application/xhtml+xml,*/*;q=0.8")];
    for path in ["/", "/buckets", "/buckets/photos/objects/a/b.jpg", "/apis", "/index.html"] {
        let (status, headers, body) = ask(path, &person).await;
        assert_eq!((status, body.as_str()), (StatusCode::OK, "page"), "{path}");
        assert_eq!(headers[CACHE_CONTROL], "no-cache", "{path}");
        assert_eq!(headers[CONTENT_SECURITY_POLICY], PAGE_POLICY, "{path}");
    }
    for path in ["/api", "/api/v1/nothing", "/schemas/x.json", "/metrics", "/objects/x", "/assets/gone.js"] {
        assert_eq!(ask(path, &person).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(ask("/nowhere", &[("accept", "*/*")]).await.0, StatusCode::NOT_FOUND);
    assert_eq!(answer(FILES, true, &parts("POST", "/", &person)).status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_build_without_pages_says_what_to_run() {
    let read = async |files, is_gateway| {
        let body = answer(files, is_gateway, &parts("GET", "/", &[("accept", "text/html")])).into_body();
        String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap()
    };
    let said = read(&[], true).await;
    assert!(said.contains("make run") && said.contains("npm ci && npm run build"), "{said}");
    assert!(read(FILES, false).await.contains("/healthz"), "a storage node has nothing to show in pages");
}

#[test]
fn the_policy_lets_nothing_in_from_elsewhere() {
    for weak in ["unsafe-inline", "unsafe-eval", "http:", "https:", "*", "strict-dynamic"] {
        assert!(!PAGE_POLICY.contains(weak), "{weak}");
    }
    for kept in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"] {
        assert!(PAGE_POLICY.contains(kept), "{kept}");
    }
}
