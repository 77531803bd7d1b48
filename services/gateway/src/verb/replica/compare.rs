//! Comparing versions with another region: `POST /bucket?replicate`. A region that replicates a bucket from its beginning
//! asks first which versions are missing, so that only these are sent.

use axum::body::Body;
use axum::response::Response;
use domain::row::BucketId;
use domain::version_by_id;
use events::replica::{Compared, Comparison, Differing};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use ledger::Snapshot;
use policy::Action;
use s3::{Code, Error};

use crate::authorization::Granted;
use crate::failure::Failure;
use crate::payload::{Sums, read_document};

pub(in crate::verb) async fn compare(call: Granted<'_>, body: Body) -> Result<Response, Failure> {
    call.check_signed("replicate")?;
    let document = read_document(body, &call, Sums::OfDocument).await?;
    let asked = Comparison::decode(&document).map_err(|error| Error::invalid_request(error.to_string()))?;
    let bucket = call.read_bucket().await?;
    let mut differing = Differing { versions: Vec::new() };
    for (place, version) in asked.versions.iter().enumerate() {
        call.authorize_key(Action::ReplicateObject, &bucket, &version.key)?;
        if !is_here(&bucket.snapshot, bucket.row.id, version)? {
            differing.versions.push(place);
        }
    }
    let answer = serde_json::to_vec(&differing).map_err(|_| Error::new(Code::InternalError))?;
    let mut response = Response::new(Body::from(answer));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

/// Whether a version is here in the state that the other region has it in.
fn is_here(snapshot: &Snapshot, bucket: BucketId, version: &Compared) -> Result<bool, Failure> {
    let found = version_by_id(&**snapshot, bucket, &version.key, version.version_id)?;
    let Some(row) = found else { return Ok(false) };
    let state = row.replica_state().digest().map_err(|_| Error::new(Code::InternalError))?;
    Ok(state == version.state)
}
