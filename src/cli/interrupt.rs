//! Ctrl-C for commands that work long: the first asks to end after what is under way, the second ends at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Context, Exit, pictures};

/// Whether work is to end early.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Asks to end after what is under way.
    pub fn ask(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether somebody asked.
    #[must_use]
    pub fn asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Is asked by Ctrl-C or a request to terminate. Where no signals can be had the program ends as it would have without.
    #[must_use]
    pub fn on_interrupt(context: &Context) -> Stop {
        let stop = Stop::default();
        let (asked, context) = (stop.clone(), *context);
        std::thread::spawn(move || {
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
            runtime.block_on(async {
                let Some(mut signals) = Signals::new() else { return };
                signals.next().await;
                asked.ask();
                pictures::error_line(&context.text("batch.stopping", &[]));
                signals.next().await;
                std::process::exit(Exit::Failed as i32);
            });
        });
        stop
    }
}

/// Ctrl-C and requests to terminate, heard from the moment it is made.
#[cfg(unix)]
pub struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    pub fn new() -> Option<Signals> {
        use tokio::signal::unix::{SignalKind, signal};
        Some(Signals { interrupt: signal(SignalKind::interrupt()).ok()?, terminate: signal(SignalKind::terminate()).ok()? })
    }

    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
pub struct Signals;

#[cfg(not(unix))]
impl Signals {
    pub fn new() -> Option<Signals> {
        Some(Signals)
    }

    pub async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
