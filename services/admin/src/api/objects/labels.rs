//! The headers of answers with objects: people put anything into objects and their metadata.

use http::HeaderMap;
use http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};

use super::ticket::Ticket;

/// An object that a browser should show after all does nothing and belongs to no origin.
const SHUT_IN: &str = "default-src 'none'; sandbox; frame-ancestors 'none'";

/// An object that a page of the console shows: pictures and films show themselves, a text has its looks from the browser.
const SHOWN: &str = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox; \
    frame-ancestors 'self'";

/// The headers of objects that say something to a browser beyond what is in them. Who wrote the object chose their values.
const OF_OBJECTS: [&str; 10] = [
    "access-control-allow-credentials",
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-origin",
    "access-control-expose-headers",
    "clear-site-data",
    "expires",
    "link",
    "refresh",
    "set-cookie",
];

/// What is shown as what it says it is. Everything else that is text is shown as text, and the rest is saved.
const SHOWN_AS_IT_IS: [&str; 10] = [
    "application/pdf",
    "image/avif",
    "image/bmp",
    "image/gif",
    "image/jpeg",
    "image/png",
    "image/svg+xml",
    "image/webp",
    "image/x-icon",
    "text/plain",
];

/// Films and sounds.
const MEDIA: [&str; 2] = ["audio/", "video/"];

/// Text that is not called so.
const TEXTS: [&str; 6] = [
    "application/javascript",
    "application/json",
    "application/x-ndjson",
    "application/xml",
    "application/yaml",
    "application/toml",
];

/// The longest type that is looked at, in characters.
const TYPE_CHARS_MAX: usize = 255;

const TEXT: &str = "text/plain; charset=utf-8";
const BYTES: &str = "application/octet-stream";

/// Marks an answer as something to be saved.
pub(super) fn as_attachment(headers: &mut HeaderMap) {
    clear(headers);
    insert(headers, CONTENT_DISPOSITION, "attachment");
    insert(headers, CONTENT_SECURITY_POLICY, SHUT_IN);
    insert(headers, X_FRAME_OPTIONS, "DENY");
}

/// Marks an object as its ticket says.
pub(super) fn as_ticket_says(ticket: &Ticket, headers: &mut HeaderMap) {
    clear(headers);
    let said = headers.get(CONTENT_TYPE).and_then(|said| said.to_str().ok()).unwrap_or_default();
    let shown = if ticket.is_inline { shown_as(said) } else { None };
    let disposition = if shown.is_some() { "inline" } else { "attachment" };
    let disposition = format!("{disposition}; filename*=UTF-8''{}", ticket.file_name());
    insert(headers, CONTENT_DISPOSITION, &disposition);
    if let Some(shown) = shown {
        insert(headers, CONTENT_TYPE, &shown);
        insert(headers, CONTENT_SECURITY_POLICY, SHOWN);
        insert(headers, X_FRAME_OPTIONS, "SAMEORIGIN");
    } else {
        insert(headers, CONTENT_TYPE, BYTES);
        insert(headers, CONTENT_SECURITY_POLICY, SHUT_IN);
        insert(headers, X_FRAME_OPTIONS, "DENY");
    }
}

fn clear(headers: &mut HeaderMap) {
    for name in OF_OBJECTS {
        headers.remove(name);
    }
    insert(headers, CACHE_CONTROL, "no-store");
    insert(headers, X_CONTENT_TYPE_OPTIONS, "nosniff");
}

/// The type that an object is shown as; `None` if it is saved.
fn shown_as(said: &str) -> Option<String> {
    let kind = said.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if kind.len() > TYPE_CHARS_MAX {
        return None;
    }
    if kind == "text/plain" {
        return Some(TEXT.to_owned());
    }
    if SHOWN_AS_IT_IS.contains(&kind.as_str()) || MEDIA.iter().any(|media| kind.starts_with(media)) {
        return Some(kind);
    }
    let is_text = kind.starts_with("text/")
        || TEXTS.contains(&kind.as_str())
        || kind.ends_with("+json")
        || kind.ends_with("+xml");
    is_text.then(|| TEXT.to_owned())
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    match HeaderValue::try_from(value) {
        Ok(value) => {
            headers.insert(name, value);
        }
        // Every value here is made of text that headers take.
        Err(error) => tracing::error!(%error, %name, "a header of an object cannot be written"),
    }
}

#[cfg(test)]
mod tests {
    use events::ids::SessionId;
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;

    fn hostile(kind: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("content-type", kind),
            ("content-disposition", "inline"),
            ("cache-control", "public, max-age=31536000"),
            ("expires", "Fri, 01 Jan 2100 00:00:00 GMT"),
            ("set-cookie", "planetstore_refresh=x"),
            ("access-control-allow-origin", "*"),
            ("x-amz-meta-note", "kept"),
        ] {
            headers.insert(HeaderName::from_static(name), value.parse().unwrap());
        }
        headers
    }

    fn labelled(kind: &str, is_inline: bool) -> HeaderMap {
        let at = ("photos".to_owned(), "a/x.html".to_owned(), None);
        let ticket = Ticket::new(SessionId(Uuid::nil()), Timestamp::UNIX_EPOCH, is_inline, at);
        let mut headers = hostile(kind);
        as_ticket_says(&ticket, &mut headers);
        headers
    }

    fn said<const N: usize>(headers: &HeaderMap, names: [&str; N]) -> [String; N] {
        names.map(|name| headers[name].to_str().unwrap().to_owned())
    }

    #[track_caller]
    fn says_nothing(headers: &HeaderMap) {
        for name in ["expires", "set-cookie", "access-control-allow-origin"] {
            assert!(!headers.contains_key(name), "{name}");
        }
        assert_eq!(said(headers, ["cache-control", "x-content-type-options"]), ["no-store", "nosniff"]);
        assert!(headers["content-security-policy"].to_str().unwrap().contains("sandbox;"));
        assert_eq!(headers["x-amz-meta-note"], "kept");
    }

    #[test]
    fn what_goes_through_the_api_is_never_shown() {
        let mut headers = hostile("text/html");
        as_attachment(&mut headers);
        says_nothing(&headers);
        assert_eq!(said(&headers, ["content-disposition", "x-frame-options"]), ["attachment", "DENY"]);
    }

    #[test]
    fn what_could_be_a_page_is_shown_as_text() {
        for kind in [
            "text/html",
            "TEXT/HTML; charset=utf-7",
            "application/xhtml+xml",
            "text/xml",
            "text/javascript",
            "application/json",
            "text/css",
            "text/plain; charset=utf-7",
        ] {
            let headers = labelled(kind, true);
            says_nothing(&headers);
            assert_eq!(headers["content-type"], TEXT, "{kind}");
            assert_eq!(headers["content-disposition"], "inline; filename*=UTF-8''x.html");
            assert_eq!(headers["x-frame-options"], "SAMEORIGIN");
        }
        for kind in ["image/png", "video/mp4", "image/svg+xml", "application/pdf"] {
            assert_eq!(labelled(kind, true)["content-type"], kind);
        }
    }

    #[test]
    fn what_nobody_knows_is_saved_and_so_is_what_is_to_be() {
        for (kind, is_inline) in
            [("application/x-shockwave-flash", true), ("", true), ("x/y", true), ("image/png", false)]
        {
            let headers = labelled(kind, is_inline);
            says_nothing(&headers);
            assert_eq!(headers["content-disposition"], "attachment; filename*=UTF-8''x.html", "{kind}");
            assert_eq!(said(&headers, ["content-type", "x-frame-options"]), [BYTES, "DENY"], "{kind}");
        }
    }
}
