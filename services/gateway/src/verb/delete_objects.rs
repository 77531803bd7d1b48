use axum::body::Body;
use axum::response::Response;
use domain::{DeleteObject, Outcome};
use events::ids::ObjectKey;
use futures_util::future::join_all;
use policy::Action;
use s3::xml::{DeleteEntry, DeleteObjects, DeleteResult, DeletedObject, FailedDelete};
use s3::{Code, Error};

use crate::authorization::{Granted, Uncommitted};
use crate::convert;
use crate::convert::{version_name, version_text};
use crate::failure::{Failure, commit_failure};
use crate::payload::{Sums, read_document};
use crate::reply;

/// How many keys of one request wait for the ledger at once. All requests share its queue.
const DELETES_AT_ONCE: usize = 128;

/// The outcome for one key.
struct Deleted {
    delete_marker: bool,
    marker_version: Option<String>,
}

pub(super) async fn delete_objects(call: Granted<'_>, body: Body) -> Result<Response, Failure> {
    let document = read_document(body, &call, Sums::OfDocument).await?;
    let request = DeleteObjects::parse(&document)?;
    // Checks that the bucket exists and has the expected owner. Each key is judged when it is deleted.
    call.read_bucket().await?;
    // Many deletes run at once, so that the ledger can batch them.
    let mut fates = Vec::with_capacity(request.objects.len());
    for entries in request.objects.chunks(DELETES_AT_ONCE) {
        fates.extend(join_all(entries.iter().map(|entry| delete_one(&call, entry))).await);
    }
    let (mut deleted, mut failed) = (Vec::new(), Vec::new());
    for (entry, fate) in request.objects.iter().zip(&fates) {
        let (key, version_id) = (entry.key.as_slice(), entry.version_id.as_deref());
        match fate {
            Ok(_) if request.quiet => {}
            Ok(fate) => deleted.push(DeletedObject {
                key,
                version_id,
                delete_marker: fate.delete_marker,
                delete_marker_version_id: fate.marker_version.as_deref(),
            }),
            Err(error) => failed.push(FailedDelete { key, version_id, error: error.clone() }),
        }
    }
    Ok(reply::xml(DeleteResult { deleted: &deleted, failed: &failed }.to_xml()))
}

/// Deletes one key, if the caller may delete it.
async fn delete_one(call: &Granted<'_>, entry: &DeleteEntry) -> Result<Deleted, Error> {
    let key = ObjectKey::from_bytes(entry.key.as_slice()).map_err(|_| Error::new(Code::KeyTooLongError))?;
    let wanted = entry.version_id.as_deref();
    let version = wanted.map(|text| version_name(&entry.key, text)).transpose()?;
    let about = crate::failure::About { key: &entry.key, version: wanted.unwrap_or_default(), ..call.about() };
    let committed = call.try_commit_as(|call| {
        let bucket = call.bucket()?;
        let judge = |action| call.authorize_object(action, bucket.object(&key, wanted));
        judge(if wanted.is_some() { Action::DeleteObjectVersion } else { Action::DeleteObject })?;
        if !entry.conditions.is_empty() {
            // The response reveals what exists.
            judge(if wanted.is_some() { Action::GetObjectVersion } else { Action::GetObject })?;
        }
        let precondition = convert::delete_precondition(entry.conditions.clone());
        let bypass_governance = call.head().bypass_governance()? && judge(Action::BypassGovernanceRetention).is_ok();
        let (bucket, key) = (bucket.name.clone(), key.clone());
        Ok(DeleteObject { bucket, key, version, precondition, bypass_governance }.into())
    });
    let committed = committed.await.map_err(|error| match error {
        Uncommitted::Refused(failure) => failure.error,
        Uncommitted::Commit(error) => commit_failure(&error, about),
    })?;
    match committed.outcome {
        Outcome::Deleted { version, delete_marker } => {
            Ok(Deleted { delete_marker, marker_version: version.filter(|_| delete_marker).map(version_text) })
        }
        Outcome::Done
        | Outcome::Stored { .. }
        | Outcome::Placed { .. }
        | Outcome::Reclaimed { .. }
        | Outcome::SessionRevoked => Err(Error::new(Code::InternalError)),
    }
}
