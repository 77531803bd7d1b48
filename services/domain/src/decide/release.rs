use events::Fact;
use events::upload::{PartsReleased, ReleasedFrom};

use super::{Decision, Refused};
use crate::command::Outcome;
use crate::view::View;

/// Frees some of the parts that are being released, if there are any.
pub(crate) fn release<V: View>(view: &V, max: u16) -> Result<Decision, Refused<V::Error>> {
    let upload = view.next_released_upload().map_err(Refused::View)?;
    let (bucket, from) = if let Some((upload_id, row)) = upload {
        (row.bucket, ReleasedFrom::Upload { upload_id })
    } else if let Some((bucket, row)) = view.next_released_bucket().map_err(Refused::View)? {
        (row.name, ReleasedFrom::Bucket { created: bucket.0 })
    } else {
        return Ok(Decision::nothing(Outcome::Done));
    };
    Ok(Decision::write(Fact::UploadPartsReleased(PartsReleased { bucket, from, max }), Outcome::Done))
}
