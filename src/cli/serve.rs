//! `serve`: runs the backend until it is told to stop.

use std::{net::SocketAddr, sync::Arc};

use clap::Args;

use super::{Context, Exit, user::folder_text, whereabouts::WhereaboutsArguments};
use crate::backend::{
    clock::SystemClock,
    production,
    serve::{self, Config, Running, ServeError},
    whereabouts::Whereabouts,
};

#[derive(Debug, Args)]
pub struct ServeArguments {
    #[command(flatten)]
    whereabouts: WhereaboutsArguments,
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8420")]
    listen: SocketAddr,
}

/// Runs the command.
pub fn run(arguments: ServeArguments, context: &Context) -> Exit {
    log_to_stderr();
    let whereabouts = match arguments.whereabouts.read(context) {
        Ok(whereabouts) => whereabouts,
        Err(text) => {
            eprintln!("{text}");
            return Exit::Usage;
        }
    };
    match super::on_a_runtime(serve_until_told(&arguments, whereabouts, context)) {
        Ok(Ok(())) => Exit::Done,
        Ok(Err(error)) => {
            let exit = if matches!(error, ServeError::NotLoopback(_)) { Exit::Usage } else { Exit::Failed };
            eprintln!("{}", told(&error, &arguments, context));
            exit
        }
        Err(error) => {
            eprintln!("{}", context.text("cli.serve.failed", &[("error", &error.to_string())]));
            Exit::Failed
        }
    }
}

/// JSON where `ZHAOSHEN_LOG_FORMAT=json` asks for it; what is logged follows `ZHAOSHEN_LOG`, `info` where nobody says.
pub fn log_to_stderr() {
    use tracing_subscriber::{EnvFilter, fmt};
    let filter = EnvFilter::try_from_env("ZHAOSHEN_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false);
    // Fails only where a logger is set already, which is then the one to use.
    let _ = if std::env::var("ZHAOSHEN_LOG_FORMAT").is_ok_and(|format| format == "json") {
        builder.json().try_init()
    } else {
        builder.try_init()
    };
}

async fn serve_until_told(arguments: &ServeArguments, whereabouts: Whereabouts, context: &Context) -> Result<(), ServeError> {
    let config = Config { whereabouts, listen: arguments.listen, parts: Box::new(production::parts), clock: Arc::new(SystemClock) };
    let running = serve::start(config).await?;
    greet(&running, arguments, context).await?;
    told_to_stop().await;
    eprintln!("{}", context.text("cli.serve.stopping", &[]));
    running.stop().await;
    Ok(())
}

async fn greet(running: &Running, arguments: &ServeArguments, context: &Context) -> Result<(), ServeError> {
    let address = format!("http://{}", running.address());
    println!("{}", context.text("cli.serve.started", &[("address", &address)]));
    if !running.store().has_users().await? {
        println!("{}", context.text("cli.serve.first_user", &[]));
        println!("  zhaoshen user add NAME --role admin --data {} --address {address}", arguments.whereabouts.data.display());
    }
    Ok(())
}

fn told(error: &ServeError, arguments: &ServeArguments, context: &Context) -> String {
    match error {
        ServeError::NotLoopback(address) => context.text("cli.serve.not_loopback", &[("address", &address.to_string())]),
        ServeError::Listen(address, error) => {
            context.text("cli.serve.listen_failed", &[("address", &address.to_string()), ("error", &error.to_string())])
        }
        ServeError::Folder(error) => folder_text(error, &arguments.whereabouts.data, context),
        other => context.text("cli.serve.failed", &[("error", &other.to_string())]),
    }
}

#[cfg(unix)]
pub async fn told_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) else {
        tracing::error!("signals cannot be heard");
        return;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

#[cfg(not(unix))]
pub async fn told_to_stop() {
    let _ = tokio::signal::ctrl_c().await;
}
