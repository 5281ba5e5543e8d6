//! Enters the alternate screen and always leaves it: on return, on an error, on a panic of the desk's own thread, on a signal, on a suspension.

use std::{
    io::{self, IsTerminal, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// Alternate screen, bracketed paste, a thin cursor, an empty screen.
const ENTER: &str = "\x1b[?1049h\x1b[?2004h\x1b[4 q\x1b[2J\x1b[H";
/// Ends an open frame, lets kitty forget our pictures, colours off, paste off, cursor on, alternate screen off.
const LEAVE: &str = "\x1b\\\x1b[?2026l\x1b[m\x1b[0 q\x1b[?2004l\x1b[?25h\x1b[?1049l";
/// Deletes all pictures that were sent to a terminal with kitty's graphics.
pub const FORGET_PICTURES: &str = "\x1b_Ga=d,d=A,q=2\x1b\\";

/// The terminal while it is the desk's.
#[derive(Debug)]
pub struct Guard {
    entered: Arc<AtomicBool>,
}

impl Guard {
    /// Takes the terminal.
    ///
    /// # Errors
    /// When it is none or cannot be set.
    pub fn enter() -> io::Result<Guard> {
        let guard = Guard { entered: Arc::new(AtomicBool::new(false)) };
        let (entered, desk, before) = (Arc::clone(&guard.entered), std::thread::current().id(), std::panic::take_hook());
        std::panic::set_hook(Box::new(move |panic| {
            // Elsewhere a panic is contained by the runtime and the desk lives on: its screen is left alone.
            if std::thread::current().id() == desk {
                leave(&entered);
            }
            if !entered.load(Ordering::SeqCst) {
                before(panic);
            }
        }));
        guard.resume()?;
        Ok(guard)
    }

    /// Takes the terminal again after [`Guard::suspend`].
    ///
    /// # Errors
    /// When it cannot be set.
    pub fn resume(&self) -> io::Result<()> {
        crossterm::terminal::enable_raw_mode()?;
        self.entered.store(true, Ordering::SeqCst);
        let mut out = io::stdout();
        out.write_all(ENTER.as_bytes())?;
        out.flush()
    }

    /// Gives the terminal back for a while.
    pub fn suspend(&self) {
        leave(&self.entered);
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        leave(&self.entered);
    }
}

fn leave(entered: &AtomicBool) {
    if !entered.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = io::stdout();
    // Nothing can be done where a terminal is gone.
    let _ = out.write_all(LEAVE.as_bytes());
    let _ = out.flush();
    let _ = crossterm::terminal::disable_raw_mode();
}

/// Whether there is a terminal to read keys from and to draw on.
#[must_use]
pub fn is_terminal() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}
