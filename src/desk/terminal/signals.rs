//! Signals about the terminal: its size, its end, suspension and return.

use std::io;

use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    Resized,
    Leave,
    Suspend,
    /// Continued after somebody else stopped us.
    Continued,
}

/// The signals the desk listens to.
#[derive(Debug)]
pub struct Signals {
    size: Stream,
    terminate: Stream,
    hang_up: Stream,
    interrupt: Stream,
    stop: Stream,
    cont: Stream,
}

impl Signals {
    /// Starts to listen.
    ///
    /// # Errors
    /// When a handler cannot be set.
    pub fn listen() -> io::Result<Signals> {
        let raw = |signal: rustix::process::Signal| SignalKind::from_raw(signal.as_raw());
        Ok(Signals {
            size: signal(SignalKind::window_change())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            stop: signal(raw(rustix::process::Signal::TSTP))?,
            cont: signal(raw(rustix::process::Signal::CONT))?,
        })
    }

    /// The next one.
    pub async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.terminate.recv() => Signal::Leave,
            _ = self.hang_up.recv() => Signal::Leave,
            _ = self.interrupt.recv() => Signal::Leave,
            _ = self.stop.recv() => Signal::Suspend,
            _ = self.cont.recv() => Signal::Continued,
            _ = self.size.recv() => Signal::Resized,
        }
    }
}

/// Stops the process and those it was started with, as the terminal's own Ctrl-Z would; returns when continued.
pub fn stop_here() {
    let _ = rustix::process::kill_current_process_group(rustix::process::Signal::STOP);
}
