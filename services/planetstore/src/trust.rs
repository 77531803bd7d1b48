//! The certificates that this program trusts when it connects to a store over TLS.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_rustls::TlsConnector;

/// Trusts servers whose certificate an authority in a file has signed, under their own names.
pub(crate) fn authorities(file: &Path) -> anyhow::Result<TlsConnector> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(file)? {
        let added = roots.add(certificate);
        added.with_context(|| format!("{} contains a certificate that cannot be used", file.display()))?;
    }
    let config = builder(aws_lc_rs::default_provider())?.with_root_certificates(roots).with_no_client_auth();
    Ok(Arc::new(config).into())
}

/// Trusts servers whom the system trusts, and those whose certificate an authority in a file has signed.
pub(crate) fn everybody(more: Option<&Path>) -> anyhow::Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    // A system without certificates trusts nobody: what cannot be reached then says so.
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "a certificate of the system cannot be read");
    }
    roots.add_parsable_certificates(found.certs);
    if let Some(file) = more {
        for certificate in certificates(file)? {
            let added = roots.add(certificate);
            added.with_context(|| format!("{} contains a certificate that cannot be used", file.display()))?;
        }
    }
    let config = builder(aws_lc_rs::default_provider())?.with_root_certificates(roots).with_no_client_auth();
    Ok(Arc::new(config))
}

/// Trusts only the server with the key of the first certificate in a file: the store's own certificate on this machine.
/// The server's name and the certificate's issuer do not matter.
pub(crate) fn only(file: &Path) -> anyhow::Result<TlsConnector> {
    let provider = aws_lc_rs::default_provider();
    let own = certificates(file)?.into_iter().next().with_context(|| format!("{} is empty", file.display()))?;
    let verifier = Only { own, algorithms: provider.signature_verification_algorithms };
    let config = builder(provider)?.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
    Ok(Arc::new(config.with_no_client_auth()).into())
}

fn builder(provider: CryptoProvider) -> anyhow::Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>> {
    let builder = ClientConfig::builder_with_provider(Arc::new(provider));
    builder.with_safe_default_protocol_versions().context("TLS cannot be used")
}

/// The certificates in a file, at least one.
pub(crate) fn certificates(file: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
    let found = found.with_context(|| format!("cannot read certificates from {}", file.display()))?;
    anyhow::ensure!(!found.is_empty(), "{} contains no PEM certificate", file.display());
    Ok(found)
}

/// Accepts one certificate. The signatures of the handshake prove that the server has its key.
#[derive(Debug)]
struct Only {
    own: CertificateDer<'static>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Only {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if *end_entity == self.own {
            return Ok(ServerCertVerified::assertion());
        }
        Err(rustls::Error::InvalidCertificate(rustls::CertificateError::ApplicationVerificationFailure))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
