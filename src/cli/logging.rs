//! The log of the commands that serve: to stderr, in English, without personal data. What is logged may be changed while it runs.

use std::{fs, io};

use tracing_subscriber::{EnvFilter, fmt as subscriber};

/// A file with what is logged; it wins over the variable, because a running process's variables cannot be changed.
const FILTER_FILE: &str = "ZHAOSHEN_LOG_FILTER_FILE";
/// What is logged: `info`, `warn,zhaoshen=debug` …
const FILTER: &str = "ZHAOSHEN_LOG";

type Replace = dyn Fn(EnvFilter) -> Result<(), tracing_subscriber::reload::Error> + Send + Sync;

/// What is logged, for changing it.
pub struct LogLevel {
    replace: Box<Replace>,
}

impl LogLevel {
    /// Reads again what is to be logged; what makes no sense changes nothing.
    pub fn reload(&self) {
        match asked_for() {
            Ok(Some(filter)) => {
                let text = filter.to_string();
                match (self.replace)(filter) {
                    Ok(()) => tracing::info!(filter = text, "what is logged was read again"),
                    Err(error) => tracing::warn!(%error, "what is logged could not be changed"),
                }
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "what is to be logged makes no sense, it stays as it was"),
        }
    }
}

/// JSON where `ZHAOSHEN_LOG_FORMAT=json` asks for it; what is logged follows the file, else the variable, else `info`.
pub fn log_to_stderr() -> LogLevel {
    let filter = asked_for().ok().flatten().unwrap_or_else(|| EnvFilter::new("info"));
    let builder = subscriber().with_env_filter(filter).with_writer(io::stderr).with_ansi(false);
    // Starting fails only where a logger is set already, which is then the one to use.
    if std::env::var("ZHAOSHEN_LOG_FORMAT").is_ok_and(|format| format == "json") {
        let builder = builder.json().with_filter_reloading();
        let handle = builder.reload_handle();
        let _ = builder.try_init();
        LogLevel { replace: Box::new(move |filter| handle.reload(filter)) }
    } else {
        let builder = builder.with_filter_reloading();
        let handle = builder.reload_handle();
        let _ = builder.try_init();
        LogLevel { replace: Box::new(move |filter| handle.reload(filter)) }
    }
}

fn asked_for() -> io::Result<Option<EnvFilter>> {
    let text = match std::env::var_os(FILTER_FILE) {
        Some(file) => Some(fs::read_to_string(file)?),
        None => std::env::var(FILTER).ok(),
    };
    text.map(|text| EnvFilter::try_new(text.trim()).map_err(io::Error::other)).transpose()
}
