//! S3 keys.

use domain::{Identities, IdentityCommand};
use events::ids::{AccessKeyId, UserName};
use identity::{AccessKey, Secret, key_context};
use ledger::Snapshot;

use super::access::Caller;
use super::answer::Answer;
use super::answering::USER;
use super::asked::Asked;
use super::refusal::Refusal;
use super::shape::{Key, KeyChange, Keys, MadeKey, NewKey};
use super::users;

/// The path parameter that names a key.
const KEY: &str = "key";

/// Shortest and longest secret that is brought from elsewhere, in characters.
const SECRET_CHARS_MIN: usize = 8;
const SECRET_CHARS_MAX: usize = 128;

pub(super) async fn list(asked: Asked, _: Caller) -> Result<Answer, Refusal> {
    let user: UserName = asked.name(USER)?;
    let page = asked.page::<AccessKeyId>()?;
    let snapshot = asked.read().await?;
    users::find(&snapshot, &user)?;
    let mut rows = Vec::new();
    for id in snapshot.keys_of(&user, page.after.as_ref(), page.limit + 1)? {
        rows.extend(snapshot.key(&id)?.map(|row| (id, row)));
    }
    let next = page.cut(&mut rows);
    let keys = rows.into_iter().map(|(id, row)| Key::new(id, row)).collect();
    Answer::of(&Keys { keys, next })
}

pub(super) async fn create(mut asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let user: UserName = asked.name(USER)?;
    let NewKey { access_key, secret_key, expires } = asked.json().await?;
    let (access_key, secret) = match (access_key, secret_key) {
        (None, None) => generate(&asked)?,
        (Some(access_key), Some(secret)) if caller.is_admin() => {
            check_secret(&secret)?;
            (access_key, secret)
        }
        (Some(_), Some(_)) => return Err(Refusal::forbidden("only admins may bring keys from elsewhere")),
        _ => return Err(Refusal::invalid("bring both halves of a key, `access_key` and `secret_key`, or none")),
    };
    if access_key.as_str() == asked.admin.0.root.access_key {
        return Err(Refusal::conflict("this is root's access key"));
    }
    let sealed = asked.admin.seal(&secret, &key_context(access_key.as_str()))?;
    let command =
        IdentityCommand::CreateKey { user: user.clone(), access_key: access_key.clone(), secret: sealed, expires };
    let committed = asked.change(&caller, command).await?;
    let made = MadeKey { access_key, secret_key: secret.expose().to_owned(), user, expires };
    Answer::created(&made, committed.sequence)
}

pub(super) async fn change(mut asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let (user, access_key): (UserName, AccessKeyId) = (asked.name(USER)?, asked.name(KEY)?);
    let KeyChange { enabled, expires } = asked.json().await?;
    // Whoever switches off a key of somebody else does so for good, as far as that one is concerned.
    let by_admin = caller.is_admin() || user != caller.name;
    let command =
        IdentityCommand::ChangeKey { user: user.clone(), access_key: access_key.clone(), enabled, expires, by_admin };
    let committed = asked.change(&caller, command).await?;
    Answer::changed(&find(&*asked.read().await?, &user, &access_key)?, committed.sequence)
}

pub(super) async fn delete(asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let command = IdentityCommand::DeleteKey { user: asked.name(USER)?, access_key: asked.name(KEY)? };
    Ok(Answer::done(asked.change(&caller, command).await?.sequence))
}

fn find(snapshot: &Snapshot, user: &UserName, id: &AccessKeyId) -> Result<Key, Refusal> {
    let row = snapshot.key(id)?.filter(|row| row.user == *user);
    let row = row.ok_or_else(|| Refusal::not_found("the user has no such access key"))?;
    Ok(Key::new(id.clone(), row))
}

fn generate(asked: &Asked) -> Result<(AccessKeyId, Secret), Refusal> {
    let AccessKey { id, secret } = AccessKey::generate(asked.admin.random()?);
    let id = id.parse().map_err(|error| {
        tracing::error!(%error, "a generated access key is invalid");
        Refusal::internal()
    })?;
    Ok((id, secret))
}

fn check_secret(secret: &Secret) -> Result<(), Refusal> {
    let secret = secret.expose();
    let fits = (SECRET_CHARS_MIN..=SECRET_CHARS_MAX).contains(&secret.len());
    if fits && secret.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    let message = format!(
        "`secret_key` has {SECRET_CHARS_MIN} to {SECRET_CHARS_MAX} letters, digits and signs of ASCII, no blanks"
    );
    Err(Refusal::invalid(message))
}
