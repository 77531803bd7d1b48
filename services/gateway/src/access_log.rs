//! What is recorded of requests that leave no event: those that were refused, and reads of buckets that ask for it.

use accesslog::{Kind, Record};
use http::StatusCode;
use jiff::Timestamp;
use s3::Operation;

use crate::Gateway;
use crate::authorization::Authorized;
use crate::traffic::{Known, is_read};

/// A request that was answered.
pub(crate) struct Answered<'a> {
    pub(crate) operation: Option<Operation>,
    pub(crate) status: StatusCode,
    /// The code of the refusal, if it was refused.
    pub(crate) code: Option<&'static str>,
    pub(crate) known: &'a Known,
    pub(crate) request_id: &'a str,
    pub(crate) now: Timestamp,
}

/// Records a request, if it is one that is recorded. It waits for nobody.
pub(crate) fn note(gateway: &Gateway, answered: &Answered<'_>) {
    let Some(recorder) = &gateway.0.options.recorder else { return };
    let Answered { operation, status, code, known, request_id, now } = *answered;
    let address = known.address.as_ref();
    let kind = match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Kind::Refused,
        _ if status.is_success() && known.is_recorded => Kind::Read,
        _ => return,
    };
    let (user, access_key) = match &known.by {
        Some((user, key)) => (Some(user.to_string()), key.clone()),
        None => (None, None),
    };
    recorder.record(Record {
        time: now,
        kind,
        count: 1,
        operation: operation.map_or("unrouted", Operation::name).into(),
        status: status.as_u16(),
        code: code.map(Into::into),
        bucket: address.and_then(|address| address.bucket.clone()),
        key: address.and_then(|address| address.key.as_deref()).map(|key| String::from_utf8_lossy(key).into_owned()),
        user,
        access_key,
        address: known.client.filter(|_| gateway.0.options.records_addresses),
        request: request_id.to_owned(),
    });
}

/// Whether the owner of the addressed bucket asks for records of a request such as this. What cannot be read is not
/// recorded, and is logged.
pub(crate) fn is_asked_for(request: &Authorized<'_>) -> bool {
    let gateway = request.gateway;
    if gateway.0.options.recorder.is_none() || !is_read(request.operation) {
        return false;
    }
    let Ok(bucket) = request.bucket() else { return false };
    gateway.0.logged.of(&bucket.snapshot, &bucket.row).unwrap_or_else(|error| {
        tracing::error!(%error, "the setting for recording reads cannot be read");
        false
    })
}
