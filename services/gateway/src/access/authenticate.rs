//! Authenticates the caller by SigV4, in headers or in the query, with the keys of the projection. An unsigned request
//! is anonymous.

use http::request::Parts;
use jiff::Timestamp;
use ledger::Snapshot;
use s3::Query;
use s3::request::Head;
use s3::sigv4::{self, PayloadHash, SigningKey};

use super::accounts::Accounts;
use super::caller::{Caller, Proof};
use crate::failure::Failure;

pub(crate) fn authenticate(
    accounts: &Accounts,
    snapshot: &Snapshot,
    parts: &Parts,
    query: &Query<'_>,
    now: Timestamp,
) -> Result<Caller, Failure> {
    let request = sigv4::Request::new(&parts.method, &parts.uri, query, &parts.headers);
    let Some(claim) = sigv4::parse_authorization(request, None)? else {
        let payload = PayloadHash::of_anonymous(&Head::new(&parts.headers, query))?;
        return Ok(Caller::anonymous(payload));
    };
    let credential = accounts.find(snapshot, claim.access_key(), now)?;
    let remembered = credential.remembered(claim.date(), claim.region());
    let fresh = remembered.is_none().then(|| (claim.date().to_owned(), claim.region().to_owned()));
    let derive = || SigningKey::derive(credential.secret.expose(), claim.date(), claim.region());
    let key = remembered.unwrap_or_else(derive);
    let verified = claim.verify(&key, now)?;
    let chunk_signer = Some(verified.chunk_signer(&key));
    if let Some((date, region)) = fresh {
        credential.remember(date, region, key);
    }
    Ok(Caller {
        account: Some(credential.account.clone()),
        access_key: Some(verified.access_key),
        signature_age_ms: Some(now.as_millisecond() - claim.signed_at().as_millisecond()),
        proof: if query.has("X-Amz-Signature") { Proof::Query } else { Proof::Headers },
        payload: verified.payload,
        chunk_signer,
    })
}
