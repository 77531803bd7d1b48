//! The sources of secrets for commands: stdin, a variable or the system's randomness, never the command line.

use std::io::BufRead;

use anyhow::{Context, bail};

use super::arguments::PasswordArgs;

/// The variable with a new password.
const NEW_PASSWORD_ENV: &str = "PLANETSTORE_NEW_PASSWORD";

/// Random bytes of a generated password.
const PASSWORD_RANDOM_BYTES: usize = 15;

/// A password for a user.
pub(super) struct NewPassword {
    pub(super) text: String,
    /// It was generated here and has not been shown yet.
    pub(super) is_generated: bool,
}

impl NewPassword {
    /// The password from the arguments, stdin or the environment; `None` if there is none.
    pub(super) fn find(arguments: PasswordArgs) -> anyhow::Result<Option<Self>> {
        let PasswordArgs { password_stdin, generate_password } = arguments;
        if password_stdin {
            return Ok(Some(Self { text: first_line(std::io::stdin().lock())?, is_generated: false }));
        }
        if generate_password {
            return Ok(Some(Self { text: generate()?, is_generated: true }));
        }
        let of_environment = std::env::var(NEW_PASSWORD_ENV).ok().filter(|text| !text.is_empty());
        Ok(of_environment.map(|text| Self { text, is_generated: false }))
    }

    /// Like [`find`](Self::find), but the password is required.
    pub(super) fn need(arguments: PasswordArgs) -> anyhow::Result<Self> {
        Self::find(arguments)?.with_context(|| {
            format!("there is no password: pass --password-stdin or --generate-password, or set {NEW_PASSWORD_ENV}")
        })
    }
}

/// The secret key of an imported key.
pub(super) fn secret_of_stdin() -> anyhow::Result<String> {
    first_line(std::io::stdin().lock())
}

fn first_line(mut input: impl BufRead) -> anyhow::Result<String> {
    let mut line = String::new();
    input.read_line(&mut line).context("cannot read stdin")?;
    let line = line.trim_end_matches(['\r', '\n']);
    if line.is_empty() {
        bail!("the first line of stdin is empty");
    }
    Ok(line.to_owned())
}

fn generate() -> anyhow::Result<String> {
    let mut random = [0; PASSWORD_RANDOM_BYTES];
    getrandom::fill(&mut random).context("the system provides no randomness")?;
    Ok(base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, random))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_the_secret_blanks_and_all() {
        assert_eq!(first_line(&b" pass word \r\nmore"[..]).unwrap(), " pass word ");
        assert_eq!(first_line(&b"no-newline"[..]).unwrap(), "no-newline");
        for empty in [&b""[..], b"\n", b"\r\n"] {
            assert!(first_line(empty).is_err());
        }
        let (one, two) = (generate().unwrap(), generate().unwrap());
        assert!(one != two && one.len() == 20);
    }
}
