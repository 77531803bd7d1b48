use std::fs::File;
use std::io::{BufWriter, Write};

use anyhow::Context;
use http::HeaderMap;

use super::arguments::ExportArgs;
use crate::commands::admin::session::Session;

/// Writes a range of the log. Its last line says that it is whole.
pub(super) async fn export(arguments: &ExportArgs) -> anyhow::Result<()> {
    let session = Session::at(&arguments.console).await?;
    let path = arguments.range.path();
    match &arguments.file {
        Some(name) => {
            let context = || format!("cannot write {}", name.display());
            let mut out = BufWriter::new(File::create(name).with_context(context)?);
            copy(&session, &path, &mut out).await?;
            let file = out.into_inner().map_err(std::io::IntoInnerError::into_error).with_context(context)?;
            file.sync_all().with_context(context)?;
        }
        None => copy(&session, &path, &mut BufWriter::new(std::io::stdout())).await?,
    }
    session.close().await;
    Ok(())
}

async fn copy(session: &Session, path: &str, out: &mut impl Write) -> anyhow::Result<()> {
    let refused = session.follow(path, HeaderMap::new(), |line| Ok(out.write_all(line)?)).await?;
    out.flush()?;
    refused.map_or(Ok(()), |(_, why)| Err(why))
}
