//! Browser uploads: reads and judges the fields of a form, and then puts its file like any other object.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use http::header::{CONTENT_TYPE, ETAG, HOST, HeaderName, HeaderValue, LOCATION, ORIGIN, REFERER, USER_AGENT};
use http::{HeaderMap, Method, StatusCode};
use s3::form::{Claim, Decoder, Event, Fields, LengthRange, PostPolicy, Success, boundary};
use s3::request::{Head, Payload as Declared};
use s3::sigv4::PayloadHash;
use s3::xml::PostResponse;
use s3::{Address, Code, Error, Operation, Query};

use super::put_object::put_object;
use crate::access::{Caller, Credential, KnownBy, Proof};
use crate::authorization::{Authorized, Granted};
use crate::failure::Failure;
use crate::payload::Payload;
use crate::reply::{self, Answer};
use crate::request::Request;

/// Headers of the request that still apply after its fields replace the object's headers.
const KEPT: [HeaderName; 5] = [HOST, USER_AGENT, REFERER, ORIGIN, HeaderName::from_static("traceparent")];

/// A form up to where its file begins.
struct Form {
    body: Payload,
    decoder: Decoder,
    fields: Fields,
    key: String,
}

pub(super) async fn post_object(call: Granted<'_>, body: Body) -> Answer {
    let form = match read_form(&call, body).await {
        Ok(form) => form,
        Err(failure) => return Answer { known: false, result: Err(failure) },
    };
    match signer(&call, &form.fields) {
        Ok(signer) => Answer { known: signer.is_some(), result: Box::pin(put(&call, form, signer.as_deref())).await },
        Err(failure) => Answer { known: false, result: Err(failure) },
    }
}

/// Puts the file of a form as the caller who signed the form.
async fn put(call: &Granted<'_>, form: Form, signer: Option<&Credential>) -> Result<Response, Failure> {
    let bucket = call.bucket_name()?;
    let (caller, length) = caller(call, &form, bucket.as_str(), signer)?;
    let pace = call.gateway.0.limiter.identified(caller.account.as_deref())?;
    let success = form.fields.success();
    let mut parts = call.parts.clone();
    parts.method = Method::PUT;
    parts.headers = form.fields.headers()?;
    for name in KEPT {
        if let Some(value) = call.parts.headers.get(&name) {
            parts.headers.insert(name, value.clone());
        }
    }
    let key = form.key.clone();
    let address =
        Address { bucket: call.address.bucket.clone(), key: Some(key.clone().into_bytes()), is_control: false };
    let query = Query::default();
    if s3::route(&parts.method, &address, &Head::new(&parts.headers, &query))? != Operation::PutObject {
        return Err(Error::new(Code::InvalidRequest).into());
    }
    let request = Request {
        parts: &parts,
        query: &query,
        address: &address,
        caller: &caller,
        // The limit of the whole gateway was applied while the form was read.
        pace: &pace,
        operation: Operation::PutObject,
        ..**call
    };
    // Reading the fields may have taken long.
    let authorized = Authorized::new(request, call.read().await?)?;
    // A form does not say how long its file is, so a file that does not fit the quota is refused while it is read.
    let room = request.room(authorized.bucket()?, &request.key()?)?;
    let stored = Box::pin(put_object(authorized, form.into_file(length, room))).await?;
    Ok(answer(&request, &success, (bucket.as_str(), &key), stored.headers()))
}

/// Reads everything before the file.
async fn read_form(call: &Granted<'_>, body: Body) -> Result<Form, Failure> {
    if call.caller.account.is_some() {
        let why = "A form is signed in its fields, not in the headers or the query of its request";
        return Err(Error::invalid_argument(why, "Authorization", "").into());
    }
    let head = call.head();
    let declared = Declared { content_length: head.number("content-length")?, ..Declared::default() };
    let mut decoder = Decoder::new(boundary(head.text(CONTENT_TYPE.as_str())?)?);
    let mut body = Payload::new(body, call, &declared)?;
    // The fields take no shared memory: `FIELDS_BYTES_MAX` is less than a connection buffers.
    let mut fields = Fields::default();
    loop {
        match decoder.event()? {
            Some(Event::Field(name, value)) => fields.add(name, value)?,
            Some(Event::File(file)) => {
                let key = fields.key(&file)?;
                s3::address::validate_key(key.as_bytes())?;
                return Ok(Form { body, decoder, fields, key });
            }
            Some(Event::Data(_) | Event::End) => return Err(Error::new(Code::InternalError).into()),
            None => match body.next().await? {
                Some(bytes) => decoder.push(&bytes),
                None => return Err(decoder.unfinished().into()),
            },
        }
    }
}

/// The caller who signed the form, if it is signed.
fn signer(call: &Granted<'_>, fields: &Fields) -> Result<Option<Arc<Credential>>, Failure> {
    let Some(claim) = Claim::of(fields)? else { return Ok(None) };
    let shared = &call.gateway.0;
    let credential = shared.accounts.find(&call.latest(), claim.access_key(), call.now);
    let verified = credential.and_then(|credential| {
        claim.verify(credential.secret.expose(), call.now)?;
        Ok(Some(credential))
    });
    verified.map_err(|failure| shared.limiter.failed(call.client.map(|client| client.counted), failure))
}

/// The caller of the form, and how long its file may be. Everything in its policy is checked.
fn caller(
    call: &Granted<'_>,
    form: &Form,
    bucket: &str,
    signer: Option<&Credential>,
) -> Result<(Caller, LengthRange), Failure> {
    let nobody = Caller::anonymous(PayloadHash::Unsigned);
    let (Some(claim), Some(credential)) = (Claim::of(&form.fields)?, signer) else {
        return Ok((nobody, LengthRange::ANY));
    };
    let policy = PostPolicy::parse(claim.policy())?;
    policy.check(&form.fields, bucket, &form.key, call.now)?;
    let proof = if claim.is_version_two() { Proof::FormVersion2 } else { Proof::Form };
    let caller = Caller {
        account: Some(Arc::clone(&credential.account)),
        known_by: KnownBy::Key(claim.access_key().to_owned()),
        signature_age_ms: claim.signed_at().map(|at| call.now.as_millisecond() - at.as_millisecond()),
        proof,
        ..nobody
    };
    Ok((caller, policy.length()))
}

/// The rest of a form while its file is read.
struct Reading {
    body: Payload,
    decoder: Decoder,
    length: LengthRange,
    /// How many more bytes the bucket may store, and the error beyond that.
    room: Option<(u64, Error)>,
    received: u64,
}

impl Form {
    /// The bytes of the file. A file that is too long or too short ends in an error.
    fn into_file(self, length: LengthRange, room: Option<(u64, Error)>) -> Body {
        let reading = Reading { body: self.body, decoder: self.decoder, length, room, received: 0 };
        Body::from_stream(stream::try_unfold(reading, |mut reading| async move {
            Ok::<_, Error>(reading.next().await?.map(|bytes| (bytes, reading)))
        }))
    }
}

impl Reading {
    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            match self.decoder.event()? {
                Some(Event::Data(bytes)) => {
                    self.received += bytes.len() as u64;
                    if self.received > self.length.max {
                        return Err(Error::entity_too_large(self.received, self.length.max));
                    }
                    if let Some((_, refusal)) = self.room.take_if(|(room, _)| self.received > *room) {
                        return Err(refusal);
                    }
                    return Ok(Some(bytes));
                }
                Some(Event::End) if self.received < self.length.min => {
                    return Err(Error::new(Code::EntityTooSmall)
                        .detail("ProposedSize", self.received.to_string())
                        .detail("MinSizeAllowed", self.length.min.to_string()));
                }
                Some(Event::End) => return Ok(None),
                Some(Event::Field(..) | Event::File(_)) => return Err(Error::new(Code::InternalError)),
                None if self.decoder.is_done() => return Ok(None),
                None => match self.body.next().await? {
                    Some(bytes) => self.decoder.push(&bytes),
                    None => return Err(self.decoder.unfinished()),
                },
            }
        }
    }
}

/// The response that the page asked for.
fn answer(request: &Request<'_>, success: &Success, (bucket, key): (&str, &str), stored: &HeaderMap) -> Response {
    let etag = stored.get(ETAG).and_then(|etag| etag.to_str().ok()).unwrap_or_default().to_owned();
    let path = request.parts.uri.path().trim_end_matches('/');
    let location = format!("{}{path}/{}", request.site(), s3::form::encoded_key(key));
    let mut response = match success {
        Success::NoContent => reply::empty(StatusCode::NO_CONTENT),
        Success::Ok => reply::empty(StatusCode::OK),
        Success::Created => {
            let document = PostResponse { location: &location, bucket, key, etag: etag.trim_matches('"') };
            let mut response = reply::xml(document.to_xml());
            *response.status_mut() = StatusCode::CREATED;
            response
        }
        Success::Redirect(_) => reply::empty(StatusCode::SEE_OTHER),
    };
    let headers = response.headers_mut();
    for (name, value) in stored {
        headers.entry(name).or_insert_with(|| value.clone());
    }
    let location = match success {
        Success::Redirect(address) => Success::location(address, bucket, key.as_bytes(), &etag),
        Success::NoContent | Success::Ok | Success::Created => location,
    };
    // No redirect is sent to a host that no header can carry.
    if let Ok(location) = HeaderValue::from_str(&location) {
        headers.insert(LOCATION, location);
    }
    response
}
