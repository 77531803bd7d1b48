//! Changes of users, keys, groups and policies that were made in another region of the same operator (ADR 57):
//! `POST /?replicate`. Their secrets come in clear, within TLS, and are sealed with this region's master key at once.

use axum::body::Body;
use axum::response::Response;
use domain::{Command, Identities, Rejection, TakeChange, View};
use events::identity::{Change, Sent, User};
use events::ids::Sealed;
use events::replica::NotAChange;
use identity::{NONCE_BYTES, Sealer, Sealers, Secret, key_context, password_context};
use ledger::CommitError;
use policy::IDENTITY_POLICY_BYTES_MAX;
use s3::sigv4::PayloadHash;
use s3::{Code, Error};

use crate::access::Proof;
use crate::authorization::{Authorized, Granted, Uncommitted};
use crate::encryption::random;
use crate::failure::{Failure, commit_failure};
use crate::payload::{Sums, read_document};

/// The longest hash of a password, in bytes.
const PASSWORD_BYTES_MAX: usize = 512;

/// The longest secret key, in bytes.
const SECRET_KEY_BYTES_MAX: usize = 128;

/// The longest display name and e-mail address, in bytes.
const TEXT_BYTES_MAX: usize = 256;

/// The facts that a change can need: a user may be new, and have other properties and another password.
const FACTS_OF_A_USER: usize = 3;

pub(in crate::verb) async fn put_identities(call: Granted<'_>, body: Body) -> Result<Response, Failure> {
    check_body_signed(&call)?;
    let sent = {
        let document = read_document(body, &call, Sums::OfDocument).await?;
        Sent::<Secret>::decode(&document).map_err(|error| unread(&error))?
    };
    for change in sent.changes {
        check(&change)?;
        check_key(&change, &call.gateway.0.options.credentials.access_key)?;
        let facts = if matches!(change, Change::User(_)) { FACTS_OF_A_USER } else { 1 };
        for _ in 0..facts {
            commit(&call, &change).await?;
        }
    }
    Ok(Response::new(Body::empty()))
}

/// Whoever sees a presigned URL, or a signed head of a request, could else send users of their own with it.
fn check_body_signed(call: &Granted<'_>) -> Result<(), Error> {
    call.check_signed("replicate")?;
    if call.caller.proof == Proof::Headers && matches!(call.caller.payload, PayloadHash::Signed(_)) {
        return Ok(());
    }
    Err(Error::access_denied("Users and keys are sent in a body that is signed by the headers of its request."))
}

/// A form that only a later release knows waits at its source for this region's upgrade.
fn unread(error: &NotAChange) -> Error {
    let code = match error {
        NotAChange::Form { .. } => Code::NotImplemented,
        _ => Code::InvalidRequest,
    };
    Error::with_message(code, error.to_string())
}

/// Whether a change has what a change by the admin API could have.
fn check(change: &Change<Secret>) -> Result<(), Error> {
    let is_text = |text: &str| text.len() <= TEXT_BYTES_MAX && !text.chars().any(char::is_control);
    let is_valid = match change {
        Change::User(user) => {
            is_text(&user.display_name)
                && user.email.as_deref().is_none_or(is_text)
                && user.password.as_ref().is_none_or(|password| is_secret(password, PASSWORD_BYTES_MAX))
        }
        Change::Key(key) => key.state.as_ref().is_none_or(|state| is_secret(&state.secret, SECRET_KEY_BYTES_MAX)),
        // One that only a later release can read is taken all the same: it denies everything until then, and without it those
        // who have it could do more than they may.
        Change::Policy { document, .. } => document.len() <= IDENTITY_POLICY_BYTES_MAX,
        _ => true,
    };
    if is_valid { Ok(()) } else { Err(Error::invalid_request("A change has values that are not possible here.")) }
}

/// Root's key is no key of a user.
fn check_key(change: &Change<Secret>, of_root: &str) -> Result<(), Error> {
    match change {
        Change::Key(key) if key.access_key.as_str() == of_root => {
            let message = format!("{}: this is the access key of root here.", about(change));
            Err(Error::with_message(Code::IdentityReplicaRefused, message))
        }
        _ => Ok(()),
    }
}

fn is_secret(secret: &Secret, bytes_max: usize) -> bool {
    !secret.expose().is_empty() && secret.expose().len() <= bytes_max
}

async fn commit(call: &Granted<'_>, change: &Change<Secret>) -> Result<(), Failure> {
    match call.try_commit_as(|call| command(call, change.clone())).await {
        Ok(_) => Ok(()),
        Err(Uncommitted::Refused(failure)) => Err(failure),
        Err(Uncommitted::Commit(CommitError::Rejected(Rejection::Identity(rejection)))) if is_final(&rejection) => {
            Err(Error::with_message(Code::IdentityReplicaRefused, format!("{}: {rejection}.", about(change))).into())
        }
        // It waits at its source until the clocks agree.
        Err(Uncommitted::Commit(CommitError::Rejected(rejection @ Rejection::ReplicaAhead))) => {
            Err(Error::with_message(Code::RequestTimeTooSkewed, format!("{}: {rejection}", about(change))).into())
        }
        Err(Uncommitted::Commit(error)) => Err(commit_failure(&error, call.about()).into()),
    }
}

/// Whether sending the change once more would not help.
fn is_final(rejection: &domain::IdentityRejection) -> bool {
    *rejection != domain::IdentityRejection::OtherMasterKey
}

/// What a change is about, for people.
fn about(change: &Change<Secret>) -> String {
    match change {
        Change::User(user) => format!("user {}", user.user),
        Change::UserDeleted { user, .. } => format!("user {user}"),
        Change::Key(key) => format!("key {} of user {}", key.access_key, key.user),
        Change::Group { group, .. } | Change::GroupDeleted { group, .. } => format!("group {group}"),
        Change::Member { group, user, .. } => format!("user {user} in group {group}"),
        Change::Policy { policy, .. } | Change::PolicyDeleted { policy, .. } => format!("policy {policy}"),
        Change::Attachment { policy, .. } => format!("attachment of policy {policy}"),
    }
}

/// The command for a change, with its secrets sealed in the present state.
fn command(call: &Authorized<'_>, mut change: Change<Secret>) -> Result<Command, Failure> {
    let snapshot = call.latest();
    if let Change::User(user) = &mut change {
        let User { user: name, id, .. } = &mut **user;
        // A user of that name who is here keeps their canonical id, for which the password is sealed.
        if let Some(row) = snapshot.user(name)? {
            *id = row.id;
        }
    }
    let number = snapshot.totals()?.keys.master_number();
    let sealer = call.gateway.0.options.sealers.of(number).ok_or_else(|| {
        tracing::error!(number, "this gateway does not have the master key in use");
        Error::new(Code::InternalError)
    })?;
    let (of_password, of_key): ([u8; NONCE_BYTES], [u8; NONCE_BYTES]) = (random(call)?, random(call)?);
    let known = match &change {
        Change::Key(key) => snapshot.key(&key.access_key)?.map(|row| row.secret),
        _ => None,
    };
    let sealers = &call.gateway.0.options.sealers;
    let change = change.with_secrets(
        |id, secret| sealed(sealer, &secret, &password_context(id.as_str()), of_password),
        |key, secret| {
            let context = key_context(key.as_str());
            match known.filter(|known| holds(sealers, known, &context, &secret)) {
                Some(known) => Ok(known),
                None => sealed(sealer, &secret, &context, of_key),
            }
        },
    )?;
    Ok(TakeChange { here: call.gateway.0.options.region.clone(), change }.into())
}

/// Whether what is sealed here is this secret. Then it stays as it is sealed, by which the rules know that it is the same.
fn holds(sealers: &Sealers, known: &Sealed, context: &str, secret: &Secret) -> bool {
    // One that cannot be opened is of no use, and the secret that came takes its place.
    sealers.unseal(known.as_str(), context).is_ok_and(|known| known == *secret)
}

fn sealed(sealer: &Sealer, secret: &Secret, context: &str, nonce: [u8; NONCE_BYTES]) -> Result<Sealed, Error> {
    let sealed = sealer.seal(secret.expose(), context, nonce).ok().and_then(|sealed| sealed.parse().ok());
    sealed.ok_or_else(|| {
        tracing::error!("a secret cannot be sealed");
        Error::new(Code::InternalError)
    })
}
