use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use events::ids::{NotaryKey, NotarySignature};
use futures_util::future::BoxFuture;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use tokio::time::timeout;

use crate::{SignError, Signer};

/// How long the program may take for a signature.
const SIGN_TIME_MAX: Duration = Duration::from_secs(20);

/// Bytes of its answer that are read: a signature, and what is around it.
const ANSWER_BYTES_MAX: u64 = 1_024;

/// A program that holds the keys: with a key as its argument and a text on its standard input, it prints the signature in
/// hexadecimal.
#[derive(Debug)]
pub struct Program {
    path: PathBuf,
    keys: Vec<NotaryKey>,
}

impl Program {
    /// A program, and the keys that it signs with, in the order in which they are put in use.
    pub fn new(path: PathBuf, keys: Vec<NotaryKey>) -> Self {
        Self { path, keys }
    }

    async fn ask(&self, key: NotaryKey, statement: &str) -> Result<NotarySignature, String> {
        let mut command = Command::new(&self.path);
        command.arg(key.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.kill_on_drop(true).spawn().map_err(|error| error.to_string())?;
        if let Some(mut input) = child.stdin.take() {
            // A program that knows the answer need not read; it is judged by what it prints.
            if let Err(error) = input.write_all(statement.as_bytes()).await {
                tracing::debug!(%error, "the program that signs did not read the text");
            }
        }
        let mut answer = Vec::new();
        if let Some(output) = child.stdout.take() {
            output.take(ANSWER_BYTES_MAX).read_to_end(&mut answer).await.map_err(|error| error.to_string())?;
        }
        let status = child.wait().await.map_err(|error| error.to_string())?;
        if !status.success() {
            return Err(format!("it ended with {status}"));
        }
        let answer = std::str::from_utf8(&answer).map_err(|_| "its answer is no text")?;
        answer.trim().parse().map_err(|_| "its answer is no signature in hexadecimal".to_owned())
    }
}

impl Signer for Program {
    fn keys(&self) -> &[NotaryKey] {
        &self.keys
    }

    fn sign<'a>(&'a self, key: NotaryKey, statement: &'a str) -> BoxFuture<'a, Result<NotarySignature, SignError>> {
        Box::pin(async move {
            let asked = timeout(SIGN_TIME_MAX, self.ask(key, statement)).await;
            let answer = asked.unwrap_or_else(|_| Err(format!("it did not answer in {} s", SIGN_TIME_MAX.as_secs())));
            answer.map_err(|error| SignError(format!("the program {} did not sign: {error}", self.path.display())))
        })
    }
}
