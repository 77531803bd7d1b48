//! Authenticates the caller by SigV4, in headers or in the query, with the keys of the projection. An unsigned request
//! is anonymous. A request that came through the console has no signature, but a session.

use events::ids::SessionId;
use http::request::Parts;
use jiff::{SignedDuration, Timestamp};
use ledger::Snapshot;
use s3::Query;
use s3::request::Head;
use s3::sigv4::{self, PayloadHash, SigningKey};

use super::accounts::Accounts;
use super::caller::{Caller, KnownBy, Proof};
use crate::failure::Failure;

/// What a request shows in place of a signature. Whoever makes one has verified the token or the ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OfSession {
    /// The session. Whether it is open, and whose it is, is looked up here.
    pub session: SessionId,
    /// How long ago the ticket was made, if the request shows a ticket and not a token.
    pub ticket_age: Option<SignedDuration>,
}

/// The caller whose session it is. What a ticket shows counts as a presigned URL does.
pub(crate) fn authenticate_session(
    accounts: &Accounts,
    snapshot: &Snapshot,
    shown: OfSession,
    head: &Head<'_>,
    now: Timestamp,
) -> Result<Caller, Failure> {
    let account = accounts.of_session(snapshot, shown.session, now)?;
    let age = shown.ticket_age.map(|age| i64::try_from(age.as_millis()).unwrap_or(i64::MAX));
    Ok(Caller {
        account: Some(account),
        known_by: KnownBy::Session(shown.session),
        signature_age_ms: age,
        proof: if age.is_some() { Proof::Ticket } else { Proof::Session },
        payload: PayloadHash::of_anonymous(head)?,
        chunk_signer: None,
    })
}

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
        known_by: KnownBy::Key(verified.access_key),
        signature_age_ms: Some(now.as_millisecond() - claim.signed_at().as_millisecond()),
        proof: if query.has("X-Amz-Signature") { Proof::Query } else { Proof::Headers },
        payload: verified.payload,
        chunk_signer,
    })
}
