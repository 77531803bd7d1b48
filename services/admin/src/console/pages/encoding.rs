use axum::http::HeaderValue;
use axum::http::header::GetAll;

/// The form in which bytes are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Plain,
    Brotli,
    Gzip,
}

impl Encoding {
    /// Its name in headers.
    pub(super) fn name(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Brotli => Some("br"),
            Self::Gzip => Some("gzip"),
        }
    }

    /// What tells the tag of this form from those of others.
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Brotli => "-br",
            Self::Gzip => "-gz",
        }
    }
}

/// Whether a client takes an encoding, by its `Accept-Encoding` headers.
///
/// Source: RFC 9110, section 12.5.3.
pub(super) fn accepted(headers: &GetAll<'_, HeaderValue>, encoding: Encoding) -> bool {
    let Some(name) = encoding.name() else { return true };
    let mut any = false;
    for value in headers.iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(',')) {
        let (coding, parameters) = value.split_once(';').unwrap_or((value, ""));
        let weight = parameters.trim().strip_prefix("q=").map_or(Some(1.0), |weight| weight.trim().parse::<f32>().ok());
        let is_taken = weight.is_some_and(|weight| weight > 0.0);
        match coding.trim() {
            coding if coding.eq_ignore_ascii_case(name) => return is_taken,
            "*" => any = is_taken,
            _ => {}
        }
    }
    any
}
