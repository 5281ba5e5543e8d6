//! Starts the backend in this process and stops it: data folder, jobs, listener. For `serve`, `demo` and tests alike.

use std::{io, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use axum::{
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Notify, Semaphore, watch},
    task::JoinHandle,
};

use super::{
    auth,
    clock::Clock,
    entrance::{Entrance, Transport},
    extract::Peer,
    folder::{DataFolder, FolderError},
    health::Health,
    jobs::{Duty, Workers},
    limits::Allowances,
    metrics::Metrics,
    router,
    state::{Parts, State},
    store::{SqlStore, Store, StoreError, database::Engine, jobs::Jobs as _, live::Watching as _},
    tls::{CertificateSource, Identity, TlsError, TlsListener},
    whereabouts::Whereabouts,
};
use crate::api::people::{Invitation, NewUser};

/// Requests that are still being answered get this long when the server stops.
const LAST_REQUESTS: Duration = Duration::from_secs(30);

/// How often a certificate's files are looked at.
const CERTIFICATE_AGE: Duration = Duration::from_secs(15);

/// Makes the parts for the data folder at the path.
pub type MakeParts = Box<dyn FnOnce(&Path) -> Result<Parts, ServeError> + Send>;

/// What is needed to start.
pub struct Config {
    pub whereabouts: Whereabouts,
    /// What this process does. On SQLite there is no other, so that it does both.
    pub duty: Duty,
    /// Loopback only without TLS. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Makes the parts once the data folder is this process's alone.
    pub parts: MakeParts,
    pub clock: Arc<dyn Clock>,
    pub tls: Option<CertificateSource>,
    /// What else is known of the way in; the transport follows from `tls`.
    pub entrance: Entrance,
}

/// Why the backend did not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("without TLS only a loopback address is served, not {0}")]
    NotLoopback(SocketAddr),
    #[error("on SQLite one process does everything; sharing the duties needs PostgreSQL")]
    OnlyProcess,
    #[error("the address {0} cannot be listened on: {1}")]
    Listen(SocketAddr, io::Error),
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("the system has no randomness")]
    Random,
    /// One of the parts is not fit for work; settings are named, secrets are not.
    #[error("{0}")]
    Parts(String),
}

/// A backend that runs.
pub struct Running {
    address: SocketAddr,
    identity: Option<Arc<Identity>>,
    state: State,
    database: SqlStore,
    stop: watch::Sender<bool>,
    listener: JoinHandle<io::Result<()>>,
    workers: Workers,
    _folder: DataFolder,
}

/// Starts the backend; it runs until [`Running::stop`].
///
/// # Errors
/// When the address is not loopback or taken, or the data folder does not open.
pub async fn start(config: Config) -> Result<Running, ServeError> {
    if config.tls.is_none() && !config.listen.ip().is_loopback() {
        return Err(ServeError::NotLoopback(config.listen));
    }
    if config.duty != Duty::Both && config.whereabouts.database.is_none() {
        return Err(ServeError::OnlyProcess);
    }
    let now = config.clock.now();
    let folder = DataFolder::open(&config.whereabouts, now).await?;
    let identity = config.tls.as_ref().map(|source| Identity::open(source, &config.whereabouts.data)).transpose()?.map(Arc::new);
    let transport = match config.tls {
        None => Transport::Plain,
        Some(CertificateSource::SelfSigned) => Transport::SelfSigned,
        Some(CertificateSource::Files { .. }) => Transport::Certified,
    };
    let listener = TcpListener::bind(config.listen).await.map_err(|error| ServeError::Listen(config.listen, error))?;
    let address = listener.local_addr().map_err(|error| ServeError::Listen(config.listen, error))?;
    let parts = (config.parts)(&config.whereabouts.data)?;
    let alone = folder.store.database().engine() == Engine::Sqlite;
    let requeued = if alone { folder.store.requeue_taken(now).await? } else { 0 };
    if requeued > 0 {
        tracing::info!(jobs = requeued, "taken up again what a process before left undone");
    }
    let (stop, stopped) = watch::channel(false);
    let (told, news) = watch::channel(folder.store.newest_event().await?);
    let limits = config.entrance.limits;
    let state = State {
        store: Arc::new(folder.store.clone()),
        blobs: folder.blobs.clone(),
        clock: config.clock,
        parts,
        // Half of the cores, so that whoever fixes one photo does not keep all the others from being standardized.
        reworks: Arc::new(Semaphore::new(std::thread::available_parallelism().map_or(1, std::num::NonZero::get).div_ceil(2))),
        entrance: Entrance { transport, ..config.entrance },
        metrics: Arc::new(Metrics::default()),
        allowances: Arc::new(Allowances::new(limits)),
        health: Arc::new(Health::new(folder.guarantees)),
        work: Arc::new(Notify::new()),
        news,
        stopping: stopped.clone(),
    };
    let workers = Workers::start(&state, config.duty, told, &stopped);
    let listener = match &identity {
        Some(identity) => {
            tokio::spawn(keep_fresh(Arc::clone(identity), stopped.clone()));
            let listener = TlsListener::new(listener, Arc::clone(identity)).map_err(|error| ServeError::Listen(config.listen, error))?;
            answer(listener, &state, config.duty, stopped)
        }
        None => answer(PlainListener(listener), &state, config.duty, stopped),
    };
    tracing::info!(%address, duty = ?config.duty, "serving");
    Ok(Running { address, identity, state, database: folder.store.clone(), stop, listener, workers, _folder: folder })
}

/// A listener without TLS.
struct PlainListener(TcpListener);

impl Listener for PlainListener {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        let (stream, peer) = Listener::accept(&mut self.0).await;
        // Nagle's algorithm would hold back the end of every picture for 40 ms.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::warn!(%error, "TCP_NODELAY was refused");
        }
        (stream, peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

impl Connected<IncomingStream<'_, PlainListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, PlainListener>) -> Peer {
        Peer(stream.remote_addr().ip())
    }
}

impl Connected<IncomingStream<'_, TlsListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TlsListener>) -> Peer {
        Peer(stream.remote_addr().ip())
    }
}

/// Answers what comes in until it is told to stop.
fn answer<L>(listener: L, state: &State, duty: Duty, mut stopped: watch::Receiver<bool>) -> JoinHandle<io::Result<()>>
where
    L: Listener<Addr = SocketAddr>,
    Peer: for<'a> Connected<IncomingStream<'a, L>>,
{
    let service = router::router(state.clone(), duty).into_make_service_with_connect_info::<Peer>();
    let server = axum::serve(listener, service).with_graceful_shutdown(async move {
        let _ = stopped.wait_for(|stop| *stop).await;
    });
    tokio::spawn(async move { server.await })
}

/// Takes a renewed certificate into use without a restart.
async fn keep_fresh(identity: Arc<Identity>, mut stopped: watch::Receiver<bool>) {
    while tokio::time::timeout(CERTIFICATE_AGE, stopped.wait_for(|stop| *stop)).await.is_err() {
        match identity.refresh() {
            Ok(true) => tracing::info!(fingerprint = identity.fingerprint(), "the certificate was read again"),
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "the new certificate is not usable, the old one stays"),
        }
    }
}

impl Running {
    /// The fingerprint of its certificate, where it serves over TLS.
    #[must_use]
    pub fn fingerprint(&self) -> Option<String> {
        self.identity.as_ref().map(|identity| identity.fingerprint())
    }

    /// Reads the certificate's files again, where there is one; connections that stand keep what they have.
    pub fn reload_certificate(&self) {
        let Some(identity) = &self.identity else { return };
        match identity.reload() {
            Ok(()) => tracing::info!(fingerprint = identity.fingerprint(), "the certificate was read again"),
            Err(error) => tracing::warn!(%error, "the new certificate is not usable, the old one stays"),
        }
    }

    /// The address for clients.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}://{}", self.state.entrance.transport.scheme(), self.address)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The store, for whoever runs the backend in their own process.
    #[must_use]
    pub fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.state.store)
    }

    /// What requests and jobs share.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Adds a user as the machine's owner.
    ///
    /// # Errors
    /// When the name is taken or the store fails.
    pub async fn invite(&self, user: &NewUser) -> Result<Invitation, ServeError> {
        invite(self.state.store.as_ref(), self.state.clock.as_ref(), user).await
    }

    /// Says from now on that nobody new should come; everybody who comes is answered still.
    pub fn say_stopping(&self) {
        self.state.health.stop();
    }

    /// Answers what is being asked, lets the jobs come to a safe point, closes the store.
    pub async fn stop(self) {
        self.say_stopping();
        let _ = self.stop.send(true);
        self.state.work.notify_waiters();
        if tokio::time::timeout(LAST_REQUESTS, self.listener).await.is_err() {
            tracing::warn!("requests were cut off");
        }
        self.workers.ended().await;
        self.database.close().await;
        tracing::info!("stopped");
    }
}

/// Adds a user without a principal: the owner of the data folder asks.
///
/// # Errors
/// When the name is taken or the store fails.
pub async fn invite(store: &dyn Store, clock: &dyn Clock, user: &NewUser) -> Result<Invitation, ServeError> {
    let (code, invitation) = auth::new_invitation(clock.now()).map_err(|_| ServeError::Random)?;
    let user = store.add_user(None, user, invitation).await?;
    Ok(Invitation { code, expires_at: invitation.expires_at, user })
}
