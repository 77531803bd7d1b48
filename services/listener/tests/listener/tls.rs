use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use listener::{CertificateError, Certificates, Limits};
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::serving::{LARGE_BYTES, PATIENCE, Serving, WIDE, get, take, to_end};

const SHORT: Duration = Duration::from_millis(300);

/// Files with a certificate and a key.
pub(crate) struct Pair {
    folder: TempDir,
}

/// A generated pair, with the text of its files.
pub(crate) struct Made {
    pub(crate) der: CertificateDer<'static>,
    certificate: String,
    key: String,
}

pub(crate) fn make(name: &str) -> Made {
    let key = KeyPair::generate().unwrap();
    let made = CertificateParams::new([name.to_owned()]).unwrap().self_signed(&key).unwrap();
    Made { der: made.der().clone(), certificate: made.pem(), key: key.serialize_pem() }
}

impl Pair {
    pub(crate) fn of(made: &Made) -> Self {
        let pair = Self { folder: tempfile::tempdir().unwrap() };
        replace(&pair.certificate(), &made.certificate);
        replace(&pair.key(), &made.key);
        pair
    }

    fn certificate(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }

    fn key(&self) -> PathBuf {
        self.folder.path().join("key.pem")
    }

    pub(crate) fn load(&self) -> Result<Certificates, CertificateError> {
        Certificates::load(self.certificate(), self.key())
    }
}

/// As tools do that renew certificates: the new file is renamed to the name of the old one.
fn replace(path: &Path, text: &str) {
    let draft = path.with_extension("draft");
    std::fs::write(&draft, text).unwrap();
    std::fs::rename(draft, path).unwrap();
}

fn client(trusted: &CertificateDer<'static>, alpn: &[&str]) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    Arc::new(config).into()
}

pub(crate) async fn connect(
    serving: &Serving,
    trusted: &CertificateDer<'static>,
) -> std::io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from("localhost").unwrap();
    client(trusted, &["h2", "http/1.1"]).connect(name, serving.connect().await).await
}

#[tokio::test]
async fn requests_are_served_and_say_that_they_are_encrypted() {
    let made = make("localhost");
    let certificates = Pair::of(&made).load().unwrap();
    let serving = Serving::start_with(WIDE, Some(&certificates)).await;
    let mut stream = connect(&serving, &made.der).await.unwrap();
    let own = stream.get_ref().0.local_addr().unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    stream.write_all(&get("/")).await.unwrap();
    let said = format!("{own} 1.3");
    let mut all = Vec::new();
    while !all.ends_with(said.as_bytes()) {
        all.extend(take(&mut stream, 1).await);
    }
    assert!(all.starts_with(b"HTTP/1.1 200 OK"));
    let stranger = make("localhost").der;
    assert!(connect(&serving, &stranger).await.is_err(), "the certificate is shown to who does not trust it");
    let other = client(&made.der, &["h2"]);
    let name = ServerName::try_from("localhost").unwrap();
    assert!(other.connect(name, serving.connect().await).await.is_err(), "another protocol was agreed on");
}

#[tokio::test]
async fn who_speaks_no_tls_or_nothing_is_closed() {
    let certificates = Pair::of(&make("localhost")).load().unwrap();
    let serving = Serving::start_with(Limits { handshake_time_max: SHORT, ..WIDE }, Some(&certificates)).await;
    assert!(!serving.exchange(&get("/")).await.contains("HTTP"));
    assert_eq!(to_end(&mut serving.connect().await).await, "");
    serving.held.becomes(0).await;
}

#[tokio::test]
async fn stalled_readers_are_cut_off_and_the_rest_gets_everything() {
    let made = make("localhost");
    let certificates = Pair::of(&made).load().unwrap();
    let serving = Serving::start_with(Limits { stall_time_max: SHORT * 10, ..WIDE }, Some(&certificates)).await;
    let mut stalled = connect(&serving, &made.der).await.unwrap();
    stalled.write_all(&get("/large")).await.unwrap();
    serving.held.becomes(1).await;
    serving.held.becomes(0).await;
    assert!(to_end(&mut stalled).await.len() < LARGE_BYTES);
    let mut reader = connect(&serving, &made.der).await.unwrap();
    reader.write_all(&get("/large")).await.unwrap();
    assert_eq!(take(&mut reader, LARGE_BYTES).await.len(), LARGE_BYTES);
}

#[tokio::test]
async fn new_files_are_shown_without_a_restart_and_broken_ones_are_not() {
    let (old, new) = (make("localhost"), make("localhost"));
    let pair = Pair::of(&old);
    let certificates = Arc::new(pair.load().unwrap());
    let serving = Serving::start_with(WIDE, Some(&certificates)).await;
    let mut open = connect(&serving, &old.der).await.unwrap();
    assert!(!certificates.reload().unwrap());

    replace(&pair.certificate(), &new.certificate);
    assert!(matches!(certificates.reload(), Err(CertificateError::Mismatch { .. })));
    connect(&serving, &old.der).await.unwrap();
    replace(&pair.key(), "-----BEGIN PRIVATE KEY-----\nno\n");
    assert!(matches!(certificates.reload(), Err(CertificateError::NoKey(_))));
    replace(&pair.certificate(), "");
    assert!(matches!(certificates.reload(), Err(CertificateError::NoCertificate(_))));
    std::fs::remove_file(pair.certificate()).unwrap();
    assert!(matches!(certificates.reload(), Err(CertificateError::Unreadable { .. })));
    connect(&serving, &old.der).await.unwrap();

    let follower = tokio::spawn(Arc::clone(&certificates).follow(SHORT / 10));
    replace(&pair.certificate(), &new.certificate);
    replace(&pair.key(), &new.key);
    let shown = async { while connect(&serving, &new.der).await.is_err() {} };
    tokio::time::timeout(PATIENCE, shown).await.unwrap();
    assert!(connect(&serving, &old.der).await.is_err());
    follower.abort();

    open.write_all(&get("/")).await.unwrap();
    assert!(take(&mut open, 15).await.starts_with(b"HTTP/1.1 200 OK"), "connections that are there go on");
}

#[test]
fn what_cannot_be_used_is_said_at_the_start() {
    let (one, other) = (make("localhost"), make("localhost"));
    let pair = Pair::of(&Made { key: other.key, ..one });
    let error = pair.load().unwrap_err();
    assert!(error.to_string().contains("key.pem") && matches!(error, CertificateError::Mismatch { .. }), "{error}");
    replace(&pair.key(), &"x".repeat((1 << 20) + 1));
    assert!(matches!(pair.load(), Err(CertificateError::TooLong(_))));
}
