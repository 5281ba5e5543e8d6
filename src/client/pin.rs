//! Servers whose certificate nobody answers for: known by its fingerprint, which is shown when they are first met and kept with the session.
//!
//! Whoever has the fingerprint but not the key gets nowhere: the handshake's signature is verified as always.

use std::{
    error::Error,
    fmt, io,
    sync::{Arc, Mutex, PoisonError},
};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::api::problem::Problem;

/// Codes of this room's problems; texts are in `locales/` under `problem.<code>`.
pub mod code {
    /// The server has another certificate than the one that was pinned.
    pub const CERTIFICATE_CHANGED: &str = "certificate_changed";
    /// Nobody who is trusted here answers for the certificate.
    pub const CERTIFICATE_UNKNOWN: &str = "certificate_unknown";
    /// The certificate is for another name, has expired, or is broken.
    pub const CERTIFICATE_REFUSED: &str = "certificate_refused";
    /// Without TLS only a server on this machine is talked to.
    pub const PLAIN_ADDRESS: &str = "plain_address";
    pub const BAD_FINGERPRINT: &str = "bad_fingerprint";

    pub const ALL: [&str; 5] = [CERTIFICATE_CHANGED, CERTIFICATE_UNKNOWN, CERTIFICATE_REFUSED, PLAIN_ADDRESS, BAD_FINGERPRINT];
}

/// SHA-256 of a certificate, in pairs of hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint(String);

impl Fingerprint {
    /// Reads a fingerprint with or without colons, in either case.
    ///
    /// # Errors
    /// `bad_fingerprint`
    pub fn parse(text: &str) -> Result<Fingerprint, Problem> {
        let digits: Vec<char> = text.chars().filter(|c| !matches!(c, ':' | ' ')).map(|c| c.to_ascii_uppercase()).collect();
        if digits.len() != 64 || !digits.iter().all(char::is_ascii_hexdigit) {
            return Err(Problem::new(0, code::BAD_FINGERPRINT, "no SHA-256 fingerprint"));
        }
        Ok(Fingerprint(digits.chunks(2).map(|pair| pair.iter().collect::<String>()).collect::<Vec<_>>().join(":")))
    }

    fn of(certificate: &CertificateDer<'_>) -> Fingerprint {
        let pairs: Vec<String> = Sha256::digest(certificate.as_ref()).iter().map(|byte| format!("{byte:02X}")).collect();
        Fingerprint(pairs.join(":"))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = Problem;

    fn try_from(text: String) -> Result<Fingerprint, Problem> {
        Fingerprint::parse(&text)
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> String {
        fingerprint.0
    }
}

/// Where the fingerprint of a server met for the first time is left.
pub(super) type Seen = Arc<Mutex<Option<Fingerprint>>>;

#[derive(Debug)]
enum Expected {
    This(Fingerprint),
    /// Looks at the certificate and refuses it: nothing is ever said to a server that nobody has pinned.
    Nothing(Seen),
}

#[derive(Debug)]
struct ByFingerprint {
    expected: Expected,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for ByFingerprint {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let shown = Fingerprint::of(certificate);
        match &self.expected {
            Expected::This(pinned) if *pinned == shown => Ok(ServerCertVerified::assertion()),
            Expected::This(_) => Err(CertificateError::ApplicationVerificationFailure.into()),
            Expected::Nothing(seen) => {
                *seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(shown);
                Err(CertificateError::UnknownIssuer.into())
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// TLS with the one server that has this certificate.
pub(super) fn pinned(fingerprint: &Fingerprint) -> Result<ClientConfig, rustls::Error> {
    config(Expected::This(fingerprint.clone()))
}

/// TLS with nobody; only looks at what certificate is shown.
pub(super) fn looking(seen: &Seen) -> Result<ClientConfig, rustls::Error> {
    config(Expected::Nothing(Arc::clone(seen)))
}

fn config(expected: Expected) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = Arc::new(ByFingerprint { expected, provider: Arc::clone(&provider) });
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// What was wrong with the server's certificate, if that is why a request failed.
pub(super) fn certificate_problem(error: &(dyn Error + 'static)) -> Option<Problem> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(rustls::Error::InvalidCertificate(why)) = error.downcast_ref::<rustls::Error>() {
            let code = match why {
                CertificateError::ApplicationVerificationFailure => code::CERTIFICATE_CHANGED,
                CertificateError::UnknownIssuer => code::CERTIFICATE_UNKNOWN,
                _ => code::CERTIFICATE_REFUSED,
            };
            return Some(Problem::new(0, code, "the server's certificate is not accepted"));
        }
        // An `io::Error` hides what it wraps from `source`.
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match wrapped {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::{Language, has_text};

    #[test]
    fn a_fingerprint_is_read_however_it_is_written() {
        let plain = "0a".repeat(32);
        let fingerprint = Fingerprint::parse(&plain).unwrap();
        assert_eq!(Fingerprint::parse(&fingerprint.to_string()).unwrap(), fingerprint);
        assert!(fingerprint.to_string().starts_with("0A:0A:"));
        for wrong in ["", "0a", &"0g".repeat(32), &"0a".repeat(33)] {
            assert_eq!(Fingerprint::parse(wrong).unwrap_err().code, code::BAD_FINGERPRINT);
        }
        assert!(serde_json::from_str::<Fingerprint>("\"xyz\"").is_err());
    }

    #[test]
    fn every_code_has_a_text_in_every_language() {
        for code in code::ALL {
            assert!(Language::ALL.iter().all(|language| has_text(*language, &format!("problem.{code}"))), "{code}");
        }
    }
}
