//! A program in tmux, the terminal that most servers are visited with. A tmux of the test's own: other sessions are never touched.

use std::process::{Command, Output};

use super::{home::TempHome, wait_until};

/// One window of one session on a socket of its own. Ended when dropped.
pub struct Tmux<'h> {
    home: &'h TempHome,
}

impl<'h> Tmux<'h> {
    /// Runs `command` (words, not a shell line) in a window of `columns` × `rows`. The window stays when the command ends.
    pub fn start(home: &'h TempHome, columns: u16, rows: u16, command: &[&str]) -> Tmux<'h> {
        let tmux = Tmux { home };
        let (width, height) = (columns.to_string(), rows.to_string());
        let mut words = vec!["-f", "/dev/null", "new-session", "-d", "-s", "test", "-x", &width, "-y", &height, "sh", "-c"];
        // Waits for the settings before it starts the command, and shows how that ended.
        let line = "tmux -S \"$0\" wait-for ready; \"$@\"; echo \"ended with $?\"; exec sleep 600";
        let socket = tmux.socket();
        words.extend([line, socket.as_str()]);
        words.extend(command);
        tmux.run(&words);
        tmux.run(&["set-option", "-g", "status", "off"]);
        tmux.run(&["wait-for", "-S", "ready"]);
        tmux
    }

    fn socket(&self) -> String {
        self.home.path("runtime/tmux").to_string_lossy().into_owned()
    }

    fn run(&self, words: &[&str]) -> Output {
        let output = self.command().args(words).output().expect("tmux is installed");
        assert!(output.status.success(), "tmux {}: {}", words[0], String::from_utf8_lossy(&output.stderr));
        output
    }

    fn command(&self) -> Command {
        let mut command = self.home.command("tmux");
        command.env("TERM", "xterm-256color").arg("-S").arg(self.socket());
        command
    }

    /// Presses keys by tmux's names: `a`, `Enter`, `Escape`, `C-c`, `Up`.
    pub fn press(&self, keys: &[&str]) {
        let mut words = vec!["send-keys", "-t", "test"];
        words.extend(keys);
        self.run(&words);
    }

    /// Types text as it is.
    pub fn send(&self, text: &str) {
        self.run(&["send-keys", "-t", "test", "-l", text]);
    }

    /// The pane as text.
    pub fn screen(&self) -> String {
        String::from_utf8_lossy(&self.run(&["capture-pane", "-p", "-t", "test"]).stdout).into_owned()
    }

    /// Waits until the pane shows `text`; returns the whole pane.
    pub fn wait_for(&self, text: &str) -> String {
        wait_until(
            || format!("{text} in a pane that shows:\n{}", self.screen()),
            || Some(self.screen()).filter(|screen| screen.contains(text)),
        )
    }
}

impl Drop for Tmux<'_> {
    fn drop(&mut self) {
        let _ = self.command().arg("kill-server").output();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::has_tool;

    #[test]
    fn keys_go_into_a_pane_of_the_size_asked_for() {
        if !has_tool("tmux") {
            return;
        }
        let home = TempHome::new();
        let tmux = Tmux::start(&home, 80, 24, &["sh", "-c", "stty size; read x; echo \"got $x\"; exit 4"]);
        tmux.wait_for("24 80");
        tmux.send("照 审");
        tmux.press(&["Enter"]);
        tmux.wait_for("got 照 审");
        tmux.wait_for("ended with 4");
    }
}
