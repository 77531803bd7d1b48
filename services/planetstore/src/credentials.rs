//! The root credentials: S3 access key and secret key, and the console's login.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use identity::{Credentials, Secret};
use zeroize::Zeroizing;

use crate::files;

/// The variable with the access key.
pub(crate) const USER_ENV: &str = "PLANETSTORE_ROOT_USER";

/// The variable with the secret key.
pub(crate) const PASSWORD_ENV: &str = "PLANETSTORE_ROOT_PASSWORD";

/// The variable with the path of a file that holds both, in lines of `NAME=value`.
pub(crate) const FILE_ENV: &str = "PLANETSTORE_ROOT_CREDENTIALS_FILE";

/// Shortest access key, in characters.
const USER_CHARS_MIN: usize = 3;

/// Shortest secret key, in characters.
const PASSWORD_CHARS_MIN: usize = 8;

/// Longest of both, in characters.
const CHARS_MAX: usize = 128;

/// Bytes of randomness in a generated access key.
const USER_RANDOM_BYTES: usize = 9;

/// Bytes of randomness in a generated secret key.
const PASSWORD_RANDOM_BYTES: usize = 20;

/// The credentials of root, who may do everything. Never printed by `Debug`, never logged.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct RootCredentials {
    pub(crate) user: String,
    pub(crate) password: Secret,
    pub(crate) origin: Origin,
}

/// Where credentials come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The variables.
    Environment,
    /// The file of the data folder.
    File(PathBuf),
    /// A file that the environment names: somebody else manages this secret.
    Named(PathBuf),
}

impl fmt::Debug for RootCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RootCredentials").field("origin", &self.origin).finish_non_exhaustive()
    }
}

impl RootCredentials {
    /// Returns the credentials of the environment or of the file that it names, else those of the data folder's file;
    /// `None` if there are none.
    pub(crate) fn find(file: &Path) -> anyhow::Result<Option<Self>> {
        Self::find_among(|name| std::env::var(name).ok(), file)
    }

    fn find_among(variable: impl Fn(&str) -> Option<String>, file: &Path) -> anyhow::Result<Option<Self>> {
        let named = variable(FILE_ENV).filter(|path| !path.is_empty());
        match (Self::of_environment(variable)?, named) {
            (Some(_), Some(_)) => bail!("{FILE_ENV} is set, and {USER_ENV} too: set one of them"),
            (Some(credentials), None) => Ok(Some(credentials)),
            (None, Some(path)) => {
                let found = Self::of_file(Path::new(&path))?;
                let found = found.with_context(|| format!("there is no file {path} ({FILE_ENV})"))?;
                Ok(Some(Self { origin: Origin::Named(path.into()), ..found }))
            }
            (None, None) => Self::of_file(file),
        }
    }

    /// Returns those that [`find`](Self::find) finds, or generates credentials and stores them in the file.
    pub(crate) fn find_or_make(file: &Path) -> anyhow::Result<Self> {
        if let Some(credentials) = Self::find(file)? {
            return Ok(credentials);
        }
        let made = Self::generate(file).context("cannot make credentials")?;
        let text = format!(
            "# Access key and secret key of the root user. They give full access to the store.\n\
             {USER_ENV}={}\n{PASSWORD_ENV}={}\n",
            made.user,
            made.password.expose()
        );
        files::write_private(file, Zeroizing::new(text).as_bytes())
            .with_context(|| format!("cannot write {}", file.display()))?;
        Ok(made)
    }

    fn of_environment(variable: impl Fn(&str) -> Option<String>) -> anyhow::Result<Option<Self>> {
        let set = |name| variable(name).filter(|value| !value.is_empty());
        match (set(USER_ENV), set(PASSWORD_ENV)) {
            (None, None) => Ok(None),
            (Some(user), Some(password)) => Self::checked(user, password, Origin::Environment).map(Some),
            (Some(_), None) => bail!("{USER_ENV} is set but {PASSWORD_ENV} is not: set both or neither"),
            (None, Some(_)) => bail!("{PASSWORD_ENV} is set but {USER_ENV} is not: set both or neither"),
        }
    }

    fn of_file(file: &Path) -> anyhow::Result<Option<Self>> {
        let text = files::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        let Some(text) = text else { return Ok(None) };
        let [Some(user), Some(password)] = files::variables(&text, [USER_ENV, PASSWORD_ENV]) else {
            bail!("{} lacks {USER_ENV} or {PASSWORD_ENV}: put both there, or remove the file", file.display());
        };
        let checked = Self::checked(user, password, Origin::File(file.into()));
        checked.map(Some).with_context(|| format!("the credentials in {}", file.display()))
    }

    fn generate(file: &Path) -> anyhow::Result<Self> {
        let mut random = Zeroizing::new([0; USER_RANDOM_BYTES + PASSWORD_RANDOM_BYTES]);
        getrandom::fill(&mut *random).context("the system provides no randomness")?;
        let (user, password) = random.split_at(USER_RANDOM_BYTES);
        let user = format!("PS{}", hex::encode_upper(user));
        Ok(Self { user, password: Secret::new(hex::encode(password)), origin: Origin::File(file.into()) })
    }

    fn checked(user: String, password: String, origin: Origin) -> anyhow::Result<Self> {
        let password = Secret::new(password);
        check(USER_ENV, &user, USER_CHARS_MIN)?;
        check(PASSWORD_ENV, password.expose(), PASSWORD_CHARS_MIN)?;
        // These characters would break the credential scope of a signature and the login of the console.
        if let Some(wrong) = user.chars().find(|c| "/,=:".contains(*c)) {
            bail!("{USER_ENV} must not contain {wrong:?}");
        }
        Ok(Self { user, password, origin })
    }

    /// As gateways and the console know them.
    pub(crate) fn credentials(&self) -> Credentials {
        Credentials { access_key: self.user.clone(), secret_key: self.password.clone() }
    }
}

/// The message does not repeat the value, which may be half of a secret.
fn check(name: &str, value: &str, chars_min: usize) -> anyhow::Result<()> {
    if !(chars_min..=CHARS_MAX).contains(&value.len()) {
        bail!("{name} has {} characters; it needs {chars_min} to {CHARS_MAX}", value.len());
    }
    if !value.bytes().all(|byte| byte.is_ascii_graphic()) {
        bail!("{name} may contain only letters, digits and other printable ASCII characters, no spaces");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(user: &str, password: &str) -> anyhow::Result<Option<RootCredentials>> {
        RootCredentials::of_environment(|name| Some(if name == USER_ENV { user } else { password }.to_owned()))
    }

    #[test]
    fn credentials_are_made_once_and_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("credentials");
        assert!(RootCredentials::of_file(&file).unwrap().is_none());
        let made = RootCredentials::find_or_make(&file).unwrap();
        assert_eq!((made.user.len(), made.password.expose().len()), (20, 40));
        assert_eq!(RootCredentials::of_file(&file).unwrap(), Some(made.clone()));
        assert_ne!(RootCredentials::generate(&file).unwrap().password, made.password);
        assert!(!format!("{made:?}").contains(made.password.expose()));
    }

    #[test]
    fn the_environment_is_checked_and_its_values_are_not_repeated() {
        assert!(of("", "").unwrap().is_none());
        assert_eq!(of("root", "long enough".replace(' ', "-").as_str()).unwrap().unwrap().origin, Origin::Environment);
        for (user, password, says) in [
            ("root", "", "set both or neither"),
            ("", "password", "set both or neither"),
            ("ro", "password", "USER has 2 characters; it needs 3 to 128"),
            ("root", "passwor", "PASSWORD has 7 characters; it needs 8 to 128"),
            ("root", "pass word", "no spaces"),
            ("ro/ot", "password", "must not contain"),
        ] {
            let error = of(user, password).unwrap_err().to_string();
            assert!(error.contains(says) && !error.contains("pass"), "{error}");
        }
    }

    #[test]
    fn a_file_that_the_environment_names_holds_both_and_is_the_only_place() {
        let folder = tempfile::tempdir().unwrap();
        let (file, absent) = (folder.path().join("root"), folder.path().join("absent"));
        std::fs::write(&file, format!("{USER_ENV}=root\n{PASSWORD_ENV}=password\n")).unwrap();
        let find = |named: &Path, user: Option<&str>| {
            let variable = |name: &str| match name {
                FILE_ENV => Some(named.to_str().unwrap().to_owned()),
                _ => user.map(str::to_owned),
            };
            RootCredentials::find_among(variable, &absent)
        };
        let found = find(&file, None).unwrap().unwrap();
        assert!(found.credentials().accept(b"root", b"password") && found.origin == Origin::Named(file.clone()));
        assert!(find(&file, Some("root-user")).unwrap_err().to_string().contains("set one of them"));
        assert!(find(&absent, None).unwrap_err().to_string().contains("there is no file"));
    }
}
