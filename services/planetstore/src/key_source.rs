//! The sources of keys: a variable, a file that another variable names, or a file of the data folder.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::files;

/// The source of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KeyOrigin {
    /// The environment.
    Environment,
    /// A file.
    File(PathBuf),
}

/// A kind of key that operators distribute.
pub(crate) struct KeySource {
    /// Its name in messages.
    pub(crate) name: &'static str,
    /// The variable with the key.
    pub(crate) variable: &'static str,
    /// The variable with the path of a file that holds it.
    pub(crate) file_variable: &'static str,
}

impl KeySource {
    /// The key from these variables, else from the data folder's `file`, and its source; `None` if there is none.
    pub(crate) fn find<T>(
        &self,
        variable: impl Fn(&str) -> Option<String>,
        file: &Path,
        parse: impl Fn(&str) -> anyhow::Result<T>,
    ) -> anyhow::Result<Option<(T, KeyOrigin)>> {
        let Self { variable: key, file_variable: path, .. } = *self;
        let set = |name| variable(name).filter(|value| !value.is_empty());
        match (set(key), set(path)) {
            (Some(_), Some(_)) => bail!("{key} and {path} are both set: set only one of them"),
            (Some(text), None) => Ok(Some((parse(&text).context(key)?, KeyOrigin::Environment))),
            (None, Some(named)) => {
                let found = self.of_file(Path::new(&named), parse)?;
                Ok(Some(found.with_context(|| format!("there is no file {named} ({path})"))?))
            }
            (None, None) => self.of_file(file, parse),
        }
    }

    /// A file contains only the key, as secret managers mount it, or a line with it, as in environment files.
    fn of_file<T>(
        &self,
        file: &Path,
        parse: impl Fn(&str) -> anyhow::Result<T>,
    ) -> anyhow::Result<Option<(T, KeyOrigin)>> {
        let text = files::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        let Some(text) = text else { return Ok(None) };
        let [named] = files::variables(&text, [self.variable]);
        let key = parse(named.as_deref().unwrap_or(&text));
        let key = key.with_context(|| format!("the {} in {}", self.name, file.display()))?;
        Ok(Some((key, KeyOrigin::File(file.to_owned()))))
    }
}
