//! Which store the commands about objects are for, and as whom.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use identity::Secret;
use serde::{Deserialize, Serialize};
use tokio_rustls::TlsConnector;
use zeroize::Zeroizing;

use super::S3Client;
use super::connections::Connections;
use crate::client::ConsoleArgs;
use crate::credentials::{PASSWORD_ENV, RootCredentials, USER_ENV};
use crate::folder::Paths;
use crate::run_file::RunFile;
use crate::{banner, files, trust};

/// Variables with the key of a user, as other clients of S3 read them.
const ACCESS_KEY_ENV: &str = "AWS_ACCESS_KEY_ID";
const SECRET_KEY_ENV: &str = "AWS_SECRET_ACCESS_KEY";

/// The folder of a store that was started here without saying where.
pub(crate) const USUAL_FOLDER: &str = "./planetstore-data";

/// The region of a store that says nothing else.
const USUAL_REGION: &str = "us-east-1";

/// A store, by a context, an address or the folder of one that runs here.
#[derive(Debug, Clone, Args)]
pub(crate) struct TargetArgs {
    /// Context with the store and the key to use [default: the current one, unless a data folder is given]
    #[arg(long, env = "PLANETSTORE_CONTEXT", value_name = "NAME")]
    pub(crate) context: Option<String>,
    /// Data folder of a store that runs here; the key is then root's [default: `./planetstore-data`, without contexts]
    #[arg(long, env = "PLANETSTORE_DATA", value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// S3 URL of the store; the key is then that of `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`
    #[arg(long, env = "PLANETSTORE_ENDPOINT", value_name = "URL")]
    pub(crate) endpoint: Option<String>,
    /// PEM file of the certificate authorities to trust [default: the certificate of a store on this machine]
    #[arg(long, env = "PLANETSTORE_CA", value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
}

/// A store and a key, by a name.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Context {
    /// The URL of S3.
    pub(crate) endpoint: String,
    /// The URL of the console, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) console: Option<String>,
    pub(crate) access_key: String,
    pub(crate) secret_key: String,
    pub(crate) region: String,
    /// A file with the authorities to trust.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ca: Option<PathBuf>,
}

/// All contexts of a person, in a file that nobody else may read.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Contexts {
    /// The one in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) current: Option<String>,
    #[serde(default)]
    pub(crate) contexts: BTreeMap<String, Context>,
}

impl Contexts {
    /// Where they are kept.
    fn file() -> Option<PathBuf> {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let config = || set("XDG_CONFIG_HOME").or_else(|| set("HOME").map(|home| home.join(".config")));
        set("PLANETSTORE_CONTEXTS_FILE").or_else(|| config().map(|config| config.join("planetstore/contexts.json")))
    }

    /// All of them; none for a process without a home.
    pub(crate) fn read() -> anyhow::Result<Self> {
        let Some(path) = Self::file() else { return Ok(Self::default()) };
        let text = files::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let parse = |text: Zeroizing<String>| serde_json::from_str(&text);
        let read = text.map(parse).transpose().with_context(|| format!("{} is damaged", path.display()))?;
        Ok(read.unwrap_or_default())
    }

    pub(crate) fn write(&self) -> anyhow::Result<()> {
        let path = Self::file().context("there is no home folder: set HOME, or PLANETSTORE_CONTEXTS_FILE")?;
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        }
        let text = Zeroizing::new(serde_json::to_vec_pretty(self).context("cannot write the contexts")?);
        files::write_private(&path, &text).with_context(|| format!("cannot write {}", path.display()))
    }

    /// The context of a name, or the one in use.
    pub(crate) fn find(&self, name: Option<&str>) -> anyhow::Result<Option<&Context>> {
        let Some(name) = name.or(self.current.as_deref()) else { return Ok(None) };
        let found = self.contexts.get(name);
        found.map(Some).with_context(|| format!("there is no context {name:?}: `planetstore context list` shows all"))
    }
}

impl TargetArgs {
    /// The store of a context.
    pub(crate) fn of_context(name: &str) -> Self {
        Self { context: Some(name.to_owned()), data: None, endpoint: None, ca: None }
    }

    /// A client of the store.
    pub(crate) fn client(&self) -> anyhow::Result<S3Client> {
        if let Some(endpoint) = &self.endpoint {
            let set = |name| std::env::var(name).ok().filter(|value: &String| !value.is_empty());
            let (Some(access_key), Some(secret_key)) = (set(ACCESS_KEY_ENV), set(SECRET_KEY_ENV)) else {
                bail!("set {ACCESS_KEY_ENV} and {SECRET_KEY_ENV} to the key for {endpoint}, or use a context");
            };
            let region = set("AWS_REGION").or_else(|| set("AWS_DEFAULT_REGION")).unwrap_or_else(|| USUAL_REGION.into());
            let key = (access_key, Secret::new(secret_key));
            return client(endpoint, key, region, self.ca.as_deref(), self.own_certificate().as_deref());
        }
        if self.context.is_none() && self.data.is_some() {
            return self.running();
        }
        match Contexts::read()?.find(self.context.as_deref())? {
            Some(context) => {
                let key = (context.access_key.clone(), Secret::new(context.secret_key.clone()));
                let ca = self.ca.as_deref().or(context.ca.as_deref());
                client(&context.endpoint, key, context.region.clone(), ca, None)
            }
            None => self.running(),
        }
    }

    /// The store that uses the data folder.
    fn running(&self) -> anyhow::Result<S3Client> {
        let paths = Paths::new(self.folder());
        let run = RunFile::read(&paths.run_file())?.with_context(|| {
            format!(
                "no store runs on {}, and there is no context: start it, give its folder with --data, or make a context \
                 with `planetstore context set`",
                paths.folder().display()
            )
        })?;
        let root = RootCredentials::find(&paths.credentials())?
            .with_context(|| format!("there is no key: set {USER_ENV} and {PASSWORD_ENV}"))?;
        let region = paths.region()?.map_or_else(|| USUAL_REGION.to_owned(), |region| region.to_string());
        let url = banner::url(run.s3, run.tls.is_some());
        client(&url, (root.user, root.password), region, self.ca.as_deref(), run.tls.as_deref())
    }

    fn folder(&self) -> &Path {
        self.data.as_deref().unwrap_or_else(|| Path::new(USUAL_FOLDER))
    }

    fn own_certificate(&self) -> Option<PathBuf> {
        let own = Paths::new(self.folder()).own_certificate();
        own.is_file().then_some(own)
    }
}

/// The S3 endpoint of a store whose console is known.
pub(crate) struct Endpoint {
    url: String,
    region: String,
    connector: Option<TlsConnector>,
}

impl Endpoint {
    /// The endpoint that a console named, which has the same certificate.
    pub(crate) fn of_console(url: &str, region: String, console: &ConsoleArgs) -> anyhow::Result<Self> {
        let own = Paths::new(&console.data.data).own_certificate();
        let own = own.is_file().then_some(own);
        Ok(Self { url: url.to_owned(), region, connector: connector(url, console.ca.as_deref(), own.as_deref())? })
    }

    /// A client of it with somebody's key.
    pub(crate) fn client(&self, access_key: String, secret_key: Secret) -> anyhow::Result<S3Client> {
        let connections = Connections::to(&self.url, self.connector.clone())?;
        Ok(S3Client { connections, access_key, secret_key, region: self.region.clone() })
    }
}

fn client(
    url: &str,
    (access_key, secret_key): (String, Secret),
    region: String,
    ca: Option<&Path>,
    own: Option<&Path>,
) -> anyhow::Result<S3Client> {
    let connections = Connections::to(url, connector(url, ca, own)?)?;
    Ok(S3Client { connections, access_key, secret_key, region })
}

/// The certificates to trust: the given authorities, else the certificate of the store on this machine, else those that
/// the system trusts.
fn connector(url: &str, ca: Option<&Path>, own: Option<&Path>) -> anyhow::Result<Option<TlsConnector>> {
    match (ca, own) {
        (Some(file), _) => trust::authorities(file).map(Some),
        (None, Some(file)) => trust::only(file).map(Some),
        (None, None) if url.starts_with("https:") => Ok(Some(trust::everybody(None)?.into())),
        (None, None) => Ok(None),
    }
}
