use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{InconsistentKeys, ServerConfig};

/// The longest file of certificates or keys, in bytes.
const PEM_BYTES_MAX: u64 = 1 << 20;

/// The only protocol inside TLS.
///
/// Source: RFC 7301, section 6.
const ALPN: &[u8] = b"http/1.1";

/// A certificate with its chain, and its key, in PEM files that may be replaced at any time.
#[derive(Debug)]
pub struct Certificates {
    files: Files,
    shown: Arc<Shown>,
    /// The state of the files from which the current certificate was read.
    seen: Mutex<Stamps>,
    config: Arc<ServerConfig>,
}

#[derive(Debug)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

/// The certificate that clients get.
#[derive(Debug)]
struct Shown(ArcSwap<CertifiedKey>);

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read. Check its path and permissions.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error.
        source: io::Error,
    },
    /// The file is too long for a certificate or key. It is probably the wrong file.
    #[error("{} is longer than {PEM_BYTES_MAX} bytes", .0.display())]
    TooLong(PathBuf),
    /// The file has no certificate, or a damaged one. It must be PEM, the server's own certificate first.
    #[error("{} contains no PEM certificate", .0.display())]
    NoCertificate(PathBuf),
    /// The file has no private key, or a damaged one. It must be PEM, and not encrypted.
    #[error("{} contains no PEM private key", .0.display())]
    NoKey(PathBuf),
    /// The key is that of another certificate. If both are being replaced, the second one is still to come.
    #[error("the key in {} does not match the certificate in {}", key.display(), certificate.display())]
    Mismatch {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
    /// The certificate or the key is of a kind that cannot be used.
    #[error("the certificate or its key cannot be used")]
    Unusable(#[from] rustls::Error),
}

/// Shows whether a file was replaced: its modification time, length and inode.
type Stamp = (i64, i64, u64, u64);

/// The stamps of both files.
type Stamps = [Stamp; 2];

impl Certificates {
    /// Reads both files. They are read again only by [`reload`](Self::reload).
    ///
    /// # Errors
    /// If they contain no certificate with its key.
    pub fn load(certificate: PathBuf, key: PathBuf) -> Result<Self, CertificateError> {
        let files = Files { certificate, key };
        let provider = Arc::new(aws_lc_rs::default_provider());
        let seen = files.stamps()?;
        let shown = Arc::new(Shown(ArcSwap::from_pointee(files.read(&provider)?)));
        let config = ServerConfig::builder_with_provider(provider).with_protocol_versions(&[&TLS13, &TLS12])?;
        let resolver: Arc<dyn ResolvesServerCert> = Arc::<Shown>::clone(&shown);
        let mut config = config.with_no_client_auth().with_cert_resolver(resolver);
        config.alpn_protocols = vec![ALPN.to_vec()];
        Ok(Self { files, shown, seen: Mutex::new(seen), config: Arc::new(config) })
    }

    /// Reads the files again if they were replaced since they were last read successfully. Returns true if there is a
    /// new certificate, which new connections get. Blocks while it reads.
    ///
    /// # Errors
    /// As [`load`](Self::load); the current certificate stays in use.
    pub fn reload(&self) -> Result<bool, CertificateError> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let found = self.files.stamps()?;
        if found == *seen {
            return Ok(false);
        }
        self.shown.0.store(Arc::new(self.files.read(self.config.crypto_provider())?));
        *seen = found;
        Ok(true)
    }

    /// Checks for new files periodically, until it is dropped. An error in them is logged once.
    pub async fn follow(self: Arc<Self>, pause: Duration) {
        let mut said = None;
        loop {
            tokio::time::sleep(pause).await;
            let this = Arc::clone(&self);
            let reloaded = match tokio::task::spawn_blocking(move || this.reload()).await {
                Ok(reloaded) => reloaded,
                Err(error) => {
                    tracing::error!(%error, "reading certificates");
                    return;
                }
            };
            match reloaded {
                Ok(true) => {
                    said = None;
                    tracing::info!(certificate = %self.files.certificate.display(), "using a new certificate");
                }
                Ok(false) => said = None,
                Err(error) => {
                    let text = chain(&error);
                    if said.as_ref() != Some(&text) {
                        tracing::error!(error = text, "the new certificate is invalid; keeping the previous one");
                        said = Some(text);
                    }
                }
            }
        }
    }

    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }
}

impl Files {
    fn stamps(&self) -> Result<Stamps, CertificateError> {
        Ok([stamp(&self.certificate)?, stamp(&self.key)?])
    }

    fn read(&self, provider: &CryptoProvider) -> Result<CertifiedKey, CertificateError> {
        let (certificate, key) = (read(&self.certificate)?, read(&self.key)?);
        let no_certificate = || CertificateError::NoCertificate(self.certificate.clone());
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&certificate).collect();
        let chain = chain.map_err(|_| no_certificate())?;
        if chain.is_empty() {
            return Err(no_certificate());
        }
        let key = PrivateKeyDer::from_pem_slice(&key).map_err(|_| CertificateError::NoKey(self.key.clone()))?;
        CertifiedKey::from_der(chain, key, provider).map_err(|error| match error {
            rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                CertificateError::Mismatch { certificate: self.certificate.clone(), key: self.key.clone() }
            }
            error => CertificateError::Unusable(error),
        })
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

fn stamp(path: &Path) -> Result<Stamp, CertificateError> {
    let found = fs::metadata(path).map_err(|source| CertificateError::Unreadable { path: path.into(), source })?;
    Ok((found.mtime(), found.mtime_nsec(), found.size(), found.ino()))
}

fn read(path: &Path) -> Result<Vec<u8>, CertificateError> {
    let unreadable = |source| CertificateError::Unreadable { path: path.into(), source };
    let mut bytes = Vec::new();
    let mut file = File::open(path).map_err(unreadable)?.take(PEM_BYTES_MAX + 1);
    file.read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > PEM_BYTES_MAX {
        return Err(CertificateError::TooLong(path.into()));
    }
    Ok(bytes)
}

/// An error with its causes.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let all: Vec<_> = std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string).collect();
    all.join(": ")
}
