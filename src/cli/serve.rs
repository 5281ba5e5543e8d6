//! `serve`: runs the backend until it is told to stop.

use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use clap::Args;

use super::{
    Context, Exit,
    interrupt::Signals,
    logging::{self, LogLevel},
    user::folder_text,
    whereabouts::WhereaboutsArguments,
};
use crate::{
    backend::{
        auth,
        clock::SystemClock,
        entrance::Entrance,
        jobs::Duty,
        limits::Limits,
        production,
        serve::{self, Config, Running, ServeError},
        tls::CertificateSource,
        whereabouts::Whereabouts,
    },
    client::session::read_token,
};

#[derive(Debug, Args)]
pub struct ServeArguments {
    #[command(flatten)]
    whereabouts: WhereaboutsArguments,
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8420")]
    listen: SocketAddr,
    #[arg(long, value_name = "self-signed", conflicts_with_all = ["tls_cert", "tls_key"])]
    tls: Option<OwnCertificate>,
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    #[arg(long, value_name = "SECONDS", default_value_t = 0, env = "ZHAOSHEN_DRAIN_SECONDS")]
    drain: u64,
    /// What this process does: everything, or, on PostgreSQL, only answer or only work.
    #[arg(long, value_name = "both|answer|work", default_value = "both", env = "ZHAOSHEN_DUTY", hide_possible_values = true)]
    duty: NamedDuty,
}

/// A duty as it is named on the command line.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum NamedDuty {
    Both,
    Answer,
    Work,
}

impl From<NamedDuty> for Duty {
    fn from(named: NamedDuty) -> Duty {
        match named {
            NamedDuty::Both => Duty::Both,
            NamedDuty::Answer => Duty::Answer,
            NamedDuty::Work => Duty::Work,
        }
    }
}

/// The certificates that the house makes itself.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum OwnCertificate {
    SelfSigned,
}

/// Addresses of proxies whose `X-Forwarded-For` is believed, separated by commas.
const TRUSTED_PROXIES: &str = "ZHAOSHEN_TRUSTED_PROXIES";
/// A file with the token that opens the metrics from other machines.
const METRICS_TOKEN_FILE: &str = "ZHAOSHEN_METRICS_TOKEN_FILE";

/// Requests a minute of one session and from one address; 0 for any number.
const SESSION_LIMIT: &str = "ZHAOSHEN_LIMIT_SESSION";
const ADDRESS_LIMIT: &str = "ZHAOSHEN_LIMIT_ADDRESS";

impl ServeArguments {
    fn certificate(&self) -> Option<CertificateSource> {
        match (&self.tls, &self.tls_cert, &self.tls_key) {
            (Some(OwnCertificate::SelfSigned), ..) => Some(CertificateSource::SelfSigned),
            (None, Some(certificate), Some(key)) => Some(CertificateSource::Files { certificate: certificate.clone(), key: key.clone() }),
            _ => None,
        }
    }
}

/// What the environment says about the way in.
fn entrance(context: &Context) -> Result<Entrance, String> {
    let proxies = std::env::var(TRUSTED_PROXIES).unwrap_or_default();
    let addresses = proxies.split(',').map(str::trim).filter(|address| !address.is_empty());
    let trusted_proxies = addresses
        .map(|address| address.parse::<IpAddr>().map(|address| address.to_canonical()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| context.text("cli.serve.bad_proxies", &[]))?;
    let token = std::env::var_os(METRICS_TOKEN_FILE)
        .map(|file| read_token(Path::new(&file)).map_err(|problem| context.text("cli.serve.metrics_token", &[("code", &problem.code)])));
    let metrics_token = token.transpose()?.map(|token| auth::hash_of(token.reveal()));
    let limit = |name: &str, usual: u32| match std::env::var(name) {
        Err(_) => Ok(usual),
        Ok(text) => text.trim().parse::<u32>().map_err(|_| context.text("cli.serve.bad_limit", &[("name", name)])),
    };
    let usual = Limits::default();
    let limits = Limits { session: limit(SESSION_LIMIT, usual.session)?, address: limit(ADDRESS_LIMIT, usual.address)? };
    Ok(Entrance { trusted_proxies: trusted_proxies.into(), metrics_token, limits, ..Entrance::default() })
}

/// Runs the command.
pub fn run(arguments: ServeArguments, context: &Context) -> Exit {
    let log = logging::log_to_stderr();
    let settings = arguments.whereabouts.read(context).and_then(|whereabouts| Ok((whereabouts, entrance(context)?)));
    let (whereabouts, entrance) = match settings {
        Ok(settings) => settings,
        Err(text) => {
            eprintln!("{text}");
            return Exit::Usage;
        }
    };
    match super::on_a_runtime(serve_until_told(&arguments, whereabouts, entrance, &log, context)) {
        Ok(Ok(())) => Exit::Done,
        Ok(Err(error)) => {
            let exit = if matches!(error, ServeError::NotLoopback(_) | ServeError::OnlyProcess) { Exit::Usage } else { Exit::Failed };
            eprintln!("{}", told(&error, &arguments, context));
            exit
        }
        Err(error) => {
            eprintln!("{}", context.text("cli.serve.failed", &[("error", &error.to_string())]));
            Exit::Failed
        }
    }
}

async fn serve_until_told(
    arguments: &ServeArguments,
    whereabouts: Whereabouts,
    entrance: Entrance,
    log: &LogLevel,
    context: &Context,
) -> Result<(), ServeError> {
    let config = Config {
        whereabouts,
        duty: arguments.duty.into(),
        listen: arguments.listen,
        parts: Box::new(production::parts),
        clock: Arc::new(SystemClock),
        tls: arguments.certificate(),
        entrance,
    };
    let running = serve::start(config).await?;
    let mut stopping = StopsWhenTold::new();
    let mut hangups = Hangups::heard();
    greet(&running, arguments, context).await;
    loop {
        tokio::select! {
            () = stopping.told() => break,
            () = hangups.next() => {
                log.reload();
                running.reload_certificate();
            }
        }
    }
    stopping.stop(running, Duration::from_secs(arguments.drain), context).await;
    Ok(())
}

/// How a server ends: told once, in order; told twice, at once. It listens from the moment it is made: whoever reads that the server serves may
/// end it at once.
pub struct StopsWhenTold(Option<Signals>);

impl StopsWhenTold {
    pub fn new() -> StopsWhenTold {
        StopsWhenTold(Signals::new())
    }

    /// Waits for the first signal.
    pub async fn told(&mut self) {
        match &mut self.0 {
            None => tracing::error!("signals cannot be heard"),
            Some(signals) => signals.next().await,
        }
    }

    /// Says to whoever asks that nobody new should come, answers for the time that load balancers need to hear it, and stops.
    pub async fn stop(self, running: Running, drain: Duration, context: &Context) {
        if let Some(mut signals) = self.0 {
            let context = *context;
            tokio::spawn(async move {
                signals.next().await;
                eprintln!("{}", context.text("cli.serve.at_once", &[]));
                std::process::exit(Exit::Failed as i32);
            });
        }
        eprintln!("{}", context.text("cli.serve.stopping", &[]));
        running.say_stopping();
        tokio::time::sleep(drain).await;
        running.stop().await;
    }
}

/// Says where it serves, and how to get in where nobody can yet.
async fn greet(running: &Running, arguments: &ServeArguments, context: &Context) {
    let address = running.url();
    println!("{}", context.text("cli.serve.started", &[("address", &address)]));
    match Duty::from(arguments.duty) {
        Duty::Both => {}
        Duty::Answer => println!("{}", context.text("cli.serve.answers_only", &[])),
        // Nobody signs in here.
        Duty::Work => {
            println!("{}", context.text("cli.serve.works_only", &[]));
            return;
        }
    }
    if let Some(fingerprint) = running.fingerprint() {
        println!("{}", context.text("cli.serve.fingerprint", &[("fingerprint", &fingerprint)]));
    }
    match running.store().has_users().await {
        Ok(true) => {}
        Ok(false) => {
            println!("{}", context.text("cli.serve.first_user", &[]));
            println!("  zhaoshen user add NAME --role admin --data {} --address {address}", arguments.whereabouts.data.display());
        }
        // It serves already: a database that is away for a moment is waited for now as at any other time.
        Err(error) => tracing::warn!(%error, "whether anybody has an account is not known"),
    }
}

fn told(error: &ServeError, arguments: &ServeArguments, context: &Context) -> String {
    match error {
        ServeError::NotLoopback(address) => context.text("cli.serve.not_loopback", &[("address", &address.to_string())]),
        ServeError::OnlyProcess => context.text("cli.serve.only_process", &[]),
        ServeError::Listen(address, error) => {
            context.text("cli.serve.listen_failed", &[("address", &address.to_string()), ("error", &error.to_string())])
        }
        ServeError::Folder(error) => folder_text(error, &arguments.whereabouts.data, context),
        other => context.text("cli.serve.failed", &[("error", &other.to_string())]),
    }
}

/// The wish that what lies in files be read again (SIGHUP). It is heard from the making on.
struct Hangups {
    #[cfg(unix)]
    signals: std::io::Result<tokio::signal::unix::Signal>,
}

impl Hangups {
    fn heard() -> Hangups {
        Hangups {
            #[cfg(unix)]
            signals: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()),
        }
    }

    /// Waits for the next.
    async fn next(&mut self) {
        #[cfg(unix)]
        if let Ok(signals) = &mut self.signals
            && signals.recv().await.is_some()
        {
            return;
        }
        std::future::pending().await
    }
}
