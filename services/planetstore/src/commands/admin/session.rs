//! A session of the admin API for one command.

use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use identity::Secret;
use serde::Deserialize;
use serde_json::{Value, json};

use super::arguments::AdminArgs;
use crate::client::{ConsoleArgs, ConsoleClient};
use crate::credentials::{PASSWORD_ENV, RootCredentials, USER_ENV};
use crate::folder::{DataArgs, Paths};

/// Variables with the login of a user other than root.
const LOGIN_USER_ENV: &str = "PLANETSTORE_USER";
const LOGIN_PASSWORD_ENV: &str = "PLANETSTORE_PASSWORD";

/// How often a refused login is retried, and the longest wait for that.
const LOGIN_TRIES_MAX: u32 = 3;
const LOGIN_WAIT_MAX: Duration = Duration::from_secs(10);

/// Entries of a page, and pages of a list: more than anyone reads in a terminal.
const PAGE_ENTRIES: usize = 1_000;
const PAGES_MAX: usize = 1_000;

/// A session that ends with the command.
pub(crate) struct Session {
    client: ConsoleClient,
    token: HeaderValue,
    refresh_token: Secret,
    user: String,
    password: Secret,
}

impl Session {
    /// Finds the store and logs in.
    pub(crate) async fn open(arguments: &AdminArgs) -> anyhow::Result<Self> {
        let AdminArgs { data, url, ca, .. } = arguments;
        let data = DataArgs { data: data.clone() };
        Self::at(&ConsoleArgs { data, url: url.clone(), ca: ca.clone() }).await
    }

    /// The same, for commands that are no part of `planetstore admin`.
    pub(crate) async fn at(console: &ConsoleArgs) -> anyhow::Result<Self> {
        let client = ConsoleClient::find(console)?;
        let (user, password) = login(&Paths::new(&console.data.data))?;
        let document = json!({ "user": user, "password": password.expose() });
        let (status, body) = log_in(&client, &document).await?;
        if status == StatusCode::UNAUTHORIZED {
            bail!(
                "the store at {} does not accept this login: set {LOGIN_USER_ENV} and {LOGIN_PASSWORD_ENV}, \
                 or {USER_ENV} and {PASSWORD_ENV} to those it was started with",
                client.authority()
            );
        }
        let opened = read(status, &body)?;
        let (token, refresh_token) = tokens(&opened)?;
        let user = opened["user"].as_str().context("the store's answer has no user name")?.to_owned();
        Ok(Self { client, token, refresh_token, user, password })
    }

    /// Continues with new tokens.
    pub(crate) async fn renew(&mut self) -> anyhow::Result<()> {
        let shown = json!({ "refresh_token": self.refresh_token.expose() });
        let (status, _, body) =
            self.client.send(Method::POST, "/api/v1/refresh", None, Some(shown.to_string())).await?;
        (self.token, self.refresh_token) = tokens(&read(status, &body)?)?;
        Ok(())
    }

    /// The user who is logged in.
    pub(crate) fn user(&self) -> &str {
        &self.user
    }

    /// The password of the login.
    pub(crate) fn password(&self) -> &str {
        self.password.expose()
    }

    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.ask(Method::GET, path, None).await
    }

    /// All pages of a list.
    pub(crate) async fn list(&self, path: &str, member: &str) -> anyhow::Result<Vec<Value>> {
        let mut entries = Vec::new();
        let mut after = String::new();
        for _ in 0..PAGES_MAX {
            let mut page = self.get(&format!("{path}?limit={PAGE_ENTRIES}&after={after}")).await?;
            match page[member].take() {
                Value::Array(more) => entries.extend(more),
                _ => bail!("the store's answer has no {member}"),
            }
            match page["next"].as_str() {
                Some(next) => after = next.to_owned(),
                None => return Ok(entries),
            }
        }
        bail!("there are more than {} {member}: use the API to read pages of them", PAGES_MAX * PAGE_ENTRIES)
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, document: Option<&Value>) -> anyhow::Result<Value> {
        let body = document.map(ToString::to_string);
        self.send(method, path, body).await
    }

    /// Sends a request whose body is JSON already.
    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<String>) -> anyhow::Result<Value> {
        let (status, _, body) = self.client.send(method, path, Some(&self.token), body).await?;
        read(status, &body)
    }

    /// A document in the bytes that the store wrote, and its headers.
    pub(crate) async fn get_raw(&self, path: &str) -> anyhow::Result<(HeaderMap, Bytes)> {
        let (status, headers, body) = self.client.send(Method::GET, path, Some(&self.token), None).await?;
        if status.is_success() { Ok((headers, body)) } else { Err(refused(status, &body)) }
    }

    /// Lines as they come, until the response ends. Returns the status and the reason of a refusal.
    pub(crate) async fn follow(
        &self,
        path: &str,
        headers: HeaderMap,
        on_line: impl FnMut(&[u8]) -> anyhow::Result<()>,
    ) -> anyhow::Result<Option<(StatusCode, anyhow::Error)>> {
        let answered = self.client.follow(path, &self.token, headers, on_line).await?;
        Ok(answered.map(|(status, body)| (status, refused(status, &body))))
    }

    /// Ends the session. The command has succeeded by then, so an error is only logged.
    pub(crate) async fn close(self) {
        if let Err(error) = self.send(Method::POST, "/api/v1/logout", None).await {
            tracing::debug!(%error, "the session stays open until it expires");
        }
    }
}

/// The tokens of a session: the access token and the refresh token.
fn tokens(session: &Value) -> anyhow::Result<(HeaderValue, Secret)> {
    let token = session["access_token"].as_str().context("the store returned no access token")?;
    let mut token = HeaderValue::try_from(format!("Bearer {token}"))?;
    token.set_sensitive(true);
    let refresh_token = session["refresh_token"].as_str().context("the store returned no refresh token")?;
    Ok((token, Secret::new(refresh_token.to_owned())))
}

/// The login: the user of the variables, else root.
fn login(paths: &Paths) -> anyhow::Result<(String, Secret)> {
    let set = |name| std::env::var(name).ok().filter(|value: &String| !value.is_empty());
    match (set(LOGIN_USER_ENV), set(LOGIN_PASSWORD_ENV)) {
        (Some(user), Some(password)) => return Ok((user, Secret::new(password))),
        (None, None) => {}
        _ => bail!("set both {LOGIN_USER_ENV} and {LOGIN_PASSWORD_ENV}, or neither"),
    }
    let root = RootCredentials::find(&paths.credentials())?.with_context(|| {
        format!("there is no login: set {LOGIN_USER_ENV} and {LOGIN_PASSWORD_ENV}, or {USER_ENV} and {PASSWORD_ENV}")
    })?;
    Ok((root.user, root.password))
}

/// Logs in. If the store limits logins, it waits as long as the store says.
async fn log_in(client: &ConsoleClient, document: &Value) -> anyhow::Result<(StatusCode, Bytes)> {
    let mut tries = 1;
    loop {
        let body = Some(document.to_string());
        let (status, headers, body) = client.send(Method::POST, "/api/v1/login", None, body).await?;
        let wait = retry_after(&headers).filter(|wait| *wait <= LOGIN_WAIT_MAX);
        match wait {
            Some(wait) if tries < LOGIN_TRIES_MAX => tokio::time::sleep(wait).await,
            _ => return Ok((status, body)),
        }
        tries += 1;
    }
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(header::RETRY_AFTER)?.to_str().ok()?.parse().ok().map(Duration::from_secs)
}

/// The document of a response, if any; otherwise its error.
fn read(status: StatusCode, body: &[u8]) -> anyhow::Result<Value> {
    if status == StatusCode::NO_CONTENT {
        return Ok(Value::Null);
    }
    if status.is_success() {
        return serde_json::from_slice(body).context("the store's answer is not JSON");
    }
    Err(refused(status, body))
}

/// The reason of a refusal, in the words of the store.
fn refused(status: StatusCode, body: &[u8]) -> anyhow::Error {
    #[derive(Deserialize)]
    struct Refusal {
        message: String,
    }
    match serde_json::from_slice::<Refusal>(body) {
        Ok(refusal) => anyhow!(refusal.message),
        Err(_) => anyhow!("the store answered {status}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_in_the_words_of_the_store() {
        let refused = read(StatusCode::CONFLICT, br#"{"code":"conflict","message":"it is there already"}"#);
        assert_eq!(refused.unwrap_err().to_string(), "it is there already");
        assert!(read(StatusCode::BAD_GATEWAY, b"<html>").unwrap_err().to_string().contains("502"));
        assert_eq!(read(StatusCode::NO_CONTENT, b"").unwrap(), Value::Null);
        assert_eq!(read(StatusCode::OK, b"{}").unwrap(), json!({}));
    }
}
