//! `planetstore admin api`: an operation of the admin API by its path, for scripts, and for what has no command of its own.

use std::path::Path;

use anyhow::ensure;
use clap::ValueEnum;

use super::session::Session;
use super::{read_document, show};
use crate::table::Output;

/// The longest document that is sent, in bytes. The store's limit is lower, so that the store reports it.
const DOCUMENT_BYTES_MAX: u64 = 1 << 20;

/// Where operations are.
const ROOT: &str = "/api/v1/";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ApiMethod {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

pub(super) async fn run(
    session: &Session,
    method: ApiMethod,
    path: &str,
    document: Option<&Path>,
    output: Output,
) -> anyhow::Result<()> {
    ensure!(path.starts_with(ROOT), "{path:?} is not a path of the API: {ROOT}openapi.json lists all");
    let body = document.map(|file| read_document(file, DOCUMENT_BYTES_MAX)).transpose()?;
    let method = match method {
        ApiMethod::Get => http::Method::GET,
        ApiMethod::Post => http::Method::POST,
        ApiMethod::Put => http::Method::PUT,
        ApiMethod::Patch => http::Method::PATCH,
        ApiMethod::Delete => http::Method::DELETE,
    };
    let answer = session.send(method, path, body).await?;
    if answer.is_null() {
        show::done(output, "done");
        return Ok(());
    }
    show::one(output, &answer)
}
