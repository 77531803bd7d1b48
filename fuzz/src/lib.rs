//! Helpers of several fuzz targets: a request head from bytes, and a fixed time.

use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use jiff::Timestamp;

/// Header lines that are parsed.
const HEADERS_MAX: usize = 64;

/// The head of a request: a line `METHOD target`, then lines `name: value`. Heads that an HTTP parser would refuse are
/// refused here too, so that the gateway could receive every result.
pub fn head(data: &[u8]) -> Option<(Method, Uri, HeaderMap)> {
    let mut lines = data.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let first = lines.next()?;
    let space = first.iter().position(|byte| *byte == b' ')?;
    let method = Method::from_bytes(&first[..space]).ok()?;
    let uri = Uri::try_from(&first[space + 1..]).ok()?;
    let mut headers = HeaderMap::new();
    for line in lines.take_while(|line| !line.is_empty()).take(HEADERS_MAX) {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        headers.append(name, HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?);
    }
    Some((method, uri, headers))
}

/// A fixed time: that of the seeds.
pub fn now() -> Timestamp {
    Timestamp::from_second(1_369_353_600).unwrap_or_default()
}
