//! TLS of this process, with certificates from files or a self-signed one.

use std::collections::HashSet;
use std::fs::DirBuilder;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use listener::Certificates;
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::task::JoinHandle;

use crate::files;
use crate::folder::{PRIVATE_FOLDER, Paths};

/// The certificate of the S3 endpoint and the console; reloaded when the files change.
#[derive(Debug, Args)]
pub(crate) struct TlsArgs {
    /// PEM file with the certificate and its chain; enables TLS
    #[arg(long, env = "PLANETSTORE_TLS_CERTIFICATE", value_name = "FILE")]
    pub(crate) tls_certificate: Option<PathBuf>,
    /// PEM file with the private key of the certificate
    #[arg(long, env = "PLANETSTORE_TLS_KEY", value_name = "FILE")]
    pub(crate) tls_key: Option<PathBuf>,
}

/// How often to check for new files.
const LOOK_PAUSE: Duration = Duration::from_secs(2);

/// How often to check whether the self-signed certificate is about to expire.
const RENEWAL_PAUSE: Duration = Duration::from_hours(12);

/// How long the self-signed certificate is valid.
const VALID: SignedDuration = SignedDuration::from_hours(365 * 24);

/// How long before its expiry the self-signed certificate is renewed.
const RENEWED_BEFORE: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How much earlier than now its validity begins, because clocks differ.
const VALID_BEFORE: SignedDuration = SignedDuration::from_hours(24);

/// Names for which the self-signed certificate is always valid.
const LOCAL_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The source of the certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// The operator's files.
    Files {
        /// The certificate with its chain.
        certificate: PathBuf,
        /// Its key.
        key: PathBuf,
    },
    /// A self-signed certificate in the data folder.
    SelfSigned,
}

impl Source {
    /// The setting of the command line; `None` without TLS.
    pub(crate) fn find(arguments: &TlsArgs, self_signed: bool) -> anyhow::Result<Option<Self>> {
        match (&arguments.tls_certificate, &arguments.tls_key, self_signed) {
            (None, None, false) => Ok(None),
            (None, None, true) => Ok(Some(Self::SelfSigned)),
            (Some(certificate), Some(key), false) => {
                Ok(Some(Self::Files { certificate: absolute(certificate)?, key: absolute(key)? }))
            }
            (Some(_), Some(_), true) => {
                bail!("--tls-self-signed and --tls-certificate exclude each other: pass only one")
            }
            (Some(_), None, _) => bail!("--tls-certificate needs --tls-key beside it"),
            (None, Some(_), _) => bail!("--tls-key needs --tls-certificate beside it"),
        }
    }
}

/// An absolute path, because other programs have other working directories.
fn absolute(path: &Path) -> anyhow::Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("{} is not a path", path.display()))
}

/// The TLS of a process. Its certificate is kept up to date while this exists.
#[derive(Debug)]
pub(crate) struct Tls {
    pub(crate) certificates: Arc<Certificates>,
    /// The file that clients can trust.
    pub(crate) certificate: PathBuf,
    pub(crate) is_self_signed: bool,
    tasks: Vec<JoinHandle<()>>,
}

impl Tls {
    /// Loads the certificate, or makes one for these addresses and domains.
    pub(crate) fn start(
        source: &Source,
        paths: &Paths,
        addresses: &[SocketAddr],
        domains: &[String],
    ) -> anyhow::Result<Self> {
        let own = SelfSigned { paths: paths.clone(), names: names(addresses, domains) };
        let is_self_signed = *source == Source::SelfSigned;
        let (certificate, key) = match source {
            Source::Files { certificate, key } => (certificate.clone(), key.clone()),
            Source::SelfSigned => {
                own.renew(Timestamp::now())?;
                (own.certificate(), own.key())
            }
        };
        let certificates = Arc::new(Certificates::load(certificate.clone(), key).context("TLS")?);
        let mut tasks = vec![tokio::spawn(Arc::clone(&certificates).follow(LOOK_PAUSE))];
        if is_self_signed {
            tasks.push(tokio::spawn(own.keep()));
        }
        Ok(Self { certificates, certificate, is_self_signed, tasks })
    }
}

impl Drop for Tls {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// The names of a self-signed certificate. A listener on all addresses adds none, because it is unknown which of them
/// clients use; a domain is better.
fn names(addresses: &[SocketAddr], domains: &[String]) -> Vec<String> {
    let mut names: Vec<String> = LOCAL_NAMES.map(str::to_owned).into();
    let addresses = addresses.iter().map(SocketAddr::ip).filter(|address| !address.is_unspecified());
    names.extend(addresses.map(|address| address.to_canonical().to_string()));
    for domain in domains {
        names.push(domain.clone());
        // No client accepts a wildcard below a single-label domain.
        if domain.contains('.') {
            names.push(format!("*.{domain}"));
        }
    }
    let mut seen = HashSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names
}

/// A self-signed certificate that this process renews.
#[derive(Debug)]
struct SelfSigned {
    paths: Paths,
    names: Vec<String>,
}

impl SelfSigned {
    fn certificate(&self) -> PathBuf {
        self.paths.own_certificate()
    }

    fn key(&self) -> PathBuf {
        self.paths.tls().join("key.pem")
    }

    /// Renews it for as long as the process runs. The files are watched, so nothing else has to be done.
    async fn keep(self) {
        loop {
            tokio::time::sleep(RENEWAL_PAUSE).await;
            if let Err(error) = self.renew(Timestamp::now()) {
                tracing::error!(error = format!("{error:#}"), "the certificate cannot be reloaded");
            }
        }
    }

    /// Makes a certificate, unless the existing one is valid for all names until after the next renewal.
    fn renew(&self, now: Timestamp) -> anyhow::Result<()> {
        if self.is_good_at(now + RENEWED_BEFORE) {
            return Ok(());
        }
        let folder = self.paths.tls();
        let made = DirBuilder::new().recursive(true).mode(PRIVATE_FOLDER).create(&folder);
        made.with_context(|| format!("cannot create {}", folder.display()))?;
        let key = KeyPair::generate().context("cannot create a key")?;
        let certificate = self.sign(&key, now).context("cannot create a certificate")?;
        // Readers check the pair as a whole. After a crash between the two files, the next start makes both again.
        for (path, pem) in [(self.key(), key.serialize_pem()), (self.certificate(), certificate)] {
            files::write_private(&path, pem.as_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
        }
        tracing::info!(path = %self.certificate().display(), names = self.names.join(" "), "created a certificate");
        Ok(())
    }

    fn sign(&self, key: &KeyPair, now: Timestamp) -> anyhow::Result<String> {
        let mut parameters = CertificateParams::new(self.names.clone())?;
        let (year, month, first) = day(now - VALID_BEFORE)?;
        parameters.not_before = date_time_ymd(year, month, first);
        let (year, month, last) = day(now + VALID)?;
        parameters.not_after = date_time_ymd(year, month, last);
        let mut name = DistinguishedName::new();
        name.push(DnType::CommonName, "Planetstore, self-signed");
        parameters.distinguished_name = name;
        parameters.is_ca = IsCa::ExplicitNoCa;
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        Ok(parameters.self_signed(key)?.pem())
    }

    /// Whether a client that trusts the existing certificate accepts it at that time, under each of the names.
    fn is_good_at(&self, time: Timestamp) -> bool {
        let Ok(_pair) = Certificates::load(self.certificate(), self.key()) else { return false };
        let Ok(certificate) = CertificateDer::from_pem_file(self.certificate()) else { return false };
        let mut roots = RootCertStore::empty();
        if roots.add(certificate.clone()).is_err() {
            return false;
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        let Ok(verifier) = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build() else {
            return false;
        };
        let time = UnixTime::since_unix_epoch(Duration::from_secs(time.as_second().try_into().unwrap_or_default()));
        self.names.iter().all(|name| {
            let name = name.replacen('*', "any", 1);
            ServerName::try_from(name)
                .is_ok_and(|name| verifier.verify_server_cert(&certificate, &[], &name, &[], time).is_ok())
        })
    }
}

/// Year, month and day of a time: certificates need not be more precise.
fn day(at: Timestamp) -> anyhow::Result<(i32, u8, u8)> {
    let date = at.to_zoned(TimeZone::UTC).date();
    Ok((date.year().into(), date.month().try_into()?, date.day().try_into()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn own(folder: &Path, domain: &str) -> SelfSigned {
        let address = "192.0.2.7:9000".parse().unwrap();
        SelfSigned { paths: Paths::new(folder), names: names(&[address], &[domain.to_owned()]) }
    }

    #[test]
    fn names_are_those_of_this_machine_and_of_the_command_line() {
        let addresses = ["127.0.0.1:1", "0.0.0.0:2", "[::ffff:192.0.2.7]:3"].map(|address| address.parse().unwrap());
        let domains = ["localhost".to_owned(), "s3.example".to_owned()];
        assert_eq!(
            names(&addresses, &domains),
            ["localhost", "127.0.0.1", "::1", "192.0.2.7", "s3.example", "*.s3.example"]
        );
    }

    #[test]
    fn it_is_made_once_and_again_near_its_end_for_new_names_and_when_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let first = own(folder.path(), "localhost");
        let now = Timestamp::now();
        let made = |own: &SelfSigned, now| {
            own.renew(now).unwrap();
            std::fs::read_to_string(own.certificate()).unwrap()
        };
        let before = made(&first, now);
        assert_eq!(std::fs::metadata(first.key()).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(made(&first, now), before);
        let days = |days: i64| now + SignedDuration::from_hours(days * 24);
        assert_eq!(made(&first, days(330)), before);
        let renewed = made(&first, days(340));
        assert_ne!(renewed, before);
        assert!(first.is_good_at(days(340 + 330)) && !first.is_good_at(days(340 + 370)));
        let named = made(&own(folder.path(), "b.example"), days(340));
        assert_ne!(named, renewed);
        std::fs::write(first.key(), KeyPair::generate().unwrap().serialize_pem()).unwrap();
        assert_ne!(made(&own(folder.path(), "b.example"), days(340)), named);
    }

    #[test]
    fn files_come_in_pairs_or_not_at_all() {
        let find = |certificate: Option<&str>, key: Option<&str>, own| {
            let arguments = TlsArgs { tls_certificate: certificate.map(Into::into), tls_key: key.map(Into::into) };
            Source::find(&arguments, own)
        };
        assert_eq!(find(None, None, false).unwrap(), None);
        assert_eq!(find(None, None, true).unwrap(), Some(Source::SelfSigned));
        assert_eq!(
            find(Some("/c"), Some("/k"), false).unwrap(),
            Some(Source::Files { certificate: "/c".into(), key: "/k".into() })
        );
        for (certificate, key, own) in
            [(Some("c"), None, false), (None, Some("k"), false), (None, Some("k"), true), (Some("c"), Some("k"), true)]
        {
            assert!(find(certificate, key, own).is_err(), "{certificate:?} {key:?} {own}");
        }
    }
}
