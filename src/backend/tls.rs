//! TLS by rustls: the certificate (given, or made once and kept in the data folder) and the listener that shakes hands beside the accepting,
//! so that one slow client holds up nobody.

use std::{
    fs, io,
    io::Write as _,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use axum::serve::Listener;
use sha2::{Digest as _, Sha256};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, mpsc},
    task::JoinHandle,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        self, ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
    server::TlsStream,
};

/// A handshake takes two exchanges; whoever needs longer than this means no good or has no line.
const LONGEST_HANDSHAKE: Duration = Duration::from_secs(10);
/// Handshakes at the same time; more wait in the system's queue.
const MOST_HANDSHAKES: usize = 256;
/// Connections that have shaken hands and wait to be taken.
const READY: usize = 64;
/// After a failed accept (no file handles, say).
const PAUSE: Duration = Duration::from_millis(100);
/// Certificate and key of our own making, in one file so that they can only come together.
const OWN_FILE: &str = "tls.pem";

/// Where the certificate comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertificateSource {
    /// PEM files; the certificate with its chain.
    Files { certificate: PathBuf, key: PathBuf },
    /// Made once, kept in the data folder; clients pin its fingerprint.
    SelfSigned,
}

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("{0} cannot be read as PEM")]
    Unreadable(PathBuf),
    #[error("the certificate and the key do not fit: {0}")]
    Unfit(#[from] rustls::Error),
    #[error("the certificate could not be made: {0}")]
    Make(#[from] rcgen::Error),
    #[error("the certificate could not be kept: {0}")]
    Keep(#[from] io::Error),
}

/// A certificate in use. It is read again when its file has changed.
pub struct Identity {
    certificate: PathBuf,
    key: PathBuf,
    current: Mutex<Current>,
}

struct Current {
    config: Arc<ServerConfig>,
    fingerprint: String,
    changed: Option<SystemTime>,
}

impl Identity {
    /// Reads the certificate, making it first where it is to be our own and there is none yet.
    ///
    /// # Errors
    /// When a file cannot be read or written, or certificate and key are no pair.
    pub fn open(source: &CertificateSource, data: &Path) -> Result<Identity, TlsError> {
        let (certificate, key) = match source {
            CertificateSource::Files { certificate, key } => (certificate.clone(), key.clone()),
            CertificateSource::SelfSigned => {
                let file = data.join(OWN_FILE);
                if !file.exists() {
                    make(&file)?;
                }
                (file.clone(), file)
            }
        };
        let current = Mutex::new(read(&certificate, &key)?);
        Ok(Identity { certificate, key, current })
    }

    /// SHA-256 of the certificate, as `openssl x509 -fingerprint -sha256` writes it.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).fingerprint.clone()
    }

    /// Reads the files again if the certificate has changed; connections that stand keep what they have.
    ///
    /// # Errors
    /// When what lies there now is no certificate with its key; the old one stays in use.
    pub fn refresh(&self) -> Result<bool, TlsError> {
        let known = self.current.lock().unwrap_or_else(PoisonError::into_inner).changed;
        if changed(&self.certificate, &self.key) == known {
            return Ok(false);
        }
        self.reload()?;
        Ok(true)
    }

    /// Reads the files again, changed or not.
    ///
    /// # Errors
    /// As [`Identity::refresh`].
    pub fn reload(&self) -> Result<(), TlsError> {
        let fresh = read(&self.certificate, &self.key)?;
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.current.lock().unwrap_or_else(PoisonError::into_inner).config)
    }
}

/// The later of the two files' times.
fn changed(certificate: &Path, key: &Path) -> Option<SystemTime> {
    [certificate, key].into_iter().filter_map(|file| fs::metadata(file).ok()?.modified().ok()).max()
}

fn read(certificate: &Path, key: &Path) -> Result<Current, TlsError> {
    // The time first: what changes while it is read is read again.
    let changed = changed(certificate, key);
    let unreadable = |file: &Path| TlsError::Unreadable(file.to_owned());
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect).map_err(|_| unreadable(certificate))?;
    let fingerprint = fingerprint(chain.first().ok_or_else(|| unreadable(certificate))?);
    let key = PrivateKeyDer::from_pem_file(key).map_err(|_| unreadable(key))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Current { config: Arc::new(config), fingerprint, changed })
}

fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    // Of the certificate's bytes alone, as every other tool counts it; the vault's hash frames its parts.
    Sha256::digest(certificate.as_ref()).iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}

/// Clients go by the fingerprint; the names only keep other tools from complaining about them too.
fn make(file: &Path) -> Result<(), TlsError> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()])?;
    let folder = file.parent().unwrap_or(Path::new("."));
    // Made with mode 0600 by `tempfile`.
    let mut own = tempfile::NamedTempFile::new_in(folder)?;
    own.write_all(made.cert.pem().as_bytes())?;
    own.write_all(made.signing_key.serialize_pem().as_bytes())?;
    own.as_file().sync_all()?;
    own.persist_noclobber(file).map_err(|error| error.error)?;
    Ok(())
}

/// A listener whose connections have shaken hands.
pub struct TlsListener {
    address: SocketAddr,
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    accepting: JoinHandle<()>,
}

impl TlsListener {
    /// Begins to accept.
    ///
    /// # Errors
    /// When the listener has no address.
    pub fn new(listener: TcpListener, identity: Arc<Identity>) -> io::Result<TlsListener> {
        let address = listener.local_addr()?;
        let (sender, ready) = mpsc::channel(READY);
        Ok(TlsListener { address, ready, accepting: tokio::spawn(accept(listener, identity, sender)) })
    }
}

/// A listener that is no longer asked listens no longer.
impl Drop for TlsListener {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(connection) => connection,
            // Ends only with the runtime.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

async fn accept(listener: TcpListener, identity: Arc<Identity>, ready: mpsc::Sender<(TlsStream<TcpStream>, SocketAddr)>) {
    let room = Arc::new(Semaphore::new(MOST_HANDSHAKES));
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let (acceptor, ready) = (TlsAcceptor::from(identity.config()), ready.clone());
        tokio::spawn(async move {
            // Nagle's algorithm would hold back the end of every picture for 40 ms.
            if let Err(error) = stream.set_nodelay(true) {
                tracing::warn!(%error, "TCP_NODELAY was refused");
            }
            let shaken = tokio::time::timeout(LONGEST_HANDSHAKE, acceptor.accept(stream)).await;
            drop(place);
            match shaken {
                Ok(Ok(stream)) => drop(ready.send((stream, peer)).await),
                Ok(Err(error)) => tracing::debug!(%error, "a handshake failed"),
                Err(_) => tracing::debug!("a handshake took too long"),
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_own_certificate_is_made_once_and_for_its_owner_alone() {
        let data = tempfile::tempdir().unwrap();
        let first = Identity::open(&CertificateSource::SelfSigned, data.path()).unwrap();
        let again = Identity::open(&CertificateSource::SelfSigned, data.path()).unwrap();
        assert_eq!(first.fingerprint(), again.fingerprint());
        assert_eq!(first.fingerprint().len(), 95);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(data.path().join(OWN_FILE)).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_new_certificate_is_taken_and_a_broken_one_is_not() {
        let (data, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let identity = Identity::open(&CertificateSource::SelfSigned, data.path()).unwrap();
        let fresh = Identity::open(&CertificateSource::SelfSigned, other.path()).unwrap().fingerprint();
        let old = identity.fingerprint();
        let file = data.path().join(OWN_FILE);
        let touch = |hours: u64| {
            let at = SystemTime::now() + Duration::from_hours(hours);
            fs::File::options().write(true).open(&file).unwrap().set_modified(at).unwrap();
        };
        assert!(!identity.refresh().unwrap());
        fs::write(&file, "no certificate").unwrap();
        touch(1);
        assert!(matches!(identity.refresh(), Err(TlsError::Unreadable(_))));
        assert_eq!(identity.fingerprint(), old);
        fs::copy(other.path().join(OWN_FILE), &file).unwrap();
        touch(2);
        assert!(identity.refresh().unwrap());
        assert_eq!(identity.fingerprint(), fresh);
    }
}
