//! A program in a terminal: spawned on a real PTY, its output drawn by a terminal emulator, keys typed into it.

use std::{
    ffi::OsString,
    io::{Read as _, Write},
    num::NonZeroU16,
    process::Command,
    sync::{Arc, Mutex, MutexGuard},
    thread::JoinHandle,
};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};

use super::{
    home::TempHome,
    queries::{Answers, Listener},
    wait_until,
};

/// How the terminal is.
pub struct Terminal {
    pub columns: u16,
    pub rows: u16,
    pub answers: Answers,
    /// `TERM` and whatever else makes it this terminal.
    pub environment: Vec<(OsString, OsString)>,
}

impl Terminal {
    /// `columns` × `rows`, 256 colours, answering as `answers` says.
    pub fn new(columns: u16, rows: u16, answers: Answers) -> Terminal {
        Terminal { columns, rows, answers, environment: vec![("TERM".into(), "xterm-256color".into())] }
    }

    /// The same with one more environment variable.
    pub fn with(mut self, name: &str, value: &str) -> Terminal {
        self.environment.push((name.into(), value.into()));
        self
    }
}

/// What is known of the program's output.
struct Seen {
    emulator: vt100::Parser,
    listener: Listener,
    bytes: Vec<u8>,
    ended: bool,
}

/// A program in a terminal. Killed when dropped.
pub struct Desk {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty>,
    writer: Arc<Mutex<Box<dyn Write + Send>>>,
    seen: Arc<Mutex<Seen>>,
    reader: Option<JoinHandle<()>>,
}

impl Desk {
    /// Starts `program` with `arguments` in `home`.
    pub fn spawn(program: &str, arguments: &[&str], home: &TempHome, terminal: Terminal) -> Desk {
        let Terminal { columns, rows, answers, environment } = terminal;
        // Pixels as a terminal with these cells reports them through the kernel; 0 where it does not know.
        let (width, height) = answers.cell.unwrap_or((0, 0));
        let size = PtySize { rows, cols: columns, pixel_width: columns * width, pixel_height: rows * height };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.env_clear();
        for (name, value) in home.environment().into_iter().chain(environment) {
            command.env(name, value);
        }
        command.cwd(home.path("."));
        let child = pair.slave.spawn_command(command).expect("the program starts");
        drop(pair.slave);

        let writer = Arc::new(Mutex::new(pair.master.take_writer().expect("the first writer")));
        let emulator = vt100::Parser::new(cells(rows), cells(columns), 0);
        let seen = Arc::new(Mutex::new(Seen { emulator, listener: Listener::new(), bytes: Vec::new(), ended: false }));
        let mut output = pair.master.try_clone_reader().expect("a reader of the terminal");
        let (keys, shared) = (Arc::clone(&writer), Arc::clone(&seen));
        let reader = std::thread::spawn(move || {
            let mut piece = [0; 65536];
            // A closed terminal reads as an error on Linux and as an end elsewhere.
            while let Ok(length @ 1..) = output.read(&mut piece) {
                let reply = shared.lock().expect("no test panics here").take(&piece[..length], &answers);
                if !reply.is_empty() {
                    let mut keys = keys.lock().expect("no test panics here");
                    let _ = keys.write_all(reply.as_bytes()).and_then(|()| keys.flush());
                }
            }
            shared.lock().expect("no test panics here").ended = true;
        });
        Desk { child, master: pair.master, writer, seen, reader: Some(reader) }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().expect("the reader does not panic")
    }

    /// Types bytes: letters, `\r`, `\x1b[A`.
    pub fn send(&self, keys: &str) {
        self.try_send(keys).expect("the terminal takes keys");
    }

    /// The same to a program that may have ended.
    pub fn try_send(&self, keys: &str) -> std::io::Result<()> {
        let mut writer = self.writer.lock().expect("the reader does not panic");
        writer.write_all(keys.as_bytes()).and_then(|()| writer.flush())
    }

    /// Whether the program's terminal is closed and all that it wrote is on the screen.
    pub fn has_ended(&self) -> bool {
        self.seen().ended
    }

    /// The screen as text, one line a row.
    pub fn screen(&self) -> String {
        self.seen().emulator.screen().contents()
    }

    /// Something about the emulated screen that its text does not show: cells, colours, modes.
    pub fn inspect<T>(&self, look: impl FnOnce(&vt100::Screen) -> T) -> T {
        look(self.seen().emulator.screen())
    }

    /// Everything the program wrote, byte by byte.
    pub fn bytes(&self) -> Vec<u8> {
        self.seen().bytes.clone()
    }

    /// How many pictures were sent through a graphics protocol.
    pub fn pictures(&self) -> usize {
        self.seen().listener.pictures
    }

    /// Waits until the screen shows `text`; returns the whole screen.
    pub fn wait_for(&self, text: &str) -> String {
        self.wait_screen(text, |screen| screen.contains(text))
    }

    /// Waits until the screen no longer shows `text`; returns the whole screen.
    pub fn wait_gone(&self, text: &str) -> String {
        self.wait_screen(&format!("an end of {text}"), |screen| !screen.contains(text))
    }

    /// Waits until the screen is as `wanted` says; returns it.
    pub fn wait_screen(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        wait_until(
            || format!("{what} on a screen that shows:\n{}", self.screen()),
            || {
                // What the program wrote last counts even if it has ended since, so look at the end before the screen.
                let ended = self.seen().ended;
                let screen = self.screen();
                let found = wanted(&screen);
                assert!(found || !ended, "the program ended before {what}; its screen shows:\n{screen}");
                found.then_some(screen)
            },
        )
    }

    /// Changes the terminal's size, as a user who drags its corner.
    pub fn resize(&self, columns: u16, rows: u16) {
        self.seen().emulator.set_size(cells(rows), cells(columns));
        self.master.resize(PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }).expect("an open terminal has a size");
    }

    /// Waits for the program's end.
    pub fn wait_exit(&mut self) -> ExitStatus {
        let (child, seen) = (&mut self.child, &self.seen);
        let screen = || seen.lock().expect("the reader does not panic").emulator.screen().contents();
        let status =
            wait_until(|| format!("an end of the program; its screen shows:\n{}", screen()), || child.try_wait().expect("a child"));
        if let Some(reader) = self.reader.take() {
            reader.join().expect("the reader does not panic");
        }
        status
    }

    /// Its process.
    pub fn process(&self) -> u32 {
        self.child.process_id().expect("a child that was not waited for has a number")
    }

    /// Sends it a signal by name (`TERM`, `HUP`, `WINCH`).
    pub fn signal(&self, name: &str) {
        signal(self.process(), name);
    }

    /// Ends it without a chance to tidy up.
    pub fn kill_9(&mut self) -> ExitStatus {
        self.signal("KILL");
        self.wait_exit()
    }
}

impl Seen {
    fn take(&mut self, piece: &[u8], answers: &Answers) -> String {
        self.bytes.extend_from_slice(piece);
        self.emulator.process(piece);
        let screen = self.emulator.screen();
        let (rows, columns) = screen.size();
        self.listener.hear(piece, answers, screen.cursor_position(), (rows.get(), columns.get()))
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            if let Some(process) = self.child.process_id() {
                signal(process, "KILL");
            }
            let _ = self.child.wait();
        }
    }
}

fn cells(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).expect("a terminal has at least one cell")
}

/// Sends a signal to one process.
pub fn signal(process: u32, name: &str) {
    let status = Command::new("kill").args(["-s", name, &process.to_string()]).status().expect("kill is part of every Unix");
    assert!(status.success(), "no signal {name} to {process}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::PROGRAM;

    fn shell(script: &str, terminal: Terminal) -> (TempHome, Desk) {
        let home = TempHome::new();
        let desk = Desk::spawn("sh", &["-c", script], &home, terminal);
        (home, desk)
    }

    #[test]
    fn keys_go_in_and_the_screen_and_the_exit_code_come_out() {
        let (_home, mut desk) = shell("printf '张三 ?'; read x; echo \"got $x\"; exit 3", Terminal::new(80, 24, Answers::plain()));
        desk.wait_for("张三 ?");
        desk.send("yes\r");
        desk.wait_for("got yes");
        assert_eq!(desk.wait_exit().exit_code(), 3);
        assert!(desk.screen().starts_with("张三 ?yes"));
    }

    #[test]
    fn a_terminal_answers_and_a_silent_one_does_not() {
        // Asks, then shows the printable part of as many bytes as the answer would have, whoever types them.
        let script =
            "stty raw -echo; printf '\\033[casked'; reply=$(dd bs=1 count=11 2>/dev/null | tr -d '\\033'); stty sane; echo \"<$reply>\"";
        let (_home, desk) = shell(script, Terminal::new(80, 24, Answers::sixel()));
        desk.wait_for("<[?62;4;22c>");
        let (_home, desk) = shell(script, Terminal::new(80, 24, Answers::silent()));
        desk.wait_for("asked");
        desk.send("only a user");
        desk.wait_for("<only a user>");
    }

    #[test]
    fn a_program_learns_the_size_and_its_change() {
        let script = "trap 'stty size' WINCH; stty size; while :; do sleep 0.05; done";
        let (_home, desk) = shell(script, Terminal::new(80, 24, Answers::plain()));
        desk.wait_for("24 80");
        desk.resize(132, 40);
        desk.wait_for("40 132");
    }

    #[test]
    fn a_killed_program_says_so() {
        let (_home, mut desk) = shell("echo here; exec cat", Terminal::new(80, 24, Answers::plain()));
        desk.wait_for("here");
        assert!(desk.kill_9().signal().is_some());
    }

    #[test]
    fn pictures_are_counted_and_bytes_kept() {
        let (_home, mut desk) = shell("printf '\\033Pq#0~\\033\\\\done'", Terminal::new(80, 24, Answers::sixel()));
        desk.wait_for("done");
        desk.wait_exit();
        assert_eq!(desk.pictures(), 1);
        assert!(desk.bytes().ends_with(b"\x1b\\done"));
        assert_eq!(desk.screen(), "done", "a picture is no text");
    }

    #[test]
    fn the_program_itself_speaks_the_language_asked_for() {
        let home = TempHome::new();
        let mut desk = Desk::spawn(PROGRAM, &["--help"], &home, Terminal::new(100, 50, Answers::plain()).with("ZHAOSHEN_LANG", "zh-CN"));
        desk.wait_for("照审");
        assert_eq!(desk.wait_exit().exit_code(), 0);
        let mut desk = Desk::spawn(PROGRAM, &["--lang", "en"], &home, Terminal::new(100, 50, Answers::plain()));
        desk.wait_for("certificate photos");
        assert_eq!(desk.wait_exit().exit_code(), 2, "no command is a wrong use");
    }
}
